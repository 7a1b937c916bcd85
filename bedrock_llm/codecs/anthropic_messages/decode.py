"""A whole Messages answer, read.

Here: JSON to `Response`, and the readers of blocks and usage that streams share. Not here: streams (stream.py), errors
(errors.py). Called by: body.py, assembly.py, stream.py.
Follows: https://docs.claude.com/en/api/messages, as anthropic 2.11 has it.

Rule: what is known is read strictly, a wrong type is a `ProtocolError`; what is not known is kept as `Opaque`: the
whole block, under its own type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bedrock_llm.codecs.anthropic_messages.errors import error_of
from bedrock_llm.codecs.anthropic_messages.schema import NAME, STOP_REASONS, redacted_of
from bedrock_llm.codecs.shared.reading import (
    Json,
    count,
    list_of,
    object_of,
    optional_count,
    read_arguments,
    stop_reason_of,
    string_of,
)
from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import Citation, Message, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, Usage

__all__ = ["read", "read_block", "read_citation", "read_usage", "runs_here"]


def read(data: Json, family: str | None) -> Response[Any]:
    """A whole answer.

    Args:
        data: As it came.
        family: Of the model asked; stands on its reasoning.

    Raises:
        ProtocolError: It is no Messages answer.
        ProviderError: It is an error, though it came as a success.
    """
    if data.__class__ is dict and data.get("type") == "error":
        raise error_of(data)
    content = data.get("content") if data.__class__ is dict else None
    if content.__class__ is not list:
        text = "the service answered with status 200, but its JSON holds no list of content"
        raise ProtocolError(text, excerpt=json.dumps(data)[:400])
    parts = tuple([part for block in content if (part := read_block(block, family)) is not None])
    word = data.get("stop_reason")
    has_calls = ToolCall in {part.__class__ for part in parts}
    reason, warning = stop_reason_of(word, STOP_REASONS, "stop_reason", has_calls=has_calls)
    return Response(
        message=Message("assistant", parts),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=read_usage(data.get("usage")) or Usage(),
        warnings=() if warning is None else (warning,),
    )


def read_usage(data: Json) -> Usage | None:
    """The buckets of a usage object; None where it counts neither input nor output.

    `input_tokens` excludes what a cache gave or took. `cache_creation` splits what was written by its life.
    """
    if data.__class__ is not dict:
        return None
    taken, given = count(data.get("input_tokens")), count(data.get("output_tokens"))
    if taken is None and given is None:
        return None
    written, written_1h = _cache_writes(data)
    tools, details = data.get("server_tool_use"), data.get("output_tokens_details")
    return Usage(
        input_tokens=taken,
        cache_read_tokens=optional_count(data, "cache_read_input_tokens"),
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        output_tokens=given,
        searches=optional_count(tools, "web_search_requests") if tools.__class__ is dict else 0,
        # Older answers reason without saying how much of the output that was: no detail is not 0.
        reasoning_tokens=count(details.get("thinking_tokens")) if details.__class__ is dict else None,
    )


def _cache_writes(data: Mapping[str, Json]) -> tuple[int | None, int | None]:
    """Tokens written for 5 minutes and for 1 hour; `cache_creation_input_tokens` is their sum."""
    total, split = optional_count(data, "cache_creation_input_tokens"), data.get("cache_creation")
    if split.__class__ is not dict:
        return total, 0
    short = optional_count(split, "ephemeral_5m_input_tokens")
    hour = optional_count(split, "ephemeral_1h_input_tokens")
    if hour is None:
        return total, None
    # In a stream the split may be older than the sum; what it does not tell apart was written for 5 minutes.
    return (total - hour, hour) if total is not None and total >= hour else (short, hour)


def read_block(block: Json, family: str | None) -> Part | None:
    """A block of content as a part; None for one that holds nothing.

    Raises:
        ProtocolError: It is no object with a type, or a member of a known kind has a wrong type.
    """
    kind = block.get("type") if block.__class__ is dict else None
    if kind.__class__ is not str:
        raise ProtocolError("a block of the answer is no JSON object with a type", excerpt=repr(block))
    step = _BLOCKS.get(kind)
    return Opaque(NAME, kind, block) if step is None else step(block, family)


def _text(block: Mapping[str, Json], family: str | None) -> Part | None:
    del family
    text = string_of(block.get("text"), "text")
    citations = tuple(map(read_citation, list_of(block.get("citations"), "citations")))
    return Text(text, citations) if text or citations else None


def read_citation(value: Json) -> Citation:
    """A citation with what all wires know of it, and as it came.

    Raises:
        ProtocolError: It is no object.
    """
    raw = object_of(value, "a citation")
    cited, title, source = raw.get("cited_text"), raw.get("document_title"), raw.get("url")
    title = raw.get("title") if title is None else title
    source = raw.get("source") if source is None else source
    return Citation(
        cited_text=cited if cited.__class__ is str else None,
        title=title if title.__class__ is str else None,
        source=source if source.__class__ is str else None,
        raw=raw,
    )


def _thinking(block: Mapping[str, Json], family: str | None) -> Part | None:
    text, signature = block.get("thinking") or "", block.get("signature")
    if not text and not signature:
        return None
    seal = string_of(signature, "thinking.signature") if signature else None
    return Thinking(string_of(text, "thinking.thinking"), seal, None, family)


def _redacted_thinking(block: Mapping[str, Json], family: str | None) -> Part:
    return Thinking("", None, redacted_of(string_of(block.get("data"), "redacted_thinking.data")), family)


def _tool_use(block: Mapping[str, Json], family: str | None) -> Part:
    del family
    if not runs_here(block):
        return Opaque(NAME, "tool_use", block)
    call_id, name = string_of(block.get("id"), "tool_use.id"), string_of(block.get("name"), "tool_use.name")
    given = block.get("input")
    arguments = {} if given is None else given
    if arguments.__class__ is dict:
        return ToolCall(call_id, name, arguments)
    return read_arguments(call_id, name, json.dumps(arguments, ensure_ascii=False))


def runs_here(block: Mapping[str, Json]) -> bool:
    """Whether a `tool_use` is a plain call by the model: one by its code, or of a toolset, says more than a call of
    ours can hold, and is kept as it came.
    """
    caller = block.get("caller")
    direct = caller is None or (caller.__class__ is dict and caller.get("type") == "direct")
    return direct and block.get("toolset_name") is None


_BLOCKS: Mapping[str, Callable[[Mapping[str, Json], str | None], Part | None]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
}
