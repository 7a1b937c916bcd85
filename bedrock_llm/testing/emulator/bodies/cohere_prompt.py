"""Command's text body, seen from the service's side.

Here: what it refuses, reads and answers. Called by: the emulator's service.

`stream` is not read: it says how an answer is sent, which the operation says too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.cohere_prompt.schema import ASSISTANT, MEMBERS, STOP_REASONS, USER
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

_BODY = {
    "prompt": Member("String", required=True, minimum=1),
    "max_tokens": Member("Integer", minimum=1, maximum=4096),
    "temperature": Member("Number", minimum=0, maximum=5),
    "p": Member("Number", minimum=0, maximum=1),
    "k": Member("Number", minimum=0, maximum=500),
    "stop_sequences": Member("JSONArray"),
    "stream": Member("Boolean"),
    "num_generations": Member("Integer", minimum=1, maximum=5),
    "return_likelihoods": Member("String"),
    "truncate": Member("String"),
    "logit_bias": Member("JSONObject"),
}
_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "COMPLETE",
    StopReason.length: "MAX_TOKENS",
    StopReason.content_filter: "ERROR_TOXIC",
    StopReason.error: "ERROR",
}
_ID = "00000000-0000-4000-8000-000000000000"  # the same request always gets the same answer


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    check_members(body, _BODY)
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    del config
    asked = {name: value for name, value in body.items() if name != "stream"}
    return request_of(asked, "prompt", MEMBERS, lambda prompt: labelled_messages(prompt, USER, ASSISTANT))


def _answer(response: Response[Any]) -> dict[str, Any]:
    text, word = plain_text(response.message.parts), stop_word(response, _WORDS, STOP_REASONS)
    return {"id": _ID, "generations": [{"id": _ID, "text": text, "finish_reason": word}], "prompt": ""}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    for piece in pieces(plain_text(response.message.parts)):
        yield {"is_finished": False, "text": piece}
    yield {"is_finished": True, "finish_reason": stop_word(response, _WORDS, STOP_REASONS)}


BODY = NativeBody(_check, _parse, _answer, _chunks)
