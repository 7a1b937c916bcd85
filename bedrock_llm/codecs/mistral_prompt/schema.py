"""The words of Mistral's text body: members, marks and stop reasons.

Here: tables only. Called by: body.py, the emulator.
Follows: the Bedrock user guide, "Mistral AI text completion"; the template is Mistral's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = ["MARKS", "MEMBERS", "NAME", "STOP_REASONS"]

NAME = "mistral_prompt"

MEMBERS: Mapping[str, str] = {
    "max_tokens": "max_tokens",
    "stop": "stop",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
}

MARKS = re.compile(r"\[/?INST\]|</?s>|<unk>|\[/?(?:AVAILABLE_TOOLS|TOOL_RESULTS)\]|\[TOOL_CALLS\]")

STOP_REASONS: Mapping[str, StopReason] = {"stop": StopReason.stop, "length": StopReason.length}
