"""What is refused of a chat completions body.

Here: shapes, ranges, the order of calls and results, and what a single model is known not to take. Called by: the
package.
Follows: OpenAI's CreateChatCompletionRequest; wording as Bedrock's where it has one.

Rule: a fact that is not known forbids nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import options_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["check"]

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LIMITS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_COUNTS: Mapping[str, int] = {
    "max_tokens": 1,
    "max_completion_tokens": 1,
    "n": 1,
    "top_k": -1,
    "top_logprobs": 0,
}
_MEDIA: Mapping[str, tuple[str, str]] = {
    "image_url": ("images", "images"),
    "input_audio": ("audio", "audio"),
    "file": ("documents", "files"),
    "video_url": ("video", "video"),
}
_NEEDED = {"text": "text", "image_url": "image_url", "input_audio": "input_audio", "file": "file"}


def check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse what the service would.

    Raises:
        Refusal: Names the place.
    """
    _messages(body)
    _numbers(body)
    _pairs(body)
    _tools(body)
    for rule in (_features, _limits, _choice):
        rule(body, config, stream)


def _object(value: Any, *path: str | int) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise malformed(path, "expected type: JSONObject")
    return value


def _messages(body: Object) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise malformed((), "required key [messages] not found")
    if not messages:
        raise malformed(("messages",), "expected minimum item count: 1, found: 0")
    for index, entry in enumerate(messages):
        message = _object(entry, "messages", index)
        role, content = message.get("role"), message.get("content")
        if role not in _ROLES:
            raise malformed(("messages", index, "role"), f"{role!r} is not one of {', '.join(sorted(_ROLES))}")
        if role == "tool" and not isinstance(message.get("tool_call_id"), str):
            raise malformed(("messages", index), "required key [tool_call_id] not found")
        if content is None or (content == [] and role == "assistant"):
            if role != "assistant" or not (message.get("tool_calls") or message.get("function_call")):
                raise malformed(("messages", index), "required key [content] not found")
        elif isinstance(content, list):
            _content(content, index)
        elif not isinstance(content, str):
            raise malformed(("messages", index, "content"), "expected type: String")
        for place, call in enumerate(message.get("tool_calls") or ()):
            _call(call, index, place)


def _content(content: list[Any], index: int) -> None:
    if not content:
        raise malformed(("messages", index, "content"), "expected minimum item count: 1, found: 0")
    for place, entry in enumerate(content):
        where = ("messages", index, "content", place)
        kind = _object(entry, *where).get("type")
        if not isinstance(kind, str):
            raise malformed(where, "required key [type] not found")
        needed = _NEEDED.get(kind)
        if needed is not None and not isinstance(entry.get(needed), str if kind == "text" else (str, Mapping)):
            raise malformed(where, f"required key [{needed}] not found")


def _call(entry: Any, index: int, place: int) -> None:
    where = ("messages", index, "tool_calls", place)
    call = _object(entry, *where)
    if not isinstance(call.get("id"), str):
        raise malformed(where, "required key [id] not found")
    if call.get("type") in (None, "function"):
        function = _object(call.get("function"), *where, "function")
        if not isinstance(function.get("name"), str) or not isinstance(function.get("arguments"), str):
            raise malformed((*where, "function"), "name and arguments must be strings")


def _numbers(body: Object) -> None:
    for name, (low, high) in _LIMITS.items():
        value = body.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, (int, float))
        if value is not None and (wrong or not low <= value <= high):
            raise malformed((name,), f"{value!r} is not a number from {low:g} to {high:g}")
    for name, least in _COUNTS.items():
        value = body.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, int)
        if value is not None and (wrong or value < least):
            raise malformed((name,), f"{value!r} is not a whole number from {least}")
    stop = body.get("stop")
    if stop is not None and not isinstance(stop, str) and not (isinstance(stop, list) and all(map(_is_text, stop))):
        raise malformed(("stop",), "expected a string or a list of strings")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _pairs(body: Object) -> None:
    """Every call is answered right behind it, and every result answers one of those."""
    owed: list[str] = []
    for index, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in owed:
                raise Invalid(
                    f"messages.{index}: a message with role 'tool' must be a response to a preceding message with "
                    "'tool_calls'."
                )
            owed.remove(message["tool_call_id"])
            continue
        if owed:
            break
        owed = [call["id"] for call in message.get("tool_calls") or ()] if message["role"] == "assistant" else []
    if owed:
        raise Invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(owed)}"
        )


def _tools(body: Object) -> None:
    tools, names = body.get("tools"), list[str]()
    if tools is not None and not isinstance(tools, list):
        raise malformed(("tools",), "expected type: JSONArray")
    for index, entry in enumerate(tools or ()):
        tool = _object(entry, "tools", index)
        if tool.get("type") != "function":
            continue
        function = _object(tool.get("function"), "tools", index, "function")
        name, schema = function.get("name"), function.get("parameters", {"type": "object"})
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise malformed(("tools", index, "function", "name"), f"{name!r} does not match {_NAME.pattern}")
        if name in names:
            raise Invalid(f"tools.{index}.function.name: the tool name {name} is given twice.")
        if not isinstance(schema, Mapping) or schema.get("type") != "object":
            raise malformed(("tools", index, "function", "parameters"), "the schema must have the type object")
        names.append(name)
    choice = body.get("tool_choice")
    if choice not in (None, "auto", "none") and not tools:
        raise Invalid("'tool_choice' is only allowed when 'tools' are specified.")
    forced = choice.get("function", {}).get("name") if isinstance(choice, Mapping) else None
    if forced is not None and forced not in names:
        raise Invalid(f"Tool choice 'function' not found in 'tools' parameter: {forced}")


def _kinds(body: Object) -> Iterator[str]:
    for message in body["messages"]:
        content = message.get("content")
        yield from (str(entry.get("type")) for entry in content) if isinstance(content, list) else ()


def _features(body: Object, config: ModelConfig, stream: bool) -> None:
    kinds, tools = set(_kinds(body)), bool(body.get("tools"))
    asked: list[tuple[str, bool, str]] = [
        ("streaming", stream, "streaming"),
        ("tools", tools, "tool use"),
        ("streaming_with_tools", stream and tools, "tool use in streaming mode"),
        ("system", any(message["role"] in ("system", "developer") for message in body["messages"]), "system messages"),
        ("structured_output", (body.get("response_format") or {}).get("type") == "json_schema", "response_format"),
        *((feature, kind in kinds, words) for kind, (feature, words) in _MEDIA.items()),
    ]
    for feature, present, words in asked:
        if present and config.feature(feature) is False:
            raise Invalid(f"This model doesn't support {words}.")


def _limits(body: Object, config: ModelConfig, stream: bool) -> None:
    del stream
    member, limit = options_of(config).fields["max_tokens"], config.max_output_tokens
    if member == "max_completion_tokens" and body.get("max_tokens") is not None:
        raise Invalid(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
    asked = body.get(str(member))
    if asked is not None and limit is not None and asked > limit:
        raise Invalid(f"The maximum tokens you requested exceeds the model limit of {limit}.")
    taken = config.feature("sampling")
    for name in ("temperature", "top_p") if taken is not None else ():
        if name not in taken and body.get(name) is not None:
            raise Invalid(f"Unsupported parameter: '{name}' is not supported with this model.")


def _choice(body: Object, config: ModelConfig, stream: bool) -> None:
    del stream
    taken, choice = config.feature("tool_choice"), body.get("tool_choice")
    kind = "tool" if isinstance(choice, Mapping) else "required" if choice == options_of(config).required else None
    if taken is not None and kind is not None and kind not in taken:
        raise Invalid(f"This model doesn't support the tool_choice {choice!r}.")
