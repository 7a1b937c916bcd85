"""Items of an input as messages.

Here: which item belongs to whose turn, and which parts it is. Not here: contents (content.py), the rest of the body
(parse.py). Called by: parse.py.

Rule: what the user's side writes (messages, results, answers to the model's own tools) is the user's turn, everything
else the assistant's; items stay in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.schema import (
    CONTENT_KINDS,
    CUSTOM_CALL,
    FREE_TEXT,
    FUNCTION_CALL,
    IN_CALL,
    IN_CONTENT,
    MESSAGE,
    NAME,
    REASONING,
    Options,
)
from bedrock_llm.codecs.shared.reading import Json, read_arguments
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message, Opaque, Part, Role, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.testing.emulator.bodies.openai_responses.content import parts_of

__all__ = ["messages_of"]

_SYSTEM_ROLES = ("system", "developer")
_USERS = frozenset({"mcp_approval_response", "item_reference", "additional_tools"})
_RESULTS = (f"{FUNCTION_CALL}_output", f"{CUSTOM_CALL}_output")


def messages_of(items: list[Json], config: ModelConfig, options: Options) -> tuple[Message, ...]:
    """The messages that an input's items are."""
    turns = _Turns(config, options)
    for item in items:
        turns.add({name: value for name, value in item.items() if value is not None})
    return tuple(Message(role, tuple(parts)) for role, parts in turns.made)


class _Turns:
    """The turns so far."""

    def __init__(self, config: ModelConfig, options: Options) -> None:
        self.made: list[tuple[Role, list[Part]]] = []
        self._family = config.family
        self._options = options
        self._beside: dict[str, Mapping[str, Json]] = {}

    def add(self, item: dict[str, Json]) -> None:
        """One more item."""
        kind = item.get("type", MESSAGE)
        if kind == MESSAGE:
            self._message(item)
        elif kind == REASONING:
            self._put("assistant", self._reasoning(item))
        elif kind in (FUNCTION_CALL, CUSTOM_CALL):
            self._put("assistant", self._call(item, kind))
        elif kind in _RESULTS:
            self._put("user", self._result(item))
        else:
            user = kind in _USERS or kind.endswith("_output")
            self._put("user" if user else "assistant", [Opaque(NAME, kind, item)])

    def _put(self, role: Role, parts: list[Part]) -> None:
        if self.made and self.made[-1][0] == role:
            self.made[-1][1].extend(parts)
        else:
            self.made.append((role, parts))

    def _message(self, item: dict[str, Json]) -> None:
        """What is said; two messages that follow one another are two."""
        role = item["role"]
        parts = list(parts_of(item.get("content", "")))
        beside = {name: value for name, value in item.items() if name not in ("type", "role", "content")}
        if role in _SYSTEM_ROLES:
            beside |= {"role": role} if role != self._options.system_role else {}
            self.made.append(("system", parts + _members(MESSAGE, beside)))
            return
        parts += _members(MESSAGE, beside)
        if self.made and self.made[-1][0] == role and not _said_last(self.made[-1][1]):
            self.made[-1][1].extend(parts)
        else:
            self.made.append((role, parts))

    def _reasoning(self, item: dict[str, Json]) -> list[Part]:
        """The words and the seal; and the item, where they do not hold all of it."""
        summary, content = item.get("summary") or [], item.get("content") or []
        words = "".join(entry.get("text", "") for entry in (*summary, *content))
        seal = item.get("encrypted_content")
        part = Thinking(words, seal, None, self._family)
        plain = [{"type": "summary_text", "text": words}] if words else []
        if seal and item == {"type": REASONING, "summary": plain, "encrypted_content": seal}:
            return [part]
        if item == {"type": REASONING, "summary": [], "content": [{"type": "reasoning_text", "text": words}]}:
            return [part]
        return [*([part] if words or seal else []), Opaque(NAME, REASONING, item)]

    def _call(self, item: dict[str, Json], kind: str) -> list[Part]:
        custom, identity = kind == CUSTOM_CALL, item["call_id"]
        said = ("type", "call_id", "name", "input" if custom else "arguments")
        beside = {name: value for name, value in item.items() if name not in said}
        self._beside[identity] = beside
        if custom:
            call = ToolCall(identity, item["name"], None, item["input"], FREE_TEXT)
            return [call, Opaque(NAME, IN_CALL, {"type": CUSTOM_CALL, **beside})]
        return [read_arguments(identity, item["name"], item["arguments"]), *_members(IN_CALL, beside)]

    def _result(self, item: dict[str, Json]) -> list[Part]:
        parts = parts_of(item["output"])
        first = parts[0] if len(parts) == 1 else None
        content = first.text if isinstance(first, Text) else parts or ""
        beside = {name: value for name, value in item.items() if name not in ("type", "call_id", "output")}
        caller = self._beside.get(item["call_id"], {}).get("caller")
        if beside.get("caller") == caller:
            beside.pop("caller", None)
        return [ToolResult(item["call_id"], content), *_members(IN_CALL, beside)]


def _members(kind: str, members: dict[str, Any]) -> list[Part]:
    return [Opaque(NAME, kind, members)] if members else []


def _said_last(parts: list[Part]) -> bool:
    """Whether a turn ends with a content that nothing closes."""
    last = parts[-1] if parts else None
    if isinstance(last, Opaque):
        return last.kind in CONTENT_KINDS or last.kind == IN_CONTENT
    return not isinstance(last, (ToolCall, ToolResult, Thinking))
