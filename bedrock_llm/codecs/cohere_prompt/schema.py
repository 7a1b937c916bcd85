"""The words of Command's text body: members, labels, stop reasons.

Here: tables only. Called by: body.py, the emulator.
Follows: the Bedrock user guide, "Cohere Command models".
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = ["ASSISTANT", "END_OF_STREAM", "MEMBERS", "NAME", "STOP_REASONS", "USER"]

NAME = "cohere_prompt"

USER, ASSISTANT = "User:", "Chatbot:"
END_OF_STREAM = "<EOS_TOKEN>"  # stands as the text of a last object

MEMBERS: Mapping[str, str] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "stop": "stop_sequences",
}

STOP_REASONS: Mapping[str, StopReason] = {
    "COMPLETE": StopReason.stop,
    "MAX_TOKENS": StopReason.length,
    "ERROR": StopReason.error,
    "ERROR_TOXIC": StopReason.content_filter,
    "ERROR_LIMIT": StopReason.length,
    "USER_CANCEL": StopReason.other,
}
