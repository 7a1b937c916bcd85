"""The generateContent body, as Google takes and writes it.

Here: the four answers of `NativeBody` put together. Not here: what is refused (shape.py, rules.py), reading (parse.py,
content.py), writing (answers.py), names and schemas in their other forms (forms.py). Called by: service.
"""

from __future__ import annotations

from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.bodies.gemini.answers import answer, chunks
from bedrock_llm.testing.emulator.bodies.gemini.forms import camel
from bedrock_llm.testing.emulator.bodies.gemini.parse import parse
from bedrock_llm.testing.emulator.bodies.gemini.rules import check_rules
from bedrock_llm.testing.emulator.bodies.gemini.shape import check_shape
from bedrock_llm.testing.emulator.native import NativeBody, Object

__all__ = ["BODY"]


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse what the service would; raises `Refusal`."""
    named = camel(body)
    check_shape(named)
    check_rules(named, config, stream=stream)


BODY = NativeBody(_check, parse, answer, chunks)
