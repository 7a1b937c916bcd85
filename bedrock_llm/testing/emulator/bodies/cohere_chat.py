"""Cohere's chat body, as the service takes and writes it.

Here: what is refused, the body as a `Request`, and answers, whole and by `event_type`. Called by: service.
Follows: Cohere's API of version 1, `POST /v1/chat`, as Bedrock has it for Command R and R+.

Rule: the wire has no ids; calls are numbered as they come, and a result belongs to the first call of its name and
arguments that none has answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.cohere_chat.schema import DOCUMENT_FIELDS, ERROR_MEMBER, FIELDS, NAME, RESULT_MEMBER, TYPES
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Document, Message, Opaque, Part, Role, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.encode import pieces
from bedrock_llm.testing.emulator.native import NativeBody, Object
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["BODY"]

_MEMBERS = frozenset({
    *FIELDS.values(), "message", "chat_history", "preamble", "documents", "tools", "tool_results",
    "search_queries_only", "prompt_truncation", "return_prompt", "raw_prompting", "force_single_step",
})  # fmt: skip
_ROLES: Mapping[str, Role] = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system", "TOOL": "user"}
_LIMITS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 5), "p": (0, 1), "k": (0, 500), "frequency_penalty": (0, 1), "presence_penalty": (0, 1),
    "max_tokens": (1, float("inf")),
}  # fmt: skip
_JSON_TYPES = {word: kind for kind, word in TYPES.items()}
_STOP_WORDS: Mapping[StopReason, str] = {
    StopReason.length: "MAX_TOKENS",
    StopReason.content_filter: "ERROR_TOXIC",
    StopReason.error: "ERROR",
}


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse what the service would; raises `Refusal`."""
    for name in body:
        if name not in _MEMBERS:
            raise malformed((), f"extraneous key [{name}] is not permitted")
    if not isinstance(body.get("message"), str):
        raise malformed((), "required key [message] not found")
    if not body["message"].strip() and not body.get("tool_results"):
        raise Invalid("invalid request: message must be at least 1 token long or tool results must be specified.")
    for index, entry in enumerate(body.get("chat_history") or ()):
        if not isinstance(entry, Mapping) or entry.get("role") not in _ROLES:
            raise malformed(("chat_history", index), f"the role must be one of {', '.join(_ROLES)}")
    _check_numbers(body)
    _check_tools(body, config, stream=stream)


def _check_numbers(body: Object) -> None:
    for name, (low, high) in _LIMITS.items():
        value = body.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, (int, float))
        if value is not None and (wrong or not low <= value <= high):
            raise malformed((name,), f"{value!r} is not a number from {low:g} to {high:g}")


def _check_tools(body: Object, config: ModelConfig, *, stream: bool) -> None:
    for index, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str) or "description" not in tool:
            raise malformed(("tools", index), "name and description are required")
    if body.get("tool_results") and not body.get("tools"):
        raise Invalid("invalid request: cannot specify tool_results without tools.")
    tools = bool(body.get("tools"))
    for feature, asked in (("streaming", stream), ("tools", tools), ("streaming_with_tools", stream and tools)):
        if asked and config.feature(feature) is False:
            raise Invalid(f"This model doesn't support {feature.replace('_', ' ')}.")


class _Calls:
    """The calls of a conversation so far, and which of them wait for a result."""

    def __init__(self) -> None:
        self._made = 0
        self._open: list[ToolCall] = []

    def call(self, entry: Mapping[str, Any]) -> ToolCall:
        made = ToolCall(f"call_{self._made}", entry["name"], dict(entry.get("parameters") or {}))
        self._made += 1
        self._open.append(made)
        return made

    def result(self, entry: Mapping[str, Any]) -> ToolResult:
        """The result with the id of its call."""
        said = (entry["call"]["name"], entry["call"].get("parameters") or {})
        found = next((call for call in self._open if (call.name, call.arguments) == said), None)
        if found is None:
            raise Invalid(f"invalid request: the result of {said[0]} answers no tool call before it.")
        self._open.remove(found)
        return _result(found.id, entry.get("outputs") or [])


def _result(identity: str, outputs: list[Any]) -> ToolResult:
    only = outputs[0] if len(outputs) == 1 and isinstance(outputs[0], Mapping) else {}
    for member, failed in ((RESULT_MEMBER, False), (ERROR_MEMBER, True)):
        if only.keys() == {member} and isinstance(only[member], str):
            return ToolResult(identity, only[member], is_error=failed)
    return ToolResult(identity, json.dumps(only or outputs, ensure_ascii=False))


def _parse(body: Object, config: ModelConfig) -> Request:
    """The request that a body says."""
    del config
    members = {name: value for name, value in body.items() if value is not None and value != []}
    parameters: dict[str, Any] = {ours: members.pop(name) for ours, name in FIELDS.items() if name in members}
    if "preamble" in members:
        parameters["system"] = members.pop("preamble")
    if "tools" in members:
        parameters["tools"] = tuple(map(_tool, members.pop("tools")))
    messages, calls = list[Message](), _Calls()
    for entry in members.pop("chat_history", ()):
        _add(messages, _ROLES[entry["role"]], _said(entry, calls))
    text, results = members.pop("message"), members.pop("tool_results", ())
    asked: list[Part] = [*_documents(members), *([Text(text)] if text else [])]
    if asked:
        _add(messages, "user", asked)
    if results:
        made = [calls.call(entry["call"]) for entry in results]
        messages.append(Message("assistant", tuple(made)))
        messages.append(Message("user", tuple(calls.result(entry) for entry in results)))
    if members:
        parameters["extra_body"] = members
    return Request(tuple(messages), MappingProxyType(check_parameters(parameters)))


def _add(messages: list[Message], role: Role, parts: list[Part]) -> None:
    """A turn; what the user says behind results is in their turn."""
    last = messages[-1] if messages else None
    if role == "user" and last is not None and last.role == "user" and isinstance(last.parts[0], ToolResult):
        messages[-1] = Message("user", (*last.parts, *parts))
    else:
        messages.append(Message(role, tuple(parts)))


def _said(entry: Mapping[str, Any], calls: _Calls) -> list[Part]:
    parts: list[Part] = [Text(entry["message"])] if entry.get("message") else []
    parts += [calls.call(call) for call in entry.get("tool_calls") or ()]
    return parts + [calls.result(result) for result in entry.get("tool_results") or ()]


def _documents(members: dict[str, Any]) -> list[Part]:
    made: list[Part] = []
    for entry in members.pop("documents", ()):
        plain = entry.keys() <= DOCUMENT_FIELDS and all(isinstance(value, str) and value for value in entry.values())
        if plain and "snippet" in entry:
            made.append(Document(entry["snippet"].encode(), media_type="text/plain", name=entry.get("title")))
        else:
            made.append(Opaque(NAME, "document", dict(entry)))
    return made


def _tool(tool: Mapping[str, Any]) -> ToolSpec | Opaque:
    """A tool; one whose definitions say what no schema says stays as it is."""
    properties: dict[str, Any] = {}
    arguments = tool.get("parameter_definitions") or {}
    for name, entry in arguments.items():
        kind = str(entry.get("type"))
        inner = _JSON_TYPES.get(kind.removeprefix("List[").removesuffix("]"))
        schema: dict[str, Any] = {"type": _JSON_TYPES.get(kind)}
        if schema["type"] is None and kind.startswith("List[") and inner is not None:
            schema = {"type": "array", "items": {"type": inner}}
        if schema["type"] is None or not entry.keys() <= {"type", "description", "required"}:
            return Opaque(NAME, "tool", dict(tool))
        properties[name] = {**schema, **({"description": entry["description"]} if entry.get("description") else {})}
    required = [name for name, entry in arguments.items() if entry.get("required")]
    made = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return ToolSpec(tool["name"], tool["description"] or None, made if arguments else None)


def _calls_of(response: Response[Any]) -> list[dict[str, Any]]:
    return [{"name": call.name, "parameters": call.arguments or {}} for call in response.tool_calls]


def _answer(response: Response[Any]) -> dict[str, Any]:
    citations: list[Any] = []
    for part in response.message.parts:
        if not isinstance(part, (Text, ToolCall)):
            raise InvalidRequestError.of("reply", part, "made of Text and ToolCall")
        citations += [dict(citation.raw) for citation in part.citations] if isinstance(part, Text) else []
    counts = {"input_tokens": response.usage.input_tokens or 0, "output_tokens": response.usage.output_tokens or 0}
    body: dict[str, Any] = {"response_id": "emulated", "generation_id": "emulated", "text": response.text}
    body |= {"citations": citations} if citations else {}
    body |= {"tool_calls": _calls_of(response)} if response.tool_calls else {}
    body["finish_reason"] = response.raw_stop_reason or _STOP_WORDS.get(response.stop_reason, "COMPLETE")
    return {**body, "meta": {"api_version": {"version": "1"}, "billed_units": counts}}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    whole = _answer(response)
    yield _event("stream-start", generation_id=whole["generation_id"])
    yield from (_event("text-generation", text=piece) for piece in pieces(response.text))
    yield from (_event("citation-generation", citations=[entry]) for entry in whole.get("citations", ()))
    if response.tool_calls:
        yield _event("tool-calls-generation", tool_calls=whole["tool_calls"])
    yield {**_event("stream-end", finish_reason=whole["finish_reason"], response=whole), "is_finished": True}


def _event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"is_finished": False, "event_type": kind, **fields}


BODY = NativeBody(_check, _parse, _answer, _chunks)
