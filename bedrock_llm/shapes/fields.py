"""One dict of another API, read field by field with its place at hand.

Here: `Fields`, and the errors that name a place. Not here: what any API calls its fields. Called by: the shapes beside
this file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Part, ToolResult

__all__ = ["ContentReader", "Fields", "blob", "made_result", "missing", "plain", "refuse"]

ContentReader: TypeAlias = Callable[[Any, str], "tuple[Part, ...]"]
"""What reads a content that stands inside another part, in any shape; it is handed to the readers of parts."""


def refuse(where: str, value: Any, allowed: str) -> InvalidRequestError:
    """The error for a field that holds something else than it may."""
    return InvalidRequestError.of(where, value, allowed)


def missing(where: str, allowed: str) -> InvalidRequestError:
    """The error for a field that must be there and is not."""
    return InvalidRequestError(f"{where} is missing; it must be {allowed}", parameter=where, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Fields:
    """A dict without its None values, and where it stands.

    Attributes:
        data: The dict.
        where: e.g. `messages[2].content[0]`.
    """

    data: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, data: Any, where: str, allowed: str = "a dict") -> Fields:
        """`data` without what is None.

        Raises:
            InvalidRequestError: It is no dict, or a key is no string.
        """
        if not isinstance(data, Mapping):
            raise refuse(where, data, allowed)
        for key in data:
            if not isinstance(key, str):
                raise refuse(f"{where} key", key, "a string")
        return cls({key: value for key, value in data.items() if value is not None}, where)

    def __getitem__(self, name: str) -> Any:
        return self.data.get(name)

    def at(self, name: str) -> str:
        """The place of a field."""
        return f"{self.where}.{name}"

    def has(self, *names: str) -> bool:
        """Whether one of the fields is there."""
        return any(name in self.data for name in names)

    def only(self, *names: str) -> None:
        """Refuse every field but these.

        Raises:
            InvalidRequestError: Names the first that is not one of them.
        """
        for name in self.data:
            if name not in names:
                allowed = "absent; the keys are " + ", ".join(names)
                raise refuse(self.at(name), self.data[name], allowed)

    def text(self, name: str, allowed: str = "a string") -> str:
        """A field that must be there and hold a string."""
        value = self[name]
        if value is None:
            raise missing(self.at(name), allowed)
        if not isinstance(value, str):
            raise refuse(self.at(name), value, allowed)
        return value

    def optional_text(self, name: str) -> str | None:
        """A field that may be there and then holds a string."""
        return None if self[name] is None else self.text(name)

    def inner(self, name: str, allowed: str = "a dict") -> Fields:
        """A field that must be there and hold a dict."""
        value = self[name]
        if value is None:
            raise missing(self.at(name), allowed)
        return Fields.of(value, self.at(name), allowed)

    def mapping(self, name: str, allowed: str = "a dict") -> dict[str, Any]:
        """A field that must be there and hold a dict, as it is: what is None in it stays."""
        self.inner(name, allowed)
        return dict(self[name])

    def flag(self, name: str) -> bool | None:
        """A field that may be there and then holds True or False."""
        value = self[name]
        if value is not None and not isinstance(value, bool):
            raise refuse(self.at(name), value, "True or False")
        return value

    def items(self, name: str) -> list[Any]:
        """A field that may be there and then holds a list."""
        value = self[name]
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            raise refuse(self.at(name), value, "a list")
        return list(value)


def made_result(tool_call_id: str, content: str | tuple[Part, ...], is_error: bool, where: str) -> ToolResult:
    """A tool's result; `where` is the place of its content.

    Raises:
        InvalidRequestError: A part that cannot stand in one; names it.
    """
    try:
        return ToolResult(tool_call_id, content, is_error)
    except InvalidRequestError as error:
        place = (error.parameter or "").replace("ToolResult.content", where)
        raise refuse(place, error.value, error.allowed or "a part of a tool result") from error


def blob(value: Any, where: str) -> bytes:
    """Bytes, given as such or in base64.

    Raises:
        InvalidRequestError: Neither, or empty.
    """
    if isinstance(value, str):
        try:
            value = base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise refuse(where, value, "bytes, or base64") from error
    if not isinstance(value, (bytes, bytearray, memoryview)) or not bytes(value):
        raise refuse(where, value, "bytes, or base64, and not empty")
    return bytes(value)


def plain(value: Any) -> Any:
    """`value` as JSON holds it: bytes become base64, tuples lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    return value
