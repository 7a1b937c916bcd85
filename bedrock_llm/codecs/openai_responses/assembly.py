"""Items of a streamed answer, while they grow.

Here: one class per kind of item: what it takes, which events it gives, which parts it ends as. Not here: which item an
event is about, and whose turn it is (stream.py). Called by: stream.py.
Follows: OpenAI's ResponseStreamEvent.

Rule 1: an item ends as the parts that the whole item would be read as; both ways use items.py.
Rule 2: what `response.output_item.done` holds is the truth. What it says beyond the pieces is given as one more piece;
        what it lacks is taken from them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from bedrock_llm.codecs.openai_responses.items import (
    CUT,
    Between,
    beside_call,
    beside_message,
    call_of,
    content_part,
    read_annotation,
    read_reasoning,
)
from bedrock_llm.codecs.openai_responses.schema import CUSTOM_CALL, FUNCTION_CALL, MESSAGE, NAME, REASONING
from bedrock_llm.codecs.shared.reading import Json, list_of, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import (
    CitationAdded,
    Event,
    PartFinished,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from bedrock_llm.messages import Citation, Opaque, Part, Text, Thinking

__all__ = ["Item", "MessageItem", "begin"]

Events: TypeAlias = "list[Event]"
_FRAMES = ("response.content_part.added", "response.content_part.done")  # around what grows by pieces of its own kind


class Item(ABC):
    """An item while it grows.

    Attributes:
        kind: Its type.
        begun: As its first event had it.
        held: Events that wait until the items before it are complete.
        parts: What it was, once it is complete.
        complete: Whether it is.
    """

    __slots__ = ("begun", "complete", "held", "kind", "parts")

    def __init__(self, begun: dict[str, Json]) -> None:
        self.kind = string_of(begun.get("type"), "item.type")
        self.begun = begun
        self.held: Events = []
        self.parts: list[Part] = []
        self.complete = False

    def take(self, kind: str, payload: Mapping[str, Json], events: Events) -> None:
        """An event about this item, of a kind that has a name here.

        Raises:
            ProtocolError: It belongs to another kind of item.
        """
        raise ProtocolError(f"a {kind} came for a {self.kind}", excerpt=repr(payload))

    @abstractmethod
    def finish(self, item: dict[str, Json], events: Events) -> None:
        """The item is complete, and this is the whole of it.

        Raises:
            ProtocolError: A known member has a wrong type.
        """

    def cut(self, events: Events) -> None:
        """The answer ended before it said that the item was complete."""
        self.finish({**self.begun, "status": CUT}, events)


class _Piece:
    """A part of a message while it grows: a text or a refusal."""

    __slots__ = ("citations", "given", "texts", "whole")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.citations: list[Citation] = []
        self.whole: Json = None  # as its own last event had it
        self.given = False  # whether its part was handed out

    def finish(self, entry: Json, between: Between, events: Events) -> Part | None:
        """Give the part, of its whole entry, or of its pieces where there is none."""
        self.given = True
        said = "".join(self.texts)
        part: Part | None = Text(said, tuple(self.citations)) if said or self.citations else None
        if entry is not None:
            whole, refused = content_part(entry)
            between.refused = between.refused or refused
            part = part if whole is None else whole
        if isinstance(part, Text):
            events += [CitationAdded(citation) for citation in part.citations[len(self.citations) :]]
            if part.text != said and part.text.startswith(said):
                events.append(TextDelta(part.text[len(said) :]))
        if part is not None:
            events.append(PartFinished(part))
        return part


class MessageItem(Item):
    """A message: texts, refusals, and what is new."""

    __slots__ = ("_between", "_last", "_pieces")

    def __init__(self, begun: dict[str, Json], between: Between) -> None:
        super().__init__(begun)
        self._between = between
        self._pieces: dict[int, _Piece] = {}
        self._last: int | None = None

    def say(self, payload: Mapping[str, Json], events: Events) -> None:
        """More text: the path of most events."""
        text = payload.get("delta")
        if text.__class__ is not str:
            raise ProtocolError("a delta of the answer's text must be a string", excerpt=repr(payload))
        if text:
            index = payload.get("content_index")
            piece = self._pieces[index] if index == self._last and index is not None else self._piece(index, events)
            piece.texts.append(text)
            events.append(TextDelta(text))

    def take(self, kind: str, payload: Mapping[str, Json], events: Events) -> None:
        """More text or refusal, a citation, or the whole of a part."""
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            self._between.refused = self._between.refused or kind == "response.refusal.delta"
            self.say(payload, events)
        elif kind == "response.output_text.annotation.added":
            citation = read_annotation(payload.get("annotation"))
            self._piece(payload.get("content_index"), events).citations.append(citation)
            events.append(CitationAdded(citation))
        elif kind == "response.content_part.done":
            self._piece(payload.get("content_index"), events).whole = payload.get("part")
        elif kind != "response.content_part.added":
            super().take(kind, payload, events)

    def _piece(self, index: Json, events: Events) -> _Piece:
        """The piece of this place; the one before it is complete."""
        place = (self._last or 0) if index is None else index
        if place.__class__ is not int or place < (self._last or 0):
            raise ProtocolError(f"part {place!r} of a message grew after a later one had begun")
        if place != self._last:
            self._end_last(events)
            self._last = place
            self._pieces[place] = _Piece()
        return self._pieces[place]

    def _end_last(self, events: Events) -> None:
        if self._last is not None and not self._pieces[self._last].given:
            part = self._pieces[self._last].finish(self._pieces[self._last].whole, self._between, events)
            self.parts += [part] if part is not None else []

    def finish(self, item: dict[str, Json], events: Events) -> None:
        """What was not given yet, from the whole item, and what goes back beside it."""
        for place, entry in enumerate(list_of(item.get("content"), "message.content")):
            piece = self._pieces.get(place) or _Piece()
            if not piece.given:
                part = piece.finish(entry, self._between, events)
                self.parts += [part] if part is not None else []
        self._end_last(events)
        beside = (beside_message(item) or beside_message(self.begun)) if self.parts else []
        self.parts += beside
        events += map(PartFinished, beside)


class ReasoningItem(Item):
    """Reasoning: a summary, or the text itself."""

    __slots__ = ("_family", "_texts")

    def __init__(self, begun: dict[str, Json], family: str | None) -> None:
        super().__init__(begun)
        self._family = family
        self._texts: list[str] = []

    def take(self, kind: str, payload: Mapping[str, Json], events: Events) -> None:
        """More words."""
        if kind in _FRAMES:
            return
        if kind not in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            super().take(kind, payload, events)
        text = string_of(payload.get("delta"), f"{kind}.delta")
        if text:
            self._texts.append(text)
            events.append(ThinkingDelta(text))

    def finish(self, item: dict[str, Json], events: Events) -> None:
        """The words and the seal, and the item, which goes back whole."""
        said = "".join(self._texts)
        parts = read_reasoning(item, self._family)
        first = parts[0]
        if not isinstance(first, Thinking):
            parts = [Thinking(said, None, None, self._family), *parts] if said else parts
        elif not first.text and said:
            parts[0] = Thinking(said, first.signature, None, self._family)
        elif first.text != said and first.text.startswith(said):
            events.append(ThinkingDelta(first.text[len(said) :]))
        self.parts = parts
        events += map(PartFinished, parts)

    def cut(self, events: Events) -> None:
        """Its words; half an item does not go back."""
        self.parts = [Thinking("".join(self._texts), None, None, self._family)] if self._texts else []
        events += map(PartFinished, self.parts)


class CallItem(Item):
    """A call of a function or of a custom tool; it begins with its id and its name."""

    __slots__ = ("_fragments", "_index", "_named")

    def __init__(self, begun: dict[str, Json], index: int) -> None:
        super().__init__(begun)
        self._index = index
        self._fragments: list[str] = []
        self._named = all(begun.get(name).__class__ is str and begun[name] for name in ("call_id", "name"))
        if self._named:
            self._start(begun)

    def _start(self, item: Mapping[str, Json]) -> None:
        self.held.append(ToolCallStarted(self._index, item["call_id"], item["name"]))

    def take(self, kind: str, payload: Mapping[str, Json], events: Events) -> None:
        """More of its arguments."""
        if kind not in ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta"):
            super().take(kind, payload, events)
        fragment = string_of(payload.get("delta"), f"{kind}.delta")
        if fragment:
            self._fragments.append(fragment)
            if self._named:
                events.append(ToolCallDelta(self._index, fragment))

    def finish(self, item: dict[str, Json], events: Events) -> None:
        """The call, and what goes back beside it."""
        said, member = "".join(self._fragments), "input" if self.kind == CUSTOM_CALL else "arguments"
        known = {name: self.begun[name] for name in ("call_id", "name") if self._named}
        whole = {**item, **known, member: item.get(member) or said}
        call = call_of(whole)
        if not self._named:
            events.append(ToolCallStarted(self._index, call.id, call.name))
        told = said if self._named else ""
        text = whole[member]
        if text.__class__ is str and text != told and text.startswith(told):
            events.append(ToolCallDelta(self._index, text[len(told) :]))
        beside = beside_call(item)
        events.append(ToolCallFinished(call))
        events += map(PartFinished, beside)
        self.parts = [call, *beside]


class OwnItem(Item):
    """An item that only this API knows."""

    __slots__ = ()

    def finish(self, item: dict[str, Json], events: Events) -> None:
        """The item as it came."""
        self.parts = [Opaque(NAME, self.kind, item)]
        events += map(PartFinished, self.parts)


def begin(item: dict[str, Json], family: str | None, calls: int, between: Between) -> Item:
    """The item that an event begins.

    Args:
        item: As it came.
        family: Of the model asked.
        calls: How many calls of this answer have begun.
        between: Of this answer.

    Raises:
        ProtocolError: It has no type.
    """
    kind = item.get("type")
    if kind == MESSAGE:
        return MessageItem(item, between)
    if kind == REASONING:
        return ReasoningItem(item, family)
    return CallItem(item, calls) if kind in (FUNCTION_CALL, CUSTOM_CALL) else OwnItem(item)
