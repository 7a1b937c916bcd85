"""Content blocks of a streamed Converse answer, while they grow.

Here: one class per kind of block: what it takes, which events it gives, which part it ends as. Not here: which block
may be open when (stream.py). Called by: stream.py.

Rule: a block ends as the same part that the whole answer's block would be read as, so both ways use decode.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

import jiter

from bedrock_llm.codecs.converse.decode import read_block, read_citation
from bedrock_llm.codecs.converse.schema import NAME
from bedrock_llm.codecs.shared.reading import Json, read_arguments
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

__all__ = ["Block", "CallBlock", "TextBlock", "begin_with_delta", "begin_with_start"]

Events: TypeAlias = "list[Event]"


_WORDS: Mapping[str, str] = {"str": "a string", "dict": "an object", "list": "a list"}


def _required(value: Json, kind: type, name: str) -> Json:
    if value.__class__ is not kind:
        raise ProtocolError(f"{name} must be {_WORDS[kind.__name__]}", excerpt=repr(value))
    return value


class Block:
    """A block of no known kind: what comes for it is handed on as it is.

    Attributes:
        side_by_side: Whether blocks of this class may be open together.
        takes: Delta kind to what it does.
    """

    __slots__ = ()
    side_by_side: ClassVar[bool] = False
    takes: ClassVar[Mapping[str, Callable[[Json, Json, Events], None]]] = {}

    def take(self, payload: Json, events: Events) -> None:
        """A delta for this block.

        Raises:
            ProtocolError: It belongs to another kind of block, or has a wrong type.
        """
        for kind, value in _required(payload.get("delta"), dict, "delta").items():
            if value is None:
                continue
            step = self.takes.get(kind)
            if step is not None:
                step(self, value, events)
            elif kind in _BEGIN_WITH_DELTA or kind in _BEGIN_WITH_START:
                raise ProtocolError(f"a delta of kind {kind} came for a block of another kind", excerpt=repr(payload))
            else:
                events.append(OpaqueEvent(NAME, "contentBlockDelta", payload))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        """The block is complete; `cut` where the answer ended before it said so."""


class TextBlock(Block):
    """Text, and what it cites."""

    __slots__ = ("citations", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.citations: list[Citation] = []

    def _text(self, value: Json, events: Events) -> None:
        if _required(value, str, "delta.text"):
            self.pieces.append(value)
            events.append(TextDelta(value))

    def _citation(self, value: Json, events: Events) -> None:
        self.citations.append(read_citation(value))
        events.append(CitationAdded(self.citations[-1]))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        if self.pieces or self.citations:
            events.append(PartFinished(Text("".join(self.pieces), tuple(self.citations))))

    takes: ClassVar = {"text": _text, "citation": _citation}


class ThinkingBlock(Block):
    """Reasoning: words with a signature, or sealed."""

    __slots__ = ("_family", "_pieces", "_redacted", "_signature")

    def __init__(self, family: str | None) -> None:
        self._family = family
        self._pieces: list[str] = []
        self._signature: list[str] = []
        self._redacted: list[str] = []

    def _reasoning(self, value: Json, events: Events) -> None:
        delta = _required(value, dict, "delta.reasoningContent")
        for name, pieces in (
            ("text", self._pieces),
            ("signature", self._signature),
            ("redactedContent", self._redacted),
        ):
            piece = delta.get(name)
            if piece:
                pieces.append(_required(piece, str, f"delta.reasoningContent.{name}"))
        if delta.get("text"):
            events.append(ThinkingDelta(delta["text"]))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        words: Json = {"text": "".join(self._pieces), "signature": "".join(self._signature)}
        content: Json = (
            {"redactedContent": _joined_base64(self._redacted)} if self._redacted else {"reasoningText": words}
        )
        part = read_block({"reasoningContent": content}, self._family)
        if part is not None:
            events.append(PartFinished(part))

    takes: ClassVar = {"reasoningContent": _reasoning}


class CallBlock(Block):
    """A tool call; its arguments come as pieces of JSON text."""

    __slots__ = ("_fragments", "_id", "_index", "_name")
    side_by_side: ClassVar[bool] = True

    def __init__(self, start: Mapping[str, Json], index: int, events: Events) -> None:
        self._id = str(_required(start.get("toolUseId"), str, "toolUse.toolUseId"))
        self._name = str(_required(start.get("name"), str, "toolUse.name"))
        self._index = index
        self._fragments: list[str] = []
        events.append(ToolCallStarted(index, self._id, self._name))

    def _tool_use(self, value: Json, events: Events) -> None:
        fragment = _required(_required(value, dict, "delta.toolUse").get("input", ""), str, "delta.toolUse.input")
        if fragment:
            self._fragments.append(fragment)
            events.append(ToolCallDelta(self._index, fragment))

    def stop(self, events: Events, *, cut: bool = False) -> None:
        text = "".join(self._fragments)
        call = (
            ToolCall(self._id, self._name, None, text, CUT_CALL) if cut else read_arguments(self._id, self._name, text)
        )
        events.append(ToolCallFinished(call))

    takes: ClassVar = {"toolUse": _tool_use}


class ServerCallBlock(Block):
    """A tool that the service runs itself; kept as its own block."""

    __slots__ = ("_fragments", "_start")

    def __init__(self, start: Mapping[str, Json]) -> None:
        self._start = start
        self._fragments: list[str] = []

    def _tool_use(self, value: Json, events: Events) -> None:
        del events
        self._fragments.append(
            _required(_required(value, dict, "delta.toolUse").get("input", ""), str, "delta.toolUse.input")
        )

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        text: Json = "".join(self._fragments)
        try:
            given = jiter.from_json(text.encode("utf-8", "surrogatepass")) if text.strip() else {}
        except ValueError:
            given = text
        events.append(PartFinished(Opaque(NAME, "toolUse", {**self._start, "input": given})))

    takes: ClassVar = {"toolUse": _tool_use}


class ResultBlock(Block):
    """What a tool of the service gave back; kept as its own block."""

    __slots__ = ("_content", "_start")

    def __init__(self, start: Mapping[str, Json]) -> None:
        self._start = start
        self._content: list[Json] = []

    def _tool_result(self, value: Json, events: Events) -> None:
        del events
        for piece in _required(value, list, "delta.toolResult"):
            entry, last = _required(piece, dict, "delta.toolResult[]"), self._content[-1] if self._content else {}
            if set(entry) == set(last) == {"text"}:
                self._content[-1] = {"text": f"{last['text']}{entry['text']}"}
            else:
                self._content.append(entry)

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        events.append(PartFinished(Opaque(NAME, "toolResult", {**self._start, "content": self._content})))

    takes: ClassVar = {"toolResult": _tool_result}


class ImageBlock(Block):
    """A picture that the model made; its bytes may come in pieces."""

    __slots__ = ("_block", "_bytes")

    def __init__(self, start: Mapping[str, Json]) -> None:
        self._block: dict[str, Json] = dict(start)
        self._bytes: list[str] = []

    def _image(self, value: Json, events: Events) -> None:
        del events
        delta = _required(value, dict, "delta.image")
        source = delta.get("source")
        if source.__class__ is dict and source.get("bytes").__class__ is str:
            self._bytes.append(source["bytes"])
        else:
            self._block.update(delta)

    def stop(self, events: Events, *, cut: bool = False) -> None:
        del cut
        if self._bytes:
            self._block["source"] = {"bytes": _joined_base64(self._bytes)}
        part = read_block({"image": self._block}, None)
        assert part is not None  # an image is never nothing
        events.append(PartFinished(part))

    takes: ClassVar = {"image": _image}


def _joined_base64(pieces: list[str]) -> str:
    """Base64 texts as one; each may end in padding of its own."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece, validate=True) for piece in pieces)).decode("ascii")
    except ValueError as error:
        raise ProtocolError(f"a sealed or binary block of the answer is not base64: {error}") from error


def _begin_tool_use(start: Mapping[str, Json], calls: int, events: Events) -> Block:
    if start.get("type") in (None, "tool_use"):
        return CallBlock(start, calls, events)
    return ServerCallBlock(start)


_BEGIN_WITH_START: Mapping[str, Callable[[Mapping[str, Json], int, Events], Block]] = {
    "toolUse": _begin_tool_use,
    "toolResult": lambda start, calls, events: ResultBlock(start),
    "image": lambda start, calls, events: ImageBlock(start),
}
_BEGIN_WITH_DELTA: Mapping[str, Callable[[str | None], Block]] = {
    "text": lambda family: TextBlock(),
    "citation": lambda family: TextBlock(),
    "reasoningContent": ThinkingBlock,
}


def begin_with_start(payload: Json, calls: int, events: Events) -> Block | None:
    """The block that a `contentBlockStart` begins; None where its first delta will tell what it is.

    Args:
        payload: Of the event.
        calls: Tool calls of this answer so far.
        events: Takes what the start itself gives.

    Raises:
        ProtocolError: It says nothing that can be read.
    """
    start = payload.get("start") or {}
    kinds = [kind for kind, value in _required(start, dict, "start").items() if value is not None]
    if not kinds:
        return None
    begin = _BEGIN_WITH_START.get(kinds[0]) if len(kinds) == 1 else None
    if begin is not None:
        return begin(_required(start[kinds[0]], dict, f"start.{kinds[0]}"), calls, events)
    events.append(OpaqueEvent(NAME, "contentBlockStart", payload))
    return Block()


def begin_with_delta(payload: Json, family: str | None) -> Block:
    """The block that a delta for an index not seen before begins.

    Raises:
        ProtocolError: Its kind begins with `contentBlockStart`.
    """
    kinds = [kind for kind, value in _required(payload.get("delta"), dict, "delta").items() if value is not None]
    if any(kind in _BEGIN_WITH_START for kind in kinds):
        raise ProtocolError(
            f"a delta of kind {kinds[0]} came for a block that was not opened", excerpt=json.dumps(payload)
        )
    begin = next((_BEGIN_WITH_DELTA[kind] for kind in kinds if kind in _BEGIN_WITH_DELTA), None)
    return Block() if begin is None else begin(family)
