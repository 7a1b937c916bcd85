"""A streamed Messages answer, read event by event.

Here: events of the wire to ours: which block is open, what ends the answer, what breaks it. Not here: the blocks
themselves (assembly.py), frames (whoever carries the answer). Called by: body.py.
Follows: https://docs.claude.com/en/docs/build-with-claude/streaming.

Rule 1: a block has a start, deltas and a stop, and stands alone, except that tool calls may grow side by side; indexes
        only rise. A delta without its start is refused, never put into the wrong block.
Rule 2: the answer is complete with `message_stop`. One that has said why it stopped, but has no mark when the body
        ends, is complete with a warning.
Rule 3: usage is cumulative: what `message_delta` counts replaces what `message_start` counted, count by count.
Rule 4: what `message_start` says waits for the first block, so that an error that comes before any content still finds
        an answer of which nothing was given out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bedrock_llm.codecs.anthropic_messages.assembly import Block, CallBlock, TextBlock, begin
from bedrock_llm.codecs.anthropic_messages.decode import read_usage
from bedrock_llm.codecs.anthropic_messages.errors import error_of
from bedrock_llm.codecs.anthropic_messages.schema import NAME, STOP_REASONS
from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.shared.reading import Json, object_of, stop_reason_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent, TextDelta, UsageReported
from bedrock_llm.response import ResponseWarning

__all__ = ["MessagesReader"]

MARK_MISSING = ResponseWarning(
    "incomplete", "the stream ended after the reason why the answer stopped, but without message_stop", "stop_reason"
)


class MessagesReader(EventReader):
    """Reads the events of one answer.

    Args:
        family: Of the model asked; stands on its reasoning.
    """

    def __init__(self, family: str | None = None) -> None:
        super().__init__()
        self._family = family
        self._open: dict[int, Block] = {}
        self._last_index = -1
        self._calls = 0
        self._started = False
        self._held: list[Event] = []
        self._counts: dict[str, Json] = {}
        self._word: Json = None

    @property
    def answered(self) -> bool:
        """Whether the answer has said why it stopped; the mark, and a count, may follow."""
        return self._word is not None or super().answered

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one event. The first lines are the path of every text delta of an answer.

        Raises:
            ProtocolError: It is not what the format allows here.
            ProviderError: It is an error.
        """
        kind = payload.get("type") if payload.__class__ is dict else None
        before = len(events)
        if kind == "content_block_delta":
            self._on_delta(payload, events)
        else:
            step = _STEPS.get(kind) if kind.__class__ is str else None
            if step is not None:
                step(self, payload, events)
            elif payload.__class__ is dict:
                events.append(OpaqueEvent(NAME, str(kind), payload))
            else:
                raise ProtocolError("an event of the answer is no JSON object", excerpt=repr(payload))
        if self._held and len(events) > before:
            events[before:before] = self._held
            self._held = []

    def end(self, events: list[Event]) -> None:
        """The last events, at the end of the body.

        Raises:
            StreamInterruptedError: The answer had not said why it stopped.
        """
        if self._word is not None and not super().answered:
            self._stop(events)
            self.warnings.append(MARK_MISSING)
        super().end(events)

    def _on_delta(self, payload: Json, events: list[Event]) -> None:
        index = payload.get("index")
        block = self._open.get(index) if index.__class__ is int else None
        if block is None:
            raise ProtocolError("a delta came for a block that was not opened", excerpt=repr(payload))
        if block.__class__ is TextBlock:
            delta = payload.get("delta")
            text = delta.get("text") if delta.__class__ is dict and delta.get("type") == "text_delta" else None
            if text.__class__ is str and text:
                block.pieces.append(text)
                events.append(TextDelta(text))
                return
        block.take(payload, events)

    def _on_message_start(self, payload: Json, events: list[Event]) -> None:
        if self._started or self._last_index >= 0 or self.answered:
            raise ProtocolError("a message_start event came in the middle of an answer")
        self._started = True
        message = object_of(payload.get("message"), "message_start.message")
        said = {name: value for name, value in message.items() if name != "content" or value}
        self._held.append(OpaqueEvent(NAME, "response", said))
        if self._count(message.get("usage")) and self.usage is not None:
            self._held.append(UsageReported(self.usage))

    def _on_block_start(self, payload: Json, events: list[Event]) -> None:
        index = _index(payload)
        if index <= self._last_index:
            raise ProtocolError(f"block {index} is closed or out of order: block {self._last_index} had begun")
        block = begin(payload.get("content_block"), self._family, self._calls, events)
        if self._open and not (block.side_by_side and all(other.side_by_side for other in self._open.values())):
            raise ProtocolError(f"block {index} began inside block {next(iter(self._open))}")
        self._open[index] = block
        self._last_index = index
        self._calls += block.__class__ is CallBlock

    def _on_block_stop(self, payload: Json, events: list[Event]) -> None:
        block = self._open.pop(_index(payload), None)
        if block is None:
            raise ProtocolError("a block ended that was not open", excerpt=repr(payload))
        block.stop(events)

    def _on_message_delta(self, payload: Json, events: list[Event]) -> None:
        delta = payload.get("delta")
        said = object_of({} if delta is None else delta, "message_delta.delta")
        word = said.get("stop_reason")
        self._word = self._word if word is None else word
        rest = {name: value for name, value in payload.items() if name not in ("type", "delta", "usage")}
        counted = {"usage": dict(self._counts)} if self._count(payload.get("usage")) else {}
        events.append(OpaqueEvent(NAME, "response", {**said, **rest, **counted}))

    def _on_message_stop(self, payload: Json, events: list[Event]) -> None:
        rest = {name: value for name, value in payload.items() if name != "type"}
        if rest:
            events.append(OpaqueEvent(NAME, "response", rest))
        self._stop(events)

    def _on_error(self, payload: Json, events: list[Event]) -> None:
        del events
        raise error_of(payload)

    def _stop(self, events: list[Event]) -> None:
        """All parts are given; one that was still open ends here."""
        for block in self._open.values():
            block.stop(events, cut=True)
        self._open.clear()
        reason, warning = stop_reason_of(self._word, STOP_REASONS, "stop_reason", has_calls=self._calls > 0)
        self.stop(reason, self._word, warning)

    def _count(self, usage: Json) -> bool:
        """Take over what is counted; whether anything was."""
        if usage.__class__ is not dict:
            return False
        self._counts.update((name, value) for name, value in usage.items() if value is not None)
        self.usage = read_usage(self._counts)
        return True


def _index(payload: Json) -> int:
    index = payload.get("index")
    if index.__class__ is not int or index < 0:
        raise ProtocolError("an event of the answer does not say which block it is about", excerpt=repr(payload))
    return int(index)


_STEPS: Mapping[str, Callable[[MessagesReader, Json, list[Event]], None]] = {
    "content_block_start": MessagesReader._on_block_start,  # noqa: SLF001  # the class's own table
    "content_block_stop": MessagesReader._on_block_stop,  # noqa: SLF001
    "message_start": MessagesReader._on_message_start,  # noqa: SLF001
    "message_delta": MessagesReader._on_message_delta,  # noqa: SLF001
    "message_stop": MessagesReader._on_message_stop,  # noqa: SLF001
    "ping": lambda reader, payload, events: None,
    "error": MessagesReader._on_error,  # noqa: SLF001
}
