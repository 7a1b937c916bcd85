"""Tools on offer, and which may be chosen; and the mark that makes a block the end of a cached prefix.

Here: definitions, choice and `cache_control`, written. Not here: calls and results (blocks.py), what a model cannot
take (prepare.py). Called by: encode, blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bedrock_llm.codecs.anthropic_messages.schema import NAME
from bedrock_llm.codecs.shared.names import TOOL_NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Opaque
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["mark", "tool_choice", "written_tools"]

_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}
_CHOICES: Mapping[str | None, str] = {None: "auto", "auto": "auto", "required": "any", "none": "none"}


def written_tools(tools: Iterable[ToolSpec | Opaque | CachePoint]) -> list[dict[str, Json]]:
    """The tools, each cache point as a mark on the one before it.

    Raises:
        InvalidRequestError: A name or schema that the wire refuses; names it and what is allowed.
    """
    made: list[dict[str, Json]] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, CachePoint):
            mark(made, tool, lambda entry: not entry.get("defer_loading"))
        elif isinstance(tool, ToolSpec):
            made.append(_custom(tool, f"tools[{index}]"))
        elif tool.provider == NAME:
            made.append({"type": tool.kind, **tool.data} if isinstance(tool.data, Mapping) else {"type": tool.kind})
    return made


def mark(blocks: Sequence[dict[str, Json]], point: CachePoint, takes: Callable[[Mapping[str, Json]], bool]) -> None:
    """Put a cache point on the last block that can bear one; of two on one block the earlier stays.

    Args:
        blocks: Written so far.
        point: Stands behind them.
        takes: Whether a block can bear a mark.
    """
    for block in reversed(blocks):
        if takes(block):
            control: dict[str, Json] = {"type": "ephemeral"}
            if point.ttl is not None:
                control["ttl"] = point.ttl
            block.setdefault("cache_control", control)
            return


def tool_choice(request: Request) -> dict[str, Json] | None:
    """`tool_choice`, or None where nothing is said of it."""
    choice, parallel = request.get("tool_choice"), request.get("parallel_tool_calls")
    if choice is None and parallel is None:
        return None
    kind = _CHOICES.get(choice)
    made: dict[str, Json] = {"type": "tool", "name": choice} if kind is None else {"type": kind}
    if parallel is not None and kind != "none":
        made["disable_parallel_tool_use"] = not parallel
    return made


def _custom(tool: ToolSpec, where: str) -> dict[str, Json]:
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    made: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        made["description"] = tool.description
    made["input_schema"] = _schema(tool.parameters, where)
    if tool.strict is not None:
        made["strict"] = tool.strict
    return made


def _schema(parameters: Mapping[str, Any] | None, where: str) -> Mapping[str, Json]:
    if not parameters:
        return _NO_ARGUMENTS
    kind = parameters.get("type")
    if kind is None:
        return {"type": "object", **parameters}
    if kind != "object":
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    return parameters
