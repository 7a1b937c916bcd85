"""The Responses body, as a service takes and writes it.

Here: the four answers of `NativeBody` put together. Not here: what is refused (rules.py), reading (parse.py), writing
(answers.py). Called by: service.
"""

from __future__ import annotations

from bedrock_llm.testing.emulator.bodies.openai_responses.answers import answer, chunks
from bedrock_llm.testing.emulator.bodies.openai_responses.parse import parse
from bedrock_llm.testing.emulator.bodies.openai_responses.rules import check
from bedrock_llm.testing.emulator.native import NativeBody

__all__ = ["BODY"]

BODY = NativeBody(check, parse, answer, chunks)
