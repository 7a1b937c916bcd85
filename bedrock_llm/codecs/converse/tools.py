"""`toolConfig`: the tools on offer, and which may be chosen.

Here: definitions and choice, written. Not here: calls and results (blocks.py), what a model cannot take (prepare.py).
Called by: encode, blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.converse.schema import NAME
from bedrock_llm.codecs.shared.fields import claude_tool_choice
from bedrock_llm.codecs.shared.names import TOOL_NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Opaque
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["cache_point", "tool_config"]

_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}
_CHOICES: Mapping[str, dict[str, Json]] = {"auto": {"auto": {}}, "required": {"any": {}}}


def tool_config(request: Request, config: ModelConfig) -> dict[str, Json] | None:
    """`toolConfig`, or None where no tool is offered.

    Raises:
        InvalidRequestError: A name or schema that Converse refuses; names it and what is allowed.
    """
    tools, choice = request.get("tools"), request.get("tool_choice")
    own_choice = claude_tool_choice(request, config)
    if not tools or (choice == "none" and own_choice is None):
        return None
    written = [block for index, tool in enumerate(tools) if (block := _tool(tool, f"tools[{index}]")) is not None]
    if not written:
        return None
    made: dict[str, Json] = {"tools": written}
    if choice is not None and own_choice is None:
        made["toolChoice"] = _CHOICES.get(choice) or {"tool": {"name": choice}}
    return made


def cache_point(point: CachePoint) -> dict[str, Json]:
    """A cache point as a block."""
    return {"cachePoint": {"type": "default"} if point.ttl is None else {"type": "default", "ttl": point.ttl}}


def _tool(tool: ToolSpec | Opaque | CachePoint, where: str) -> dict[str, Json] | None:
    if isinstance(tool, CachePoint):
        return cache_point(tool)
    if isinstance(tool, Opaque):
        return {tool.kind: tool.data} if tool.provider == NAME else None
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    spec: dict[str, Json] = {"name": tool.name}
    if tool.description is not None and tool.description.strip():
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": _schema(tool.parameters, where)}
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {"toolSpec": spec}


def _schema(parameters: Mapping[str, Any] | None, where: str) -> Mapping[str, Json]:
    if not parameters:
        return _NO_ARGUMENTS
    kind = parameters.get("type")
    if kind is None:
        return {"type": "object", **parameters}
    if kind != "object":
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    return parameters
