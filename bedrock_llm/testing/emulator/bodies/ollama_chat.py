"""Ollama's chat, as the server takes and writes it.

Here: what is refused, the body as a `Request`, and answers, whole and in lines. Called by: service.
Follows: Ollama's API, `POST /api/chat`.

Rule 1: what `Request` has a name for becomes that; members of a message without one become an `Opaque` of kind
        `message`, other options and members `extra_body`: nothing is lost. Unknown members are passed over, as Go does.
Rule 2: a result belongs to the call of its id; where there is none, to the first call of its tool that none answered.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.ollama_chat.schema import IN_MESSAGE, LEVELS, NAME, OPTIONS
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Image, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.encode import pieces
from bedrock_llm.testing.emulator.native import NativeBody, Object
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["BODY"]

_ROLES = ("system", "user", "assistant", "tool")
_WHOLE = frozenset({"num_predict", "top_k", "seed", "num_ctx", "num_keep", "repeat_last_n"})
_STOP_WORDS: Mapping[StopReason, str] = {StopReason.length: "length"}


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse what the server would; raises `Refusal`."""
    if not isinstance(body.get("messages"), list):
        raise malformed((), "required key [messages] not found")
    for index, message in enumerate(body["messages"]):
        if not isinstance(message, Mapping) or message.get("role") not in _ROLES:
            raise malformed(("messages", index, "role"), f"must be one of {', '.join(_ROLES)}")
        if not isinstance(message.get("content", ""), str):
            raise malformed(("messages", index, "content"), "expected type: String")
        for place, image in enumerate(message.get("images") or ()):
            if _bytes(image) is None:
                raise malformed(("messages", index, "images", place), "illegal base64 data")
        for place, call in enumerate(message.get("tool_calls") or ()):
            if not isinstance(call["function"].get("arguments"), Mapping):
                raise malformed(("messages", index, "tool_calls", place), "arguments must be an object")
    _check_options(body)
    _check_features(body, config, stream=stream)


def _check_options(body: Object) -> None:
    for name, value in (body.get("options") or {}).items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name == "stop" and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
            raise Invalid('option "stop" must be of an array of strings')
        if name in _WHOLE and (not number or int(value) != value):
            raise Invalid(f'option "{name}" must be of type integer')
        if name in OPTIONS.values() and name != "stop" and not number:
            raise Invalid(f'option "{name}" must be of type float32')
    if body.get("think") not in (None, True, False, *LEVELS):
        raise Invalid('invalid think value: must be a boolean or one of "low", "medium", "high"')
    form = body.get("format")
    if not isinstance(form, Mapping) and form not in (None, "", "json"):
        raise Invalid('invalid format: expected "json" or a JSON schema')


def _check_features(body: Object, config: ModelConfig, *, stream: bool) -> None:
    asked: list[tuple[str, bool, str]] = [
        ("streaming", stream, "streaming"),
        ("tools", bool(body.get("tools")), "tools"),
        ("reasoning", bool(body.get("think")), "thinking"),
        ("images", any(message.get("images") for message in body["messages"]), "images"),
    ]
    for feature, present, words in asked:
        if present and config.feature(feature) is False:
            raise Invalid(f"{config.model or 'the model'} does not support {words}")


def _bytes(text: Any) -> bytes | None:
    """The bytes, if this is the one way in which base64 writes them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None
    return data if data and base64.b64encode(data).decode("ascii") == text else None


def _parse(body: Object, config: ModelConfig) -> Request:
    """The request that a body says."""
    members = {name: value for name, value in body.items() if value not in (None, [], {}, "")}
    parameters: dict[str, Any] = {}
    messages = _messages(members.pop("messages", []), config, parameters)
    options = dict(members.pop("options", {}))
    parameters |= {ours: options.pop(name) for ours, name in OPTIONS.items() if options.get(name) is not None}
    if options:
        members["options"] = options
    if "tools" in members:
        parameters["tools"] = tuple(map(_tool, members.pop("tools")))
    if isinstance(members.get("format"), Mapping):
        parameters["output_type"] = dict(members.pop("format"))
    think = members.get("think")
    style = config.feature("reasoning")
    levels = style.get("efforts") if isinstance(style, Mapping) else None
    if think is False or (isinstance(think, str) and think in (levels or ())):
        parameters["reasoning"] = members.pop("think")
    if "logprobs" in members:
        asked, top = members.pop("logprobs"), members.get("top_logprobs")
        parameters["logprobs"] = members.pop("top_logprobs") if asked is True and isinstance(top, int) else asked
    if members:
        parameters["extra_body"] = members
    return Request(tuple(messages), MappingProxyType(check_parameters(parameters)))


class _Calls:
    """The calls of a conversation so far, and which of them wait for a result."""

    def __init__(self) -> None:
        self._made = 0
        self._open: list[ToolCall] = []

    def call(self, entry: Mapping[str, Any]) -> ToolCall:
        function = entry["function"]
        call = ToolCall(entry.get("id") or f"call_{self._made}", function["name"], dict(function["arguments"]))
        self._made += 1
        self._open.append(call)
        return call

    def answered_by(self, message: dict[str, Any]) -> str:
        """The id of the call that a result answers."""
        identity, name = message.pop("tool_call_id", None), message.get("tool_name")
        named = [call for call in self._open if name in (None, call.name)]
        fitting = named if identity is None else [call for call in self._open if call.id == identity]
        if not fitting:
            raise Invalid(f"the result of {name or identity} answers no tool call before it")
        self._open.remove(fitting[0])
        if name == fitting[0].name:
            del message["tool_name"]
        return fitting[0].id


def _messages(given: list[Any], config: ModelConfig, parameters: dict[str, Any]) -> list[Message]:
    """The messages; the first of the system's is the parameter, results and the user's turn behind them are one."""
    made, calls = list[Message](), _Calls()
    for index, entry in enumerate(given):
        message = {name: value for name, value in entry.items() if value not in (None, [])}
        role = message.pop("role")
        if role == "system" and index == 0 and message.keys() == {"content"}:
            parameters["system"] = message["content"]
            continue
        if role == "assistant":
            made.append(Message("assistant", _assistant(message, calls, config)))
            continue
        result = calls.answered_by(message) if role == "tool" else None
        content = message.pop("content", "") if role == "tool" else ""
        parts: tuple[Part, ...] = _said(message)
        if result is not None:
            parts = (ToolResult(result, content), *parts)
        behind = made[-1] if made and given[index - 1]["role"] == "tool" and role in ("tool", "user") else None
        if behind is not None:
            made[-1] = Message("user", (*behind.parts, *parts))
        else:
            made.append(Message("system" if role == "system" else "user", parts))
    return made


def _said(message: Mapping[str, Any]) -> tuple[Part, ...]:
    """Content, images, and what stands beside them."""
    parts: list[Part] = [Text(message["content"])] if message.get("content") else []
    images = [_bytes(entry) for entry in message.get("images", ())]
    known = {"content", "images"} if None not in images else {"content"}
    parts += [Image(data) for data in images if data is not None and "images" in known]
    rest = {name: value for name, value in message.items() if name not in known}
    return (*parts, Opaque(NAME, IN_MESSAGE, rest)) if rest else tuple(parts)


def _assistant(message: dict[str, Any], calls: _Calls, config: ModelConfig) -> tuple[Part, ...]:
    thought = message.pop("thinking", "")
    called = [calls.call(entry) for entry in message.pop("tool_calls", ())]
    said = _said(message)
    beside = [part for part in said if isinstance(part, Opaque)]
    thinking = [Thinking(thought, family=config.family)] if thought else []
    return (*thinking, *(part for part in said if part not in beside), *called, *beside)


def _tool(tool: Mapping[str, Any]) -> ToolSpec | Opaque:
    function = tool.get("function")
    if not isinstance(function, Mapping) or not function.keys() <= {"name", "description", "parameters"}:
        return Opaque(NAME, "tool", dict(tool))
    return ToolSpec(function["name"], function.get("description"), function.get("parameters"))


def _answer(response: Response[Any]) -> dict[str, Any]:
    text, thought, calls = "", "", list[Any]()
    for part in response.message.parts:
        if isinstance(part, Text):
            text += part.text
        elif isinstance(part, Thinking):
            thought += part.text
        elif isinstance(part, ToolCall):
            calls.append(_written(part, len(calls)))
        else:
            raise InvalidRequestError.of("reply", part, "made of Text, Thinking and ToolCall")
    more = {"thinking": thought, "tool_calls": calls}
    message = {"content": text, **{name: value for name, value in more.items() if value}}
    return {**_line(message), **_end(response)}


def _written(part: ToolCall, index: int) -> dict[str, Any]:
    return {"id": part.id, "function": {"index": index, "name": part.name, "arguments": part.arguments or {}}}


def _end(response: Response[Any]) -> dict[str, Any]:
    """What the last line says of the whole answer."""
    word, usage = response.raw_stop_reason or _STOP_WORDS.get(response.stop_reason, "stop"), response.usage
    counts = {"prompt_eval_count": usage.input_tokens or 0, "eval_count": usage.output_tokens or 0}
    return {"done": True, "done_reason": word, "total_duration": 1, **counts}


def _line(message: dict[str, Any]) -> dict[str, Any]:
    head = {"model": "emulated", "created_at": "2026-01-01T00:00:00Z"}
    return {**head, "message": {"role": "assistant", **message}, "done": False}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    _answer(response)  # refuses what has no place here
    calls = 0
    for part in response.message.parts:
        if isinstance(part, Text):
            yield from (_line({"content": piece}) for piece in pieces(part.text))
        elif isinstance(part, Thinking):
            yield from (_line({"content": "", "thinking": piece}) for piece in pieces(part.text))
        elif isinstance(part, ToolCall):
            yield _line({"content": "", "tool_calls": [_written(part, calls)]})
            calls += 1
    yield {**_line({"content": ""}), **_end(response)}


BODY = NativeBody(_check, _parse, _answer, _chunks)
