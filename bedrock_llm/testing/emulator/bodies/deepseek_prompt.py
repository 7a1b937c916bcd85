"""DeepSeek's text body, seen from the service's side.

Here: what it refuses, reads and answers. Called by: the emulator's service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.deepseek_prompt.schema import (
    ASSISTANT,
    BEGIN,
    CLOSE,
    END,
    MARKS,
    MEMBERS,
    OPEN,
    STOP_REASONS,
    USER,
)
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message, Thinking
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
    "max_tokens": Member("Integer", minimum=1, maximum=32768),
    "temperature": Member("Number", minimum=0, maximum=1),
    "top_p": Member("Number", minimum=0, maximum=1),
    "stop": Member("JSONArray"),
}
_WORDS: Mapping[StopReason, str] = {StopReason.stop: "stop", StopReason.length: "length"}
_TURN = re.compile(f"{USER}(.*?){ASSISTANT}(?:(.*?){END})?", re.DOTALL)


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    check_members(body, _BODY)
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    native = config.feature("native")
    thinks = not isinstance(native, Mapping) or native.get("thinks") is not False
    return request_of(body, "prompt", MEMBERS, lambda prompt: _read(prompt, f"{OPEN}\n" if thinks else ""))


def _read(prompt: str, ending: str) -> ReadPrompt | None:
    """System text and turns of a prompt that ends as this model's do."""
    if not prompt.startswith(BEGIN) or not prompt.endswith(ASSISTANT + ending):
        return None
    prompt = prompt[len(BEGIN) : len(prompt) - len(ending)]
    system = prompt.partition(USER)[0]
    messages: list[Message] = []
    place = len(system)
    while (turn := _TURN.match(prompt, place)) is not None:
        texts = [text for text in (turn[1], turn[2]) if text is not None]
        if any(MARKS.search(text) for text in (system, *texts)):
            return None
        messages += [Message.user(texts[0]), *map(Message.assistant, texts[1:])]
        place = turn.end()
        if len(texts) == 1:
            break
    if place != len(prompt) or not messages or messages[-1].role != "user" or (system and not system.strip()):
        return None
    return tuple(messages), {"system": system} if system else {}


def _text(response: Response[Any]) -> str:
    """What the model writes behind the prompt's `<think>`."""
    parts = response.message.parts
    thoughts = "".join(part.text for part in parts if isinstance(part, Thinking))
    return thoughts + CLOSE + plain_text(part for part in parts if not isinstance(part, Thinking))


def _answer(response: Response[Any]) -> dict[str, Any]:
    return _object(_text(response), stop_word(response, _WORDS, STOP_REASONS))


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    said = pieces(_text(response))
    for piece in said[:-1]:
        yield _object(piece, None)
    yield _object(said[-1], stop_word(response, _WORDS, STOP_REASONS))


def _object(text: str, word: str | None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "text": text, "stop_reason": word}]}


BODY = NativeBody(_check, _parse, _answer, _chunks)
