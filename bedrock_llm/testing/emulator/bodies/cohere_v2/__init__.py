"""Cohere's chat of version 2, as the service takes and writes it.

Here: the four answers of `NativeBody` put together. Not here: what is refused (rules.py), reading (parse.py), writing
(answers.py). Called by: service.
"""

from __future__ import annotations

from bedrock_llm.testing.emulator.bodies.cohere_v2.answers import answer, chunks
from bedrock_llm.testing.emulator.bodies.cohere_v2.parse import parse
from bedrock_llm.testing.emulator.bodies.cohere_v2.rules import check
from bedrock_llm.testing.emulator.native import NativeBody

__all__ = ["BODY"]

BODY = NativeBody(check, parse, answer, chunks)
