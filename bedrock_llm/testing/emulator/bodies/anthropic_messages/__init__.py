"""Messages bodies, seen from the service's side.

Here: `BODY`, put together of the files beside this one. Called by: service.
"""

from __future__ import annotations

from bedrock_llm.testing.emulator.bodies.anthropic_messages.answer import answer, chunks
from bedrock_llm.testing.emulator.bodies.anthropic_messages.bedrock import check
from bedrock_llm.testing.emulator.bodies.anthropic_messages.parse import parse
from bedrock_llm.testing.emulator.native import NativeBody

__all__ = ["BODY"]

BODY = NativeBody(check, parse, answer, chunks)
