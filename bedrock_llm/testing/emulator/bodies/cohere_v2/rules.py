"""What is refused of a body of Cohere's chat of version 2.

Here: shapes, ranges, calls and results, and what a single model is known not to take. Called by: the package.
Follows: Cohere's API, `POST /v2/chat`.

Rule: a fact that is not known forbids nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.cohere_v2.schema import CHOICES, FIELDS, MAX_STOPS
from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["check"]

_MEMBERS = frozenset({
    *FIELDS.values(), "messages", "documents", "tools", "strict_tools", "tool_choice", "response_format", "thinking",
    "citation_options", "safety_mode", "model", "stream", "priority", "raw_prompting",
})  # fmt: skip
_ROLES = ("system", "user", "assistant", "tool")
_LIMITS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, float("inf")), "p": (0, 1), "k": (0, 500), "frequency_penalty": (0, 1),
    "presence_penalty": (0, 1), "max_tokens": (0, float("inf")),
}  # fmt: skip
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse what the service would.

    Raises:
        Refusal: Names the place.
    """
    for name in body:
        if name not in _MEMBERS:
            raise malformed((), f"extraneous key [{name}] is not permitted")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Invalid("invalid request: messages must not be empty.")
    _check_messages(messages)
    _check_numbers(body)
    _check_tools(body, config, stream=stream)


def _check_messages(messages: list[Any]) -> None:
    known: set[str] = set()
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in _ROLES:
            raise malformed(("messages", index), f"the role must be one of {', '.join(_ROLES)}")
        calls = message.get("tool_calls") or ()
        if not message.get("content") and not calls:
            raise Invalid(f"invalid request: messages[{index}] must have content or tool calls.")
        if role == "tool" and message.get("tool_call_id") not in known:
            raise Invalid(f"invalid request: messages[{index}] answers no tool call before it.")
        for place, call in enumerate(calls):
            function = call.get("function") if isinstance(call, Mapping) else None
            if not isinstance(function, Mapping) or not isinstance(function.get("arguments"), str):
                raise malformed(("messages", index, "tool_calls", place), "name and arguments must be strings")
            known.add(call.get("id"))
    if messages[-1]["role"] not in ("user", "tool"):
        raise Invalid("invalid request: the last message must be the user's or a tool's.")


def _check_numbers(body: Object) -> None:
    for name, (low, high) in _LIMITS.items():
        value = body.get(name)
        wrong = isinstance(value, bool) or not isinstance(value, (int, float))
        if value is not None and (wrong or not low <= value <= high):
            raise malformed((name,), f"{value!r} is not a number from {low:g} to {high:g}")
    if len(body.get("stop_sequences") or ()) > MAX_STOPS:
        raise malformed(("stop_sequences",), f"expected maximum item count: {MAX_STOPS}")
    thinking = body.get("thinking")
    if thinking is not None and thinking.get("type") not in ("enabled", "disabled"):
        raise malformed(("thinking", "type"), "must be enabled or disabled")


def _check_tools(body: Object, config: ModelConfig, *, stream: bool) -> None:
    for index, tool in enumerate(body.get("tools") or ()):
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not _NAME.fullmatch(str(function.get("name"))):
            raise malformed(("tools", index, "function", "name"), f"does not match {_NAME.pattern}")
        if not isinstance(function.get("parameters"), Mapping):
            raise malformed(("tools", index, "function", "parameters"), "a schema is required")
    choice = body.get("tool_choice")
    if choice not in (None, *CHOICES.values()):
        raise malformed(("tool_choice",), f"{choice!r} is not one of {', '.join(CHOICES.values())}")
    if choice == "REQUIRED" and not body.get("tools"):
        raise Invalid("invalid request: tool_choice REQUIRED needs tools.")
    schema = (body.get("response_format") or {}).get("type") == "json_object"
    if schema and (body.get("tools") or body.get("documents")):
        raise Invalid("invalid request: cannot specify response_format with tools or documents.")
    tools = bool(body.get("tools"))
    for feature, asked in (("streaming", stream), ("tools", tools), ("streaming_with_tools", stream and tools)):
        if asked and config.feature(feature) is False:
            raise Invalid(f"This model doesn't support {feature.replace('_', ' ')}.")
