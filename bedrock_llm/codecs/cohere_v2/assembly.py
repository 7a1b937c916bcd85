"""An answer while it grows: the blocks of one message, its plan, its calls.

Here: which block is open, what it takes, which events it gives. Not here: the events of the wire (stream.py), whole
answers (decode.py). Called by: both.
Follows: Cohere's API of version 2, AssistantMessageResponse.

Rule 1: a block stays open until another begins, as its citations may come behind its end.
Rule 2: the plan beside tool calls is neither answer nor reasoning: it is the wire's own block and goes back unchanged.
Rule 3: what has no name here is kept as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bedrock_llm.codecs.cohere_v2.schema import CITED, NAME, PLAN
from bedrock_llm.codecs.shared.reading import Json, object_of, read_arguments, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import (
    CUT_CALL,
    CitationAdded,
    Event,
    PartFinished,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from bedrock_llm.messages import Citation, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason

__all__ = ["Assembly", "read_citation"]

NO_ARGUMENTS = "null"  # what stands there for a tool that takes none
_WORDS: Mapping[str, type[TextDelta | ThinkingDelta]] = {"text": TextDelta, "thinking": ThinkingDelta}


class _Call:
    """A call that grows; `number` counts the calls, `place` is where it stands among the parts."""

    __slots__ = ("fragments", "id", "name", "number", "place")

    def __init__(self, identity: str, name: str, number: int, place: int) -> None:
        self.id, self.name, self.number, self.place = identity, name, number, place
        self.fragments: list[str] = []


class Assembly:
    """The parts of one answer.

    Args:
        family: Of the model asked; stands on its reasoning.

    Attributes:
        parts: Those that are complete, and calls that have begun in their places.
        begun: How many calls have begun.
    """

    def __init__(self, family: str | None) -> None:
        self.parts: list[Part] = []
        self.begun = 0
        self._family = family
        self._index: int | None = None
        self._kind = ""
        self._pieces: list[str] = []
        self._citations: list[Citation] = []
        self._own: dict[str, Json] = {}
        self._plan: list[str] = []
        self._calls: dict[int | None, _Call] = {}
        self._last: _Call | None = None  # at the limit it is the one that may have been cut
        self._spare: list[Opaque] = []

    def open(self, index: int | None, block: Json, events: list[Event]) -> None:
        """A block of the content begins; what it holds already is its first piece.

        Raises:
            ProtocolError: It is none.
        """
        fields = object_of(block, "a block of the content")
        self._end_block(events)
        self._index, self._kind = index, string_of(fields.get("type", "text"), "content.type")
        self._own = {}
        self.grow(fields, events)

    def grow(self, block: Json, events: list[Event]) -> None:
        """More of the open block.

        Raises:
            ProtocolError: None is open, or a piece has a wrong type.
        """
        if not self._kind:
            raise ProtocolError("a piece of the content came before its block began", excerpt=repr(block))
        fields, delta = object_of(block, "a block of the content"), _WORDS.get(self._kind)
        if delta is None:
            _lay_over(self._own, fields)
            return
        piece = string_of(fields.get(self._kind) or "", f"content.{self._kind}")
        if piece:
            self._pieces.append(piece)
            events.append(delta(piece))

    def cite(self, given: Json, events: list[Event]) -> None:
        """A citation of the open text; one of anything else is kept by itself.

        Raises:
            ProtocolError: It is no object.
        """
        raw = object_of(given, "a citation")
        if self._kind == "text" and raw.get("content_index") in (None, self._index):
            citation = read_citation(raw)
            self._citations.append(citation)
            events.append(CitationAdded(citation))
        else:
            self.keep_citation(raw)

    def keep_citation(self, raw: dict[str, Json]) -> None:
        """A citation that no text can hold stands behind all other parts."""
        self._spare.append(Opaque(NAME, CITED, raw))

    def plan(self, piece: Json) -> None:
        """More of the plan.

        Raises:
            ProtocolError: It is no text.
        """
        self._plan.append(string_of(piece or "", "tool_plan"))

    def start_call(self, index: int | None, given: Json, events: list[Event]) -> None:
        """A call begins.

        Raises:
            ProtocolError: It is none.
        """
        entry = object_of(given, "an entry of tool_calls")
        function = object_of(entry.get("function"), "tool_calls.function")
        name = string_of(function.get("name"), "tool_calls.function.name")
        self._close(events)
        if index in self._calls:
            self._complete(index, events)
        identity = string_of(entry.get("id") or f"call_{self.begun}", "tool_calls.id")
        call = self._calls[index] = self._last = _Call(identity, name, self.begun, len(self.parts))
        self.begun += 1
        self.parts.append(ToolCall(identity, name, None, "", CUT_CALL))
        events.append(ToolCallStarted(call.number, identity, name))
        self.argue(index, function.get("arguments"), events)

    def argue(self, index: int | None, arguments: Json, events: list[Event]) -> None:
        """More of a call's arguments: text, or an object at once.

        Raises:
            ProtocolError: The call has not begun.
        """
        call = self._calls.get(index)
        if call is None:
            raise ProtocolError("a piece of a tool call came before the call began", excerpt=repr(arguments))
        if arguments is None or arguments == "":
            return
        fragment = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        call.fragments.append(fragment)
        events.append(ToolCallDelta(call.number, fragment))

    def finish_call(self, index: int | None, events: list[Event]) -> None:
        """A call is complete. One without arguments waits, as the answer's end tells whether they were lost.

        Raises:
            ProtocolError: It has not begun.
        """
        call = self._calls.get(index)
        if call is None:
            raise ProtocolError("the end of a tool call came before its beginning", excerpt=repr(index))
        if call.fragments:
            self._complete(index, events)

    def finish(self, reason: StopReason, events: list[Event]) -> None:
        """The answer is complete: so are its parts."""
        self._close(events)
        for index in tuple(self._calls):
            self._complete(index, events, cut=reason is StopReason.length)
        for part in self._spare:
            self._add(part, events)
        self._spare = []

    def _complete(self, index: int | None, events: list[Event], *, cut: bool = False) -> None:
        call = self._calls.pop(index)
        text = "".join(call.fragments)
        made = read_arguments(call.id, call.name, "" if text == NO_ARGUMENTS else text)
        if cut and call is self._last and not text.strip():
            made = ToolCall(call.id, call.name, None, text, CUT_CALL)
        self.parts[call.place] = made
        events.append(ToolCallFinished(made))

    def _close(self, events: list[Event]) -> None:
        """End the block, and put the plan behind it."""
        self._end_block(events)
        plan, self._plan = "".join(self._plan), []
        if plan:
            self._add(Opaque(NAME, PLAN, plan), events)

    def _end_block(self, events: list[Event]) -> None:
        kind, words, citations = self._kind, "".join(self._pieces), tuple(self._citations)
        self._kind, self._pieces, self._citations = "", [], []
        if kind == "text" and (words or citations):
            self._add(Text(words, citations), events)
        elif kind == "thinking" and words:
            self._add(Thinking(words, family=self._family), events)
        elif kind and kind not in _WORDS:
            self._add(Opaque(NAME, kind, self._own), events)

    def _add(self, part: Part, events: list[Event]) -> None:
        self.parts.append(part)
        events.append(PartFinished(part))


def _lay_over(whole: dict[str, Json], piece: Mapping[str, Json]) -> None:
    """More of a block without a name here: its texts grow, anything else is replaced."""
    for name, value in piece.items():
        before = whole.get(name)
        joined = name != "type" and before.__class__ is str and value.__class__ is str
        whole[name] = before + value if joined else value


def read_citation(raw: Mapping[str, Json]) -> Citation:
    """A citation with the first of its sources, and as it came: the words are those of the answer, not the source's."""
    sources = raw.get("sources")
    source = next((entry for entry in sources if entry.__class__ is dict), {}) if sources.__class__ is list else {}
    held = source.get("document") or source.get("tool_output")
    document: Mapping[str, Json] = held if held.__class__ is dict else {}
    return Citation(None, _text(document.get("title")), _text(document.get("url")) or _text(source.get("id")), raw)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
