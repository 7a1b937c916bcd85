"""Titan Text's body, seen from the service's side.

Here: what it refuses, reads and answers. Called by: the emulator's service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.titan_text.schema import ASSISTANT, CONFIG, MEMBERS, STOP_REASONS, USER
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.bodies.prompts import (
    Member,
    check_members,
    check_streams,
    labelled_messages,
    plain_text,
    request_of,
    stop_word,
)
from bedrock_llm.testing.emulator.encode import pieces
from bedrock_llm.testing.emulator.native import NativeBody, Object

__all__ = ["BODY"]

_BODY = {"inputText": Member("String", required=True, minimum=1), CONFIG: Member("JSONObject")}
_CONFIG = {
    "maxTokenCount": Member("Integer", minimum=0, maximum=8192),
    "temperature": Member("Number", minimum=0, maximum=1),
    "topP": Member("Number", minimum=0, maximum=1),
    "stopSequences": Member("JSONArray"),
}
_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "FINISH",
    StopReason.length: "LENGTH",
    StopReason.content_filter: "CONTENT_FILTERED",
}
_CHUNK_PIECES = 24  # the service streams this model in few, large pieces


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    check_members(body, _BODY)
    check_members(body.get(CONFIG, {}), _CONFIG, (CONFIG,))
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    del config
    return request_of(
        body, "inputText", MEMBERS, lambda prompt: labelled_messages(prompt, USER, ASSISTANT), inside=CONFIG
    )


def _answer(response: Response[Any]) -> dict[str, Any]:
    result = {
        "tokenCount": response.usage.output_tokens or 0,
        "outputText": plain_text(response.message.parts),
        "completionReason": stop_word(response, _WORDS, STOP_REASONS),
    }
    return {"inputTextTokenCount": response.usage.input_tokens or 0, "results": [result]}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    said = pieces(plain_text(response.message.parts))
    texts = ["".join(said[start : start + _CHUNK_PIECES]) for start in range(0, len(said), _CHUNK_PIECES)] or [""]
    for number, text in enumerate(texts, 1):
        last = number == len(texts)
        yield {
            "outputText": text,
            "index": 0,
            "totalOutputTextTokenCount": (response.usage.output_tokens or 0) if last else number * _CHUNK_PIECES,
            "completionReason": stop_word(response, _WORDS, STOP_REASONS) if last else None,
            "inputTextTokenCount": response.usage.input_tokens or 0,
        }


BODY = NativeBody(_check, _parse, _answer, _chunks)
