"""A JSON schema as APIs with strict output take it.

Here: one pure function on schemas. Not here: making a schema (the package). Called by: the package, functions.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["strict_schema", "without_titles"]

_DROPPED = frozenset({"title", "$schema"})
_MAPS = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "propertyNames"})
_FANCY_PATTERN = re.compile(r"\(\?(?:[=!]|<[=!]|P=)|\\[1-9]")  # lookaround and back references

# Keywords that strict decoders refuse, and whether this value is one of those.
_FOLDED: Mapping[str, Callable[[Any], bool]] = {
    "minimum": lambda value: True,
    "maximum": lambda value: True,
    "exclusiveMinimum": lambda value: True,
    "exclusiveMaximum": lambda value: True,
    "multipleOf": lambda value: True,
    "maxItems": lambda value: True,
    "minItems": lambda value: not isinstance(value, int) or value > 1,
    "contains": lambda value: True,
    "pattern": lambda value: isinstance(value, str) and _FANCY_PATTERN.search(value) is not None,
}


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with nothing in it that strict output refuses; the one given is left alone.

    `title` and `$schema` go; objects with named properties allow no others; keywords that decoders cannot hold to
    (`minimum`, `maxItems`, a pattern with lookaround ...) go into the description, where the model still reads them.
    An object that is a mapping from any key keeps its `additionalProperties`: to forbid them would empty it.
    """
    made: dict[str, Any] = {}
    folded: list[str] = []
    for key, value in schema.items():
        if key in _DROPPED and isinstance(value, str):
            continue
        if key in _FOLDED and _FOLDED[key](value):
            folded.append(f"{key}: {value}")
        else:
            made[key] = _inner(key, value, strict_schema)
    if folded:
        described = made.get("description")
        note = f"({'; '.join(folded)})"
        made["description"] = f"{described} {note}" if described else note
    if isinstance(made.get("properties"), dict):
        made["additionalProperties"] = False
    return made


def without_titles(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without the titles that pydantic makes of names: they say nothing new and cost tokens."""
    kept = {key: value for key, value in schema.items() if key not in _DROPPED or not isinstance(value, str)}
    return {key: _inner(key, value, without_titles) for key, value in kept.items()}


def _inner(key: str, value: Any, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    """A keyword's value with `change` done to the schemas in it; a property may be called `title` too."""
    if key in _MAPS and isinstance(value, Mapping):
        return {name: change(entry) if isinstance(entry, Mapping) else entry for name, entry in value.items()}
    if key in _LISTS and isinstance(value, (list, tuple)):
        return [change(entry) if isinstance(entry, Mapping) else entry for entry in value]
    return change(value) if key in _SINGLE and isinstance(value, Mapping) else value
