"""Recorded requests of the shared corpus, with the input tokens that the provider reported for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from bedrock_llm.messages import CachePoint, Message, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.shared_data import shared

_NOT_COUNTED = ("output_config", "outputConfig", "mcp_servers", "container", "context_management", "guardrailConfig")


class Recorded(NamedTuple):
    """One request and what it was billed."""

    id: str
    model: str
    family: str
    request: Request
    input_tokens: int


class _NotText(Exception):
    """The request holds what this reader does not read: media, server tools."""


def recorded_requests() -> Iterator[Recorded]:
    """Every request of text and tools to Bedrock (Converse, InvokeModel with messages) and to Anthropic, each once."""
    expected = {}
    for line in shared("corpus/expected.jsonl").read_text().splitlines():
        record = json.loads(line)
        expected[record["id"]] = record
    seen = set()
    for line in shared("corpus/interactions.jsonl").read_text().splitlines():
        record = json.loads(line)
        usage = expected[record["id"]].get("usage") or {}
        body = record["request"].get("body")
        if not _is_wanted(record, usage, body):
            continue
        tokens = usage["input"] + (usage.get("cache_read") or 0) + (usage.get("cache_write") or 0)
        key = (json.dumps(body), record["model"], tokens)
        if key in seen:
            continue
        seen.add(key)
        try:
            yield Recorded(record["id"], record["model"], record["family"], _request(body), tokens)
        except _NotText:
            continue


def _is_wanted(record: Any, usage: Any, body: Any) -> bool:
    bedrock = record["provider"] == "bedrock" and record["api"].startswith(("converse", "invoke"))
    anthropic = record["provider"] == "anthropic" and record["api"] == "messages"
    plain = isinstance(body, dict) and "messages" in body and not any(name in body for name in _NOT_COUNTED)
    whole = record["response"]["status"] == 200 and usage.get("input") and not record["request"].get("media_stripped")
    return bool((bedrock or anthropic) and plain and whole)


def _request(body: dict[str, Any]) -> Request:
    messages = tuple(Message(m["role"], tuple(_part(p) for p in _list(m["content"]))) for m in body["messages"])
    parameters: dict[str, Any] = {}
    if body.get("system"):
        parameters["system"] = tuple(_part(part) for part in _list(body["system"]))
    tools = (body.get("toolConfig") or {}).get("tools") or body.get("tools") or []
    if tools:
        parameters["tools"] = tuple(_tool(tool) for tool in tools)
    return Request(messages, parameters)


def _list(content: Any) -> list[Any]:
    return [{"text": content}] if isinstance(content, str) else content


def _part(part: dict[str, Any]) -> Any:
    kind = part.get("type")
    if "toolUse" in part or kind == "tool_use":
        call = part.get("toolUse", part)
        return ToolCall(call.get("toolUseId") or call["id"], call["name"], call["input"] or {})
    if "toolResult" in part or kind == "tool_result":
        result = part.get("toolResult", part)
        content = tuple(map(_result, _list(result.get("content") or "")))
        return ToolResult(result.get("toolUseId") or result["tool_use_id"], content)
    if "reasoningContent" in part:
        return Thinking(part["reasoningContent"].get("reasoningText", {}).get("text", ""), "s")
    if kind == "thinking":
        return Thinking(part["thinking"], "s")
    if "cachePoint" in part:
        return CachePoint()
    if isinstance(part.get("text"), str):
        return Text(part["text"])
    raise _NotText


def _result(part: dict[str, Any]) -> Any:
    return Text(json.dumps(part["json"])) if "json" in part else _part(part)


def _tool(tool: dict[str, Any]) -> Any:
    if "cachePoint" in tool:
        return CachePoint()
    spec = tool.get("toolSpec", tool)
    schema = spec["inputSchema"].get("json") if "inputSchema" in spec else spec.get("input_schema")
    if schema is None:
        raise _NotText  # a tool that runs at the provider, with instructions of its own
    return ToolSpec(spec["name"], spec.get("description"), schema)
