"""Jurassic-2's body, seen from the service's side.

Here: what it refuses, reads and answers. Called by: the emulator's service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.ai21_j2.schema import ASSISTANT, MEMBERS, STOP_REASONS, USER
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
from bedrock_llm.testing.emulator.native import NativeBody, Object

__all__ = ["BODY"]

_BODY = {
    "prompt": Member("String", required=True, minimum=1),
    "maxTokens": Member("Integer", minimum=0, maximum=8191),
    "temperature": Member("Number", minimum=0, maximum=1),
    "topP": Member("Number", minimum=0, maximum=1),
    "stopSequences": Member("JSONArray"),
    "countPenalty": Member("JSONObject"),
    "presencePenalty": Member("JSONObject"),
    "frequencyPenalty": Member("JSONObject"),
    "numResults": Member("Integer", minimum=1, maximum=16),
    "minTokens": Member("Integer", minimum=0),
    "topKReturn": Member("Integer", minimum=0, maximum=64),
}
_WORDS: Mapping[StopReason, str] = {StopReason.stop: "endoftext", StopReason.length: "length"}


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    check_members(body, _BODY)
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    del config
    return request_of(body, "prompt", MEMBERS, lambda prompt: labelled_messages(prompt, USER, ASSISTANT))


def _answer(response: Response[Any]) -> dict[str, Any]:
    completion = {
        "data": {"text": plain_text(response.message.parts), "tokens": []},
        "finishReason": {"reason": stop_word(response, _WORDS, STOP_REASONS)},
    }
    return {"id": 1, "prompt": {"text": "", "tokens": []}, "completions": [completion]}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    yield _answer(response)


BODY = NativeBody(_check, _parse, _answer, _chunks)
