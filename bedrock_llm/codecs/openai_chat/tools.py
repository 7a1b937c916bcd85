"""Tools, the choice among them, and the schema of an answer.

Here: definitions, written. Not here: calls and results (messages.py), what a model cannot take (prepare.py). Called by:
encode.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import NAME, UNNAMED, Options, holds_strictly
from bedrock_llm.codecs.shared.names import TOOL_NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Opaque
from bedrock_llm.parameters import ToolSpec

__all__ = ["NO_ARGUMENTS", "response_format", "tool_choice", "tools_of"]

NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}
_REFERENCES = ("#/$defs/", "#/definitions/")


def tools_of(tools: Iterable[ToolSpec | Opaque | CachePoint], options: Options) -> list[Json]:
    """The tools on offer.

    Raises:
        InvalidRequestError: A name or schema that is refused everywhere; names it and what is allowed.
    """
    made: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            made.append(_function(tool, f"tools[{index}]", options))
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            made.append(tool.data)
    return made


def _function(tool: ToolSpec, where: str, options: Options) -> dict[str, Json]:
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None and tool.description.strip():
        function["description"] = tool.description
    function["parameters"] = _schema(tool.parameters, where, options)
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _schema(parameters: Mapping[str, Any] | None, where: str, options: Options) -> Mapping[str, Json]:
    if not parameters:
        return NO_ARGUMENTS
    kind = parameters.get("type")
    if kind not in (None, "object"):
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    schema = parameters if kind else {"type": "object", **parameters}
    return _inlined(schema) if options.inline_refs else schema


def tool_choice(choice: str, options: Options) -> Json:
    """The wire's form of a choice: a word, or the function that must be called."""
    if choice in ("auto", "none"):
        return choice
    return options.required if choice == "required" else {"type": "function", "function": {"name": choice}}


def response_format(output_type: Any, options: Options) -> dict[str, Json]:
    """The schema that the answer shall follow; strictly, where it is one that can be held to."""
    from bedrock_llm.output import json_schema, name_of

    schema: Mapping[str, Json] = json_schema(output_type)
    if options.inline_refs:
        schema = _inlined(schema)
    made = {"name": name_of(output_type) or UNNAMED, "strict": holds_strictly(schema), "schema": schema}
    return {"type": "json_schema", "json_schema": made}


def _inlined(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The schema with definitions where they are referred to; one that refers to itself keeps them as well."""
    kept = {name: schema[name] for name in ("definitions", "$defs") if schema.get(name)}
    definitions = {name: entry for group in kept.values() for name, entry in group.items()}
    body = {name: entry for name, entry in schema.items() if name not in ("definitions", "$defs")}
    made: dict[str, Json] = _resolved(body, definitions, ())
    return {**made, **kept} if _refers(made) else made


def _resolved(value: Json, definitions: Mapping[str, Json], within: tuple[str, ...]) -> Json:
    if isinstance(value, list):
        return [_resolved(entry, definitions, within) for entry in value]
    if not isinstance(value, Mapping):
        return value
    name = _named_by(value.get("$ref"))
    if name in definitions and name not in within:
        beside = {key: entry for key, entry in value.items() if key != "$ref"}
        found = _resolved(definitions[name], definitions, (*within, name))
        return {**found, **beside} if isinstance(found, Mapping) else found
    return {key: _resolved(entry, definitions, within) for key, entry in value.items()}


def _named_by(reference: Json) -> str:
    text = reference if isinstance(reference, str) else ""
    return next((text.removeprefix(start) for start in _REFERENCES if text.startswith(start)), "")


def _refers(value: Json) -> bool:
    """Whether a reference is left."""
    if isinstance(value, list):
        return any(map(_refers, value))
    return isinstance(value, Mapping) and (_named_by(value.get("$ref")) != "" or any(map(_refers, value.values())))
