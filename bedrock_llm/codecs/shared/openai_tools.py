"""Tools and schemas of answers as both of OpenAI's bodies have them.

Here: a function's members, a schema's members, and when a schema can be held to. Not here: where a body puts them (each
codec). Called by: codecs of bodies that OpenAI made, and the emulator.
Follows: OpenAI's FunctionObject and ResponseFormatJsonSchema, and its guide on structured outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.shared.names import TOOL_NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.parameters import ToolSpec

__all__ = ["UNNAMED", "function_of", "holds_strictly", "schema_of"]

UNNAMED = "answer"  # a schema must have a name; one without a title has this
NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}
_REFERENCES = ("#/$defs/", "#/definitions/")


def function_of(tool: ToolSpec, where: str, *, inline_refs: bool) -> dict[str, Json]:
    """A tool: `name`, `description`, `parameters`, `strict`.

    Args:
        tool: To be offered.
        where: It stands, for errors.
        inline_refs: Whether references inside its schema are replaced by what they refer to.

    Raises:
        InvalidRequestError: A name or schema that is refused everywhere; names it and what is allowed.
    """
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None and tool.description.strip():
        function["description"] = tool.description
    function["parameters"] = _parameters(tool.parameters, where, inline_refs)
    if tool.strict is not None:
        function["strict"] = tool.strict
    return function


def schema_of(output_type: Any, *, inline_refs: bool) -> dict[str, Json]:
    """The schema that an answer shall follow: `name`, `strict`, `schema`; strictly, where it can be held to."""
    from bedrock_llm.output import json_schema, name_of

    schema: Mapping[str, Json] = json_schema(output_type)
    if inline_refs:
        schema = _inlined(schema)
    return {"name": name_of(output_type) or UNNAMED, "strict": holds_strictly(schema), "schema": schema}


def holds_strictly(schema: Json) -> bool:
    """Whether every object in it names all of its members as required and allows no others, as strict output wants."""
    if isinstance(schema, list):
        return all(map(holds_strictly, schema))
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        required = schema.get("required") or ()
        if schema.get("additionalProperties") is not False or not properties.keys() <= set(required):
            return False
    elif schema.get("type") == "object":
        return False
    return all(map(holds_strictly, schema.values()))


def _parameters(parameters: Mapping[str, Any] | None, where: str, inline_refs: bool) -> Mapping[str, Json]:
    if not parameters:
        return NO_ARGUMENTS
    kind = parameters.get("type")
    if kind not in (None, "object"):
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    schema = parameters if kind else {"type": "object", **parameters}
    return _inlined(schema) if inline_refs else schema


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
