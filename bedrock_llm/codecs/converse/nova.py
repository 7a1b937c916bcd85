"""The body `nova`: Amazon Nova's own, which is Converse's shape with a few members elsewhere.

Here: where the two differ, written and read. Not here: blocks, tools and sampling, which are Converse's (encode.py,
decode.py, open_blocks.py). Called by: factory, and the codecs that carry bodies.
Follows: the Nova user guide, "Complete request schema" and "Invoke API".

Rule 1: `topK` stands among the other knobs of `inferenceConfig`, `reasoningConfig` on top; documents have no place.
Rule 2: blocks have the same shape on both wires, so they carry the same name: one that was made on Converse goes back
        to Nova itself, and the other way round.
Rule 3: a streamed text comes as a block for each piece. Texts that follow one another are one text, streamed or whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from bedrock_llm.codecs.body import Body, EventReader
from bedrock_llm.codecs.converse.cache import place_cache_points
from bedrock_llm.codecs.converse.decode import NO_CONTENT, read_parts, read_usage
from bedrock_llm.codecs.converse.encode import body_of
from bedrock_llm.codecs.converse.open_blocks import OpenBlocks
from bedrock_llm.codecs.converse.prepare import steps_of
from bedrock_llm.codecs.converse.schema import NAME, STOP_REASONS
from bedrock_llm.codecs.shared.draft import settle
from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.codecs.shared.reading import Json, object_of, stop_reason_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, UnsupportedFeatureError
from bedrock_llm.events import Event, OpaqueEvent
from bedrock_llm.messages import Document, Message, Part, Text, ToolCall, ToolResult
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, Usage

__all__ = ["USAGE_NAMES", "NovaBody", "NovaReader"]

_STEPS = steps_of("Nova's own body")
_FIELDS = "additionalModelRequestFields"
# What the carrier writes, and what Converse alone has.
_NOT_HERE = (
    "guardrail", "metadata", "service_tier", "latency", "prompt_variables", "output_type", "extra_body",
    "additional_model_request_fields",
)  # fmt: skip
USAGE_NAMES: Mapping[str, str] = {
    "cacheReadInputTokenCount": "cacheReadInputTokens",
    "cacheWriteInputTokenCount": "cacheWriteInputTokens",
}


class NovaBody(Body):
    """Nova's own body. Blocks of its own carry Converse's name, as they have Converse's shape."""

    name: ClassVar[str] = "nova"

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as Nova takes it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: It holds a document or a schema for the answer, or what the model lacks.
        """
        _refuse_documents(request.messages)
        request, warnings = settle(request, config, NAME, _STEPS)
        if request.get("output_type") is not None:
            text = "Nova's own body takes no schema for the answer; offer a tool with that schema, and choose it"
            raise UnsupportedFeatureError(text, parameter="output_type", allowed="absent on this wire")
        request, cached = place_cache_points(request, config)
        return request, (*warnings, *cached)

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object; it is the same streamed or not.

        Raises:
            InvalidRequestError: It cannot be written so; names the parameter or message.
        """
        _refuse_documents(request.messages)
        if not request.parameters.keys().isdisjoint(_NOT_HERE):
            request = request.with_(**dict.fromkeys(_NOT_HERE))
        made = body_of(request, config, stream=stream)
        fields = made.pop(_FIELDS, None)
        return merge(made, fields) if fields else made

    def read(self, data: Json, config: ModelConfig) -> Response[Any]:
        """A whole answer.

        Raises:
            ProtocolError: It is none.
        """
        found = read_parts(data, config.family)
        if found is None:
            raise ProtocolError(NO_CONTENT, excerpt=repr(data))
        parts, word = _joined(found), data.get("stopReason")
        has_calls = any(isinstance(part, ToolCall) for part in parts)
        reason, warning = stop_reason_of(word, STOP_REASONS, "stopReason", has_calls=has_calls)
        warnings = () if warning is None else (warning,)
        usage = _usage(data.get("usage"))
        return Response(Message("assistant", parts), reason, word, usage, warnings=warnings, raw=data)

    def reader(self, config: ModelConfig) -> NovaReader:
        """What reads a streamed answer."""
        return NovaReader(config)


def _refuse_documents(messages: Iterable[Message]) -> None:
    for index, message in enumerate(messages):
        for part in message.parts:
            inner = part.content if isinstance(part, ToolResult) and not isinstance(part.content, str) else ()
            if any(isinstance(entry, Document) for entry in (part, *inner)):
                where = f"messages[{index}]"
                text = f"{where} holds a document; Nova takes those through the Converse API alone"
                raise UnsupportedFeatureError(
                    text, parameter=where, allowed="text, images and video; or api='converse'"
                )


def _usage(data: Json) -> Usage:
    """The counts of an answer; Nova names those of its cache otherwise than Converse."""
    if data.__class__ is not dict:
        return Usage()
    return read_usage({USAGE_NAMES.get(name, name): value for name, value in data.items()})[0]


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts, texts that follow one another made one."""
    made: list[Part] = []
    for part in parts:
        last = made[-1] if made else None
        if isinstance(part, Text) and isinstance(last, Text) and not (part.citations or last.citations):
            made[-1] = Text(last.text + part.text)
        else:
            made.append(part)
    return tuple(made)


class NovaReader(EventReader):
    """Reads the objects of one streamed answer.

    Args:
        config: Of the model asked.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._blocks = OpenBlocks(config.family)
        self._text: int | None = None  # the index under which the open text began
        self._latest = -1  # and the one that its last piece has

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one object.

        Raises:
            ProtocolError: It is not what the format allows here.
        """
        for kind, value in object_of(payload, "an object of the stream").items():
            step = _READ.get(kind)
            if value is None:
                continue
            if step is not None:
                step(self, object_of(value, kind), events)
            else:
                events.append(OpaqueEvent(NAME, kind, value))

    def _on_delta(self, payload: dict[str, Json], events: list[Event]) -> None:
        index, delta = payload.get("contentBlockIndex"), payload.get("delta")
        fresh = index.__class__ is int and index > self._latest
        if delta.__class__ is dict and delta.get("text").__class__ is str and fresh:
            self._latest = int(payload["contentBlockIndex"])
            if self._text is None:
                self._text = self._latest
        elif fresh:
            self._end_text(events)
        if self._text is not None and index == self._latest:
            payload = {**payload, "contentBlockIndex": self._text}
        self._blocks.on_delta(payload, events)

    def _on_block_start(self, payload: dict[str, Json], events: list[Event]) -> None:
        self._end_text(events)
        self._blocks.on_block_start(payload, events)

    def _on_block_stop(self, payload: dict[str, Json], events: list[Event]) -> None:
        if self._text is None or payload.get("contentBlockIndex") != self._latest:
            self._blocks.on_block_stop(payload, events)

    def _on_message_start(self, payload: dict[str, Json], events: list[Event]) -> None:
        self._blocks.on_message_start(payload, events)

    def _on_message_stop(self, payload: dict[str, Json], events: list[Event]) -> None:
        self._end_text(events)
        self._blocks.cut(events)
        word = payload.get("stopReason")
        reason, warning = stop_reason_of(word, STOP_REASONS, "stopReason", has_calls=self._blocks.calls > 0)
        self.stop(reason, word, warning)
        rest = {name: value for name, value in payload.items() if name != "stopReason"}
        if rest:
            events.append(OpaqueEvent(NAME, "response", rest))

    def _on_metadata(self, payload: dict[str, Json], events: list[Event]) -> None:
        self.usage = _usage(payload.get("usage"))
        if payload:
            events.append(OpaqueEvent(NAME, "response", payload))

    def _end_text(self, events: list[Event]) -> None:
        """Something else comes: the text that was held open is complete."""
        if self._text is not None:
            self._blocks.on_block_stop({"contentBlockIndex": self._text}, events)
            self._text = None


_READ: Mapping[str, Callable[[NovaReader, dict[str, Json], list[Event]], None]] = {
    "contentBlockDelta": NovaReader._on_delta,  # noqa: SLF001  # the class's own table
    "contentBlockStart": NovaReader._on_block_start,  # noqa: SLF001
    "contentBlockStop": NovaReader._on_block_stop,  # noqa: SLF001
    "messageStart": NovaReader._on_message_start,  # noqa: SLF001
    "messageStop": NovaReader._on_message_stop,  # noqa: SLF001
    "metadata": NovaReader._on_metadata,  # noqa: SLF001
}
