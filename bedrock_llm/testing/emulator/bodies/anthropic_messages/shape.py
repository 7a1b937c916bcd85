"""The shape of a Messages body: members, types, ranges, blocks.

Here: what can be seen of each place alone. Not here: rules between places and of single models (rules.py), what the
carrier adds (bedrock.py). Called by: bedrock.py, rules.py.
Follows: https://docs.claude.com/en/api/messages, worded as the service words its refusals.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["MEMBERS", "blocks", "check_shape"]

MEMBERS = frozenset(
    {
        "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "context_management",
        "stop_sequences", "temperature", "top_p", "top_k",
    }
)  # fmt: skip

_ROLES = ("user", "assistant", "system")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
Blocks: TypeAlias = "Iterator[tuple[str, dict[str, Any], str]]"


class _Kind(NamedTuple):
    """What a block may hold: members that must be there, others that may, and in whose messages it may stand."""

    required: Mapping[str, type]
    optional: frozenset[str]
    role: str | None = None


def _kind(required: Mapping[str, type], optional: str = "", role: str | None = None) -> _Kind:
    return _Kind(required, frozenset(optional.split()), role)


_KINDS: Mapping[str, _Kind] = {
    "text": _kind({"text": str}, "citations cache_control"),
    "image": _kind({"source": dict}, "cache_control transformations", "user"),
    "document": _kind({"source": dict}, "title context citations cache_control"),
    "search_result": _kind({"source": str, "title": str, "content": list}, "citations cache_control", "user"),
    "thinking": _kind({"thinking": str, "signature": str}, "", "assistant"),
    "redacted_thinking": _kind({"data": str}, "", "assistant"),
    "tool_use": _kind({"id": str, "name": str, "input": dict}, "caller toolset_name cache_control", "assistant"),
    "tool_result": _kind({"tool_use_id": str}, "content is_error cache_control", "user"),
}
_OTHERS = frozenset(
    {
        "advisor_tool_result", "compaction", "container_upload", "fallback", "mcp_tool_use", "server_tool_use",
        "tool_addition", "tool_reference", "tool_removal",
    }
)  # fmt: skip
_SERVER_RESULT = re.compile(r"[a-z_]+_tool_result")


def check_shape(body: Object) -> None:
    """Refuse what has the wrong shape.

    Raises:
        Invalid: Names the place.
    """
    for name in ("max_tokens", "messages"):
        if body.get(name) is None:
            raise Invalid(f"{name}: Field required")
    for name, check in _CHECKS.items():
        if body.get(name) is not None:
            check(body[name], name)
    _system(body.get("system"))
    _messages(body["messages"])
    for index, tool in enumerate(body.get("tools") or ()):
        _tool(tool, f"tools.{index}")


def blocks(body: Object) -> Blocks:
    """Every block of the messages, those inside tool results too: where it stands, and in whose message."""
    for index, message in enumerate(body["messages"]):
        if isinstance(message["content"], str):
            continue
        for place, block in enumerate(message["content"]):
            where = f"messages.{index}.content.{place}"
            yield where, block, message["role"]
            inner = block.get("content") if block["type"] == "tool_result" else None
            for position, entry in enumerate(inner if isinstance(inner, list) else ()):
                yield f"{where}.tool_result.content.{position}", entry, message["role"]


def _number(low: float, high: float | None, *, whole: bool = False) -> Callable[[Any, str], None]:
    def check(value: Any, name: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise Invalid(f"{name}: Input should be a valid {'integer' if whole else 'number'}")
        if value < low:
            raise Invalid(f"{name}: Input should be greater than or equal to {low:g}")
        if high is not None and value > high:
            raise Invalid(f"{name}: range: 0..1" if name == "temperature" else f"{name}: must be between 0 and 1")

    return check


def _stops(value: Any, name: str) -> None:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Invalid(f"{name}: Input should be a valid list")
    if not all(entry.strip() for entry in value):
        raise Invalid(f"{name}: each stop sequence must contain non-whitespace")


def _object(value: Any, name: str) -> None:
    if not isinstance(value, dict):
        raise Invalid(f"{name}: Input should be a valid dictionary")


def _list(value: Any, name: str) -> None:
    if not isinstance(value, list):
        raise Invalid(f"{name}: Input should be a valid list")


_CHECKS: Mapping[str, Callable[[Any, str], None]] = {
    "max_tokens": _number(0, None, whole=True),
    "messages": _list,
    "temperature": _number(0, 1),
    "top_p": _number(0, 1),
    "top_k": _number(0, None, whole=True),
    "stop_sequences": _stops,
    "thinking": _object,
    "output_config": _object,
    "tool_choice": _object,
    "tools": _list,
}


def _system(system: Any) -> None:
    if system is None or isinstance(system, str):
        return
    _list(system, "system")
    for index, block in enumerate(system):
        _block(block, f"system.{index}", "system")
        if block["type"] != "text":
            raise Invalid(f"system.{index}.type: Input should be 'text'")
        if not block["text"]:
            raise Invalid("system: text content blocks must be non-empty")


def _messages(messages: list[Any]) -> None:
    if not messages:
        raise Invalid("messages: at least one message is required")
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        if not isinstance(message, dict):
            raise Invalid(f"{where}: Input does not match the expected shape.")
        for name in ("role", "content"):
            if message.get(name) is None:
                raise Invalid(f"{where}.{name}: Field required")
        for name in message:
            if name not in ("role", "content"):
                raise Invalid(f"{where}.{name}: Extra inputs are not permitted")
        if message["role"] not in _ROLES:
            raise Invalid(f'messages: Unexpected role "{message["role"]}". Allowed roles are "user" or "assistant".')
        if isinstance(message["content"], str):
            continue
        _list(message["content"], f"{where}.content")
        for place, block in enumerate(message["content"]):
            _block(block, f"{where}.content.{place}", message["role"])


def _block(block: Any, where: str, role: str) -> None:
    _object(block, where)
    tag = block.get("type")
    if tag is None:
        raise Invalid(f"{where}.type: Field required")
    kind = _KINDS.get(tag) if isinstance(tag, str) else None
    if kind is None:
        if tag in _OTHERS or (isinstance(tag, str) and _SERVER_RESULT.fullmatch(tag)):
            _cache_control(block, f"{where}.{tag}")
            return
        expected = ", ".join(repr(name) for name in (*_KINDS, *sorted(_OTHERS)))
        raise Invalid(
            f"{where}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {expected}"
        )
    for name, expected_type in kind.required.items():
        if block.get(name) is None:
            raise Invalid(f"{where}.{tag}.{name}: Field required")
        if not isinstance(block[name], expected_type):
            raise Invalid(f"{where}.{tag}.{name}: Input should be a valid {_WORDS[expected_type]}")
    for name in block:
        if name != "type" and name not in kind.required and name not in kind.optional:
            raise Invalid(f"{where}.{tag}.{name}: Extra inputs are not permitted")
    if kind.role not in (None, role):
        raise Invalid(f"messages: `{tag}` blocks can only be in `{kind.role}` messages")
    _cache_control(block, f"{where}.{tag}")
    inside = _INSIDE.get(tag)
    if inside is not None:
        inside(block, f"{where}.{tag}", role)


_WORDS: Mapping[type, str] = {str: "string", dict: "dictionary", list: "list"}


def _cache_control(holder: Object, where: str) -> None:
    control = holder.get("cache_control")
    if control is None:
        return
    _object(control, f"{where}.cache_control")
    if control.get("type") != "ephemeral":
        raise Invalid(f"{where}.cache_control.type: Input should be 'ephemeral'")
    if control.get("ttl") not in (None, "5m", "1h"):
        raise Invalid(f"{where}.cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
    if holder.get("type") == "text" and not holder["text"]:
        raise Invalid(f"{where}: cache_control cannot be set for empty text blocks")


def _image(block: Object, where: str, role: str) -> None:
    del role
    source = block["source"]
    _tagged(source, f"{where}.source", ("base64", "url", "file"))
    if source["type"] == "base64":
        if source.get("media_type") not in _IMAGES:
            allowed = ", ".join(map(repr, _IMAGES[:-1])) + f" or {_IMAGES[-1]!r}"
            raise Invalid(f"{where}.source.base64.media_type: Input should be {allowed}")
        _base64(source, f"{where}.source.base64")


def _document(block: Object, where: str, role: str) -> None:
    del role
    source = block["source"]
    _tagged(source, f"{where}.source", ("base64", "text", "content", "url", "file"))
    expected = {"base64": "application/pdf", "text": "text/plain"}.get(source["type"])
    if expected is None:
        return
    if source.get("media_type") != expected:
        raise Invalid(f"{where}.source.{source['type']}.media_type: Input should be '{expected}'")
    if source["type"] == "base64":
        _base64(source, f"{where}.source.base64")
    elif not isinstance(source.get("data"), str):
        raise Invalid(f"{where}.source.text.data: Input should be a valid string")


def _tagged(source: Object, where: str, tags: tuple[str, ...]) -> None:
    if source.get("type") not in tags:
        expected = ", ".join(map(repr, tags))
        raise Invalid(
            f"{where}: Input tag '{source.get('type')}' found using 'type' does not match any of the expected tags: "
            f"{expected}"
        )


def _base64(source: Object, where: str) -> None:
    data = source.get("data")
    if not isinstance(data, str) or not data:
        raise Invalid(f"{where}.data: Field required")
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"{where}: invalid base64 data") from error


def _use(block: Object, where: str, role: str) -> None:
    del role
    if not _ID.fullmatch(block["id"]):
        raise Invalid(f"{where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not _NAME.fullmatch(block["name"]):
        raise Invalid(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")


def _result(block: Object, where: str, role: str) -> None:
    content = block.get("content")
    if content is None or isinstance(content, str):
        return
    _list(content, f"{where}.content")
    for place, entry in enumerate(content):
        _block(entry, f"{where}.content.{place}", role)


_INSIDE: Mapping[str, Callable[[Object, str, str], None]] = {
    "image": _image,
    "document": _document,
    "tool_use": _use,
    "tool_result": _result,
}


def _tool(tool: Any, where: str) -> None:
    _object(tool, where)
    _cache_control(tool, where)
    if not isinstance(tool.get("name"), str):
        if tool.get("type") in (None, "custom"):
            raise Invalid(f"{where}.custom.name: Field required")
        return
    if tool.get("type") not in (None, "custom"):
        return
    if not _NAME.fullmatch(tool["name"]):
        raise Invalid(f"{where}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    schema = tool.get("input_schema")
    if schema is None:
        raise Invalid(f"{where}.custom.input_schema: Field required")
    _object(schema, f"{where}.custom.input_schema")
    if schema.get("type") != "object":
        raise Invalid(f"{where}.custom.input_schema.type: Input should be 'object'")
