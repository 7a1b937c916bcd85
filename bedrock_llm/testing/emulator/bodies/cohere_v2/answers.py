"""A `Response` as an answer of Cohere's chat of version 2, whole or as the events of a stream.

Here: the shapes of answers. Not here: which answer. Called by: the package.
Follows: Cohere's API of version 2, V2ChatResponse and V2ChatStreamResponse.

Rule: text, reasoning and the plan come in pieces about the size of a token; citations behind the text they are of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.cohere_v2.schema import NAME, PLAN
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import pieces

__all__ = ["answer", "chunks"]

_ID = "emulated"
_FRAGMENT_CHARS = 9
_STOP_WORDS: Mapping[StopReason, str] = {
    StopReason.tool_use: "TOOL_CALL",
    StopReason.length: "MAX_TOKENS",
    StopReason.content_filter: "ERROR_TOXIC",
    StopReason.error: "ERROR",
}


def answer(response: Response[Any]) -> dict[str, Any]:
    """The body of an answer.

    Raises:
        InvalidRequestError: It holds what this body has no place for.
    """
    message: dict[str, Any] = {"role": "assistant", **_written(response)}
    return {"id": _ID, "message": message, "finish_reason": _word(response), "usage": _usage(response.usage)}


def _written(response: Response[Any]) -> dict[str, Any]:
    """The members of the message."""
    content, calls, plan, cited = list[Any](), list[Any](), "", list[Any]()
    for part in response.message.parts:
        if isinstance(part, Text):
            cited += [dict(citation.raw) for citation in part.citations]
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, Thinking):
            content.append({"type": "thinking", "thinking": part.text})
        elif isinstance(part, ToolCall):
            calls.append({"id": part.id, "type": "function", "function": _function(part)})
        elif isinstance(part, Opaque) and part.provider == NAME and part.kind == PLAN:
            plan += part.data
        else:
            raise InvalidRequestError.of("reply", part, "made of Text, Thinking, ToolCall and this body's own plan")
    members = {"content": content, "tool_plan": plan, "tool_calls": calls, "citations": cited}
    return {name: value for name, value in members.items() if value}


def _function(part: ToolCall) -> dict[str, str]:
    text = part.raw_arguments or ""
    if part.arguments is not None:
        text = json.dumps(part.arguments, separators=(",", ":"), ensure_ascii=False)
    return {"name": part.name, "arguments": text}


def _word(response: Response[Any]) -> str:
    return response.raw_stop_reason or _STOP_WORDS.get(response.stop_reason, "COMPLETE")


def _usage(usage: Usage) -> dict[str, Any]:
    read, given, taken = usage.cache_read_tokens or 0, usage.input_tokens or 0, usage.output_tokens or 0
    more = {"reasoning_tokens": usage.reasoning_tokens, "image_tokens": usage.input_image_tokens}
    tokens = {"input_tokens": given + read, "output_tokens": taken, **{name: n for name, n in more.items() if n}}
    searches = {"search_units": usage.searches} if usage.searches else {}
    billed = {"input_tokens": given, "output_tokens": taken, **searches}
    return {"billed_units": billed, "tokens": tokens, "cached_tokens": read}


def chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    """The same as the events of a stream. Errors as `answer`."""
    whole = _written(response)
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield {"id": _ID, **_event("message-start", empty)}
    for index, block in enumerate(whole.get("content", ())):
        kind = block["type"]
        yield _event("content-start", {"content": {"type": kind, kind: ""}}, index)
        yield from (_event("content-delta", {"content": {kind: piece}}, index) for piece in pieces(block[kind]))
        yield from _citation_events(whole, index)
        yield {"type": "content-end", "index": index}
    yield from (_event("tool-plan-delta", {"tool_plan": piece}) for piece in pieces(whole.get("tool_plan", "")))
    for index, call in enumerate(whole.get("tool_calls", ())):
        yield from _call_events(call, index)
    delta = {"finish_reason": _word(response), "usage": _usage(response.usage)}
    yield {"type": "message-end", "delta": delta}


def _citation_events(whole: Mapping[str, Any], block: int) -> Iterator[dict[str, Any]]:
    kinds = [entry["type"] for entry in whole["content"]]
    last = max((index for index, kind in enumerate(kinds) if kind == "text"), default=None)
    for index, citation in enumerate(whole.get("citations", ())):
        if citation.get("content_index", last) == block:
            yield _event("citation-start", {"citations": citation}, index)
            yield {"type": "citation-end", "index": index}


def _call_events(call: Mapping[str, Any], index: int) -> Iterator[dict[str, Any]]:
    text = call["function"]["arguments"]
    begun = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
    yield _event("tool-call-start", {"tool_calls": begun}, index)
    for start in range(0, len(text), _FRAGMENT_CHARS):
        function = {"arguments": text[start : start + _FRAGMENT_CHARS]}
        yield _event("tool-call-delta", {"tool_calls": {"function": function}}, index)
    yield {"type": "tool-call-end", "index": index}


def _event(kind: str, message: dict[str, Any], index: int | None = None) -> dict[str, Any]:
    place = {} if index is None else {"index": index}
    return {"type": kind, **place, "delta": {"message": message}}
