"""Which path is which API.

Here: the table, and `wire_call`, which looks into it. Not here: the APIs (one file each), Bedrock's own paths
(service.py, operations/). Called by: service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from bedrock_llm.testing.emulator.wire import Received
from bedrock_llm.testing.emulator.wires.anthropic import AnthropicWire
from bedrock_llm.testing.emulator.wires.base import Wire
from bedrock_llm.testing.emulator.wires.cohere import CohereWire
from bedrock_llm.testing.emulator.wires.gemini import GeminiArrayWire, GeminiWire
from bedrock_llm.testing.emulator.wires.ollama import OllamaWire
from bedrock_llm.testing.emulator.wires.openai import ChatWire, ResponsesWire

__all__ = ["WireCall", "wire_call"]

_BEDROCKS_OWN = "/model/"
_ANTHROPIC, _CHAT, _RESPONSES = AnthropicWire(), ChatWire(), ResponsesWire()
_GEMINI, _GEMINI_ARRAY = GeminiWire(), GeminiArrayWire()


class WireCall(NamedTuple):
    """What a path asks for.

    Attributes:
        wire: The API.
        counts: Whether only the tokens are asked for.
        hosted: Whether it is Bedrock that speaks it: with AWS's keys, and Bedrock's models.
        model: The model, where the path names it.
        stream: Whether a stream is asked for, where the path tells it.
    """

    wire: Wire
    counts: bool = False
    hosted: bool = False
    model: str | None = None
    stream: bool | None = None


_PATHS: Mapping[str, WireCall] = {
    "/v1/messages": WireCall(_ANTHROPIC),
    "/v1/messages/count_tokens": WireCall(_ANTHROPIC, counts=True),
    "/v1/chat/completions": WireCall(_CHAT),
    "/v1/responses": WireCall(_RESPONSES),
    "/v1/responses/input_tokens": WireCall(_RESPONSES, counts=True),
    "/v2/chat": WireCall(CohereWire()),
    "/api/chat": WireCall(OllamaWire()),
    "/anthropic/v1/messages": WireCall(_ANTHROPIC, hosted=True),
    "/openai/v1/chat/completions": WireCall(_CHAT, hosted=True),
    "/openai/v1/responses": WireCall(_RESPONSES, hosted=True),
}
_GOOGLE = re.compile(
    r"/v1(?:beta1?)?(?:/projects/[^/]+/locations/[^/]+)?(?:/publishers/google)?/models/(?P<model>[^/:]+):"
    r"(?P<operation>generateContent|streamGenerateContent|countTokens)"
)


def wire_call(received: Received) -> WireCall | None:
    """What a request asks for, or None where it is Bedrock's own."""
    if received.method != "POST" or received.path.startswith(_BEDROCKS_OWN):
        return None
    found = _PATHS.get(received.path)
    if found is not None:
        return found
    named = _GOOGLE.fullmatch(received.path)
    if named is None:
        return None
    stream = named["operation"] == "streamGenerateContent"
    array = stream and dict(parse_qsl(received.query)).get("alt") != "sse"
    counts = named["operation"] == "countTokens"
    return WireCall(_GEMINI_ARRAY if array else _GEMINI, counts, False, unquote(named["model"]), stream)
