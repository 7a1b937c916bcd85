"""The shape of a generateContent body: which members it may have, and of which types they are.

Here: names and types, worded as the service words them. Not here: rules between places, and what single models refuse
(rules.py). Called by: the package.
Follows: https://ai.google.dev/api/generate-content#request-body, and the members that google-genai 3.4 sends.

Rule: the body comes with the names of its members in camel case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_llm.codecs.gemini.schema import DATA_MEMBERS, PART_MODIFIERS, SIGNATURE
from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["check_shape", "refused"]

_MEMBERS = frozenset({
    "contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent",
    "serviceTier", "labels", "modelArmorConfig", "model", "store",
})  # fmt: skip
_SETTINGS = frozenset({
    "temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "presencePenalty",
    "frequencyPenalty", "seed", "responseMimeType", "responseSchema", "responseJsonSchema", "responseModalities",
    "responseLogprobs", "logprobs", "mediaResolution", "thinkingConfig", "speechConfig", "audioTimestamp",
    "routingConfig", "modelSelectionConfig", "enableAffectiveDialog", "enableEnhancedCivicAnswers", "imageConfig",
    "responseFormat", "translationConfig", "audioTranscriptionConfig",
})  # fmt: skip
_TOOLS = frozenset({
    "functionDeclarations", "googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "fileSearch",
    "googleMaps", "computerUse", "enterpriseWebSearch", "retrieval", "mcpServers", "parallelAiSearch", "exaAiSearch",
})  # fmt: skip
_DECLARATION = frozenset({
    "name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior",
})  # fmt: skip
_CALLING = frozenset({"mode", "allowedFunctionNames", "streamFunctionCallArguments"})
_TOOL_CONFIG = frozenset({"functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"})
_THINKING = frozenset({"includeThoughts", "thinkingBudget", "thinkingLevel"})
_PART = frozenset({
    *DATA_MEMBERS, *PART_MODIFIERS, "audioTranscription", "mediaProcessing", "speechMetadata", "documentMetadata",
    "spreadsheetMetadata", "audioMetadata",
})  # fmt: skip
_INNER: Mapping[str, tuple[str, ...]] = {
    "functionCall": ("name",),
    "functionResponse": ("name", "response"),
    "inlineData": ("mimeType", "data"),
    "fileData": ("fileUri",),
}
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "topP": (0, 1),
    "topK": (1, float("inf")),
    "maxOutputTokens": (1, float("inf")),
    "presencePenalty": (-2, 2),
    "frequencyPenalty": (-2, 2),
    "candidateCount": (1, 8),
    "logprobs": (0, 20),
}


def refused(message: str) -> Refusal:
    """The refusal of a body that says what it may not."""
    return Refusal("INVALID_ARGUMENT", message, 400)


def check_shape(body: Any) -> None:
    """Refuse a body that has another shape.

    Raises:
        Refusal: Names the place.
    """
    _members(body, "", _MEMBERS)
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        raise refused("* GenerateContentRequest.contents: contents is not specified")
    for index, content in enumerate(contents):
        _content(content, f"contents[{index}]")
    if body.get("systemInstruction") is not None:
        _system(body["systemInstruction"])
    for index, tool in enumerate(_list(body, "tools")):
        _tool(tool, f"tools[{index}]")
    config = body.get("toolConfig") or {}
    _members(config, "tool_config", _TOOL_CONFIG)
    _members(config.get("functionCallingConfig") or {}, "tool_config.function_calling_config", _CALLING)
    _settings(body.get("generationConfig") or {})


def _members(value: Any, where: str, known: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refused(f"Invalid value at '{where}' (type.googleapis.com), an object is expected")
    for name in value:
        if name not in known:
            at = f" at '{where}'" if where else ""
            raise refused(f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')
    return value


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise refused(f"Invalid value at '{name}', a list is expected")
    return value


def _content(content: Any, where: str) -> None:
    _members(content, where, ("role", "parts"))
    if content.get("role") not in (None, "user", "model"):
        raise refused("Please use a valid role: user, model.")
    parts = _list(content, "parts")
    if not parts:
        raise refused(f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.")
    for place, part in enumerate(parts):
        _part(part, f"{where}.parts[{place}]")


def _part(part: Any, where: str) -> None:
    _members(part, where, _PART)
    data = [name for name in DATA_MEMBERS if name in part]
    if len(data) > 1:
        raise refused(f"Invalid value at '{where}': oneof field 'data' is already set. Cannot set '{data[1]}'")
    if not data and not part.keys() & {"thought", SIGNATURE}:
        raise refused(f"* GenerateContentRequest.{where}.data: required oneof field 'data' must have one initialized")
    for name in data:
        value: Any = part[name]
        fits = isinstance(value, str) if name == "text" else isinstance(value, Mapping)
        if not fits:
            raise refused(f"Invalid value at '{where}.{name}'")
        for member in _INNER.get(name, ()):
            if value.get(member) in (None, ""):
                raise refused(f"* GenerateContentRequest.{where}.{name}.{member}: must be specified")
    for name, member in (("functionCall", "args"), ("functionResponse", "response")):
        inner = part.get(name, {}).get(member)
        if inner is not None and not isinstance(inner, Mapping):
            raise refused(f"Invalid value at '{where}.{name}.{member}' (type.googleapis.com/google.protobuf.Struct)")


def _system(value: Any) -> None:
    _members(value, "system_instruction", ("role", "parts"))
    parts = value.get("parts")
    for place, part in enumerate([parts] if isinstance(parts, Mapping) else parts or ()):
        _part(part, f"system_instruction.parts[{place}]")


def _tool(tool: Any, where: str) -> None:
    _members(tool, where, _TOOLS)
    for place, entry in enumerate(_list(tool, "functionDeclarations")):
        at = f"{where}.function_declarations[{place}]"
        _members(entry, at, _DECLARATION)
        if not isinstance(entry.get("name"), str):
            raise refused(f"* GenerateContentRequest.{at}.name: Invalid function name. It must be specified.")
        for given, other in (("parameters", "parametersJsonSchema"), ("response", "responseJsonSchema")):
            if given in entry and other in entry:
                raise refused(f"* GenerateContentRequest.{at}: only one of {given} and {other} can be set")


def _settings(settings: Any) -> None:
    _members(settings, "generation_config", _SETTINGS)
    thinking = _members(settings.get("thinkingConfig") or {}, "generation_config.thinking_config", _THINKING)
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        raise refused("You can only set only one of thinking budget and thinking level.")
    for name, (low, high) in _NUMBERS.items():
        value = settings.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, (int, float))
        if value is not None and (wrong or not low <= value <= high):
            raise refused(
                f"* GenerateContentRequest.generation_config.{name}: {value!r} is not from {low:g} to {high:g}"
            )
    _list(settings, "stopSequences")
