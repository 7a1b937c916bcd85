"""Plain dicts in the shapes of other APIs, read as our messages and tools.

Here: which shape a message, a part or a tool has. Not here: what stands in one (openai.py, anthropic.py, converse.py),
checks of what was read (messages.py, parameters.py). Called by: request, parameters.

Rule 1: the shape is told part by part, so a history may mix them: `type` names OpenAI's and Anthropic's parts, the
one key of a part names Converse's; roles and keys that only OpenAI has are read so in any message.
Rule 2: a key that is None counts as absent, as the SDKs write it so.
Rule 3: what cannot be read is refused with its place, e.g. `messages[2].content[0].image.format`; nothing is guessed.
Rule 4: no dict can name a file: paths are given as `Path` in our own parts only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import PART_CLASSES, CachePoint, Message, Opaque, Part, Text
from bedrock_llm.shapes import anthropic, converse, openai
from bedrock_llm.shapes.fields import ContentReader, Fields, missing, refuse

__all__ = ["messages_from_dict", "tool_cache_point", "tool_fields"]

_ROLES = ("user", "assistant", "system", "developer", "tool", "function")
_OPENAI_KEYS = (
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "name",
    "audio",
    "annotations",
    "reasoning_content",
)

PartReader: TypeAlias = Callable[[Fields, ContentReader], "Iterable[Part]"]

_TYPED: Mapping[str, PartReader] = {**openai.PARTS, **anthropic.PARTS}


def messages_from_dict(messages: Iterable[Message | Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages, given as such or as dicts in the OpenAI, Anthropic or Converse shape.

    OpenAI's `tool` messages become results in a user message, several in a row in one. What only one API knows and
    nothing else can say is kept as `Opaque`; hints that change nothing of what is said (an image's `detail`) are not.

    Raises:
        InvalidRequestError: Names the message and the field, e.g. `messages[2].content[0].image.format`.
    """
    made: list[Message] = []
    legacy = openai.LegacyCalls()
    merging = False  # whether the last message holds nothing but results of `tool` messages
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if isinstance(message, Message):
            made.append(message)
            merging = False
            continue
        if not isinstance(message, Mapping):
            allowed = "a Message, or a dict with role and content"
            raise InvalidRequestError.of(where, message, allowed)
        read, is_result = _message(Fields.of(message, where), legacy)
        if is_result and merging:
            made[-1] = Message("user", made[-1].parts + read.parts)
        else:
            made.append(read)
        merging = is_result
    return tuple(made)


def _message(fields: Fields, legacy: openai.LegacyCalls) -> tuple[Message, bool]:
    """The message, and whether it is a tool's result in OpenAI's shape."""
    role = fields.text("role", "one of " + ", ".join(_ROLES))
    if role not in _ROLES:
        raise refuse(fields.at("role"), role, "one of " + ", ".join(_ROLES))
    if role in ("tool", "function"):
        return Message("user", (openai.tool_result(fields, legacy, _content),)), True
    fields.only("role", "content", *_OPENAI_KEYS)
    parts = _content(fields["content"], fields.at("content")) if fields["content"] is not None else ()
    extra = openai.beside_content(fields, legacy) if fields.has(*_OPENAI_KEYS) else openai.Beside()
    if fields["content"] is None and not extra.parts and not extra.leading:
        raise missing(fields.at("content"), "a string or a list of parts")
    if extra.parts and fields["content"] == "":
        parts = ()  # servers that answer with calls alone send an empty text beside them
    given = (*extra.leading, *parts, *extra.parts)
    return _made(role, given, fields.where), False


def _made(role: str, parts: tuple[Part, ...], where: str) -> Message:
    try:
        return Message("system" if role == "developer" else role, parts)  # type: ignore[arg-type]  # a known role
    except InvalidRequestError as error:
        place = (error.parameter or "").replace("Message.parts", f"{where}.content")
        raise InvalidRequestError.of(place, error.value, error.allowed or "a part of such a message") from error


def _content(content: Any, where: str) -> tuple[Part, ...]:
    """A message's or a tool result's content: a string, or a list of parts in any shape."""
    if isinstance(content, str):
        return (Text(content),)
    if not isinstance(content, (list, tuple)):
        raise refuse(where, content, "a string or a list of parts")
    parts: list[Part] = []
    for index, part in enumerate(content):
        parts += _part(part, f"{where}[{index}]")
    return tuple(parts)


def _part(part: Any, where: str) -> Iterable[Part]:
    if isinstance(part, str):
        return (Text(part),)
    if isinstance(part, PART_CLASSES):
        return (part,)
    if not isinstance(part, Mapping):
        raise refuse(where, part, "a dict in the OpenAI, Anthropic or Converse shape, a string, or one of our parts")
    fields = Fields.of(part, where)
    kind = fields["type"]
    if kind is None:
        return converse.part(fields, _content)
    read = _TYPED.get(kind) if isinstance(kind, str) else None
    if read is not None:
        return read(fields, _content)
    if isinstance(kind, str) and kind.endswith("_tool_result"):
        return anthropic.opaque(fields, _content)
    raise refuse(fields.at("type"), kind, "one of " + ", ".join(sorted(_TYPED)))


def tool_fields(data: Mapping[str, Any], where: str) -> dict[str, Any] | Opaque | CachePoint:
    """The fields of a `ToolSpec` from a tool in the OpenAI, Anthropic or Converse shape.

    Args:
        data: The dict.
        where: Its place, for errors, e.g. `tools[1]`.

    Returns:
        The fields; or an `Opaque` for a tool that the provider runs itself; or a `CachePoint`.

    Raises:
        InvalidRequestError: Names the place and what is allowed.
    """
    fields = Fields.of(data, where)
    kind = fields["type"]
    if kind == "function":
        return openai.tool(fields)
    if kind is None and not fields.has("input_schema"):
        return converse.tool(fields)
    return anthropic.tool(fields)


def tool_cache_point(data: Mapping[str, Any], where: str) -> CachePoint | None:
    """The cache point that Anthropic's `cache_control` on a tool asks for, to stand after it; or None.

    Raises:
        InvalidRequestError: Names the place and what is allowed.
    """
    return anthropic.cache_point(Fields.of(data, where))
