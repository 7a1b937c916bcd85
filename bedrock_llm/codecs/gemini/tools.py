"""Tools on offer, and which may be called.

Here: declarations and choice, written. Not here: calls and results (parts.py), what a model cannot take (prepare.py).
Called by: encode.py, prepare.py.
Follows: https://ai.google.dev/api/caching#Tool and ToolConfig.

Rule: a tool of Google's own is `Opaque("gemini", <its member>, <its value>)`, e.g. `Opaque("gemini", "googleSearch",
{})`; a declaration that says more than ours can is one of kind `functionDeclarations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_llm.codecs.gemini.schema import FUNCTION_NAME, MODES, NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Opaque
from bedrock_llm.parameters import ToolSpec

__all__ = ["DECLARATIONS", "calling_config", "declares", "written_tools"]

DECLARATIONS = "functionDeclarations"


def declares(tool: ToolSpec | Opaque | CachePoint) -> bool:
    """Whether a tool is a function, which the caller runs; only among those there is a choice."""
    return isinstance(tool, ToolSpec) or (isinstance(tool, Opaque) and tool.kind == DECLARATIONS)


def written_tools(tools: Iterable[ToolSpec | Opaque | CachePoint]) -> list[Json]:
    """The tools: one entry of all functions, and one for each of Google's own.

    Raises:
        InvalidRequestError: A name or schema that the wire refuses; names it and what is allowed.
    """
    declared: list[Json] = []
    others: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            declared.append(_declaration(tool, f"tools[{index}]"))
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            if tool.kind == DECLARATIONS:
                declared.append(tool.data)
            else:
                others.append({tool.kind: tool.data})
    return [{DECLARATIONS: declared}, *others] if declared else others


def _declaration(tool: ToolSpec, where: str) -> dict[str, Json]:
    if not FUNCTION_NAME.fullmatch(tool.name):
        allowed = "1 to 128 of the letters a-z, A-Z, digits, _ . : and -, beginning with a letter or _"
        raise InvalidRequestError.of(f"{where}.name", tool.name, allowed)
    made: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        made["description"] = tool.description
    if tool.parameters:
        made["parametersJsonSchema"] = _schema(tool.parameters, where)
    return made


def _schema(parameters: Mapping[str, Any], where: str) -> Mapping[str, Json]:
    kind = parameters.get("type")
    if kind is None:
        return {"type": "object", **parameters}
    if kind != "object":
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    return parameters


def calling_config(choice: str | None, tools: Iterable[ToolSpec | Opaque | CachePoint]) -> dict[str, Json] | None:
    """Which function may or must be called; None where nothing is said of it.

    Arguments are held to their schemas for all functions or for none: for all, where one of them shall be strict.
    """
    if choice in (None, "auto"):
        strict = any(isinstance(tool, ToolSpec) and tool.strict for tool in tools)
        return {"mode": "VALIDATED"} if strict else None if choice is None else {"mode": "AUTO"}
    if choice in MODES:
        return {"mode": MODES[choice]}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}
