"""Texts of others made fit to be shown: secrets taken out, long values cut.

Here: two functions on strings and values. Not here: any error. Called by: errors, and through it all that quotes a
server, a library or a caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["names_secret", "redact", "redact_within", "shown"]

SHOWN_CHARS = 60  # how much of a wrong value
_TELLING_CHARS = 6  # fewer characters of a secret tell nothing, and stand in many a text

_SECRET_WORDS = ("auth", "cookie", "credential", "key", "passw", "pwd", "secret", "session", "signature", "token")
_SECRET_SHAPES = re.compile(
    r"(?P<keep>\b(?i:Bearer|Basic)\s+)(?![A-Za-z][a-z]{0,14}[.,;:]?(?:\s|$))[A-Za-z0-9._~+/=-]{8,}"  # no plain word
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"
    r"|\bsk-[A-Za-z0-9_-]{12,}"
    r"|\bbedrock-api-key-[A-Za-z0-9+/=_-]{8,}"
    r"|(?P<signature>Signature=)[0-9a-f]{64}"
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Replace the given secrets, and what looks like a key or a bearer token, by `[redacted]`.

    Args:
        text: What a server or a library said; perhaps cut, so that it ends in the start of a secret.
        secrets: The values in use for this call; blank and very short ones are left alone.
    """
    for secret in secrets:
        if secret and len(secret) >= _TELLING_CHARS:
            text = _without_start(text.replace(secret, "[redacted]"), secret)
    return _SECRET_SHAPES.sub(lambda m: (m["keep"] or m["signature"] or "") + "[redacted]", text)


def names_secret(name: str) -> bool:
    """Whether the name of a header or field says that its value is a secret."""
    lower = name.lower()
    return any(word in lower for word in _SECRET_WORDS)


def redact_within(data: Any, secrets: Iterable[str]) -> Any:
    """JSON-like data with every string in it redacted; the same object where nothing was found."""
    if isinstance(data, str):
        return redact(data, secrets)
    if isinstance(data, dict):
        made = {redact(key, secrets): redact_within(value, secrets) for key, value in data.items()}
        return data if made == data else made
    if isinstance(data, list):
        return [redact_within(value, secrets) for value in data]
    return data


def _without_start(text: str, secret: str) -> str:
    """`text` without the first characters of `secret` at its end."""
    for length in range(min(len(secret), len(text)), _TELLING_CHARS - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + "[redacted]"
    return text


def shown(value: object) -> str:
    """The start of `repr(value)`; of a long string or bytes no more than that is made."""
    try:
        text = repr(value[:SHOWN_CHARS] if isinstance(value, (str, bytes)) else value)
    except Exception as error:  # noqa: BLE001  # a stranger's __repr__, or an int too long for one
        return f"a {type(value).__name__} (no repr: {type(error).__name__})"
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 3] + "..."
