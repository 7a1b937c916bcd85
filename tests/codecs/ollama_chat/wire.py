"""Ollama's API around its body, as the tests use it: lines to events, cut anywhere."""

from __future__ import annotations

import json

from bedrock_llm.codecs.direct import Api, DirectCodec
from bedrock_llm.codecs.ollama_chat import OllamaChatBody
from bedrock_llm.codecs.ollama_chat.errors import error_of
from bedrock_llm.config import ModelConfig

BODY = OllamaChatBody()
OLLAMA = ModelConfig(provider="ollama", model="qwen3", family="qwen")
CODEC = DirectCodec(BODY, Api("ollama", "/chat", "/chat", error_of, lambda request, config, stream: {}, "ndjson"))


def lines(objects):
    """The lines of a stream as bytes."""
    return "".join(json.dumps(payload, ensure_ascii=False) + "\n" for payload in objects).encode()
