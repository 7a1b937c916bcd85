"""The words of Jurassic-2's body: members, labels, stop reasons.

Here: tables only. Called by: body.py, the emulator.
Follows: the Bedrock user guide, "AI21 Labs Jurassic-2 models".
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = ["ASSISTANT", "MEMBERS", "NAME", "PENALTIES", "STOP_REASONS", "USER"]

NAME = "ai21_j2"

USER, ASSISTANT = "User:", "Assistant:"

MEMBERS: Mapping[str, str] = {
    "max_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop": "stopSequences",
}

# Ours to theirs, which are objects with a scale of their own.
PENALTIES: Mapping[str, str] = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}

STOP_REASONS: Mapping[str, StopReason] = {
    "endoftext": StopReason.stop,
    "stop": StopReason.stop,
    "length": StopReason.length,
}
