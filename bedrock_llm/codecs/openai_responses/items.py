"""Items of an answer, read as parts.

Here: one reader for each kind of item, and what stands between two of them. Not here: the answer around them
(decode.py), items that grow (assembly.py). Called by: decode.py, assembly.py, stream.py.
Follows: OpenAI's OutputItem.

Rule 1: a part holds what all wires have. What this one wants back beside it stands in an `Opaque` right behind: the
        whole item behind reasoning, members behind a call (kind `call`) or a message (kind `message`).
Rule 2: an item without a name of ours is an `Opaque` of its type, as it came.
Rule 3: two messages in a row stay two: an `Opaque` of kind `message` without members parts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.schema import (
    CALL_MEMBERS,
    CONTENT_KINDS,
    CUSTOM_CALL,
    FREE_TEXT,
    FUNCTION_CALL,
    IN_CALL,
    IN_CONTENT,
    MESSAGE,
    MESSAGE_MEMBERS,
    NAME,
    REASONING,
)
from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, read_arguments, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import CUT_CALL
from bedrock_llm.messages import Citation, Opaque, Part, Text, Thinking, ToolCall

__all__ = [
    "CUT",
    "Between",
    "beside_call",
    "beside_message",
    "call_of",
    "content_part",
    "parts_of",
    "read_annotation",
    "read_reasoning",
    "words_of",
]

CUT = "incomplete"  # the status of an item that the end of the answer cut


class Between:
    """What the items of one answer say together.

    Attributes:
        refused: Whether the model refused to answer.
        calls: How many tools it wants called.
    """

    __slots__ = ("_open", "calls", "refused")

    def __init__(self) -> None:
        self.refused = False
        self.calls = 0
        self._open = False

    def before(self, kind: Json) -> list[Part]:
        """What must stand before an item of this kind."""
        return [Opaque(NAME, MESSAGE, {})] if kind == MESSAGE and self._open else []

    def after(self, kind: Json, parts: Iterable[Part]) -> None:
        """An item of this kind was these parts."""
        last = None
        for last in parts:
            self.calls += last.__class__ is ToolCall
        self._open = kind == MESSAGE and last is not None and not _ends_message(last)


def _ends_message(part: Part) -> bool:
    return isinstance(part, Opaque) and part.kind == MESSAGE


def parts_of(item: dict[str, Json], family: str | None, between: Between) -> list[Part]:
    """The parts that a whole item is.

    Args:
        item: It.
        family: Of the model asked; stands on its reasoning.
        between: Of this answer; takes note of the item.

    Raises:
        ProtocolError: A member of a known kind of item has a wrong type.
    """
    kind = string_of(item.get("type"), "output.type")
    parts = between.before(kind)
    if kind == MESSAGE:
        made = _message(item, between)
    elif kind == REASONING:
        made = read_reasoning(item, family)
    elif kind in (FUNCTION_CALL, CUSTOM_CALL):
        made = [call_of(item), *beside_call(item)]
    else:
        made = [Opaque(NAME, kind, item)]
    between.after(kind, made)
    return parts + made


def _message(item: Mapping[str, Json], between: Between) -> list[Part]:
    made: list[Part] = []
    for entry in list_of(item.get("content"), "message.content"):
        part, refused = content_part(entry)
        between.refused = between.refused or refused
        if part is not None:
            made.append(part)
    return made + beside_message(item) if made else []


def content_part(entry: Json) -> tuple[Part | None, bool]:
    """A part of a message, None for an empty text; and whether it is a refusal.

    Raises:
        ProtocolError: It is no object with a type, or a known member has a wrong type.
    """
    kind = object_of(entry, "a part of message.content").get("type")
    if kind == "refusal":
        text = string_of(entry.get("refusal"), "refusal.refusal")
        return (Text(text) if text else None), True
    if kind not in ("output_text", "text"):
        name = string_of(kind, "message.content.type")
        return Opaque(NAME, name if name in CONTENT_KINDS else IN_CONTENT, entry), False
    text = string_of(entry.get("text"), "output_text.text")
    citations = tuple(map(read_annotation, list_of(entry.get("annotations"), "output_text.annotations")))
    return (Text(text, citations) if text or citations else None), False


def read_annotation(value: Json) -> Citation:
    """An annotation with what all wires know of it, and as it came.

    Raises:
        ProtocolError: It is no object.
    """
    fields = object_of(value, "an annotation of the answer")
    title, source = (_first(fields, names) for names in (("title", "filename"), ("url", "file_id")))
    return Citation(None, title, source, fields)


def _first(fields: Mapping[str, Json], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := fields.get(name)).__class__ is str), None)


def beside_message(item: Mapping[str, Json]) -> list[Part]:
    """What goes back with a message beside its content."""
    members = {name: item[name] for name in MESSAGE_MEMBERS if item.get(name) is not None}
    return [Opaque(NAME, MESSAGE, members)] if members else []


def beside_call(item: Mapping[str, Json]) -> list[Part]:
    """What goes back with a call beside what every call has."""
    members = {name: item[name] for name in CALL_MEMBERS if item.get(name) is not None}
    if item.get("type") == CUSTOM_CALL:
        members = {"type": CUSTOM_CALL, **members}
    return [Opaque(NAME, IN_CALL, members)] if members else []


def call_of(item: Mapping[str, Json]) -> ToolCall:
    """A call of a function, or of a custom tool, whose input is a text.

    Raises:
        ProtocolError: It has no id or no name.
    """
    identity = string_of(item.get("call_id"), "call_id")
    name = string_of(item.get("name"), "name of a call")
    member = "input" if item.get("type") == CUSTOM_CALL else "arguments"
    given = item.get(member)
    if given.__class__ is dict:  # some servers send what they should have written as JSON text
        return ToolCall(identity, name, given)
    text = "" if given is None else string_of(given, member)
    if item.get("status") == CUT:
        return ToolCall(identity, name, None, text, CUT_CALL)
    if member == "input":
        return ToolCall(identity, name, None, text, FREE_TEXT)
    return read_arguments(identity, name, text)


def read_reasoning(item: dict[str, Json], family: str | None) -> list[Part]:
    """Reasoning: its words and its seal, where it has one of them; and the item, which goes back whole.

    Raises:
        ProtocolError: A known member has a wrong type.
    """
    words, seal = words_of(item), item.get("encrypted_content")
    if seal is not None and seal.__class__ is not str:
        raise ProtocolError("encrypted_content must be a string", excerpt=repr(seal))
    part = Opaque(NAME, REASONING, item)
    return [Thinking(words, seal or None, None, family), part] if words or seal else [part]


def words_of(item: Mapping[str, Json]) -> str:
    """The words of a reasoning item: its summary, then its text."""
    return "".join(_texts(item, "summary")) + "".join(_texts(item, "content"))


def _texts(item: Mapping[str, Json], name: str) -> Iterator[str]:
    for entry in list_of(item.get(name), f"reasoning.{name}"):
        text: Any = object_of(entry, f"an entry of reasoning.{name}").get("text")
        if text is not None:
            yield string_of(text, f"reasoning.{name}.text")
