"""Tools made from Python functions: description and JSON schema from signature and docstring.

Here: reading functions. Not here: running them, which is the caller's. Called by: the package, which models/remote.py
asks.
Follows: https://google.github.io/styleguide/pyguide.html#383-functions-and-methods (the `Args:` section).
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.output.strict import without_titles
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["function_schema", "with_schemas"]

_SECTION = re.compile(r"(Args|Arguments|Parameters|Returns|Yields|Raises|Examples?):\s*")
_ARGUMENTS = ("Args", "Arguments", "Parameters")
_ENTRY = re.compile(r"(\s+)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")

_PLAIN: WeakKeyDictionary[Any, tuple[str | None, dict[str, Any]]] = WeakKeyDictionary()
_BOUND: WeakKeyDictionary[Any, tuple[str | None, dict[str, Any]]] = WeakKeyDictionary()


def with_schemas(request: Request) -> Request:
    """The request with description and schema for every tool that is only a function.

    Raises:
        InvalidRequestError: A schema cannot be made of a function's signature; names the tool.
    """
    tools = request.get("tools")
    if not tools:
        return request
    made = tuple(_complete(tool) if isinstance(tool, ToolSpec) else tool for tool in tools)
    if all(new is old for new, old in zip(made, tools, strict=True)):
        return request
    return replace(request, parameters=MappingProxyType({**request.parameters, "tools": made}))


def _complete(tool: ToolSpec) -> ToolSpec:
    if tool.function is None or (tool.parameters is not None and tool.description is not None):
        return tool
    if tool.parameters is not None:
        described = _docstring(tool.function)[0]
        return tool if described is None else replace(tool, description=described)
    described, schema = function_schema(tool.function)
    return replace(tool, description=described if tool.description is None else tool.description, parameters=schema)


def function_schema(function: Callable[..., Any]) -> tuple[str | None, dict[str, Any]]:
    """What a model is told of a function: its description, and the JSON schema of its arguments (an object).

    The description is the docstring up to its first section; what `Args:` says of an argument describes it, unless
    its annotation already does (`Annotated[..., Field(description=...)]`). Made once per function; do not change it.

    Raises:
        InvalidRequestError: An argument has no name to be called by, or a type that JSON cannot hold.
    """
    if isinstance(function, functools.partial):
        return _unbound(function)
    if isinstance(function, types.MethodType):
        cache, key = _BOUND, function.__func__  # a bound method is a new object each time
    elif isinstance(function, types.FunctionType):
        cache, key = _PLAIN, function
    else:
        call = None if isinstance(function, type) else getattr(function, "__call__", None)  # noqa: B004
        return function_schema(call) if isinstance(call, types.MethodType) else _read(function)
    made = cache.get(key)
    if made is None:
        made = cache[key] = _read(function)
    return made


def _unbound(function: functools.partial[Any]) -> tuple[str | None, dict[str, Any]]:
    """What is left to fill in of a partial function; what it binds is not the model's to change."""
    described, schema = function_schema(function.func)
    left = inspect.signature(function).parameters.keys() - function.keywords.keys()
    made = {**schema, "properties": {name: entry for name, entry in schema["properties"].items() if name in left}}
    if "required" in schema:
        made["required"] = [name for name in schema["required"] if name in left]
    return described, made


def _read(function: Callable[..., Any]) -> tuple[str | None, dict[str, Any]]:
    described, arguments = _docstring(function)
    schema = _signature_schema(function)
    for name, entry in schema["properties"].items():
        if name in arguments and "description" not in entry:
            entry["description"] = arguments[name]
    return described, schema


def _signature_schema(function: Callable[..., Any]) -> dict[str, Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError
    from pydantic.json_schema import GenerateJsonSchema

    class Quiet(GenerateJsonSchema):
        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # as pydantic has it

    kind: Any = function  # pydantic reads a signature too
    try:
        schema = TypeAdapter(kind).json_schema(schema_generator=Quiet)
    except (PydanticUserError, NameError, TypeError, ValueError) as error:
        raise _unfit(function, f"types that JSON can hold ({str(error).splitlines()[0]})") from error
    if schema.get("type") != "object":
        raise _unfit(function, "names: a model cannot fill arguments that are given by place alone")
    made = without_titles(schema)
    made.setdefault("properties", {})
    return made


def _unfit(function: Callable[..., Any], allowed: str) -> InvalidRequestError:
    name = getattr(function, "__name__", type(function).__name__)
    text = f"the tool {name!r} must have arguments with {allowed}; or give ToolSpec(parameters=...)"
    return InvalidRequestError(text, parameter="tools", value=name, allowed=allowed)


def _docstring(function: Callable[..., Any]) -> tuple[str | None, dict[str, str]]:
    """The words before the first section, and what the `Args:` section says of each argument."""
    lines = (inspect.getdoc(function) or "").splitlines()
    starts = [place for place, line in enumerate(lines) if _SECTION.fullmatch(line)]
    described = "\n".join(lines[: starts[0]] if starts else lines).strip()
    arguments: dict[str, str] = {}
    for number, start in enumerate(starts):
        if lines[start].split(":")[0] in _ARGUMENTS:
            end = starts[number + 1] if number + 1 < len(starts) else len(lines)
            arguments |= _entries(lines[start + 1 : end])
    return described or None, arguments


def _entries(lines: list[str]) -> dict[str, str]:
    """`name (type): words`, at one depth; deeper lines go on with the words."""
    made: dict[str, str] = {}
    depth, name = "", ""
    for line in lines:
        entry = _ENTRY.fullmatch(line)
        if entry and (not depth or len(entry[1]) <= len(depth)):
            depth, name = entry[1], entry[2]
            made[name] = entry[3].strip()
        elif name and line.strip():
            made[name] = f"{made[name]} {line.strip()}".strip()
    return {name: words for name, words in made.items() if words}
