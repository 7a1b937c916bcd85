"""A body of Cohere's chat of version 2 as the `Request` that it was: the inverse of the codec's writer.

Here: JSON members to messages and parameters. Not here: whether the body is allowed (rules.py). Called by: the package.
Follows: Cohere's API, `POST /v2/chat`.

Rule: what `Request` has a name for becomes that; documents with an id, blocks and tools without one become `Opaque`,
members of a message an `Opaque` of kind `message`, members of the body `extra_body`: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.cohere_v2.schema import (
    CHOICES,
    CITED,
    DOCUMENT,
    DOCUMENT_FIELDS,
    FIELDS,
    IN_MESSAGE,
    NAME,
    PLAN,
)
from bedrock_llm.codecs.shared.reading import read_arguments
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Citation, Document, Image, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.bodies.openai_chat.content import part_of as chat_part
from bedrock_llm.testing.emulator.native import Object

__all__ = ["parse"]


def parse(body: Object, config: ModelConfig) -> Request:
    """The request that a body says.

    Args:
        body: It has the service's shape.
        config: Of the model; its family stands on reasoning in the history.

    Raises:
        InvalidRequestError: A parameter has a value that no request can have.
    """
    members = {name: value for name, value in body.items() if value is not None and value != []}
    parameters: dict[str, Any] = {ours: members.pop(name) for ours, name in FIELDS.items() if name in members}
    messages = _messages(members.pop("messages"), config, parameters)
    _take_documents(members, messages)
    _take_tools(members, parameters)
    _take_schema(members, parameters)
    _take_thinking(members, parameters)
    if members:
        parameters["extra_body"] = members
    return Request(tuple(messages), MappingProxyType(check_parameters(parameters)))


def _messages(given: list[Any], config: ModelConfig, parameters: dict[str, Any]) -> list[Message]:
    """The messages; the first of the system's is the parameter, results and the user's turn behind them are one."""
    made: list[Message] = []
    for index, entry in enumerate(given):
        message = {name: value for name, value in entry.items() if value is not None}
        role = message.pop("role")
        if role == "assistant":
            made.append(Message("assistant", _assistant(message, config)))
            continue
        parts = (_result(message),) if role == "tool" else _said(message, config)
        behind = made[-1] if made and given[index - 1]["role"] == "tool" and role in ("tool", "user") else None
        if role == "system" and index == 0 and parts:
            parameters["system"] = parts[0].text if len(parts) == 1 and isinstance(parts[0], Text) else parts
        elif behind is not None:
            made[-1] = Message("user", (*behind.parts, *parts))
        else:
            made.append(Message("system" if role == "system" else "user", parts))
    return made


def _said(message: dict[str, Any], config: ModelConfig) -> tuple[Part, ...]:
    """Content, and what stands beside it."""
    content = message.pop("content", "")
    if isinstance(content, str):
        parts: tuple[Part, ...] = (Text(content),) if content else ()
    else:
        parts = tuple(_block(entry, config) for entry in content)
    return (*parts, Opaque(NAME, IN_MESSAGE, message)) if message else parts


def _block(entry: Mapping[str, Any], config: ModelConfig) -> Part:
    if entry.keys() == {"type", "thinking"} and isinstance(entry["thinking"], str):
        return Thinking(entry["thinking"], family=config.family)
    part = chat_part(entry) if entry.get("type") in ("text", "image_url") else None
    return part if isinstance(part, (Text, Image)) else Opaque(NAME, str(entry.get("type")), dict(entry))


def _assistant(message: dict[str, Any], config: ModelConfig) -> tuple[Part, ...]:
    plan, calls, cited = (message.pop(name, None) for name in ("tool_plan", "tool_calls", "citations"))
    said = list(_said(message, config))
    beside = [part for part in said if isinstance(part, Opaque) and part.kind == IN_MESSAGE]
    said = _cited([part for part in said if part not in beside], cited or ())
    own = [part for part in said if isinstance(part, Opaque) and part.kind == CITED]
    planned = [Opaque(NAME, PLAN, plan)] if plan else []
    made = [_call(entry) for entry in calls or ()]
    return (*(part for part in said if part not in own), *planned, *made, *own, *beside)


def _cited(parts: list[Part], citations: Any) -> list[Part]:
    """The parts with their citations: those of a text in it, the others behind all parts."""
    texts = [index for index, part in enumerate(parts) if isinstance(part, Text)]
    for raw in citations:
        place = raw.get("content_index", texts[-1] if texts else None)
        part = parts[place] if place in texts else None
        if isinstance(part, Text) and isinstance(raw.get("sources"), list) and isinstance(raw.get("start"), int):
            parts[place] = Text(part.text, (*part.citations, _citation(raw)))
        else:
            parts.append(Opaque(NAME, CITED, raw))
    return parts


def _citation(raw: Mapping[str, Any]) -> Citation:
    source = raw["sources"][0] if raw["sources"] else {}
    document = source.get("document") or source.get("tool_output") or {}
    return Citation(None, document.get("title"), document.get("url") or source.get("id"), dict(raw))


def _call(entry: Mapping[str, Any]) -> ToolCall:
    function = entry["function"]
    return read_arguments(entry["id"], function["name"], function.get("arguments") or "")


def _result(message: dict[str, Any]) -> ToolResult:
    content = message.get("content", "")
    if isinstance(content, str):
        return ToolResult(message["tool_call_id"], content)
    parts = tuple(_in_result(entry) for entry in content)
    only = parts[0] if len(parts) == 1 else None
    return ToolResult(message["tool_call_id"], only.text if isinstance(only, Text) else parts)


def _in_result(entry: Mapping[str, Any]) -> Part:
    if entry.get("type") == "text" and entry.keys() == {"type", "text"}:
        return Text(entry["text"])
    if entry.get("type") == "document" and entry.keys() == {"type", "document"}:
        return _document(entry["document"])
    return Opaque(NAME, str(entry.get("type")), dict(entry))


def _document(entry: Any) -> Part:
    """A document; one with an id, or other members than ours have, stays as it is."""
    data = entry.get("data") if isinstance(entry, Mapping) and entry.keys() == {"data"} else None
    if not isinstance(data, Mapping) or not data.get("text") or not data.keys() <= DOCUMENT_FIELDS:
        return Opaque(NAME, DOCUMENT, entry)
    if not all(isinstance(value, str) for value in data.values()):
        return Opaque(NAME, DOCUMENT, entry)
    return Document(data["text"].encode(), media_type="text/plain", name=data.get("title"), context=data.get("context"))


def _take_documents(members: dict[str, Any], messages: list[Message]) -> None:
    """Documents stand with what the user asked last."""
    asked = [index for index, message in enumerate(messages) if message.role == "user"]
    if "documents" in members and asked:
        message = messages[asked[-1]]
        results = tuple(part for part in message.parts if isinstance(part, ToolResult))
        made = tuple(map(_document, members.pop("documents")))
        messages[asked[-1]] = Message("user", (*results, *made, *message.parts[len(results) :]))


def _take_tools(members: dict[str, Any], parameters: dict[str, Any]) -> None:
    if "tools" not in members:
        return
    tools = tuple(map(_tool, members.pop("tools")))
    specs = [tool for tool in tools if isinstance(tool, ToolSpec)]
    if members.get("strict_tools") is True and len(specs) == len(tools):
        del members["strict_tools"]
        tools = tuple(replace(tool, strict=True) for tool in specs)
    parameters["tools"] = tools
    words = {word: choice for choice, word in CHOICES.items()}
    if members.get("tool_choice") in words:
        parameters["tool_choice"] = words[members.pop("tool_choice")]


def _tool(tool: Mapping[str, Any]) -> ToolSpec | Opaque:
    function = tool.get("function")
    if not isinstance(function, Mapping) or not function.keys() <= {"name", "description", "parameters"}:
        return Opaque(NAME, "tool", dict(tool))
    return ToolSpec(function["name"], function.get("description"), function.get("parameters"))


def _take_schema(members: dict[str, Any], parameters: dict[str, Any]) -> None:
    asked = members.get("response_format")
    if isinstance(asked, Mapping) and asked.keys() == {"type", "json_schema"} and asked["type"] == "json_object":
        parameters["output_type"] = dict(members.pop("response_format")["json_schema"])


def _take_thinking(members: dict[str, Any], parameters: dict[str, Any]) -> None:
    """A budget, or none at all; to be switched on alone has no name."""
    asked = members.get("thinking")
    if asked == {"type": "disabled"}:
        parameters["reasoning"] = False
    elif isinstance(asked, Mapping) and asked.keys() == {"type", "token_budget"} and asked["type"] == "enabled":
        parameters["reasoning"] = asked["token_budget"]
    if "reasoning" in parameters:
        del members["thinking"]
