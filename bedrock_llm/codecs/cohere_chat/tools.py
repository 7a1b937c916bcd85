"""Tools as Cohere defines them: a flat list of arguments with Python's types.

Here: JSON schema to `parameter_definitions`. Not here: calls and results (encode.py). Called by: encode.py, prepare.py.

Rule: what a definition has no member for stands as JSON in its description, where the model still reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.cohere_chat.schema import TYPES
from bedrock_llm.codecs.shared.names import TOOL_NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.writing import to_json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.parameters import ToolSpec

__all__ = ["definition"]

_SAID = frozenset({"type", "properties", "required", "description", "title", "$schema", "$defs", "definitions"})
_REFERENCES = ("#/$defs/", "#/definitions/")


def definition(tool: ToolSpec, where: str) -> tuple[dict[str, Json], tuple[str, ...]]:
    """A tool's definition, and the arguments of which a part stands in words.

    Raises:
        InvalidRequestError: A name that is refused, or a schema that is not of an object.
        UnsupportedFeatureError: A schema whose arguments have no names of their own.
    """
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    made: dict[str, Json] = {"name": tool.name, "description": tool.description or ""}
    schema = tool.parameters or {}
    _check(schema, f"{where}.parameters")
    named = schema.get("properties") or {}
    required = set(schema.get("required") or ())
    definitions = {**(schema.get("definitions") or {}), **(schema.get("$defs") or {})}
    folded: list[str] = []
    arguments: dict[str, Json] = {}
    for name, entry in named.items():
        arguments[name], whole = _argument(entry, definitions)
        arguments[name]["required"] = name in required
        folded += [] if whole else [name]
    if arguments:
        made["parameter_definitions"] = arguments
    return made, tuple(folded)


def _check(schema: Mapping[str, Any], where: str) -> None:
    if schema.get("type", "object") != "object":
        raise InvalidRequestError.of(f"{where}['type']", schema["type"], "'object': a tool's arguments have names")
    more = [name for name in schema if name not in _SAID and (name != "additionalProperties" or schema[name])]
    if more:
        text = f"{where} has {', '.join(more)}, which Cohere's definitions of arguments cannot say"
        raise UnsupportedFeatureError(text, parameter=where, allowed="an object of named properties")


def _argument(schema: Json, definitions: Mapping[str, Json]) -> tuple[dict[str, Json], bool]:
    """One argument's definition, and whether it says all of its schema."""
    if not isinstance(schema, Mapping):
        return {"type": "str", "description": ""}, schema is True
    schema = _followed(schema, definitions)
    kind, rest = _kind(schema)
    described = schema.get("description")
    description = described if isinstance(described, str) else ""
    if rest:
        description = f"{description} (JSON schema: {to_json(rest)})".lstrip()
    return {"type": kind, "description": description}, not rest


def _followed(schema: Mapping[str, Json], definitions: Mapping[str, Json]) -> Mapping[str, Json]:
    """The schema that a reference at the top means."""
    reference = str(schema.get("$ref"))
    name = next((reference.removeprefix(start) for start in _REFERENCES if reference.startswith(start)), None)
    found = definitions.get(name) if name is not None else None
    return {**found, **{key: schema[key] for key in schema if key != "$ref"}} if isinstance(found, Mapping) else schema


def _kind(schema: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    """The type in Python's words, and what it leaves unsaid."""
    kind = schema.get("type")
    rest = {name: value for name, value in schema.items() if name not in ("type", "description", "title")}
    if not isinstance(kind, str) or kind not in TYPES:
        return "str", rest if kind is None else {"type": kind, **rest}
    items = schema.get("items")
    inner = items.get("type") if isinstance(items, Mapping) and items.keys() == {"type"} else None
    if kind == "array" and isinstance(inner, str) and inner in TYPES:
        return f"List[{TYPES[inner]}]", {name: value for name, value in rest.items() if name != "items"}
    return TYPES[kind], rest
