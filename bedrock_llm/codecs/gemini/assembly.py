"""An answer while it grows: the parts of one message, whole or from many chunks.

Here: which part is open, what joins it, where a signature stands. Not here: chunks and what ends an answer (stream.py),
arguments in pieces (arguments.py). Called by: decode.py, stream.py.
Follows: https://ai.google.dev/api/caching#Part; https://ai.google.dev/gemini-api/docs/thought-signatures.

Rule 1: a whole answer is one chunk, so both ways are read by the same lines.
Rule 2: texts of one kind that follow one another are one part, but never across a signature: each signed part stays a
        part of its own.
Rule 3: signatures stand as schema.py says. An empty text that is signed waits behind an open text, so that what the
        last chunk cites is still told of that text.
Rule 4: a part that no part of ours holds all of is kept whole.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Literal, TypeAlias

from bedrock_llm.codecs.gemini.arguments import Arguments
from bedrock_llm.codecs.gemini.schema import NAME, SIGNATURE, kind_of, made_id
from bedrock_llm.codecs.shared.reading import Json, object_of, read_arguments, string_of
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
from bedrock_llm.messages import Audio, Citation, Document, Image, Opaque, Part, Text, Thinking, ToolCall, Video

__all__ = ["Assembly"]

Kind: TypeAlias = Literal["text", "thinking"]

_OF_TEXT = frozenset({"text", "thought", SIGNATURE})
_OF_CALL = frozenset({"functionCall", SIGNATURE})
_OF_MEDIA = frozenset({"inlineData", SIGNATURE})
_MEDIA: dict[str, type[Image | Audio | Video]] = {"image": Image, "audio": Audio, "video": Video}


class Assembly:
    """The parts of one answer.

    Args:
        family: Stands on its reasoning and its signatures.

    Attributes:
        parts: Those that are complete, and calls that have begun in their places.
        calls: How many calls have begun.
        response_id: The answer's own id, once it is known; ids of calls are made of it.
    """

    def __init__(self, family: str) -> None:
        self.parts: list[Part] = []
        self.calls = 0
        self.response_id: str | None = None
        self._family = family
        self._kind: Kind | None = None
        self._pieces: list[str] = []
        self._citations: list[Citation] = []
        self._joinable = True
        self._behind: list[Part] = []
        self._call: _OpenCall | None = None
        self._ids: set[str] = set()

    def take(self, part: Json, events: list[Event]) -> None:
        """A part of the answer, or a piece of one.

        Raises:
            ProtocolError: It has not the form.
        """
        if part.__class__ is not dict:
            raise ProtocolError("a part of the answer is no JSON object", excerpt=repr(part))
        kind = kind_of(part)
        if kind == "text":
            self._text(part, events)
        elif kind == "functionCall":
            self._function_call(part, events)
        elif kind == "inlineData" and (media := _media(part)) is not None:
            self._seal(part, events)
            self._add(media, events)
        else:
            self._add(Opaque(NAME, kind, part), events)

    def finish(self, citations: Iterable[Citation], events: list[Event]) -> None:
        """The answer is complete: so are its parts. What it cites stands on the text that is open, or on an empty one.

        Raises:
            ProtocolError: A citation has not the form.
        """
        for citation in citations:
            if self._kind != "text":
                self._close(events)
                self._kind = "text"
            self._citations.append(citation)
            events.append(CitationAdded(citation))
        self._close(events)
        self._end_call(events, cut=True)

    def _text(self, part: dict[str, Json], events: list[Event]) -> None:
        text = part["text"]
        if text.__class__ is not str:
            raise ProtocolError("text of the answer must be a string", excerpt=repr(part))
        thought, signature = part.get("thought") is True, _signature(part)
        if not _OF_TEXT.issuperset(part):
            events.append(OpaqueEvent(NAME, "part", {name: part[name] for name in part if name not in _OF_TEXT}))
        if signature is None:
            if text:
                self._grow("thinking" if thought else "text", text, events)
        elif not text and thought:
            self._add(Opaque(NAME, "thought", part), events)
        elif not text:
            self._stand_behind(Thinking("", None, signature, self._family), events)
        elif thought:
            self._close(events)
            events.append(ThinkingDelta(text))
            self._add(Thinking(text, signature, None, self._family), events)
        else:
            self._seal(part, events)
            self._grow("text", text, events)
            self._joinable = False

    def _grow(self, kind: Kind, text: str, events: list[Event]) -> None:
        if self._kind != kind or not self._joinable or self._behind:
            self._close(events)
            self._kind = kind
        self._pieces.append(text)
        events.append(ThinkingDelta(text) if kind == "thinking" else TextDelta(text))

    def _stand_behind(self, seal: Thinking, events: list[Event]) -> None:
        if self._kind == "text":
            self._behind.append(seal)
        else:
            self._add(seal, events)

    def _close(self, events: list[Event]) -> None:
        """The open text is complete; what waits behind it follows."""
        if self._kind is None:
            return
        words, behind = "".join(self._pieces), self._behind
        thinking = self._kind == "thinking"
        made: Part = Thinking(words, family=self._family) if thinking else Text(words, tuple(self._citations))
        self._kind, self._pieces, self._citations, self._behind, self._joinable = None, [], [], [], True
        for part in (made, *behind):
            self.parts.append(part)
            events.append(PartFinished(part))

    def _add(self, part: Part, events: list[Event]) -> None:
        self._close(events)
        self.parts.append(part)
        events.append(PartFinished(part))

    def _seal(self, part: dict[str, Json], events: list[Event]) -> None:
        """The signature of the part that comes next, if it has one."""
        self._close(events)
        signature = _signature(part)
        if signature is not None:
            self._add(Thinking("", signature, None, self._family), events)

    def _function_call(self, part: dict[str, Json], events: list[Event]) -> None:
        call = object_of(part["functionCall"], "functionCall")
        goes_on = self._call is not None and (not call.get("name") or call.get("id") == self._call.id)
        if not goes_on and not call.get("name"):
            if call.get("args") or call.get("partialArgs"):
                raise ProtocolError("a function call of the answer has no name", excerpt=repr(part))
            return
        rest = {name: value for name, value in part.items() if name not in _OF_CALL}
        if not goes_on:
            self._begin_call(part, call, events)
        elif SIGNATURE in part:
            rest = part  # too late to stand before the call
        if rest:
            events.append(OpaqueEvent(NAME, "part", rest))
        assert self._call is not None  # begun now or before
        self._call.arguments.take(call.get("partialArgs"))
        if call.get("willContinue") is not True:
            self._end_call(events, cut=False)

    def _begin_call(self, part: dict[str, Json], call: dict[str, Json], events: list[Event]) -> None:
        self._end_call(events, cut=True)
        self._seal(part, events)
        name = string_of(call["name"], "functionCall.name")
        identity = string_of(call["id"], "functionCall.id") if call.get("id") else ""
        if not identity or identity in self._ids:
            identity = made_id(self.response_id, self.calls)
        self._ids.add(identity)
        self._call = _OpenCall(identity, name, self.calls, len(self.parts), Arguments(call.get("args")))
        self.calls += 1
        self.parts.append(ToolCall(identity, name, None, "", CUT_CALL))
        events.append(ToolCallStarted(self._call.number, identity, name))

    def _end_call(self, events: list[Event], *, cut: bool) -> None:
        """The open call is complete; `cut` where it had said that it would go on."""
        call, self._call = self._call, None
        if call is None:
            return
        given = call.arguments.value
        if given.__class__ is dict and not cut:
            made = ToolCall(call.id, call.name, given)
        elif cut:
            made = ToolCall(call.id, call.name, None, _json(given), CUT_CALL)
        else:
            made = read_arguments(call.id, call.name, _json(given))
        self.parts[call.place] = made
        text = _json(given)
        if text != "{}":
            events.append(ToolCallDelta(call.number, text))
        events.append(ToolCallFinished(made))


class _OpenCall:
    """A call that grows."""

    __slots__ = ("arguments", "id", "name", "number", "place")

    def __init__(self, identity: str, name: str, number: int, place: int, arguments: Arguments) -> None:
        self.id = identity
        self.name = name
        self.number = number
        self.place = place
        self.arguments = arguments


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _signature(part: dict[str, Json]) -> str | None:
    signature = part.get(SIGNATURE)
    return string_of(signature, SIGNATURE) if signature else None


def _media(part: dict[str, Json]) -> Part | None:
    """The bytes of a part, if what they are and how they are written come back the same."""
    found = object_of(part["inlineData"], "inlineData")
    kind, text = found.get("mimeType"), found.get("data")
    if not _OF_MEDIA.issuperset(part) or found.keys() != {"mimeType", "data"} or not text:
        return None
    if kind.__class__ is not str or "/" not in kind or text.__class__ is not str:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(data).decode("ascii") != text:
        return None
    return _MEDIA.get(kind.partition("/")[0], Document)(data, media_type=kind)
