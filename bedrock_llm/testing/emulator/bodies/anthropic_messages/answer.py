"""A `Response` as Claude's own body has it: whole, or as the objects of a stream.

Here: the shapes of answers. Not here: which answer is given (the emulator's rules and scripts), what Bedrock adds.
Called by: the package.

Rule 1: text and reasoning come in pieces about the size of a token, a tool's arguments in pieces of JSON text, the
first of which is empty, all as the service does it.
Rule 2: both forms of an answer say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

from bedrock_llm.codecs.anthropic_messages.schema import NAME, sealed_data_of
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Citation, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import pieces

__all__ = ["answer", "chunks"]

_FRAGMENT_CHARS = 9
_ID_DIGITS = 22
_STOP_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "end_turn",
    StopReason.length: "max_tokens",
    StopReason.tool_use: "tool_use",
    StopReason.content_filter: "refusal",
    StopReason.pause: "pause_turn",
}
_Block: TypeAlias = "dict[str, Any]"


def answer(response: Response[Any]) -> dict[str, Any]:
    """The body of a whole answer."""
    return {
        **_head(response),
        "content": [_writer(part).block(part) for part in response.message.parts],
        **_ending(response),
        "usage": _usage(response.usage),
    }


def chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    """The objects of the same answer as a stream."""
    usage = _usage(response.usage)
    nothing = {"stop_reason": None, "stop_sequence": None}
    begun = {**usage, "output_tokens": min(1, usage["output_tokens"])}
    begun = {name: value for name, value in begun.items() if name != "output_tokens_details"}
    yield {"type": "message_start", "message": {**_head(response), "content": [], **nothing, "usage": begun}}
    for index, part in enumerate(response.message.parts):
        start, deltas = _writer(part).stream(part)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    counted = {name: value for name, value in usage.items() if name != "cache_creation"}
    yield {"type": "message_delta", "delta": _ending(response), "usage": counted}
    yield {"type": "message_stop"}


def _head(response: Response[Any]) -> dict[str, Any]:
    """What stands before the content; the id follows from it, so that the same answer has the same."""
    seed = json.dumps(response.message.to_dict(), sort_keys=True, default=str).encode("utf-8", "surrogatepass")
    identity = f"msg_bdrk_{sha256(seed).hexdigest()[:_ID_DIGITS]}"
    return {"model": response.model or "claude", "id": identity, "type": "message", "role": "assistant"}


def _ending(response: Response[Any]) -> dict[str, Any]:
    word = response.raw_stop_reason or _STOP_WORDS.get(response.stop_reason, response.stop_reason.value)
    own = response.raw if isinstance(response.raw, Mapping) else {}
    ending = {"stop_reason": word, "stop_sequence": own.get("stop_sequence")}
    return {**ending, "stop_details": own["stop_details"]} if own.get("stop_details") else ending


def _usage(usage: Usage) -> dict[str, Any]:
    short, hour = usage.cache_write_tokens or 0, usage.cache_write_1h_tokens or 0
    counts: dict[str, Any] = {
        "input_tokens": usage.input_tokens or 0,
        "cache_creation_input_tokens": short + hour,
        "cache_read_input_tokens": usage.cache_read_tokens or 0,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour},
        "output_tokens": usage.output_tokens or 0,
    }
    if usage.reasoning_tokens is not None:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.searches:
        counts["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
    return counts


class _Writer(NamedTuple):
    """How one kind of part is written: as a block, and as a start and its deltas."""

    block: Callable[[Any], _Block]
    stream: Callable[[Any], tuple[_Block, list[_Block]]]


def _writer(part: Part) -> _Writer:
    writer = _WRITERS.get(type(part))
    if writer is None or (isinstance(part, Opaque) and part.provider != NAME):
        raise InvalidRequestError.of("reply", part, f"made of Text, Thinking, ToolCall, and Opaque of {NAME!r}")
    return writer


def _citation(citation: Citation) -> dict[str, Any]:
    if citation.raw:
        return dict(citation.raw)
    return {
        "type": "char_location",
        "cited_text": citation.cited_text or "",
        "document_index": 0,
        "document_title": citation.title,
        "start_char_index": 0,
        "end_char_index": len(citation.cited_text or ""),
    }


def _text_block(part: Text) -> _Block:
    block: _Block = {"type": "text", "text": part.text}
    return {**block, "citations": list(map(_citation, part.citations))} if part.citations else block


def _text_stream(part: Text) -> tuple[_Block, list[_Block]]:
    start: _Block = {"type": "text", "text": ""}
    deltas: list[_Block] = [{"type": "text_delta", "text": piece} for piece in pieces(part.text)]
    cited = [{"type": "citations_delta", "citation": _citation(citation)} for citation in part.citations]
    return ({**start, "citations": []} if cited else start), deltas + cited


def _thinking_block(part: Thinking) -> _Block:
    if part.redacted is not None:
        return {"type": "redacted_thinking", "data": sealed_data_of(part.redacted)}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature or ""}


def _thinking_stream(part: Thinking) -> tuple[_Block, list[_Block]]:
    if part.redacted is not None:
        return _thinking_block(part), []
    deltas: list[_Block] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(part.text)]
    if part.signature is not None:
        deltas.append({"type": "signature_delta", "signature": part.signature})
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas


def _call_block(part: ToolCall) -> _Block:
    given = part.raw_arguments or "" if part.arguments is None else part.arguments
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": given}


def _call_stream(part: ToolCall) -> tuple[_Block, list[_Block]]:
    given = part.arguments
    text = part.raw_arguments or "" if given is None else json.dumps(given, separators=(", ", ": "), ensure_ascii=False)
    return {**_call_block(part), "input": {}}, _fragments("" if given == {} else text)


def _fragments(text: str) -> list[_Block]:
    """JSON text in pieces behind an empty one; of a call without arguments there is only that."""
    cut = ["", *(text[start : start + _FRAGMENT_CHARS] for start in range(0, len(text), _FRAGMENT_CHARS))]
    return [{"type": "input_json_delta", "partial_json": fragment} for fragment in cut]


def _own_block(part: Opaque) -> _Block:
    return {"type": part.kind, **part.data}


def _own_stream(part: Opaque) -> tuple[_Block, list[_Block]]:
    """Calls of the service's own tools grow like any other; everything else comes whole."""
    block = _own_block(part)
    if part.kind not in ("server_tool_use", "mcp_tool_use", "tool_use"):
        return block, []
    text = json.dumps(block.get("input", {}), ensure_ascii=False)
    return {**block, "input": {}}, _fragments("" if text == "{}" else text)


_WRITERS: Mapping[type, _Writer] = {
    Text: _Writer(_text_block, _text_stream),
    Thinking: _Writer(_thinking_block, _thinking_stream),
    ToolCall: _Writer(_call_block, _call_stream),
    Opaque: _Writer(_own_block, _own_stream),
}
