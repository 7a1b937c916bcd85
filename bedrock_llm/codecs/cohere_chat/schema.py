"""The words of Cohere's chat body: names, roles, stop reasons, types of arguments.

Here: tables. Not here: reading (decode.py, stream.py) and writing (encode.py, tools.py) with them. Called by: every
file beside it, and the emulator.
Follows: Cohere's API of version 1, `POST /v1/chat`, as Bedrock has it for Command R and R+.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = [
    "DOCUMENT_FIELDS",
    "ERROR_MEMBER",
    "FIELDS",
    "NAME",
    "RESULT_MEMBER",
    "ROLES",
    "STOP_REASONS",
    "TEXT_TYPES",
    "TYPES",
]

NAME = "cohere_chat"

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
}

ROLES: Mapping[str, str] = {"user": "USER", "assistant": "CHATBOT", "system": "SYSTEM"}

_WORDS: Mapping[str, StopReason] = {
    "COMPLETE": StopReason.stop,
    "STOP_SEQUENCE": StopReason.stop,
    "TOOL_CALL": StopReason.tool_use,
    "MAX_TOKENS": StopReason.length,
    "ERROR_LIMIT": StopReason.length,
    "ERROR_TOXIC": StopReason.content_filter,
    "ERROR": StopReason.error,
}
STOP_REASONS: Mapping[str, StopReason] = {**_WORDS, **{word.lower(): reason for word, reason in _WORDS.items()}}

# Types of JSON schema to those of `parameter_definitions`, which are Python's.
TYPES: Mapping[str, str] = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
}

RESULT_MEMBER = "result"  # an output is an object; a result that is a text stands under this name in it
ERROR_MEMBER = "error"  # and one that tells of a failure under this

DOCUMENT_FIELDS = frozenset({"title", "snippet"})
TEXT_TYPES = frozenset({"text/plain", "text/markdown", "text/x-markdown", "text/csv", "text/html"})
