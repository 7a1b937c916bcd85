"""The words of Claude's text completions: members, labels and stop reasons.

Here: tables only. Called by: body.py, the emulator.
Follows: the Bedrock user guide, "Anthropic Claude Text Completions API".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = ["ASSISTANT", "HUMAN", "MARKS", "MEMBERS", "NAME", "STOP_REASONS"]

NAME = "anthropic_completions"

HUMAN, ASSISTANT = "\n\nHuman:", "\n\nAssistant:"
MARKS = re.compile(r"\n\n(?:Human|Assistant):")

MEMBERS: Mapping[str, str] = {
    "max_tokens": "max_tokens_to_sample",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop_sequences",
}

STOP_REASONS: Mapping[str, StopReason] = {
    "stop_sequence": StopReason.stop,  # the end of its turn too, as the model then writes the label of the next
    "max_tokens": StopReason.length,
}
