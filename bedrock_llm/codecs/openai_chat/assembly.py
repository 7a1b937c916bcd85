"""An answer while it grows: the parts of one message, from one delta or many.

Here: which part is open, what it takes, which events it gives. Not here: chunks and what ends an answer (stream.py).
Called by: decode.py, stream.py.
Follows: OpenAI's ChatCompletionStreamResponseDelta, and what other servers make of it.

Rule 1: a whole message is one delta, so both ways of an answer are read by the same lines.
Rule 2: pieces of one kind that follow one another are one part.
Rule 3: reasoning in entries (`reasoning_details`) is kept whole behind the other parts, as it may have to go back; the
        words of it that people read come beside it.
Rule 4: what has no name here is handed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from bedrock_llm.codecs.openai_chat.calls import Calls
from bedrock_llm.codecs.openai_chat.details import Details
from bedrock_llm.codecs.openai_chat.schema import DETAILS, IN_MESSAGE, NAME, Options
from bedrock_llm.codecs.openai_chat.tags import TagSplitter
from bedrock_llm.codecs.shared.reading import Json, list_of, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import CitationAdded, Event, OpaqueEvent, PartFinished, TextDelta, ThinkingDelta
from bedrock_llm.messages import Citation, Opaque, Part, Text, Thinking
from bedrock_llm.response import StopReason

__all__ = ["Assembly", "read_annotation"]

Kind: TypeAlias = Literal["text", "refusal", "thinking"]

_READ = frozenset({"role", DETAILS, "content", "refusal", "tool_calls", "function_call", "annotations"})


class Assembly:
    """The parts of one answer.

    Args:
        family: Of the model asked; stands on its reasoning.
        options: The model's way with this body.

    Attributes:
        parts: Those that are complete, and calls that have begun in their places.
        refused: Whether the model refused to answer.
    """

    def __init__(self, family: str | None, options: Options) -> None:
        self.parts: list[Part] = []
        self.refused = False
        self._family = family
        self._thinks_in = options.reasoning_fields
        self._known = _READ.union(options.reasoning_fields)
        self._tags = TagSplitter(options.think_tags) if options.think_tags else None
        self._calls = Calls(self.parts)
        self._details = Details()
        self._kind: Kind | None = None
        self._pieces: list[str] = []
        self._signature: str | None = None
        self._citations: list[Citation] = []
        self._rest: dict[str, Json] = {}

    @property
    def has_calls(self) -> bool:
        """Whether a tool call has begun."""
        return self._calls.begun > 0

    def say(self, text: str, events: list[Event]) -> None:
        """More of the answer's text: the path of most deltas."""
        if self._tags is not None:
            for is_thinking, piece in self._tags.feed(text):
                self._grow("thinking" if is_thinking else "text", piece, events)
        elif text:
            self._grow("text", text, events)

    def take(self, delta: dict[str, Json], events: list[Event]) -> None:
        """A delta, or a whole message.

        Raises:
            ProtocolError: A member that is known has a wrong type.
        """
        for name in self._thinks_in:
            words = delta.get(name)
            if words.__class__ is str and words:
                self._flush(events)
                self._grow("thinking", words, events)
                break
        content = delta.get("content")
        if content.__class__ is str:
            self.say(content, events)
        elif content is not None:
            self._take_list(list_of(content, "content"), events)
        for annotation in list_of(delta.get("annotations"), "annotations"):
            self._cite(read_annotation(annotation), events)
        refusal = delta.get("refusal")
        if refusal:
            self.refused = True
            self._flush(events)
            self._grow("refusal", string_of(refusal, "refusal"), events)
        if delta.get(DETAILS):
            self._details.take(list_of(delta[DETAILS], DETAILS))
        calls = delta.get("tool_calls") or _legacy(delta.get("function_call"))
        if calls:
            self._close(events)
            self._calls.take(list_of(calls, "tool_calls"), events)
        if not self._known.issuperset(delta):
            self._keep(delta, events)

    def finish(self, reason: StopReason, events: list[Event]) -> None:
        """The answer is complete: so are its parts.

        Raises:
            ProtocolError: A call never got its name.
        """
        self._close(events)
        self._calls.finish(events, cut=reason is StopReason.length)
        if self._details.entries:
            part = Opaque(NAME, IN_MESSAGE, {DETAILS: self._details.entries})
            self.parts.append(part)
            events.append(PartFinished(part))

    def _grow(self, kind: Kind, piece: str, events: list[Event]) -> None:
        if self._kind != kind:
            self._end_part(events)
            self._kind = kind
        self._pieces.append(piece)
        events.append(ThinkingDelta(piece) if kind == "thinking" else TextDelta(piece))

    def _flush(self, events: list[Event]) -> None:
        """What looked like a tag is none, as something else comes."""
        held = self._tags.close() if self._tags is not None else ""
        if held:
            self._grow("text", held, events)

    def _close(self, events: list[Event]) -> None:
        self._flush(events)
        self._end_part(events)

    def _end_part(self, events: list[Event]) -> None:
        if self._kind is None:
            return
        words = "".join(self._pieces)
        part: Part = (
            Thinking(words, self._signature, None, self._family)
            if self._kind == "thinking"
            else Text(words, tuple(self._citations))
        )
        self._kind, self._pieces, self._signature, self._citations = None, [], None, []
        self.parts.append(part)
        events.append(PartFinished(part))

    def _cite(self, citation: Citation, events: list[Event]) -> None:
        self._flush(events)
        if self._kind != "text":
            self._end_part(events)
            self._kind = "text"
        self._citations.append(citation)
        events.append(CitationAdded(citation))

    def _take_list(self, entries: list[Json], events: list[Event]) -> None:
        """A content of parts."""
        for entry in entries:
            if entry.__class__ is str:
                self.say(entry, events)
                continue
            if entry.__class__ is not dict:
                raise ProtocolError("a part of the answer's content is no JSON object", excerpt=repr(entry))
            kind = entry.get("type")
            if kind in ("text", "output_text"):
                self.say(string_of(entry.get("text", ""), "content.text"), events)
            elif kind in ("thinking", "reasoning"):
                self._think(entry, kind, events)
            elif kind == "refusal":
                self.take({"refusal": entry.get("refusal")}, events)
            else:
                self._close(events)
                part = Opaque(NAME, str(kind), entry)
                self.parts.append(part)
                events.append(PartFinished(part))

    def _think(self, entry: dict[str, Json], kind: str, events: list[Event]) -> None:
        """Reasoning as a part: `thinking` is a text or parts of text, `reasoning` has a summary or a text."""
        words = "".join(_words(entry.get(kind), entry.get("summary"), entry.get("text")))
        self._flush(events)
        if words:
            self._grow("thinking", words, events)
        seal = next(_seals([entry, *list_of(entry.get("summary"), "summary")]), None)
        if seal is not None:
            if self._kind != "thinking":
                self._end_part(events)
                self._kind = "thinking"
            self._signature = seal

    def _keep(self, delta: dict[str, Json], events: list[Event]) -> None:
        """Members without a name here; what repeats the ones before it is not handed on again."""
        rest = {name: value for name, value in delta.items() if name not in self._known and value not in (None, "")}
        if rest and rest != self._rest:
            self._rest = rest
            events.append(OpaqueEvent(NAME, "delta", rest))


def _words(*places: Json) -> Iterator[str]:
    for place in places:
        for entry in place if place.__class__ is list else (place,):
            text = entry.get("text") if entry.__class__ is dict else entry
            if text.__class__ is str:
                yield text


def _seals(entries: Iterable[Json]) -> Iterator[Any]:
    for entry in entries:
        seal = entry.get("signature") if entry.__class__ is dict else None
        if seal.__class__ is str and seal:
            yield seal


def _legacy(call: Json) -> list[Json]:
    """The one call of the older form, as an entry of `tool_calls`; some servers have an empty one in every answer."""
    said = call.__class__ is dict and any(call.values())
    return [{"index": 0, "function": call}] if said else []


def read_annotation(value: Json) -> Citation:
    """An annotation (`url_citation`) with what all wires know of it, and as it came.

    Raises:
        ProtocolError: It is no object.
    """
    if value.__class__ is not dict:
        raise ProtocolError("an annotation of the answer is no JSON object", excerpt=repr(value))
    said = value.get("url_citation")
    fields = said if said.__class__ is dict else value
    cited, title, source = (
        text if text.__class__ is str else None for text in (fields.get(name) for name in ("content", "title", "url"))
    )
    return Citation(cited, title, source, value)
