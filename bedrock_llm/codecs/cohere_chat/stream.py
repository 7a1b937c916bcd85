"""A streamed answer of Cohere's chat: one event at a time.

Here: the events by their `event_type`. Not here: the bytes that carry them. Called by: body.py.
Follows: Cohere's API of version 1, StreamedChatResponse.

Rule 1: `stream-end` ends the answer and holds all of it once more. What it alone says (documents, counts, calls that
        were not told before) is read from there; what was streamed stays as it was streamed.
Rule 2: citations come behind the text and are those of its one part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.cohere_chat.decode import ended, read_calls, read_citations, read_usage
from bedrock_llm.codecs.cohere_chat.schema import NAME
from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import (
    CitationAdded,
    Event,
    OpaqueEvent,
    PartFinished,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from bedrock_llm.messages import Text, ToolCall

__all__ = ["CohereReader"]

_COMMON = frozenset({"event_type", "is_finished"})


class CohereReader(EventReader):
    """Reads the events of one answer.

    Args:
        counts: The blocks of counts that its end may hold, the one to take first.
    """

    def __init__(self, counts: tuple[str, ...]) -> None:
        super().__init__()
        self._blocks = counts
        self._pieces: list[str] = []
        self._citations: list[Json] = []
        self._documents: list[Json] = []
        self._calls: Json = None

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one event.

        Raises:
            ProtocolError: It is none, or comes after the end.
        """
        fields = object_of(payload, "an event of the stream")
        kind = fields.get("event_type")
        if kind is None:  # told apart by what it holds, as in the older form
            kind = "stream-end" if fields.get("is_finished") is True else "text-generation"
        if self.answered:
            raise ProtocolError("an event came after the end of the answer", excerpt=repr(payload))
        step = _STEPS.get(kind) if kind.__class__ is str else None
        if step is not None:
            step(self, fields, events)
        else:
            events.append(OpaqueEvent(NAME, str(kind), _rest(fields)))

    def _on_start(self, fields: dict[str, Json], events: list[Event]) -> None:
        rest = _rest(fields)
        if rest:
            events.append(OpaqueEvent(NAME, "response", rest))

    def _on_text(self, fields: dict[str, Json], events: list[Event]) -> None:
        text = string_of(fields.get("text") or "", "text")
        if text:
            self._pieces.append(text)
            events.append(TextDelta(text))

    def _on_citations(self, fields: dict[str, Json], events: list[Event]) -> None:
        del events
        self._citations += list_of(fields.get("citations"), "citations")

    def _on_results(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._documents += list_of(fields.get("documents"), "documents")
        events.append(OpaqueEvent(NAME, "search-results", _rest(fields)))

    def _on_calls(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._calls = fields.get("tool_calls")
        if not self._pieces:
            self._on_text(fields, events)

    def _on_end(self, fields: dict[str, Json], events: list[Event]) -> None:
        whole = fields.get("response")
        final = object_of(whole, "response") if whole is not None else {}
        if not self._pieces:
            self._on_text(final if whole is not None else fields, events)
        self._finish_text(final, events)
        calls = read_calls(self._calls or final.get("tool_calls"))
        for index, call in enumerate(calls):
            events += _events_of(call, index)
        word = fields.get("finish_reason")
        word = final.get("finish_reason") if word is None else word
        reason, warning = ended(word, has_calls=bool(calls))
        self.stop(reason, word, warning)
        usage = read_usage(final.get("meta"), self._blocks)
        self.usage = usage if usage.input_tokens is not None else None
        kept = {**_rest(fields), **final}
        kept.pop("response", None)
        if kept:
            events.append(OpaqueEvent(NAME, "response", kept))

    def _finish_text(self, final: Mapping[str, Json], events: list[Event]) -> None:
        text = "".join(self._pieces)
        if text:
            documents = final.get("documents") or self._documents
            citations = read_citations(self._citations or final.get("citations"), documents, text)
            events += map(CitationAdded, citations)
            events.append(PartFinished(Text(text, citations)))


def _rest(fields: Mapping[str, Json]) -> dict[str, Json]:
    """What an event says beside its kind."""
    return {name: value for name, value in fields.items() if name not in _COMMON}


def _events_of(call: ToolCall, index: int) -> list[Event]:
    text = call.raw_arguments
    if text is None:
        text = json.dumps(call.arguments, ensure_ascii=False)
    return [ToolCallStarted(index, call.id, call.name), ToolCallDelta(index, text), ToolCallFinished(call)]


_STEPS: Mapping[str, Callable[[CohereReader, dict[str, Json], list[Event]], None]] = {
    "stream-start": CohereReader._on_start,  # noqa: SLF001  # the class's own table
    "text-generation": CohereReader._on_text,  # noqa: SLF001
    "citation-generation": CohereReader._on_citations,  # noqa: SLF001
    "search-results": CohereReader._on_results,  # noqa: SLF001
    "tool-calls-chunk": CohereReader._on_text,  # noqa: SLF001  # the calls come whole behind it
    "tool-calls-generation": CohereReader._on_calls,  # noqa: SLF001
    "stream-end": CohereReader._on_end,  # noqa: SLF001
}
