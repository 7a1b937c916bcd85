"""Texts of others made fit to be shown: secrets taken out, long values cut.

Here: two functions on strings and values. Not here: any error. Called by: errors, and through it all that quotes a
server, a library or a caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["redact", "shown"]

SHOWN_CHARS = 60  # how much of a wrong value

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
        text: What a server or a library said.
        secrets: The values in use for this call; blank and very short ones are left alone.
    """
    for secret in secrets:
        if secret and len(secret) >= 6:
            text = text.replace(secret, "[redacted]")
    return _SECRET_SHAPES.sub(lambda m: (m["keep"] or m["signature"] or "") + "[redacted]", text)


def shown(value: object) -> str:
    """The start of `repr(value)`; of a long string or bytes no more than that is made."""
    try:
        text = repr(value[:SHOWN_CHARS] if isinstance(value, (str, bytes)) else value)
    except Exception as error:  # noqa: BLE001  # a stranger's __repr__, or an int too long for one
        return f"a {type(value).__name__} (no repr: {type(error).__name__})"
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 3] + "..."
