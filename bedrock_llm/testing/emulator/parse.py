"""A Converse body as the `Request` that it was: the inverse of the codec's encoder.

Here: JSON members to messages and parameters. Not here: whether the body is allowed (validate.py). Called by: the
emulator's service, `make replay`.
Follows: the service model `bedrock-runtime/2023-09-30`, ConverseRequest.

Rule: what `Request` has a name for becomes that; blocks without one become `Opaque`, members without one `extra_body`,
so that nothing is lost and encoding the request again gives the same body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jiter

from bedrock_llm.codecs.converse.decode import read_block, read_media_bytes
from bedrock_llm.codecs.converse.schema import (
    AUDIO_FORMATS,
    DOCUMENT_FORMATS,
    IMAGE_FORMATS,
    NAME,
    VIDEO_FORMATS,
)
from bedrock_llm.codecs.shared.fields import read_fields
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Document,
    Image,
    MediaSource,
    Message,
    Opaque,
    Part,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from bedrock_llm.output import name_of
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request

__all__ = ["parse_converse"]

_NOTHING_KNOWN = ModelConfig()


def parse_converse(body: bytes | Mapping[str, Json], config: ModelConfig = _NOTHING_KNOWN) -> Request:
    """The request that a body says.

    Args:
        body: Of Converse or ConverseStream, as bytes or read; it has the service's shape.
        config: Of the model; tells which of its own fields are `reasoning` and `top_k`.

    Raises:
        InvalidRequestError: It is no JSON object, or a parameter has a value that no request can have.
        ProtocolError: A block has the wrong shape.
    """
    members = _members(body)
    messages = tuple(_message(message, config) for message in members.pop("messages", None) or ())
    parameters: dict[str, Any] = {}
    extra: dict[str, Json] = {}
    for name, value in members.items():
        read = _READERS.get(name)
        rest = {} if value in (None, {}, []) else value
        if read is not None and rest:
            found, rest = read(rest, config)
            parameters.update(found)
        if rest:
            extra[name] = rest
    if extra:
        parameters["extra_body"] = extra
    return Request(messages, MappingProxyType(check_parameters(parameters)))


def _members(body: bytes | Mapping[str, Json]) -> dict[str, Json]:
    if isinstance(body, Mapping):
        return dict(body)
    try:
        data = jiter.from_json(body)
    except ValueError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}", parameter="body") from error
    if data.__class__ is not dict:
        raise InvalidRequestError.of("body", data, "a JSON object")
    return data


def _message(message: Mapping[str, Json], config: ModelConfig) -> Message:
    return Message(message["role"], tuple(_part(block, config.family) for block in message.get("content") or ()))


def _part(block: Mapping[str, Json], family: str | None) -> Part:
    """A block as a part; as `Opaque` where a part would not hold all of it."""
    kind, value = next((kind, value) for kind, value in block.items() if value is not None)
    read = _PARTS.get(kind)
    part = read(value) if read is not None else read_block(block, family) if kind in _AS_IN_ANSWERS else None
    return Opaque(NAME, kind, value) if part is None else part


def _known(value: Mapping[str, Json], *names: str) -> bool:
    """Whether an object has no other members than these."""
    return value.keys() <= set(names)


def _text(value: Json) -> Part:
    return Text(value)


def _cache_point(value: Json) -> Part | None:
    return CachePoint(value.get("ttl")) if _known(value, "type", "ttl") and value.get("type") == "default" else None


def _source(value: Json, formats: Mapping[str, tuple[str, ...]]) -> tuple[MediaSource, str] | None:
    """Bytes or address, and media type; None where the block says it in another way."""
    types, source = formats.get(value.get("format") or ""), value.get("source")
    if types is None or not source:
        return None
    if source.get("bytes"):
        return read_media_bytes(source["bytes"]), types[0]
    location = source.get("s3Location")
    if not location:
        return None
    owner = location.get("bucketOwner")
    return location["uri"] + (f"?bucketOwner={owner}" if owner else ""), types[0]


def _image(value: Json) -> Part | None:
    source = _source(value, IMAGE_FORMATS) if _known(value, "format", "source") else None
    return None if source is None else Image(source[0], media_type=source[1])


def _video(value: Json) -> Part | None:
    source = _source(value, VIDEO_FORMATS) if _known(value, "format", "source") else None
    return None if source is None else Video(source[0], media_type=source[1])


def _audio(value: Json) -> Part | None:
    source = _source(value, AUDIO_FORMATS) if _known(value, "format", "source") else None
    return None if source is None else Audio(source[0], media_type=source[1])


def _document(value: Json) -> Part | None:
    cited = (value.get("citations") or {}).get("enabled") is True
    text = (value.get("source") or {}).get("text")
    found = (
        (text.encode("utf-8"), "text/plain")
        if text and cited and value.get("format") == "txt"
        else _source(value, DOCUMENT_FORMATS)
    )
    if found is None or not _known(value, "format", "name", "source", "context", "citations"):
        return None
    return Document(
        found[0], media_type=found[1], name=value.get("name"), context=value.get("context"), citations=cited
    )


def _tool_use(value: Json) -> Part | None:
    if value.get("type") is not None or not isinstance(value.get("input"), dict):
        return None
    return ToolCall(value["toolUseId"], value["name"], value["input"])


def _tool_result(value: Json) -> Part | None:
    if value.get("type") is not None:
        return None
    parts = tuple(_part(block, None) for block in value.get("content") or ())
    plain = len(parts) == 1 and isinstance(parts[0], Text)
    content = parts[0].text if plain and isinstance(parts[0], Text) else parts
    return ToolResult(value["toolUseId"], content, is_error=value.get("status") == "error")


def _cited(value: Json) -> Part | None:
    part = read_block({"citationsContent": value}, None)
    return part if len(value.get("content") or ()) <= 1 else None


_PARTS: Mapping[str, Callable[[Json], Part | None]] = {
    "text": _text,
    "cachePoint": _cache_point,
    "image": _image,
    "document": _document,
    "video": _video,
    "audio": _audio,
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "citationsContent": _cited,
}
_AS_IN_ANSWERS = frozenset({"reasoningContent"})


def _taken(value: Mapping[str, Json], names: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Json]]:
    """Parameters for members by name, and the other members."""
    found = {ours: value[theirs] for theirs, ours in names.items() if value.get(theirs) is not None}
    return found, {name: entry for name, entry in value.items() if name not in names and entry is not None}


def _system(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    parts = tuple(_part(block, config.family) for block in value)
    plain = len(parts) == 1 and isinstance(parts[0], Text)
    return {"system": parts[0].text if plain and isinstance(parts[0], Text) else parts}, None


def _inference(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    del config
    names = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
    found, rest = _taken(value, names)
    return {name: entry for name, entry in found.items() if entry != []}, rest


def _tools(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    del config
    found: dict[str, Any] = {"tools": tuple(_tool(tool) for tool in value.get("tools") or ())}
    choice = value.get("toolChoice") or {}
    rest = {name: entry for name, entry in value.items() if name not in ("tools", "toolChoice")}
    if "auto" in choice:
        found["tool_choice"] = "auto"
    elif "any" in choice:
        found["tool_choice"] = "required"
    elif "tool" in choice:
        found["tool_choice"] = choice["tool"]["name"]
    elif choice:
        rest["toolChoice"] = choice
    return found, rest


def _tool(tool: Mapping[str, Json]) -> ToolSpec | CachePoint | Opaque:
    kind, value = next(iter(tool.items()))
    if kind == "cachePoint":
        return _cache_point(value) or Opaque(NAME, kind, value)  # type: ignore[return-value]  # a CachePoint or None
    if kind != "toolSpec" or not _known(value, "name", "description", "inputSchema", "strict"):
        return Opaque(NAME, kind, value)
    schema = (value.get("inputSchema") or {}).get("json")
    return ToolSpec(value["name"], value.get("description"), schema, value.get("strict"))


def _guardrail(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    del config
    names = {
        "guardrailIdentifier": "identifier",
        "guardrailVersion": "version",
        "trace": "trace",
        "streamProcessingMode": "stream_processing_mode",
    }
    found, rest = _taken(value, names)
    return ({"guardrail": found}, rest) if {"identifier", "version"} <= found.keys() else ({}, value)


def _model_fields(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    found, rest = read_fields(value, config)
    return ({**found, "additional_model_request_fields": rest} if rest else found), None


def _prompt_variables(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    del config
    texts = {name: entry["text"] for name, entry in value.items() if entry.keys() == {"text"}}
    return ({"prompt_variables": texts} if texts else {}), {
        name: entry for name, entry in value.items() if name not in texts
    }


def _output(value: Json, config: ModelConfig) -> tuple[dict[str, Any], Json]:
    """The schema is the output type; a name or description that does not follow from it has no place in a request."""
    del config
    text_format = value.get("textFormat") or {}
    written = (text_format.get("structure") or {}).get("jsonSchema") or {}
    if text_format.get("type") != "json_schema" or not isinstance(written.get("schema"), str):
        return {}, value
    schema = jiter.from_json(written["schema"].encode("utf-8"))
    rest = {name: entry for name, entry in value.items() if name != "textFormat"}
    named = {name: entry for name, entry in written.items() if name != "schema"}
    if named.get("name") == name_of(schema):
        named.pop("name", None)
    if named:
        rest["textFormat"] = {"structure": {"jsonSchema": named}}
    return {"output_type": schema}, rest


_READERS: Mapping[str, Callable[[Json, ModelConfig], tuple[dict[str, Any], Json]]] = {
    "system": _system,
    "inferenceConfig": _inference,
    "toolConfig": _tools,
    "guardrailConfig": _guardrail,
    "additionalModelRequestFields": _model_fields,
    "promptVariables": _prompt_variables,
    "requestMetadata": lambda value, config: ({"metadata": value}, None),
    "performanceConfig": lambda value, config: _taken(value, {"latency": "latency"}),
    "serviceTier": lambda value, config: _taken(value, {"type": "service_tier"}),
    "outputConfig": _output,
}
