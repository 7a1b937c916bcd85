"""The words of the Messages wire: names, media types, stop reasons; and sealed reasoning in its two forms.

Here: tables, and the two functions that change the form. Not here: reading (decode.py, stream.py) and writing
(encode.py) with them. Called by: every file beside it, and the emulator's.
Follows: https://docs.claude.com/en/api/messages, as anthropic 2.11 has it.

Rule: `Thinking.redacted` holds base64 on every wire, as Converse sends it. What stands as text in this wire's
`redacted_thinking.data` is what Converse carries as bytes, so a conversation can go from one to the other.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = [
    "DEFAULT_VERSION",
    "IMAGE_TYPES",
    "NAME",
    "PDF",
    "PLAIN_TEXT",
    "STOP_REASONS",
    "redacted_of",
    "sealed_data_of",
]

NAME = "anthropic_messages"
DEFAULT_VERSION = "bedrock-2023-05-31"  # works for every Claude on Bedrock; later ones only for later models

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.stop,
    "stop_sequence": StopReason.stop,
    "tool_use": StopReason.tool_use,
    "max_tokens": StopReason.length,
    "model_context_window_exceeded": StopReason.length,
    "refusal": StopReason.content_filter,
    "pause_turn": StopReason.pause,
    "compaction": StopReason.pause,  # the history was summarised, and the request wanted to look at that first
}

# Media types to the one that the wire has for them.
IMAGE_TYPES: Mapping[str, str] = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
}
PDF = "application/pdf"
PLAIN_TEXT = "text/plain"


def redacted_of(data: str) -> str:
    """`Thinking.redacted` of a `redacted_thinking.data`."""
    return base64.b64encode(data.encode("utf-8", "surrogatepass")).decode("ascii")


def sealed_data_of(redacted: str) -> str:
    """`redacted_thinking.data` of a `Thinking.redacted`; what is no base64 of a text is taken as the data itself."""
    try:
        return base64.b64decode(redacted, validate=True).decode("utf-8", "surrogatepass")
    except ValueError:  # of base64 and of UTF-8 alike
        return redacted
