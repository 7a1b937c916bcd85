"""Llama's own body, seen from the service's side.

Here: what it refuses and answers. Not here: its prompts, read back (llama_turns.py). Called by: the emulator's service.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.llama_prompt.schema import MEMBERS, STOP_REASONS
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.bodies.llama_turns import python_calls, read_prompt
from bedrock_llm.testing.emulator.bodies.prompts import (
    Member,
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
    "max_gen_len": Member("Integer", minimum=1, maximum=8192),
    "temperature": Member("Number", minimum=0, maximum=1),
    "top_p": Member("Number", minimum=0, maximum=1),
}
_SHORT = {**_BODY, "max_gen_len": Member("Integer", minimum=1, maximum=2048)}
_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "stop",
    StopReason.tool_use: "stop",
    StopReason.length: "length",
}


def _native(config: ModelConfig) -> Mapping[str, Any]:
    native = config.feature("native")
    return native if isinstance(native, Mapping) else {}


def _check(body: Object, config: ModelConfig, stream: bool) -> None:
    members = _SHORT if _native(config).get("template") in ("llama-2", "llama-3") else _BODY
    if config.feature("images") is True:
        members = {**members, "images": Member("JSONArray")}
    check_members(body, members)
    check_streams(config, stream=stream)


def _parse(body: Object, config: ModelConfig) -> Request:
    native = _native(config)
    images = tuple(body.get("images") or ())
    request = request_of(
        body, "prompt", MEMBERS, lambda prompt: read_prompt(prompt, images, native.get("template"), native.get("tools"))
    )
    extra = request.get("extra_body") or {}
    if not images or "prompt" in extra:
        return request
    kept = {name: value for name, value in extra.items() if name != "images"}  # the messages hold them
    return request.with_(extra_body=kept or None)


def _text(response: Response[Any]) -> str:
    """What the model writes: words, then its calls; one as JSON, several in Python's form."""
    parts = response.message.parts
    calls = [part for part in parts if isinstance(part, ToolCall)]
    text = plain_text(part for part in parts if not isinstance(part, ToolCall))
    if len(calls) == 1:
        given = calls[0].raw_arguments if calls[0].arguments is None else calls[0].arguments
        return text + json.dumps({"name": calls[0].name, "parameters": given}, ensure_ascii=False)
    return text + (python_calls(calls) if calls else "")


def _answer(response: Response[Any]) -> dict[str, Any]:
    usage = response.usage
    word = stop_word(response, _WORDS, STOP_REASONS)
    return _object(_text(response), usage.input_tokens or 0, usage.output_tokens or 0, word)


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    usage, said = response.usage, pieces(_text(response)) or [""]
    last = len(said) - 1
    for number, piece in enumerate(said):
        yield _object(
            piece,
            (usage.input_tokens or 0) if number == 0 else None,
            (usage.output_tokens or 0) if number == last else number + 1,
            stop_word(response, _WORDS, STOP_REASONS) if number == last else None,
        )


def _object(text: str, given: int | None, made: int, word: str | None) -> dict[str, Any]:
    return {"generation": text, "prompt_token_count": given, "generation_token_count": made, "stop_reason": word}


BODY = NativeBody(_check, _parse, _answer, _chunks)
