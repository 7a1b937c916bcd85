"""Readers of single members of the operations' answers.

Here: members that may be absent, and points in time. Not here: which members there are (the file of each operation).
Called by: account, checks, guardrails, invocations.

Rule: an absent member is None, one of the wrong type is a `ProtocolError` that names it; a time that cannot be read is
None, as nothing hangs on it and the answer is kept raw.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, read_document, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.values import Converter

__all__ = ["INSTANT", "answer_of", "flag", "instant", "member", "number", "word", "words"]


def answer_of(body: bytes) -> dict[str, Json]:
    """The object that an answer's body is.

    Raises:
        ProtocolError: It is none.
    """
    return object_of(read_document(body), "the answer")


def word(data: Mapping[str, Json], name: str) -> str | None:
    """A string, or None where it is absent."""
    value = data.get(name)
    return None if value is None else string_of(value, name)


def words(data: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """A list of strings; absent is empty."""
    return tuple(string_of(entry, name) for entry in list_of(data.get(name), name))


def member(data: Mapping[str, Json], name: str) -> dict[str, Json]:
    """An object; absent is empty."""
    value = data.get(name)
    return {} if value is None else object_of(value, name)


def flag(data: Mapping[str, Json], name: str) -> bool | None:
    """True, False, or None where it is absent."""
    value = data.get(name)
    if value is not None and value.__class__ is not bool:
        raise ProtocolError(f"{name} must be true or false", excerpt=repr(value))
    return value


def number(data: Mapping[str, Json], name: str) -> float | None:
    """A number, or None where it is absent."""
    value = data.get(name)
    if value is not None and value.__class__ not in (int, float):
        raise ProtocolError(f"{name} must be a number", excerpt=repr(value))
    return value


def instant(value: Json) -> datetime | None:
    """A point in time in UTC, from ISO 8601 text (with or without an offset; none is UTC) or a `datetime`."""
    if value.__class__ is str:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


INSTANT = Converter(lambda value: None if value is None else value.isoformat(), instant)
