"""A request as the emulator's rules look at it: the shape of a Converse body, whatever wire it came over.

Here: `view_of`. Not here: the rules (answer.py), the count (usage.py), any wire. Called by: service.

Rule: only what the rules and the meter look at; it is never sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Document,
    Image,
    Part,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from bedrock_llm.output import json_schema
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["view_of"]

_MEDIA: Mapping[type, str] = {Image: "image", Document: "document", Video: "video", Audio: "audio"}
_CHOICES: Mapping[str, dict[str, Any]] = {"auto": {"auto": {}}, "required": {"any": {}}}


def view_of(request: Request) -> dict[str, Any]:
    """Messages, tools, limits, schema and reasoning of a request, each where a Converse body has it."""
    system = request.get("system", ())
    view: dict[str, Any] = {
        "messages": [{"role": message.role, "content": _blocks(message.parts)} for message in request.messages],
        "system": _blocks((Text(system),) if isinstance(system, str) else system),
        "inferenceConfig": {"maxTokens": request.get("max_tokens"), "stopSequences": list(request.get("stop") or ())},
    }
    choice = request.get("tool_choice")
    if request.get("tools") and choice != "none":
        view["toolConfig"] = {"tools": [_tool(tool) for tool in request.get("tools")]}
        if choice is not None:
            view["toolConfig"]["toolChoice"] = _CHOICES.get(choice) or {"tool": {"name": choice}}
    if request.get("reasoning"):
        view["additionalModelRequestFields"] = {"thinking": {"type": "enabled"}}
    if request.get("output_type") is not None:
        schema = json.dumps(json_schema(request.get("output_type")))
        view["outputConfig"] = {"textFormat": {"structure": {"jsonSchema": {"schema": schema}}}}
    return view


def _blocks(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [write(part) for part in parts if (write := _WRITERS.get(part.__class__)) is not None]


def _result(part: ToolResult) -> dict[str, Any]:
    content = [{"text": part.content}] if isinstance(part.content, str) else _blocks(part.content)
    status = {"status": "error"} if part.is_error else {}
    return {"toolResult": {"toolUseId": part.tool_call_id, "content": content, **status}}


def _tool(tool: Any) -> dict[str, Any]:
    if isinstance(tool, CachePoint):
        return _point(tool)
    if not isinstance(tool, ToolSpec):
        return {}
    return {"toolSpec": {"name": tool.name, "inputSchema": {"json": dict(tool.parameters or {})}}}


def _point(part: CachePoint) -> dict[str, Any]:
    return {"cachePoint": {"type": "default", "ttl": part.ttl}}


def _media(part: Part) -> dict[str, Any]:
    return {_MEDIA[part.__class__]: {"there": True}}


_WRITERS: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    Text: lambda part: {"text": part.text},
    ToolCall: lambda part: {"toolUse": {"toolUseId": part.id, "name": part.name, "input": part.arguments or {}}},
    ToolResult: _result,
    CachePoint: _point,
    **dict.fromkeys(_MEDIA, _media),
}
