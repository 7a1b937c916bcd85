"""OpenAI's Chat Completions shape, read.

Here: its message keys, parts and tools. Not here: telling it from other shapes. Called by: the package beside it.
Follows: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bedrock_llm.messages import Audio, CachePoint, Document, Image, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.shapes.anthropic import cache_point, cached
from bedrock_llm.shapes.fields import ContentReader, Fields, blob, made_result, refuse

__all__ = ["PARTS", "Beside", "LegacyCalls", "beside_content", "tool", "tool_result"]

WIRE = "openai_chat"

_AUDIO_TYPES: Mapping[str, str] = {"wav": "audio/wav", "mp3": "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class Beside:
    """What an OpenAI message says outside its content: reasoning before it, refusal and calls after it."""

    leading: tuple[Part, ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(slots=True)
class LegacyCalls:
    """The ids given to calls of the form that has none (`function_call`), by the function's name."""

    ids: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def call(self, name: str) -> str:
        """A new id for a call of `name`."""
        self.count += 1
        self.ids[name] = f"function_call_{self.count}"
        return self.ids[name]


def beside_content(fields: Fields, legacy: LegacyCalls) -> Beside:
    """The parts that stand in a message's own keys.

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    if fields.has("name", "tool_call_id"):
        key = "name" if fields.has("name") else "tool_call_id"
        allowed = "absent in this role; a participant's name belongs into the text, a tool_call_id into role tool"
        raise refuse(fields.at(key), fields[key], allowed)
    owned = ("tool_calls", "function_call", "refusal", "audio", "reasoning_content")
    for key in owned if fields["role"] != "assistant" else ():
        if fields.has(key):
            raise refuse(fields.at(key), fields[key], "absent but in role assistant")
    words = fields.optional_text("reasoning_content")
    parts: list[Part] = []
    if refusal := fields.optional_text("refusal"):
        parts.append(Text(refusal))
    if fields.has("audio"):
        parts.append(Opaque(WIRE, "audio", dict(fields.inner("audio").data)))
    parts += _calls(fields)
    if fields.has("function_call"):
        call = fields.inner("function_call")
        call.only("name", "arguments")
        name = call.text("name")
        parts.append(ToolCall.parse(legacy.call(name), name, call.optional_text("arguments") or ""))
    return Beside((Thinking(words),) if words else (), tuple(parts))


def _calls(fields: Fields) -> Iterable[Part]:
    for index, entry in enumerate(fields.items("tool_calls")):
        where = f"{fields.where}.tool_calls[{index}]"
        call = Fields.of(entry, where)
        call.only("id", "type", "function", "index")
        if call["type"] not in (None, "function"):
            raise refuse(call.at("type"), call["type"], "'function'")
        function = call.inner("function")
        function.only("name", "arguments")
        arguments = function["arguments"]
        if isinstance(arguments, Mapping):  # some servers send what they should have written as JSON text
            yield ToolCall(call.text("id"), function.text("name"), dict(arguments))
        else:
            yield ToolCall.parse(call.text("id"), function.text("name"), function.optional_text("arguments") or "")


def tool_result(fields: Fields, legacy: LegacyCalls, content: ContentReader) -> ToolResult:
    """The result in a message of role `tool` or `function`.

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    fields.only("role", "content", "tool_call_id", "name")
    if fields["role"] == "tool":
        tool_call_id = fields.text("tool_call_id")
    else:
        name = fields.text("name")
        if name not in legacy.ids:
            raise refuse(fields.at("name"), name, "the name of a function_call made before")
        tool_call_id = legacy.ids[name]
    given = fields["content"] if fields.has("content") else ""
    made = given if isinstance(given, str) else content(given, fields.at("content"))
    return made_result(tool_call_id, made, False, fields.at("content"))


def _refusal(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "refusal")
    return (Text(fields.text("refusal")),)


def _image_url(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "image_url", "cache_control", "prompt_cache_breakpoint")
    if isinstance(fields["image_url"], str):
        return _marked(fields, Image(_address(fields.text("image_url"), fields.at("image_url"))))
    inner = fields.inner("image_url", "a string, or a dict with url")
    inner.only("url", "detail")
    return _marked(fields, Image(_address(inner.text("url"), inner.at("url"))))


def _address(url: str, where: str) -> str:
    if not url.startswith(("data:", "https://", "s3://")):
        raise refuse(where, url, "a data URL, an https:// or an s3:// address")
    return url


def _input_audio(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "input_audio", "cache_control", "prompt_cache_breakpoint")
    audio = fields.inner("input_audio")
    audio.only("data", "format")
    form = audio.text("format", "'wav' or 'mp3'")
    if form not in _AUDIO_TYPES:
        raise refuse(audio.at("format"), form, "'wav' or 'mp3'")
    return _marked(fields, Audio(blob(audio["data"], audio.at("data")), media_type=_AUDIO_TYPES[form]))


def _file(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "file", "cache_control", "prompt_cache_breakpoint")
    file = fields.inner("file")
    file.only("file_data", "file_id", "filename")
    if file.has("file_id"):
        return _marked(fields, Opaque(WIRE, "file", dict(file.data)))
    data = file.text("file_data", "a data URL or base64, or file_id instead")
    source = data if data.startswith("data:") else blob(data, file.at("file_data"))
    return _marked(fields, Document(source, name=file.optional_text("filename")))


def _marked(fields: Fields, part: Part) -> Iterable[Part]:
    """The part, and the cache point that it asks for after it; OpenAI's 30 minutes are no time of ours."""
    if fields.has("prompt_cache_breakpoint"):
        return (part, CachePoint())
    return cached(part, cache_point(fields))


PARTS: Mapping[str, Callable[[Fields, ContentReader], Iterable[Part]]] = {
    "refusal": _refusal,
    "image_url": _image_url,
    "input_audio": _input_audio,
    "file": _file,
}


def tool(fields: Fields) -> dict[str, Any]:
    """The fields of a `ToolSpec` from a function tool, nested (Chat Completions) or flat (Responses).

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    inner = fields
    if fields.has("function"):
        fields.only("type", "function", "cache_control")
        inner = fields.inner("function")
        inner.only("name", "description", "parameters", "strict")
    else:
        fields.only("type", "name", "description", "parameters", "strict", "cache_control")
    return {
        "name": inner.text("name"),
        "description": inner.optional_text("description"),
        "parameters": inner.mapping("parameters") if inner.has("parameters") else None,
        "strict": inner.flag("strict"),
    }
