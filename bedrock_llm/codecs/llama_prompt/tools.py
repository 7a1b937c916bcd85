"""Tools in a prompt: definitions and calls as text.

Here: both formats, written. Not here: calls read back (calls.py), where the text stands (encode.py). Called by:
encode.py, body.py.

Formats: "json" (Llama 3.1 and later; one call at a time) and "pythonic" (the small 3.2, 3.3 and 4; several at once).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bedrock_llm.codecs.llama_prompt.schema import JSON_TOOLS, PYTHONIC_TOOLS
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Opaque, ToolCall
from bedrock_llm.parameters import ToolSpec

__all__ = ["calls_text", "check_tools", "tools_text"]

_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}
_PYTHON_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_DATA = frozenset({"const", "default", "enum", "example", "examples"})  # members of a schema that hold values
_CONSTANTS: Mapping[Any, str] = {None: "None", True: "True", False: "False"}


def check_tools(tools: Iterable[Any], form: str | None) -> None:
    """Refuse tools that the format cannot name.

    Raises:
        InvalidRequestError: Names the tool and what is allowed.
    """
    for index, tool in enumerate(tools if form == "pythonic" else ()):
        if isinstance(tool, ToolSpec) and not _PYTHON_NAME.fullmatch(tool.name):
            allowed = "a Python name: this model writes its calls as Python"
            raise InvalidRequestError.of(f"tools[{index}].name", tool.name, allowed)


def tools_text(tools: Iterable[Any], form: str) -> str:
    """How the model is told of its tools; "" where there are none.

    Args:
        tools: Of the request.
        form: "json" or "pythonic".
    """
    defined = [_definition(tool) for tool in tools if isinstance(tool, (ToolSpec, Opaque))]
    if not defined:
        return ""
    if form == "pythonic":
        return PYTHONIC_TOOLS + _json([_renamed(entry, "object", "dict") for entry in defined])
    return JSON_TOOLS + "\n".join(_json({"type": "function", "function": entry}) for entry in defined)


def calls_text(calls: Sequence[ToolCall], form: str | None) -> str:
    """Calls of the history as the model writes them."""
    if form == "pythonic":
        return f"[{', '.join(_python_call(call) for call in calls)}]"
    return "\n".join(_json({"name": call.name, "parameters": _arguments(call)}) for call in calls)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _definition(tool: ToolSpec | Opaque) -> Json:
    if isinstance(tool, Opaque):
        return tool.data
    named = {"name": tool.name} | ({"description": tool.description} if tool.description else {})
    return {**named, "parameters": tool.parameters or _NO_ARGUMENTS}


def _renamed(schema: Json, kind: str, as_kind: str) -> Json:
    """A schema with one type called otherwise: Llama's Python has dicts, not objects. Values in it stay."""
    if isinstance(schema, Mapping):
        return {
            name: as_kind
            if name == "type" and value == kind
            else value
            if name in _DATA
            else _renamed(value, kind, as_kind)
            for name, value in schema.items()
        }
    return [_renamed(entry, kind, as_kind) for entry in schema] if isinstance(schema, (list, tuple)) else schema


def _arguments(call: ToolCall) -> Json:
    """The arguments; unreadable ones as the text they were."""
    return (call.raw_arguments or {}) if call.arguments is None else call.arguments


def _python_call(call: ToolCall) -> str:
    if call.arguments is None:
        return f"{call.name}({call.raw_arguments or ''})"
    given = ", ".join(f"{name}={_literal(value)}" for name, value in call.arguments.items())
    return f"{call.name}({given})"


def _literal(value: Json) -> str:
    """A JSON value as Python writes it, strings in double quotes."""
    if isinstance(value, str):
        return _json(value)
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_json(str(name))}: {_literal(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
