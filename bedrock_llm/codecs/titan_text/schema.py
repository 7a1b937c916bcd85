"""The words of Titan Text's body: members, labels, stop reasons.

Here: tables only. Called by: body.py, the emulator.
Follows: the Bedrock user guide, "Amazon Titan Text models". `FINISH` and `max_tokens` are not in the guide; recorded
answers say them.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = ["ASSISTANT", "CONFIG", "MEMBERS", "NAME", "STOP_REASONS", "USER"]

NAME = "titan_text"

USER, ASSISTANT = "User:", "Bot:"
CONFIG = "textGenerationConfig"

MEMBERS: Mapping[str, str] = {
    "max_tokens": "maxTokenCount",
    "temperature": "temperature",
    "top_p": "topP",
    "stop": "stopSequences",
}

STOP_REASONS: Mapping[str, StopReason] = {
    "FINISHED": StopReason.stop,
    "FINISH": StopReason.stop,
    "STOP_CRITERIA_MET": StopReason.stop,
    "LENGTH": StopReason.length,
    "max_tokens": StopReason.length,
    "CONTENT_FILTERED": StopReason.content_filter,
    "RAG_QUERY_WHEN_RAG_DISABLED": StopReason.error,
}
