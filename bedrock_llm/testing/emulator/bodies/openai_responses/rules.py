"""What is refused of a Responses body.

Here: shapes, ranges, calls and results, reasoning that nobody stored, and what a single model is known not to take.
Called by: the package.
Follows: OpenAI's CreateResponse and the wording of its errors.

Rule: a fact that is not known forbids nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.schema import (
    CUSTOM_CALL,
    ENCRYPTED,
    FIELDS,
    FUNCTION_CALL,
    MESSAGE,
    REASONING,
    options_of,
)
from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid
from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["check"]

_ROLES = frozenset({"system", "developer", "user", "assistant"})
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LIMITS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_COUNTS: Mapping[str, tuple[int, int | None]] = {
    "max_output_tokens": (1, None),
    "max_tool_calls": (1, None),
    "top_logprobs": (0, 20),
}
_ELSEWHERE = ("previous_response_id", "conversation", "prompt")  # what may stand for an input, or before it
_FOREIGN = ("messages", "max_tokens", "max_completion_tokens", "response_format", "reasoning_effort", "n", "logprobs")
_MEDIA: Mapping[str, tuple[str, str]] = {
    "input_image": ("images", "images"),
    "input_audio": ("audio", "audio"),
    "input_file": ("documents", "files"),
}
_NEEDED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "input_text": (("text",), "text"),
    "output_text": (("text",), "text"),
    "refusal": (("refusal",), "refusal"),
    "input_image": (("image_url", "file_id"), "image_url"),
    "input_file": (("file_data", "file_url", "file_id"), "file_data"),
    "input_audio": (("input_audio",), "input_audio"),
}
_CALLS = {FUNCTION_CALL: ("call_id", "name", "arguments"), CUSTOM_CALL: ("call_id", "name", "input")}


def check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse what the service would.

    Raises:
        Refusal: Names the place.
    """
    items = _items(body)
    for index, item in enumerate(items):
        _item(item, index)
    _numbers(body)
    _unknown(body, config)
    _pairs(body, items)
    _reasoning(body, items)
    _tools(body)
    _features(body, items, config, stream)
    _limits(body, config)


def _object(value: Any, *path: str | int) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise malformed(path, "expected type: JSONObject")
    return value


def _items(body: Object) -> list[Any]:
    given = body.get("input")
    if given is None or given == []:
        if not any(body.get(name) for name in _ELSEWHERE):
            raise Invalid("One of 'input', 'previous_response_id', 'prompt' or 'conversation' must be provided.")
        return []
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise malformed(("input",), "expected a string or a list of items")
    return given


def _item(value: Any, index: int) -> None:
    item = _object(value, "input", index)
    kind = item.get("type") or MESSAGE
    if kind == MESSAGE:
        if item.get("role") not in _ROLES:
            allowed = ", ".join(sorted(_ROLES))
            raise malformed(("input", index, "role"), f"{item.get('role')!r} is not one of {allowed}")
        if item.get("content") is None:
            raise malformed(("input", index), "required key [content] not found")
        _content(item["content"], "input", index, "content")
    elif kind in _CALLS:
        _texts(item, _CALLS[kind], index)
    elif kind in (f"{name}_output" for name in _CALLS):
        _texts(item, ("call_id",), index)
        if item.get("output") is None:
            raise malformed(("input", index), "required key [output] not found")
        _content(item["output"], "input", index, "output")
    elif kind == REASONING and not isinstance(item.get("summary"), list):
        raise malformed(("input", index), "required key [summary] not found")


def _texts(item: Mapping[str, Any], names: tuple[str, ...], index: int) -> None:
    for name in names:
        if not isinstance(item.get(name), str):
            raise malformed(("input", index), f"required key [{name}] not found")


def _content(content: Any, *path: str | int) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise malformed(path, "expected a string or a list of parts")
    for place, entry in enumerate(content):
        where = (*path, place)
        kind = _object(entry, *where).get("type")
        if not isinstance(kind, str):
            raise malformed(where, "required key [type] not found")
        names, needed = _NEEDED.get(kind, ((), ""))
        if names and all(entry.get(name) is None for name in names):
            raise malformed(where, f"required key [{needed}] not found")


def _numbers(body: Object) -> None:
    for name, (low, high) in _LIMITS.items():
        value = body.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, (int, float))
        if value is not None and (wrong or not low <= value <= high):
            raise malformed((name,), f"{value!r} is not a number from {low:g} to {high:g}")
    for name, (least, most) in _COUNTS.items():
        value = body.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, int)
        if value is not None and (wrong or value < least or (most is not None and value > most)):
            raise malformed((name,), f"{value!r} is not a whole number from {least}" + (f" to {most}" if most else ""))


def _unknown(body: Object, config: ModelConfig) -> None:
    """Members of other APIs."""
    taken = {member for member in options_of(config).fields.values() if member is not None}
    absent = [name for name, member in FIELDS.items() if member is None]
    for name in (*_FOREIGN, *absent):
        if name in body and name not in taken and name != "top_k":  # which some models take as their own
            raise Invalid(f"Unknown parameter: '{name}'.")


def _pairs(body: Object, items: list[Any]) -> None:
    """Every call is answered, and every result answers a call, if all of the conversation is here."""
    called: dict[str, None] = {}
    for item in items:
        kind = item.get("type")
        if kind in _CALLS:
            called[item["call_id"]] = None
        elif kind in (f"{name}_output" for name in _CALLS):
            if item["call_id"] not in called and not any(body.get(name) for name in _ELSEWHERE):
                raise Invalid(f"No tool call found for function call output with call_id {item['call_id']}.")
            called.pop(item["call_id"], None)
    if called:
        raise Invalid(f"No tool output found for function call {next(iter(called))}.")


def _reasoning(body: Object, items: list[Any]) -> None:
    """Reasoning that was not stored must bring its sealed form or its text."""
    for item in items if body.get("store") is False else ():
        bare = item.get("type") == REASONING and not item.get("encrypted_content") and not item.get("content")
        if bare and item.get("id"):
            raise Refusal(
                "not_found",
                f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false. Try "
                "again with `store` set to true, or remove this item from your input.",
                404,
            )


def _tools(body: Object) -> None:
    tools, names = body.get("tools"), list[str]()
    if tools is not None and not isinstance(tools, list):
        raise malformed(("tools",), "expected type: JSONArray")
    for index, entry in enumerate(tools or ()):
        tool = _object(entry, "tools", index)
        if tool.get("type") != "function":
            continue
        name, schema = tool.get("name"), tool.get("parameters") or {"type": "object"}
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise malformed(("tools", index, "name"), f"{name!r} does not match {_NAME.pattern}")
        if name in names:
            raise Invalid(f"tools[{index}].name: the tool name {name} is given twice.")
        if not isinstance(schema, Mapping) or schema.get("type") != "object":
            raise malformed(("tools", index, "parameters"), "the schema must have the type object")
        missing = next(_not_required(schema), None) if tool.get("strict") is True else None
        if missing is not None:
            raise Invalid(
                f"Invalid schema for function '{name}': 'required' is required to be supplied and to be an array "
                f"including every key in properties. Missing '{missing}'."
            )
        names.append(name)
    choice = body.get("tool_choice")
    if choice not in (None, "auto", "none") and not tools:
        raise Invalid("Tool choices other than 'auto' and 'none' require 'tools'.")
    function = isinstance(choice, Mapping) and choice.get("type") == "function"
    if isinstance(choice, Mapping) and function and choice.get("name") not in names:
        raise Invalid(f"Tool choice 'function' not found in 'tools' parameter: {choice.get('name')}")


def _not_required(schema: Any) -> Iterator[str]:
    """Properties that may be left out, at any depth, which a strict schema does not allow."""
    if isinstance(schema, list):
        for entry in schema:
            yield from _not_required(entry)
    elif isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            yield from (name for name in properties if name not in (schema.get("required") or ()))
        for entry in schema.values():
            yield from _not_required(entry)


def _kinds(items: list[Any]) -> Iterator[str]:
    for item in items:
        for content in (item.get("content"), item.get("output")):
            yield from (str(entry.get("type")) for entry in content) if isinstance(content, list) else ()


def _features(body: Object, items: list[Any], config: ModelConfig, stream: bool) -> None:
    kinds, tools = set(_kinds(items)), bool(body.get("tools"))
    roles = {item.get("role") for item in items}
    asked: list[tuple[str, bool, str]] = [
        ("streaming", stream, "streaming"),
        ("tools", tools, "tool use"),
        ("streaming_with_tools", stream and tools, "tool use in streaming mode"),
        ("system", bool(body.get("instructions")) or not roles.isdisjoint(("system", "developer")), "instructions"),
        ("structured_output", _format(body) == "json_schema", "text.format"),
        ("reasoning", ENCRYPTED in (body.get("include") or ()), "encrypted content"),
        *((feature, kind in kinds, words) for kind, (feature, words) in _MEDIA.items()),
    ]
    for feature, present, words in asked:
        if present and config.feature(feature) is False:
            raise Invalid(f"This model doesn't support {words}.")


def _format(body: Object) -> Any:
    text = body.get("text")
    form = text.get("format") if isinstance(text, Mapping) else None
    return form.get("type") if isinstance(form, Mapping) else None


def _limits(body: Object, config: ModelConfig) -> None:
    asked, limit = body.get("max_output_tokens"), config.max_output_tokens
    if asked is not None and limit is not None and asked > limit:
        raise Invalid(f"The maximum tokens you requested exceeds the model limit of {limit}.")
    taken = config.feature("sampling")
    for name in ("temperature", "top_p") if taken is not None else ():
        if name not in taken and body.get(name) is not None:
            raise Invalid(f"Unsupported parameter: '{name}' is not supported with this model.")
    words, choice = config.feature("tool_choice"), body.get("tool_choice")
    kind = "tool" if isinstance(choice, Mapping) else "required" if choice == "required" else None
    if words is not None and kind is not None and kind not in words:
        raise Invalid(f"This model doesn't support the tool_choice {choice!r}.")
