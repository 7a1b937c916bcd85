"""What a body may say in two ways, brought into one.

Here: names of members in snake case, Google's own schemas as JSON schemas. Called by: the package, parse.py.
Follows: https://protobuf.dev/programming-guides/json; https://ai.google.dev/api/caching#Schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["camel", "json_schema_of"]

# What stands below these is the caller's own: its names are no members of a message.
_FREE = frozenset({
    "args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema", "responseSchema", "labels",
    "partMetadata",
})  # fmt: skip
_UNDERSCORE = re.compile(r"_([a-z0-9])")
_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
_NAMED = frozenset({"properties", "$defs", "defs", "definitions", "patternProperties"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_INNER = frozenset({"items", "additionalProperties", "not"})


def camel(value: Any) -> Any:
    """A body with the names of its members in camel case, as the service reads both."""
    if isinstance(value, list):
        return [camel(entry) for entry in value]
    if not isinstance(value, Mapping):
        return value
    made = {}
    for name, entry in value.items():
        own = _camel(name)
        made[own] = entry if own in _FREE else camel(entry)
    return made


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def json_schema_of(schema: Any) -> Any:
    """A schema in Google's own form as a JSON schema: the names of types in lower case, or of a number."""
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for name, value in schema.items():
        own = name if name.startswith("$") else _camel(name)
        if own == "type":
            made[own] = [_type(entry) for entry in value] if isinstance(value, list) else _type(value)
        elif own in _NAMED and isinstance(value, Mapping):
            made[own] = {key: json_schema_of(entry) for key, entry in value.items()}
        elif own in _LISTS and isinstance(value, list):
            made[own] = [json_schema_of(entry) for entry in value]
        else:
            made[own] = json_schema_of(value) if own in _INNER else value
    return made


def _type(value: Any) -> Any:
    if isinstance(value, int) and 0 <= value < len(_TYPES):
        return _TYPES[value].lower()
    return value.lower() if isinstance(value, str) else value
