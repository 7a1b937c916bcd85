"""What a stream yields, and `accumulate`, the only fold of it.

Here: events as frozen values. Not here: decoding (codecs/). Called by: codecs, flow, users.

Rule 1: an answer's parts come in the order of their first event; text and thinking parts are never interleaved.
Rule 2: `index` counts the tool calls of an answer, from 0; calls may grow side by side.
Rule 3: `Finished` is the last event and comes once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeAlias, TypeVar, get_args

from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import PART, Citation, Message, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.values import Converter, Value, frozen, one, union

__all__ = [
    "CitationAdded",
    "Event",
    "Finished",
    "OpaqueEvent",
    "PartFinished",
    "TextDelta",
    "ThinkingDelta",
    "ToolCallDelta",
    "ToolCallFinished",
    "ToolCallStarted",
    "UsageReported",
    "accumulate",
    "empty_response",
    "event_from_dict",
    "events_of",
    "fold",
]

T = TypeVar("T")
P = TypeVar("P", bound=Value)

CUT_CALL = "the answer ended before the call was complete"


@frozen
class TextDelta(Value):
    """More text."""

    tag: ClassVar[str] = "text_delta"
    text: str


@frozen
class ThinkingDelta(Value):
    """More reasoning, in words."""

    tag: ClassVar[str] = "thinking_delta"
    text: str


@frozen
class ToolCallStarted(Value):
    """A tool call begins; its arguments follow."""

    tag: ClassVar[str] = "tool_call_started"
    index: int
    id: str
    name: str


@frozen
class ToolCallDelta(Value):
    """A piece of a call's arguments, as JSON text."""

    tag: ClassVar[str] = "tool_call_delta"
    index: int
    fragment: str


@frozen
class ToolCallFinished(Value):
    """A call is complete; `call.invalid` tells whether it may be run."""

    tag: ClassVar[str] = "tool_call_finished"
    converters: ClassVar[Mapping[str, Converter]] = {"call": one(lambda: ToolCall)}
    call: ToolCall


@frozen
class CitationAdded(Value):
    """The text part being written cites a source."""

    tag: ClassVar[str] = "citation_added"
    converters: ClassVar[Mapping[str, Converter]] = {"citation": one(lambda: Citation)}
    citation: Citation


@frozen
class PartFinished(Value):
    """A part is complete, and this is the whole of it: text, thinking, media, or a provider's own block."""

    tag: ClassVar[str] = "part_finished"
    converters: ClassVar[Mapping[str, Converter]] = {"part": PART}
    part: Part


@frozen
class UsageReported(Value):
    """What the provider counts so far; a later report replaces it."""

    tag: ClassVar[str] = "usage_reported"
    converters: ClassVar[Mapping[str, Converter]] = {"usage": one(lambda: Usage)}
    usage: Usage


@frozen
class Finished(Value):
    """The answer is complete. The last event, once."""

    tag: ClassVar[str] = "finished"
    converters: ClassVar[Mapping[str, Converter]] = {
        "stop_reason": Converter(lambda reason: reason.value, StopReason),
    }
    stop_reason: StopReason
    raw_stop_reason: str | None = None


@frozen
class OpaqueEvent(Value):
    """An event we have no name for, as it came.

    Attributes:
        provider: The wire it belongs to, e.g. `converse`.
        kind: The event's own name; "response" for top-level fields of the answer, which go to `Response.raw`.
        data: Its payload.
    """

    tag: ClassVar[str] = "opaque_event"
    provider: str
    kind: str
    data: Any


Event: TypeAlias = (
    TextDelta
    | ThinkingDelta
    | ToolCallStarted
    | ToolCallDelta
    | ToolCallFinished
    | CitationAdded
    | PartFinished
    | UsageReported
    | Finished
    | OpaqueEvent
)

_EVENT_TYPES: Mapping[str, type[Value]] = {kind.tag: kind for kind in get_args(Event)}
_EVENT = union(lambda: _EVENT_TYPES)


def event_from_dict(data: Mapping[str, Any]) -> Event:
    """The event that `to_dict` wrote.

    Raises:
        InvalidRequestError: It is none, or one of its fields cannot be read.
    """
    event: Event = _EVENT.decode(data)
    return event


def empty_response() -> Response[Any]:
    """The answer before its first event: no parts, stop reason `other`, nothing known."""
    return Response(message=Message("assistant", ()), stop_reason=StopReason.other)


def accumulate(response: Response[T], event: Event) -> Response[T]:
    """The answer so far with one more event.

    Pure. A stream's fold equals the decode of the same answer without streaming. A call that has begun but not
    finished stands there as an invalid `ToolCall` with its text so far.

    Args:
        response: The answer so far; `empty_response()` at first.
        event: What came next.

    Raises:
        ProtocolError: It is no event, or a piece of a call that has not begun.
    """
    step = _STEPS.get(type(event))
    if step is None:
        raise ProtocolError(f"a stream must yield events of bedrock_llm.events, not {type(event).__name__}")
    grown: Response[T] = step(response, event)
    return grown


def fold(response: Response[T], events: Iterable[Event]) -> Response[T]:
    """`accumulate` over many events, runs of deltas joined first so that the cost stays linear."""
    # What calls gather and what the open text gathers do not touch one another, so each may wait for its own end.
    text: list[str] = []
    kind: type[TextDelta] | type[ThinkingDelta] = TextDelta
    calls: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, ToolCallDelta):
            calls.setdefault(event.index, []).append(event.fragment)
        elif isinstance(event, (TextDelta, ThinkingDelta)):
            if type(event) is not kind:
                response, text, kind = _flush_text(response, kind, text), [], type(event)
            text.append(event.text)
        else:
            response = accumulate(_flush_calls(_flush_text(response, kind, text), calls), event)
            text, calls = [], {}
    return _flush_calls(_flush_text(response, kind, text), calls)


def _flush_text(response: Response[T], kind: type[TextDelta] | type[ThinkingDelta], text: list[str]) -> Response[T]:
    return accumulate(response, kind("".join(text))) if text else response


def _flush_calls(response: Response[T], calls: Mapping[int, list[str]]) -> Response[T]:
    for index, fragments in calls.items():
        response = accumulate(response, ToolCallDelta(index, "".join(fragments)))
    return response


def events_of(response: Response[Any]) -> list[Event]:
    """The events of an answer that came whole, as if it had been streamed.

    The other way round than `fold`: message, stop reason, usage and raw come back from it. Who answered, the warnings
    and the figures of the path are not told by events.
    """
    events: list[Event] = []
    calls = 0
    for part in response.message.parts:
        if isinstance(part, ToolCall):
            events += _events_of_call(part, calls)
            calls += 1
        else:
            events += _events_of_part(part)
    if isinstance(response.raw, Mapping):
        events.append(OpaqueEvent(response.provider or "", "response", dict(response.raw)))
    events.append(UsageReported(response.usage))
    events.append(Finished(response.stop_reason, response.raw_stop_reason))
    return events


def _events_of_call(call: ToolCall, index: int) -> list[Event]:
    text = call.raw_arguments
    if text is None and call.arguments is not None:
        text = json.dumps(call.arguments, ensure_ascii=False)
    deltas = [] if text is None else [ToolCallDelta(index, text)]
    return [ToolCallStarted(index, call.id, call.name), *deltas, ToolCallFinished(call)]


def _events_of_part(part: Part) -> list[Event]:
    events: list[Event] = []
    if isinstance(part, Text):
        events += [CitationAdded(citation) for citation in part.citations]
        events += [TextDelta(part.text)] if part.text else []
    elif isinstance(part, Thinking) and part.text:
        events.append(ThinkingDelta(part.text))
    events.append(PartFinished(part))
    return events


def _parts(response: Response[Any], parts: tuple[Part, ...], *, open_part: bool = False) -> Response[Any]:
    return response.with_(message=Message("assistant", parts), open_part=open_part)


def _open(response: Response[Any], kind: type[P]) -> P | None:
    """The last part, if it is of this class and still growing."""
    last = response.message.parts[-1] if response.open_part and response.message.parts else None
    return last if isinstance(last, kind) else None


def _grow_text(response: Response[Any], event: TextDelta) -> Response[Any]:
    last, parts = _open(response, Text), response.message.parts
    if last is None:
        return _parts(response, (*parts, Text(event.text)), open_part=True)
    return _parts(response, (*parts[:-1], Text(last.text + event.text, last.citations)), open_part=True)


def _grow_thinking(response: Response[Any], event: ThinkingDelta) -> Response[Any]:
    last, parts = _open(response, Thinking), response.message.parts
    if last is None:
        return _parts(response, (*parts, Thinking(event.text)), open_part=True)
    return _parts(response, (*parts[:-1], Thinking(last.text + event.text)), open_part=True)


def _cite(response: Response[Any], event: CitationAdded) -> Response[Any]:
    last, parts = _open(response, Text), response.message.parts
    if last is None:
        return _parts(response, (*parts, Text("", (event.citation,))), open_part=True)
    return _parts(response, (*parts[:-1], Text(last.text, (*last.citations, event.citation))), open_part=True)


def _finish_part(response: Response[Any], event: PartFinished) -> Response[Any]:
    parts = response.message.parts
    if _open(response, type(event.part)) is not None:
        parts = parts[:-1]
    return _parts(response, (*parts, event.part))


def _start_call(response: Response[Any], event: ToolCallStarted) -> Response[Any]:
    return _parts(response, (*response.message.parts, ToolCall(event.id, event.name, None, "", CUT_CALL)))


def _grow_call(response: Response[Any], event: ToolCallDelta) -> Response[Any]:
    parts = list(response.message.parts)
    places = [place for place, part in enumerate(parts) if isinstance(part, ToolCall)]
    if not 0 <= event.index < len(places):
        raise ProtocolError(f"a piece of tool call {event.index} came before the call began", excerpt=event.fragment)
    call = parts[places[event.index]]
    assert isinstance(call, ToolCall)  # just looked for
    grown = (call.raw_arguments or "") + event.fragment
    parts[places[event.index]] = ToolCall(call.id, call.name, None, grown, CUT_CALL)
    return _parts(response, tuple(parts), open_part=response.open_part)


def _finish_call(response: Response[Any], event: ToolCallFinished) -> Response[Any]:
    parts = list(response.message.parts)
    for position, part in enumerate(parts):
        if isinstance(part, ToolCall) and part.error == CUT_CALL and part.id == event.call.id:
            parts[position] = event.call
            return _parts(response, tuple(parts), open_part=response.open_part)
    return _parts(response, (*parts, event.call))


def _finish(response: Response[Any], event: Finished) -> Response[Any]:
    return response.with_(stop_reason=event.stop_reason, raw_stop_reason=event.raw_stop_reason, open_part=False)


def _keep(response: Response[Any], event: OpaqueEvent) -> Response[Any]:
    raw = dict(response.raw or {})
    if event.kind == "response":
        raw.update(event.data)
    else:
        raw["events"] = [*raw.get("events", ()), {event.kind: event.data}]
    return response.with_(raw=raw)


_STEPS: Mapping[type, Any] = {
    TextDelta: _grow_text,
    ThinkingDelta: _grow_thinking,
    ToolCallStarted: _start_call,
    ToolCallDelta: _grow_call,
    ToolCallFinished: _finish_call,
    CitationAdded: _cite,
    PartFinished: _finish_part,
    UsageReported: lambda response, event: response.with_(usage=event.usage),
    Finished: _finish,
    OpaqueEvent: _keep,
}
