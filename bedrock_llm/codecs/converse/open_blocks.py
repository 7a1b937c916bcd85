"""The blocks of a streamed answer: which is open, which may begin, which has ended.

Here: the four events that are about blocks. Not here: frames, the end of the answer, its count (stream.py, nova.py),
the blocks themselves (assembly.py). Called by: stream.py, nova.py.

Rule 1: text, reasoning and citations begin with their first delta, everything else with `contentBlockStart`.
Rule 2: a block stands alone, except that tool calls may grow side by side; indexes only rise. What breaks this is
        refused, never put into the wrong block.
"""

from __future__ import annotations

from bedrock_llm.codecs.converse.assembly import Block, CallBlock, TextBlock, begin_with_delta, begin_with_start
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, TextDelta

__all__ = ["OpenBlocks"]


class OpenBlocks:
    """The blocks of one answer.

    Args:
        family: Of the model asked; stands on its reasoning.

    Attributes:
        calls: Tool calls so far.
        ended: Whether the answer has said that it is over: no block may begin.
    """

    def __init__(self, family: str | None) -> None:
        self.calls = 0
        self.ended = False
        self._family = family
        self._open: dict[int, Block] = {}
        self._last_index = -1
        self._started = False

    def on_delta(self, payload: Json, events: list[Event]) -> None:
        """A `contentBlockDelta`. The first lines are the path of every text delta of an answer.

        Raises:
            ProtocolError: It belongs to no block that is open or may begin.
        """
        index = payload.get("contentBlockIndex")
        block = self._open.get(index) if index.__class__ is int else None
        if block is None:
            block = self._begin(_index(payload), begin_with_delta(payload, self._family))
        if block.__class__ is TextBlock:
            text = payload["delta"].get("text") if payload.get("delta").__class__ is dict else None
            if text.__class__ is str and text and len(payload["delta"]) == 1:
                block.pieces.append(text)
                events.append(TextDelta(text))
                return
        block.take(payload, events)

    def on_message_start(self, payload: Json, events: list[Event]) -> None:
        """A `messageStart`, which comes once and first.

        Raises:
            ProtocolError: It does not.
        """
        del payload, events
        if self._started or self._open or self.ended:
            raise ProtocolError("a messageStart event came in the middle of an answer")
        self._started = True

    def on_block_start(self, payload: Json, events: list[Event]) -> None:
        """A `contentBlockStart`.

        Raises:
            ProtocolError: No block may begin there, or it says nothing that can be read.
        """
        index, fresh = _index(payload), list[Event]()
        block = begin_with_start(payload, self.calls, fresh)
        if block is not None:
            self._begin(index, block)
            self.calls += block.__class__ is CallBlock
            events.extend(fresh)

    def on_block_stop(self, payload: Json, events: list[Event]) -> None:
        """A `contentBlockStop`.

        Raises:
            ProtocolError: The block has ended before.
        """
        index = _index(payload)
        block = self._open.pop(index, None)
        if block is not None:
            block.stop(events)
        elif index > self._last_index:
            self._last_index = index  # an empty block of text: it had nothing to begin with
        else:
            raise ProtocolError(f"block {index} ended twice", excerpt=repr(payload))

    def cut(self, events: list[Event]) -> None:
        """The answer is over: what is open still did not come to its end.

        Raises:
            ProtocolError: It was over before.
        """
        if self.ended:
            raise ProtocolError("the answer ended twice")
        for block in self._open.values():
            block.stop(events, cut=True)
        self._open.clear()
        self.ended = True

    def _begin(self, index: int, block: Block) -> Block:
        if self.ended:
            raise ProtocolError(f"block {index} came after the end of the answer")
        if index <= self._last_index:
            raise ProtocolError(f"block {index} is closed or out of order: block {self._last_index} had begun")
        if self._open and not (block.side_by_side and all(other.side_by_side for other in self._open.values())):
            raise ProtocolError(f"block {index} began inside block {next(iter(self._open))}")
        self._open[index] = block
        self._last_index = index
        return block


def _index(payload: Json) -> int:
    index = payload.get("contentBlockIndex")
    if index.__class__ is not int or index < 0:
        raise ProtocolError("an event of the answer does not say which block it is about", excerpt=repr(payload))
    return int(index)
