"""A body as bytes.

Here: JSON as it is sent, and who is to blame where it cannot be written. Called by: codecs.

Rule: the same body gives the same bytes, as prompt caches compare them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError

__all__ = ["MAX_BODY_BYTES", "to_bytes", "to_json"]

MAX_BODY_BYTES = 25_000_000  # Bedrock's own limit


def _plain(value: Any) -> Any:
    """What JSON has no word for but a dict: any other mapping."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def to_json(value: Json) -> str:
    """A value as JSON text without spaces."""
    return _ENCODER.encode(value)


def to_bytes(body: Mapping[str, Json], first: int = 0) -> bytes:
    """A body as UTF-8 JSON without spaces.

    Args:
        body: The members.
        first: Which message of the request the body's first one is, for errors.

    Raises:
        InvalidRequestError: It holds what JSON or UTF-8 cannot; names the message or member. Or it is too large.
    """
    try:
        data = _ENCODER.encode(body).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise _culprit(body, first, error) from error
    if len(data) > MAX_BODY_BYTES:
        text = f"the request has {len(data)} bytes; Bedrock takes {MAX_BODY_BYTES}: put large media into S3"
        raise InvalidRequestError(text, parameter="messages", allowed=f"at most {MAX_BODY_BYTES} bytes")
    return data


def _culprit(body: Mapping[str, Json], first: int, error: Exception) -> InvalidRequestError:
    """Which member, and which message, cannot be written."""
    places = [(f"messages[{index}]", message) for index, message in enumerate(body.get("messages", ()), first)]
    places += [(name, value) for name, value in body.items() if name != "messages"]
    for where, value in places:
        try:
            _ENCODER.encode(value).encode("utf-8")
        except UnicodeEncodeError as problem:
            text = f"{where} holds half of a surrogate pair ({problem.object[problem.start]!r}), which is no text"
            return InvalidRequestError(text, parameter=where, allowed="text that UTF-8 can hold")
        except (ValueError, TypeError, RecursionError) as problem:
            text = f"{where} cannot be written as JSON: {problem}"
            return InvalidRequestError(text, parameter=where, allowed="JSON: no NaN, no infinity, no foreign objects")
    return InvalidRequestError(f"the request cannot be written as JSON: {error}", parameter="messages")
