"""Names and ids of tool calls, in the form that most wires take.

Here: the two patterns, and calls made at other providers brought into them. Called by: codecs.
"""

from __future__ import annotations

import re

__all__ = ["TOOL_ID", "TOOL_NAME", "replayed_id", "replayed_name"]

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TOOL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_HASH_DIGITS = 8


def replayed_name(name: str) -> str:
    """The name of a tool in a call of the history, in the wire's form; the same name always gives the same."""
    return _replayed(name, TOOL_NAME, "[^a-zA-Z0-9_-]")


def replayed_id(tool_call_id: str) -> str:
    """The id of a call of the history, in the wire's form; the same id always gives the same."""
    return _replayed(tool_call_id, TOOL_ID, "[^a-zA-Z0-9_.:-]")


def _replayed(text: str, allowed: re.Pattern[str], others: str) -> str:
    """`text` where it is allowed; otherwise its allowed form with a hash, so that two texts stay two."""
    if allowed.fullmatch(text):
        return text
    import hashlib  # rarely needed, and not cheap to import

    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{re.sub(others, '_', text)[: 63 - _HASH_DIGITS]}_{digest}"
