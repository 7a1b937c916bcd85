"""A generateContent body as the `Request` that it was: the inverse of the codec's writer.

Here: JSON members to messages and parameters. Not here: parts (content.py), whether the body is allowed (shape.py,
rules.py). Called by: the package.
Follows: https://ai.google.dev/api/generate-content#request-body.

Rule: what `Request` has a name for becomes that; parts and tools without one become `Opaque`, members without one
`extra_body`, where they stood: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.gemini.schema import FAMILY, FIELDS, MODES, NAME
from bedrock_llm.codecs.shared.fields import read_fields
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message, Opaque, Part, Text
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.bodies.gemini.content import PartReader
from bedrock_llm.testing.emulator.bodies.gemini.forms import camel, json_schema_of

__all__ = ["parse"]

Members = dict[str, Any]
_CHOICES: Mapping[str, str] = {mode: choice for choice, mode in MODES.items()}
_DECLARATIONS = "functionDeclarations"


def parse(body: Mapping[str, Any], config: ModelConfig) -> Request:
    """The request that a body says.

    Args:
        body: It has the service's shape.
        config: Of the model; tells how it is told to reason.

    Raises:
        InvalidRequestError: A parameter has a value that no request can have.
    """
    members: Members = {name: value for name, value in camel(body).items() if value not in (None, [], {})}
    reader = PartReader(config.family or FAMILY)
    parameters: Members = {}
    _system(members, parameters, reader)
    messages = tuple(_message(content, reader) for content in members.pop("contents", ()))
    _tools(members, parameters)
    _tool_config(members, parameters)
    _generation_config(members, parameters, config)
    if "serviceTier" in members:
        parameters["service_tier"] = members.pop("serviceTier")
    if members:
        parameters["extra_body"] = members
    return Request(messages, MappingProxyType(check_parameters(parameters)))


def _message(content: Mapping[str, Any], reader: PartReader) -> Message:
    parts: list[Part] = []
    model = content.get("role") == "model"
    for part in content["parts"]:
        parts += reader.model(part) if model else reader.user(part)
    return Message("assistant" if model else "user", tuple(parts))


def _system(members: Members, parameters: Members, reader: PartReader) -> None:
    given = (members.pop("systemInstruction", None) or {}).get("parts") or ()
    parts: list[Part] = []
    for part in [given] if isinstance(given, Mapping) else given:
        parts += reader.user(part)
    parts = [part for part in parts if not isinstance(part, Text) or part.text.strip()]
    if parts:
        first = parts[0]
        parameters["system"] = first.text if len(parts) == 1 and isinstance(first, Text) else tuple(parts)


def _tools(members: Members, parameters: Members) -> None:
    made: list[ToolSpec | Opaque] = []
    for entry in members.pop("tools", ()):
        for name, value in entry.items():
            made += map(_tool, value) if name == _DECLARATIONS else [Opaque(NAME, name, value)]
    if made:
        parameters["tools"] = tuple(made)


def _tool(entry: Mapping[str, Any]) -> ToolSpec | Opaque:
    if not entry.keys() <= {"name", "description", "parameters", "parametersJsonSchema"}:
        return Opaque(NAME, _DECLARATIONS, dict(entry))
    schema = entry.get("parametersJsonSchema") or json_schema_of(entry.get("parameters"))
    return ToolSpec(entry["name"], entry.get("description"), schema or None)


def _tool_config(members: Members, parameters: Members) -> None:
    """The choice; what it says beyond ours stays where it stood."""
    given = members.pop("toolConfig", None) or {}
    calling = dict(given.get("functionCallingConfig") or {})
    declared = [tool.name for tool in parameters.get("tools", ()) if isinstance(tool, ToolSpec)]
    mode, names = str(calling.get("mode", "")).upper(), calling.get("allowedFunctionNames") or []
    if declared and mode == "VALIDATED":
        parameters["tools"] = tuple(
            replace(tool, strict=True) if isinstance(tool, ToolSpec) else tool for tool in parameters["tools"]
        )
        del calling["mode"]
    elif declared and mode == "ANY" and len(names) == 1 and names[0] in declared:
        parameters["tool_choice"] = names[0]
        calling = {name: value for name, value in calling.items() if name not in ("mode", "allowedFunctionNames")}
    elif declared and mode in _CHOICES:
        parameters["tool_choice"] = _CHOICES[mode]
        del calling["mode"]
    rest = {name: value for name, value in given.items() if name != "functionCallingConfig"}
    rest |= {"functionCallingConfig": calling} if calling else {}
    if rest:
        members["toolConfig"] = rest


def _generation_config(members: Members, parameters: Members, config: ModelConfig) -> None:
    given: Members = {name: value for name, value in members.pop("generationConfig", {}).items() if value is not None}
    for name, member in FIELDS.items():
        if member in given and given[member] != []:
            value = given.pop(member)
            whole = name == "top_k" and isinstance(value, float) and value.is_integer()
            parameters[name] = int(value) if whole else value
    _logprobs(given, parameters)
    _schema(given, parameters)
    thinking = given.pop("thinkingConfig", None) or {}
    if "thinkingLevel" in thinking:
        thinking["thinkingLevel"] = thinking["thinkingLevel"].upper()
    found, rest = read_fields({"thinkingConfig": thinking}, replace(config, family=config.family or FAMILY))
    parameters.update(found)
    given |= rest if rest.get("thinkingConfig") else {}
    given = {name: value for name, value in given.items() if value not in ([], {})}
    if given:
        members["generationConfig"] = given


def _logprobs(given: Members, parameters: Members) -> None:
    if "responseLogprobs" not in given:
        return
    asked, top = given["responseLogprobs"], given.get("logprobs")
    if asked is True and top is not None:
        parameters["logprobs"] = given.pop("logprobs")
    elif top is not None:
        return
    else:
        parameters["logprobs"] = asked
    del given["responseLogprobs"]


def _schema(given: Members, parameters: Members) -> None:
    """The schema of the answer, in either form."""
    schema = given.get("responseJsonSchema") or json_schema_of(given.get("responseSchema"))
    if given.get("responseMimeType") != "application/json" or not isinstance(schema, Mapping) or not schema:
        return
    parameters["output_type"] = dict(schema)
    for name in ("responseMimeType", "responseSchema", "responseJsonSchema"):
        given.pop(name, None)
