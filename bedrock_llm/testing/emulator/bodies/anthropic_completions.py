"""Claude's text completions, seen from the service's side.

Here: what is refused, read and answered. Called by: the emulator's service.

The documentation wants the labels Human and Assistant behind two line ends; recorded requests without them were
answered, so any prompt is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from bedrock_llm.codecs.anthropic_completions.schema import ASSISTANT, HUMAN, MARKS, MEMBERS, STOP_REASONS
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
    "max_tokens_to_sample": Member("Integer", required=True, minimum=0),
    "temperature": Member("Number", minimum=0, maximum=1),
    "top_p": Member("Number", minimum=0, maximum=1),
    "top_k": Member("Integer", minimum=0, maximum=500),
    "stop_sequences": Member("JSONArray"),
    "anthropic_version": Member("String"),
}
_WORDS: Mapping[StopReason, str] = {StopReason.stop: "stop_sequence", StopReason.length: "max_tokens"}
_LABELS = re.compile(f"({MARKS.pattern})")


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    check_members(body, _BODY)
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    del config
    return request_of(body, "prompt", MEMBERS, _read)


def _read(prompt: str) -> ReadPrompt | None:
    """The turns of a prompt that follows the template to the letter; otherwise None."""
    system, *marked = _LABELS.split(prompt)
    turns = list(zip(marked[::2], marked[1::2], strict=True))
    if len(turns) < 2 or turns[0][0] != HUMAN or any(one[0] == other[0] for one, other in pairwise(turns)):
        return None
    if turns[-1] == (ASSISTANT, ""):
        turns.pop()
    elif turns[-1][0] == HUMAN or turns[-1][1] != turns[-1][1].rstrip():
        return None
    messages = []
    for label, said in turns:
        text = said[1:]
        if not said.startswith(" ") or not text.strip() or (label == ASSISTANT and text.startswith(" ")):
            return None
        messages.append(Message.user(text) if label == HUMAN else Message.assistant(text))
    return tuple(messages), {"system": system} if system.strip() else {}


def _ending(response: Response[Any]) -> dict[str, Any]:
    """Why it ended; a model that stops of itself has written the label of the next turn."""
    word = stop_word(response, _WORDS, STOP_REASONS)
    own = response.raw if isinstance(response.raw, Mapping) else {}
    stop = own.get("stop_sequence") or (HUMAN if word == "stop_sequence" else None)
    return {"stop_reason": word, "stop": stop}


def _answer(response: Response[Any]) -> dict[str, Any]:
    return {"type": "completion", "completion": plain_text(response.message.parts), **_ending(response)}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    for piece in pieces(plain_text(response.message.parts)):
        yield {"type": "completion", "completion": piece, "stop_reason": None, "stop": None}
    yield {"type": "completion", "completion": "", **_ending(response)}


BODY = NativeBody(_check, _parse, _answer, _chunks)
