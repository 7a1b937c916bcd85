"""JSON that came over a wire, read strictly.

Here: a body as a document, and readers of single values. Not here: what a value means (each codec). Called by: codecs.

Rule: what is known is read strictly, a wrong type is a `ProtocolError` that names the field; a count that cannot be
believed is unknown, as nothing about a count is worth losing an answer for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import jiter

from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import ToolCall
from bedrock_llm.response import ResponseWarning, StopReason

__all__ = [
    "STOP_MISSING",
    "USAGE_MISSING",
    "Json",
    "count",
    "excerpt_of",
    "list_of",
    "object_of",
    "optional_count",
    "read_arguments",
    "read_document",
    "stop_reason_of",
    "string_of",
]

Json: TypeAlias = Any
"""What a JSON document may hold. `Any` stays at this edge."""

USAGE_MISSING = ResponseWarning(
    "incomplete", "the answer does not say all of what was used: usage and cost are unknown", "usage"
)
STOP_MISSING = ResponseWarning("incomplete", "the answer does not say why it ended", "stop_reason")

_EXCERPT_BYTES = 400  # the error cuts it to its own limit after redaction
_MAX_COUNT = 2**53  # beyond it no count of tokens is believed


def read_document(body: bytes) -> Json:
    """The JSON of a body.

    Raises:
        ProtocolError: It is none: empty, HTML, cut, nested too deep, not UTF-8.
    """
    if not body:
        raise ProtocolError("the service answered with status 200 and an empty body")
    try:
        return jiter.from_json(body)
    except ValueError as error:
        raise ProtocolError(f"the service's answer is not JSON: {error}", excerpt=excerpt_of(body)) from error


def excerpt_of(body: bytes) -> str:
    """The start of a body, for an error."""
    return body[:_EXCERPT_BYTES].decode("utf-8", "replace")


def stop_reason_of(
    word: Json, words: Mapping[str, StopReason], name: str, *, has_calls: bool
) -> tuple[StopReason, ResponseWarning | None]:
    """What the wire's word means; a tool call decides where the word says a plain end, as some models do.

    Args:
        word: As it came; None where the answer says nothing.
        words: The wire's words.
        name: Of the field, for errors.
        has_calls: Whether the answer holds tool calls.

    Raises:
        ProtocolError: The word is no string.
    """
    if word is None:
        return (StopReason.tool_use if has_calls else StopReason.other), STOP_MISSING
    reason = words.get(string_of(word, name))
    if reason is None:
        text = f"the answer ended for the reason {word!r}, which is not known here"
        return StopReason.other, ResponseWarning("other", text, "stop_reason")
    return (StopReason.tool_use if has_calls and reason is StopReason.stop else reason), None


def read_arguments(tool_call_id: str, name: str, text: str) -> ToolCall:
    """A tool call from the text of its arguments; text that is no JSON object is kept, with the error beside it."""
    if not text.strip():
        return ToolCall(tool_call_id, name, {})
    try:
        arguments = jiter.from_json(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        return ToolCall(tool_call_id, name, None, text, f"the arguments are not JSON: {error}")
    if arguments.__class__ is not dict:
        return ToolCall(tool_call_id, name, None, text, "the arguments are not a JSON object")
    return ToolCall(tool_call_id, name, arguments)


def string_of(value: Json, name: str) -> str:
    """`value`, a string.

    Raises:
        ProtocolError: It is none.
    """
    if value.__class__ is not str:
        raise ProtocolError(f"{name} must be a string", excerpt=repr(value))
    return str(value)


def object_of(value: Json, name: str) -> dict[str, Json]:
    """`value`, an object.

    Raises:
        ProtocolError: It is none.
    """
    if value.__class__ is not dict:
        raise ProtocolError(f"{name} must be an object", excerpt=repr(value))
    return value


def list_of(value: Json, name: str) -> list[Json]:
    """`value`, a list; null is an empty one.

    Raises:
        ProtocolError: It is neither.
    """
    if value is None:
        return []
    if value.__class__ is not list:
        raise ProtocolError(f"{name} must be a list", excerpt=repr(value))
    return value


def count(value: Json) -> int | None:
    """A count; None for what cannot be one. Some services write whole numbers as `6.0`."""
    if value.__class__ is float and value.is_integer():
        value = int(value)
    return value if value.__class__ is int and 0 <= value < _MAX_COUNT else None


def optional_count(data: Mapping[str, Json], name: str) -> int | None:
    """A count that the wire documents: 0 where this answer lacks it."""
    value = data.get(name)
    return 0 if value is None else count(value)
