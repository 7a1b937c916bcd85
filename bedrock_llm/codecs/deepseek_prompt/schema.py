"""The words of DeepSeek's text body: members, tokens, stop reasons.

Here: tables only. Called by: every file beside it, the emulator.
Follows: the Bedrock user guide, "DeepSeek models"; the tokens are those of the model's tokenizer, with the full-width
bar U+FF5C and the low line U+2581.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = ["ASSISTANT", "BEGIN", "CLOSE", "END", "MARKS", "MEMBERS", "NAME", "OPEN", "STOP_REASONS", "USER"]

NAME = "deepseek_prompt"

_BAR, _LOW = "\uff5c", "\u2581"
BEGIN = f"<{_BAR}begin{_LOW}of{_LOW}sentence{_BAR}>"
END = f"<{_BAR}end{_LOW}of{_LOW}sentence{_BAR}>"
USER = f"<{_BAR}User{_BAR}>"
ASSISTANT = f"<{_BAR}Assistant{_BAR}>"
OPEN, CLOSE = "<think>", "</think>"

# Any token of this form, in full-width and in ASCII bars, and the two tags.
MARKS = re.compile(rf"<[{_BAR}|](?=[^\s<>]{{1,64}}[{_BAR}|]>)|</?think>")

MEMBERS: Mapping[str, str] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop",
}

STOP_REASONS: Mapping[str, StopReason] = {
    "stop": StopReason.stop,
    "eos_token": StopReason.stop,
    "length": StopReason.length,
    "content_filter": StopReason.content_filter,
}
