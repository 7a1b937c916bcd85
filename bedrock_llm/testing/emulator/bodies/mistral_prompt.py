"""Mistral's text body, seen from the service's side.

Here: what it refuses, reads and answers. Called by: the emulator's service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.mistral_prompt.schema import MARKS, MEMBERS, STOP_REASONS
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.bodies.prompts import (
    Member,
    ReadPrompt,
    check_members,
    check_streams,
    plain_text,
    request_of,
    stop_word,
)
from bedrock_llm.testing.emulator.encode import pieces
from bedrock_llm.testing.emulator.native import NativeBody, Object

__all__ = ["BODY"]

_BODY = {
    "prompt": Member("String", required=True, minimum=1),
    "max_tokens": Member("Integer", minimum=1, maximum=8192),
    "stop": Member("JSONArray"),
    "temperature": Member("Number", minimum=0, maximum=1),
    "top_p": Member("Number", minimum=0, maximum=1),
    "top_k": Member("Integer", minimum=0, maximum=200),
}
_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "stop",
    StopReason.length: "length",
}
_TURN = re.compile(r"\[INST\] (.*?) \[/INST\](?: (?! )(.*?)(</s>|\Z))?", re.DOTALL)


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    check_members(body, _BODY)
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    del config
    return request_of(body, "prompt", MEMBERS, _read)


def _read(prompt: str) -> ReadPrompt | None:
    """The turns of a prompt; a system text cannot be told from the user's."""
    messages: list[Message] = []
    place = len("<s>")
    while prompt.startswith("<s>") and (turn := _TURN.match(prompt, place)) is not None:
        texts = [text for text in (turn[1], turn[2]) if text is not None]
        if any(MARKS.search(text) for text in texts):
            return None
        messages += [Message.user(texts[0]), *map(Message.assistant, texts[1:])]
        place = turn.end()
        if turn[3] != "</s>":
            return (tuple(messages), {}) if place == len(prompt) else None
    return None


def _answer(response: Response[Any]) -> dict[str, Any]:
    return _object(plain_text(response.message.parts), stop_word(response, _WORDS, STOP_REASONS))


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    said = pieces(plain_text(response.message.parts)) or [""]
    for piece in said[:-1]:
        yield _object(piece, None)
    yield _object(said[-1], stop_word(response, _WORDS, STOP_REASONS))


def _object(text: str, word: str | None) -> dict[str, Any]:
    return {"outputs": [{"text": text, "stop_reason": word}]}


BODY = NativeBody(_check, _parse, _answer, _chunks)
