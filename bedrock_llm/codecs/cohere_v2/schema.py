"""The words of Cohere's chat of version 2: names, roles, stop reasons, kinds of blocks.

Here: tables. Not here: reading (decode.py, stream.py) and writing (encode.py) with them. Called by: every file beside
it, and the emulator.
Follows: Cohere's API, `POST /v2/chat` (docs.cohere.com/reference/chat).
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = [
    "CHOICES",
    "CITED",
    "DOCUMENT",
    "DOCUMENT_FIELDS",
    "DONE",
    "ERROR_PREFIX",
    "FIELDS",
    "IMAGE_TYPES",
    "IN_MESSAGE",
    "MAX_STOPS",
    "NAME",
    "PLAN",
    "STOP_REASONS",
    "TEXT_TYPES",
]

NAME = "cohere_v2"
DONE = "[DONE]"

# Parameter to its member of the body, in the body's order.
FIELDS: Mapping[str, str] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "stop": "stop_sequences",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "logprobs": "logprobs",
}
MAX_STOPS = 5
CHOICES: Mapping[str, str] = {"required": "REQUIRED", "none": "NONE"}  # to leave the choice free nothing is said

STOP_REASONS: Mapping[str, StopReason] = {
    "COMPLETE": StopReason.stop,
    "STOP_SEQUENCE": StopReason.stop,
    "TOOL_CALL": StopReason.tool_use,
    "MAX_TOKENS": StopReason.length,
    "ERROR_LIMIT": StopReason.length,
    "ERROR_TOXIC": StopReason.content_filter,
    "ERROR": StopReason.error,
    "TIMEOUT": StopReason.error,
}

# Kinds of `Opaque` that are no block of the content.
PLAN = "tool_plan"  # the plan beside tool calls: a member of the assistant's message
CITED = "citation"  # a citation of what is no text: of the plan, or of reasoning
DOCUMENT = "document"  # an entry of `documents`, or what a document in a tool's result holds
IN_MESSAGE = "message"  # other members of a message

ERROR_PREFIX = "Error: "  # the wire has no mark for a tool that failed
DOCUMENT_FIELDS = frozenset({"title", "context", "text"})
TEXT_TYPES = frozenset(
    {"text/plain", "text/markdown", "text/x-markdown", "text/csv", "text/html", "text/xml", "application/json"}
)
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
