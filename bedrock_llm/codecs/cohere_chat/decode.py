"""A whole answer of Cohere's chat, read.

Here: JSON to `Response`, and the readers of calls, citations and counts that streams share. Not here: streams
(stream.py). Called by: body.py, stream.py.
Follows: Cohere's API of version 1, NonStreamedChatResponse.

Rule 1: the wire has no ids of calls; theirs follow from their places.
Rule 2: what is billed is counted, as Bedrock counts too, or all tokens with Cohere's own preamble: whoever carries the
        body says which; the other block stays in raw.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.cohere_chat.schema import STOP_REASONS
from bedrock_llm.codecs.shared.reading import (
    Json,
    count,
    list_of,
    object_of,
    read_arguments,
    stop_reason_of,
    string_of,
)
from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import Citation, Message, Part, Text, ToolCall
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = ["BILLED", "TOKENS", "ended", "read_answer", "read_calls", "read_citations", "read_usage"]

BILLED, TOKENS = "billed_units", "tokens"


def read_answer(data: Json, counts: tuple[str, ...]) -> Response[Any]:
    """A whole answer; of its blocks of counts the first of `counts` that it has is taken.

    Raises:
        ProtocolError: It is none.
    """
    if data.__class__ is not dict or ("text" not in data and not data.get("tool_calls")):
        raise ProtocolError("the service's answer holds no text and no tool calls", excerpt=repr(data))
    text = string_of(data.get("text") or "", "text")
    calls = read_calls(data.get("tool_calls"))
    citations = read_citations(data.get("citations"), data.get("documents"), text)
    parts: list[Part] = [Text(text, citations)] if text else []
    word = data.get("finish_reason")
    reason, warning = ended(word, has_calls=bool(calls))
    return Response(
        message=Message("assistant", (*parts, *calls)),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=read_usage(data.get("meta"), counts),
        warnings=() if warning is None else (warning,),
        raw=data,
    )


def ended(word: Json, *, has_calls: bool) -> tuple[StopReason, ResponseWarning | None]:
    """Why the answer ended.

    Raises:
        ProtocolError: The word is no string.
    """
    return stop_reason_of(word, STOP_REASONS, "finish_reason", has_calls=has_calls)


def read_calls(data: Json) -> tuple[ToolCall, ...]:
    """The tool calls of an answer.

    Raises:
        ProtocolError: One has not the form.
    """
    made: list[ToolCall] = []
    for index, entry in enumerate(list_of(data, "tool_calls")):
        call = object_of(entry, "an entry of tool_calls")
        name, given = string_of(call.get("name"), "tool_calls.name"), call.get("parameters")
        if given is None or given.__class__ is dict:
            made.append(ToolCall(f"call_{index}", name, given or {}))
        else:
            made.append(read_arguments(f"call_{index}", name, json.dumps(given, ensure_ascii=False)))
    return tuple(made)


def read_citations(data: Json, documents: Json, text: str) -> tuple[Citation, ...]:
    """The citations whose places lie in the text, each with the first of its documents that the answer holds.

    Raises:
        ProtocolError: They are no list of objects.
    """
    known: dict[Any, Mapping[str, Json]] = {}
    for entry in list_of(documents, "documents"):
        if entry.__class__ is dict and entry.get("id").__class__ is str:
            known[entry["id"]] = entry
    made: list[Citation] = []
    for entry in list_of(data, "citations"):
        raw = object_of(entry, "a citation")
        start, end = raw.get("start"), raw.get("end")
        if start.__class__ is not int or end.__class__ is not int or not 0 <= start < end <= len(text):
            continue
        ids = raw.get("document_ids")
        named = [known[key] for key in ids if key.__class__ is str and key in known] if ids.__class__ is list else []
        source: Mapping[str, Json] = named[0] if named else {}
        made.append(Citation(None, _string(source.get("title")), _string(source.get("url")), raw))
    return tuple(made)


def _string(value: Json) -> str | None:
    return value if value.__class__ is str else None


def read_usage(meta: Json, blocks: tuple[str, ...]) -> Usage:
    """The counts of an answer, of the first of these blocks that counts; all tokens hold what a cache gave."""
    fields = meta if meta.__class__ is dict else {}
    for name in blocks:
        counts = fields.get(name)
        if counts.__class__ is dict and ("input_tokens" in counts or "output_tokens" in counts):
            given, taken = count(counts.get("input_tokens")), count(counts.get("output_tokens"))
            read = (count(fields.get("cached_tokens")) or 0) if name == TOKENS else None
            return Usage(
                input_tokens=given - read if given is not None and read and given >= read else given,
                cache_read_tokens=read,
                output_tokens=taken,
                searches=count(counts.get("search_units", 0)),
            )
    return Usage()
