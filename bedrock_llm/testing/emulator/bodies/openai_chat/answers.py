"""A `Response` as a chat completion, whole or in chunks.

Here: the shapes of answers. Not here: which answer. Called by: the package.
Follows: OpenAI's CreateChatCompletionResponse and CreateChatCompletionStreamResponse.

Rule: text and reasoning come in pieces about the size of a token; the count comes in a chunk without choices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import IN_MESSAGE, NAME
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import pieces

__all__ = ["answer", "chunks"]

_ID = "chatcmpl-emulated"
_FRAGMENT_CHARS = 9
_STOP_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "stop",
    StopReason.length: "length",
    StopReason.tool_use: "tool_calls",
    StopReason.content_filter: "content_filter",
}


def answer(response: Response[Any]) -> dict[str, Any]:
    """The body of an answer.

    Raises:
        InvalidRequestError: It holds what this body has no place for.
    """
    text, thought, calls, more = "", "", list[dict[str, Any]](), dict[str, Any]()
    for part in _checked(response):
        if isinstance(part, Text):
            text += part.text
        elif isinstance(part, Thinking):
            thought += part.text
        elif isinstance(part, ToolCall):
            calls.append({"id": part.id, "type": "function", "function": _function(part)})
        elif isinstance(part, Opaque) and part.kind == IN_MESSAGE:
            more |= part.data
        elif isinstance(part, Opaque):
            calls.append(part.data)
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if calls or thought else "")}
    message |= {"reasoning_content": thought} if thought else {}
    message |= {"tool_calls": calls, **more} if calls else more
    choice = {"index": 0, "message": message, "finish_reason": _word(response), "logprobs": None}
    return {**_head("chat.completion"), "choices": [choice], "usage": _usage(response.usage)}


def chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    """The same as the chunks of a stream. Errors as `answer`."""
    yield _chunk({"role": "assistant", "content": ""})
    index = 0
    for part in _checked(response):
        if isinstance(part, Text):
            yield from (_chunk({"content": piece}) for piece in pieces(part.text))
        elif isinstance(part, Thinking):
            yield from (_chunk({"reasoning_content": piece}) for piece in pieces(part.text))
        elif isinstance(part, Opaque) and part.kind == IN_MESSAGE:
            yield _chunk(part.data)
        else:
            yield from _call_chunks(part, index)
            index += 1
    yield _chunk({}, _word(response))
    yield {**_head("chat.completion.chunk"), "choices": [], "usage": _usage(response.usage)}


def _call_chunks(part: Part, index: int) -> Iterator[dict[str, Any]]:
    if isinstance(part, Opaque):
        yield _chunk({"tool_calls": [{"index": index, **part.data}]})
    elif isinstance(part, ToolCall):
        function, whole = {"name": part.name, "arguments": ""}, _function(part)["arguments"]
        yield _chunk({"tool_calls": [{"index": index, "id": part.id, "type": "function", "function": function}]})
        for start in range(0, len(whole), _FRAGMENT_CHARS):
            fragment = {"arguments": whole[start : start + _FRAGMENT_CHARS]}
            yield _chunk({"tool_calls": [{"index": index, "function": fragment}]})


def _checked(response: Response[Any]) -> tuple[Part, ...]:
    for part in response.message.parts:
        own = isinstance(part, Opaque) and part.provider == NAME and part.kind in ("tool_calls", IN_MESSAGE)
        if not (own or isinstance(part, (Text, Thinking, ToolCall))):
            raise InvalidRequestError.of("reply", part, "made of Text, Thinking, ToolCall and what is this body's own")
    return response.message.parts


def _head(kind: str) -> dict[str, Any]:
    return {"id": _ID, "object": kind, "created": 0, "model": "emulated"}


def _chunk(delta: dict[str, Any], word: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": word, "logprobs": None}
    return {**_head("chat.completion.chunk"), "choices": [choice], "usage": None}


def _function(part: ToolCall) -> dict[str, str]:
    text = part.raw_arguments or ""
    if part.arguments is not None:
        text = json.dumps(part.arguments, separators=(",", ":"), ensure_ascii=False)
    return {"name": part.name, "arguments": text}


def _word(response: Response[Any]) -> str:
    return response.raw_stop_reason or _STOP_WORDS.get(response.stop_reason, response.stop_reason.value)


def _usage(usage: Usage) -> dict[str, Any]:
    """The counts as this wire has them: what a cache gave and took is in the prompt's, reasoning in the answer's."""
    before, after = usage.total_input_tokens or 0, (usage.output_tokens or 0) + (usage.output_audio_tokens or 0)
    counts: dict[str, Any] = {"prompt_tokens": before, "completion_tokens": after, "total_tokens": before + after}
    written = (usage.cache_write_tokens or 0) + (usage.cache_write_1h_tokens or 0)
    read, heard = usage.cache_read_tokens or 0, usage.input_audio_tokens or 0
    given = {"cached_tokens": read, "cache_write_tokens": written, "audio_tokens": heard}
    made = {"reasoning_tokens": usage.reasoning_tokens or 0, "audio_tokens": usage.output_audio_tokens or 0}
    for name, details in (("prompt_tokens_details", given), ("completion_tokens_details", made)):
        if any(details.values()):
            counts[name] = {key: count for key, count in details.items() if count}
    return counts
