"""Content blocks of a streamed Messages answer, while they grow.

Here: one class per kind of block: what it takes, which events it gives, which part it ends as. Not here: which block
may be open when (stream.py). Called by: stream.py.

Rule: a block ends as the same part that the whole answer's block would be read as, so both ways use decode.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

import jiter

from bedrock_llm.codecs.anthropic_messages.decode import read_block, read_citation, runs_here
from bedrock_llm.codecs.anthropic_messages.schema import NAME
from bedrock_llm.codecs.shared.reading import Json, list_of, read_arguments, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import (
    CUT_CALL,
    CitationAdded,
    Event,
    OpaqueEvent,
    PartFinished,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from bedrock_llm.messages import Citation, Opaque, Text, ToolCall

__all__ = ["Block", "CallBlock", "TextBlock", "begin"]

Events: TypeAlias = "list[Event]"
Step: TypeAlias = "Callable[[Json, Json, Events], None]"


class Block:
    """A block while it grows.

    Attributes:
        side_by_side: Whether blocks of this class may be open together.
        takes: Kind of a delta to what it does.
    """

    __slots__ = ()
    side_by_side: ClassVar[bool] = False
    takes: ClassVar[Mapping[str, Step]] = {}

    def take(self, payload: Json, events: Events) -> None:
        """A delta for this block.

        Raises:
            ProtocolError: It belongs to another kind of block, or has a wrong type.
        """
        delta = payload.get("delta")
        kind = delta.get("type") if delta.__class__ is dict else None
        if kind.__class__ is not str:
            raise ProtocolError("a delta of the answer is no JSON object with a type", excerpt=repr(payload))
        step = self.takes.get(kind)
        if step is not None:
            step(self, delta, events)
        elif kind in _KNOWN_DELTAS and self.__class__ is not OwnBlock:
            raise ProtocolError(f"a {kind} came for a block of another kind", excerpt=repr(payload))
        else:
            events.append(OpaqueEvent(NAME, "content_block_delta", payload))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        """The block is complete; `cut` where the answer ended before it said so."""


class TextBlock(Block):
    """Text, and what it cites."""

    __slots__ = ("citations", "pieces")

    def __init__(self, start: Mapping[str, Json], events: Events) -> None:
        self.pieces: list[str] = []
        self.citations: list[Citation] = []
        self._text({"text": start.get("text") or ""}, events)
        for citation in list_of(start.get("citations"), "citations"):
            self._citation({"citation": citation}, events)

    def _text(self, delta: Json, events: Events) -> None:
        text = string_of(delta.get("text"), "text_delta.text")
        if text:
            self.pieces.append(text)
            events.append(TextDelta(text))

    def _citation(self, delta: Json, events: Events) -> None:
        self.citations.append(read_citation(delta.get("citation")))
        events.append(CitationAdded(self.citations[-1]))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        if self.pieces or self.citations:
            events.append(PartFinished(Text("".join(self.pieces), tuple(self.citations))))

    takes: ClassVar = {"text_delta": _text, "citations_delta": _citation}


class ThinkingBlock(Block):
    """Reasoning in words, with its seal; the words may be left out."""

    __slots__ = ("_family", "_pieces", "_signature")

    def __init__(self, start: Mapping[str, Json], family: str | None, events: Events) -> None:
        self._family = family
        self._pieces: list[str] = []
        self._signature: list[str] = []
        self._thinking({"thinking": start.get("thinking") or ""}, events)
        self._sign({"signature": start.get("signature") or ""}, events)

    def _thinking(self, delta: Json, events: Events) -> None:
        text = string_of(delta.get("thinking"), "thinking_delta.thinking")
        if text:
            self._pieces.append(text)
            events.append(ThinkingDelta(text))

    def _sign(self, delta: Json, events: Events) -> None:
        del events
        self._signature.append(string_of(delta.get("signature"), "signature_delta.signature"))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        block = {"type": "thinking", "thinking": "".join(self._pieces), "signature": "".join(self._signature)}
        part = read_block(block, self._family)
        if part is not None:
            events.append(PartFinished(part))

    takes: ClassVar = {"thinking_delta": _thinking, "signature_delta": _sign}


class CallBlock(Block):
    """A tool call; its arguments come as pieces of JSON text, the first of which is mostly empty."""

    __slots__ = ("_fragments", "_id", "_index", "_input", "_name")
    side_by_side: ClassVar[bool] = True

    def __init__(self, start: Mapping[str, Json], index: int, events: Events) -> None:
        self._id = string_of(start.get("id"), "tool_use.id")
        self._name = string_of(start.get("name"), "tool_use.name")
        self._input = start.get("input")
        self._index = index
        self._fragments: list[str] = []
        events.append(ToolCallStarted(index, self._id, self._name))

    def _input_json(self, delta: Json, events: Events) -> None:
        fragment = string_of(delta.get("partial_json"), "input_json_delta.partial_json")
        if fragment:
            self._fragments.append(fragment)
            events.append(ToolCallDelta(self._index, fragment))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        text = "".join(self._fragments)
        if cut:
            call = ToolCall(self._id, self._name, None, text, CUT_CALL)
        elif not text and self._input.__class__ is dict:
            call = ToolCall(self._id, self._name, self._input)
        else:
            call = read_arguments(self._id, self._name, text)
        events.append(ToolCallFinished(call))

    takes: ClassVar = {"input_json_delta": _input_json}


class OwnBlock(Block):
    """A block that only this API knows, kept as it came: calls of its own tools, their results, and what is new."""

    __slots__ = ("_block", "_fragments")

    def __init__(self, start: Mapping[str, Json]) -> None:
        self._block = dict(start)
        self._fragments: list[str] = []

    def _input_json(self, delta: Json, events: Events) -> None:
        del events
        self._fragments.append(string_of(delta.get("partial_json"), "input_json_delta.partial_json"))

    def _compaction(self, delta: Json, events: Events) -> None:
        """The summary comes in pieces, and what seals it with them."""
        del events
        for name, value in delta.items():
            before = self._block.get(name)
            if name != "type" and value is not None:
                joins = before.__class__ is str and value.__class__ is str
                self._block[name] = f"{before}{value}" if joins else value

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        text = "".join(self._fragments)
        if text.strip():
            try:
                self._block["input"] = jiter.from_json(text.encode("utf-8", "surrogatepass"))
            except ValueError:
                self._block["input"] = text
        events.append(PartFinished(Opaque(NAME, self._block["type"], self._block)))

    takes: ClassVar = {"input_json_delta": _input_json, "compaction_delta": _compaction}


class SealedBlock(Block):
    """Reasoning that is sealed: whole at its start."""

    __slots__ = ("_family", "_start")

    def __init__(self, start: Mapping[str, Json], family: str | None) -> None:
        self._start = start
        self._family = family

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        part = read_block(self._start, self._family)
        assert part is not None  # sealed reasoning is never nothing
        events.append(PartFinished(part))


_KNOWN_DELTAS = frozenset({*TextBlock.takes, *ThinkingBlock.takes, *OwnBlock.takes})


def begin(start: Json, family: str | None, calls: int, events: Events) -> Block:
    """The block that a `content_block_start` begins.

    Args:
        start: Its `content_block`.
        family: Of the model asked.
        calls: Tool calls of this answer so far.
        events: Takes what the start itself gives.

    Raises:
        ProtocolError: It is no object with a type, or a member of a known kind has a wrong type.
    """
    kind = start.get("type") if start.__class__ is dict else None
    if kind.__class__ is not str:
        raise ProtocolError("a block of the answer is no JSON object with a type", excerpt=repr(start))
    if kind == "text":
        return TextBlock(start, events)
    if kind == "thinking":
        return ThinkingBlock(start, family, events)
    if kind == "tool_use" and runs_here(start):
        return CallBlock(start, calls, events)
    return SealedBlock(start, family) if kind == "redacted_thinking" else OwnBlock(start)
