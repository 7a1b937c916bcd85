"""A request as a body of Ollama's chat.

Here: the body's members in their fixed order, and messages. Not here: what is left out (prepare.py), what the carrier
adds. Called by: body.py.
Follows: Ollama's API, api.ChatRequest.

Rule 1: only what the caller set is written; the same request gives the same members in the same order.
Rule 2: a content is one text; images stand beside it. Every tool result is a message of its own.
Rule 3: calls have ids in newer versions only; results name the tool as well, which every version reads.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bedrock_llm import media
from bedrock_llm.codecs.ollama_chat.prepare import think_of
from bedrock_llm.codecs.ollama_chat.schema import ERROR_PREFIX, IMAGE_TYPES, IN_MESSAGE, NAME, OPTIONS
from bedrock_llm.codecs.shared.names import TOOL_NAME, replayed_id, replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Image, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["body_of"]

INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}


def body_of(request: Request, config: ModelConfig) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written so; names the parameter or message and what is allowed.
    """
    body: dict[str, Json] = {"messages": _messages(request)}
    tools = _tools(request.get("tools") or ())
    if tools:
        body["tools"] = tools
    if request.get("output_type") is not None:
        body["format"] = _schema(request.get("output_type"))
    if request.get("reasoning") is not None:
        body["think"] = think_of(request.get("reasoning"), config)
    asked = request.get("logprobs")
    if asked is not None:
        body["logprobs"] = asked is not False
        if asked.__class__ is int:
            body["top_logprobs"] = asked
    given = {member: request.get(name) for name, member in OPTIONS.items()}
    options = {
        name: list(value) if value.__class__ is tuple else value for name, value in given.items() if value is not None
    }
    if options:
        body["options"] = options
    return body


def _messages(request: Request) -> list[Json]:
    made: list[Json] = []
    names: dict[str, str] = {}
    system = request.get("system")
    if system:
        made += _turn("system", (Text(system),) if isinstance(system, str) else system, "system", names)
    for index, message in enumerate(request.messages):
        where = f"messages[{index}]"
        if message.role == "assistant":
            made.append(_assistant(message, where))
            names.update({part.id: part.name for part in message.parts if isinstance(part, ToolCall)})
        else:
            made += _turn(message.role, message.parts, where, names)
    return made


def _turn(role: str, parts: Sequence[Part], where: str, names: Mapping[str, str]) -> list[Json]:
    """A turn: its results are messages of their own, before what is said behind them."""
    made: list[Json] = []
    rest: list[Part] = []
    for index, part in enumerate(parts):
        if not isinstance(part, ToolResult):
            rest.append(part)
            continue
        if rest:
            made.append(_said(role, rest, where))
            rest = []
        made.append(_result(part, names, f"{where}.parts[{index}]"))
    return [*made, _said(role, rest, where)] if rest or not made else made


def _said(role: str, parts: Iterable[Part], where: str) -> dict[str, Json]:
    texts, images, members = list[str](), list[str](), dict[str, Json]()
    for index, part in enumerate(parts):
        if isinstance(part, Text):
            texts.append(part.text)
        elif isinstance(part, Image):
            images.append(_image(part, f"{where}.parts[{index}]"))
        elif isinstance(part, Opaque):
            if part.provider == NAME and part.kind == IN_MESSAGE:
                members.update(part.data)
        elif not isinstance(part, CachePoint):
            text = f"{where}.parts[{index}] is {type(part).__name__}, for which this body has no place"
            raise UnsupportedFeatureError(text, parameter=f"{where}.parts[{index}]", allowed="Text and Image")
    made: dict[str, Json] = {"role": role, "content": "".join(texts)}
    return {**made, **({"images": images} if images else {}), **members}


def _assistant(message: Message, where: str) -> dict[str, Json]:
    own = (ToolCall, Thinking)
    made = _said("assistant", [part for part in message.parts if not isinstance(part, own)], where)
    thought = "".join(part.text for part in message.parts if isinstance(part, Thinking))
    if thought:
        made["thinking"] = thought
    calls = [_call(part) for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        made["tool_calls"] = calls
    return made


def _call(part: ToolCall) -> dict[str, Json]:
    arguments: Any = part.arguments
    if arguments is None:
        arguments = {INVALID_INPUT: part.raw_arguments or ""}
    return {"id": replayed_id(part.id), "function": {"name": replayed_name(part.name), "arguments": arguments}}


def _result(part: ToolResult, names: Mapping[str, str], where: str) -> dict[str, Json]:
    other = [entry for entry in part.content if not isinstance(entry, Text)] if isinstance(part.content, tuple) else []
    if other:
        text = f"{where} holds {type(other[0]).__name__}; a tool result here is text"
        raise UnsupportedFeatureError(text, parameter=where, allowed="text")
    made = {"role": "tool", "content": (ERROR_PREFIX if part.is_error else "") + part.text}
    name = names.get(part.tool_call_id)
    named = {} if name is None else {"tool_name": replayed_name(name)}
    return {**made, **named, "tool_call_id": replayed_id(part.tool_call_id)}


def _image(part: Image, where: str) -> str:
    found = media.content(part)
    if found.data is None:
        text = f"{where} is the address {found.uri!r}, which Ollama does not read: pass the bytes or a Path"
        raise UnsupportedFeatureError(text, parameter=where, allowed="bytes, a Path or a data URL")
    if found.media_type not in IMAGE_TYPES:
        raise InvalidRequestError.of(f"{where}.media_type", found.media_type, "one of " + ", ".join(IMAGE_TYPES))
    return base64.b64encode(found.data).decode("ascii")


def _tools(tools: Iterable[ToolSpec | Opaque | CachePoint]) -> list[Json]:
    made: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            made.append(_function(tool, f"tools[{index}]"))
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            made.append(tool.data)
    return made


def _function(tool: ToolSpec, where: str) -> dict[str, Json]:
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None and tool.description.strip():
        function["description"] = tool.description
    schema = tool.parameters or _NO_ARGUMENTS
    kind = schema.get("type", "object")
    if kind != "object":
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    function["parameters"] = schema if "type" in schema else {"type": "object", **schema}
    return {"type": "function", "function": function}


def _schema(output_type: Any) -> Json:
    from bedrock_llm.output import json_schema

    return json_schema(output_type)
