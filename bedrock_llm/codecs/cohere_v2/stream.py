"""A streamed answer of Cohere's chat of version 2: one event at a time.

Here: the events by their `type`. Not here: the parts that grow (assembly.py), the bytes that carry events. Called by:
body.py.
Follows: Cohere's API of version 2, V2ChatStreamResponse.

Rule 1: `message-end` ends the answer and counts it. `[DONE]` without it ends an answer that never said why.
Rule 2: an event without a name here is handed on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.cohere_v2.assembly import Assembly
from bedrock_llm.codecs.cohere_v2.decode import ended, read_usage
from bedrock_llm.codecs.cohere_v2.errors import error_of
from bedrock_llm.codecs.cohere_v2.schema import DONE, NAME
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent

__all__ = ["CohereV2Reader"]


class CohereV2Reader(EventReader):
    """Reads the events of one answer, and the sentinel `[DONE]` where the carrier hands it on.

    Args:
        config: Of the model asked.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._assembly = Assembly(config.family)

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one event.

        Raises:
            ProtocolError: It is none, or comes after the end.
            ProviderError: The provider reported an error inside the stream.
        """
        if payload == DONE:
            if not self.answered:
                self._stop(None, events)
            return
        fields = object_of(payload, "an event of the stream")
        if self.answered:
            raise ProtocolError("an event came after the end of the answer", excerpt=repr(payload))
        kind = fields.get("type")
        step = _STEPS.get(kind) if kind.__class__ is str else None
        if step is not None:
            step(self, fields, events)
        elif kind is None and isinstance(fields.get("message"), str):
            raise error_of(fields)
        else:
            events.append(OpaqueEvent(NAME, str(kind), {name: fields[name] for name in fields if name != "type"}))

    def _on_start(self, fields: dict[str, Json], events: list[Event]) -> None:
        """The message as it begins; what it holds already is its first piece."""
        if fields.get("id") is not None:
            events.append(OpaqueEvent(NAME, "response", {"id": fields["id"]}))
        self._assembly.plan(_message(fields).get("tool_plan"))

    def _on_block(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._assembly.open(_index(fields), _message(fields).get("content"), events)

    def _on_content(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._assembly.grow(_message(fields).get("content"), events)

    def _on_plan(self, fields: dict[str, Json], events: list[Event]) -> None:
        del events
        self._assembly.plan(_message(fields).get("tool_plan"))

    def _on_call(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._assembly.start_call(_index(fields), _message(fields).get("tool_calls"), events)

    def _on_arguments(self, fields: dict[str, Json], events: list[Event]) -> None:
        call = object_of(_message(fields).get("tool_calls"), "tool_calls")
        function = object_of(call.get("function"), "tool_calls.function")
        self._assembly.argue(_index(fields), function.get("arguments"), events)

    def _on_call_end(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._assembly.finish_call(_index(fields), events)

    def _on_citation(self, fields: dict[str, Json], events: list[Event]) -> None:
        given = _message(fields).get("citations")
        for raw in given if given.__class__ is list else (given,):
            self._assembly.cite(raw, events)

    def _on_nothing(self, fields: dict[str, Json], events: list[Event]) -> None:
        """The end of a block or of a citation: the next one tells it too."""

    def _on_end(self, fields: dict[str, Json], events: list[Event]) -> None:
        delta = object_of(fields.get("delta") or {}, "delta")
        if delta.get("error"):
            raise error_of({"message": delta["error"]})
        self._stop(delta.get("finish_reason"), events)
        usage = delta.get("usage")
        if usage is not None:
            self.usage = read_usage(usage)
        if delta:
            events.append(OpaqueEvent(NAME, "response", delta))

    def _stop(self, word: Json, events: list[Event]) -> None:
        reason, warning = ended(word, has_calls=self._assembly.begun > 0)
        self._assembly.finish(reason, events)
        self.stop(reason, word, warning)


def _index(fields: Mapping[str, Json]) -> int | None:
    """Which block or call an event is of."""
    index = fields.get("index")
    if index is not None and index.__class__ is not int:
        raise ProtocolError("index must be a whole number", excerpt=repr(fields))
    return index


def _message(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The part of the message that an event brings."""
    delta = object_of(fields.get("delta") or {}, "delta")
    return object_of(delta.get("message") or {}, "delta.message")


_STEPS: Mapping[str, Callable[[CohereV2Reader, dict[str, Json], list[Event]], None]] = {
    "message-start": CohereV2Reader._on_start,  # noqa: SLF001  # the class's own table
    "content-start": CohereV2Reader._on_block,  # noqa: SLF001
    "content-delta": CohereV2Reader._on_content,  # noqa: SLF001
    "content-end": CohereV2Reader._on_nothing,  # noqa: SLF001
    "tool-plan-delta": CohereV2Reader._on_plan,  # noqa: SLF001
    "tool-call-start": CohereV2Reader._on_call,  # noqa: SLF001
    "tool-call-delta": CohereV2Reader._on_arguments,  # noqa: SLF001
    "tool-call-end": CohereV2Reader._on_call_end,  # noqa: SLF001
    "citation-start": CohereV2Reader._on_citation,  # noqa: SLF001
    "citation-end": CohereV2Reader._on_nothing,  # noqa: SLF001
    "message-end": CohereV2Reader._on_end,  # noqa: SLF001
}
