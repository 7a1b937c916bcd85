"""A whole answer of Cohere's chat of version 2, read.

Here: JSON to `Response`, and the readers of stop reason and counts that streams share. Not here: the parts of the
message (assembly.py), streams (stream.py). Called by: body.py, stream.py.
Follows: Cohere's API of version 2, V2ChatResponse.

Rule: `usage.tokens` is counted, with the tokens of Cohere's own instructions and those that a cache gave;
`usage.billed_units`, which are fewer, stay in raw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.cohere_v2.assembly import Assembly
from bedrock_llm.codecs.cohere_v2.errors import error_of
from bedrock_llm.codecs.cohere_v2.schema import STOP_REASONS
from bedrock_llm.codecs.shared.reading import Json, count, list_of, object_of, optional_count, stop_reason_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event
from bedrock_llm.messages import Message
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = ["ended", "read_answer", "read_usage"]


def read_answer(data: Json, config: ModelConfig) -> Response[Any]:
    """A whole answer.

    Raises:
        ProtocolError: It is none.
        ProviderError: It is an error, though it came as an answer.
    """
    message = data.get("message") if data.__class__ is dict else None
    if isinstance(message, str):
        raise error_of(data)
    if message.__class__ is not dict:
        raise ProtocolError("the service's answer holds no message", excerpt=repr(data))
    assembly, events = Assembly(config.family), list[Event]()
    calls = list_of(message.get("tool_calls"), "tool_calls")
    _read_content(message, assembly, events)
    assembly.plan(message.get("tool_plan"))
    word = data.get("finish_reason")
    reason, warning = ended(word, has_calls=bool(calls))
    for index, entry in enumerate(calls):
        assembly.start_call(index, entry, events)
    assembly.finish(reason, events)
    return Response(
        message=Message("assistant", tuple(assembly.parts)),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=read_usage(data.get("usage")),
        warnings=() if warning is None else (warning,),
        raw=data,
    )


def _read_content(message: Mapping[str, Json], assembly: Assembly, events: list[Event]) -> None:
    """The blocks, each with the citations of it; those that name no block belong to the last text."""
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list_of(content, "content")
    cited = [object_of(entry, "a citation") for entry in list_of(message.get("citations"), "citations")]
    kinds = [block.get("type", "text") if block.__class__ is dict else None for block in blocks]
    texts = [index for index, kind in enumerate(kinds) if kind == "text"]
    last = texts[-1] if texts else None
    placed: dict[Json, list[Json]] = {}
    for raw in cited:
        index = raw.get("content_index")
        placed.setdefault(last if index is None else index if index in texts else None, []).append(raw)
    for index, block in enumerate(blocks):
        assembly.open(index, block, events)
        for raw in placed.pop(index, ()):
            assembly.cite(raw, events)
    for raw in placed.pop(None, ()):
        assembly.keep_citation(raw)


def ended(word: Json, *, has_calls: bool) -> tuple[StopReason, ResponseWarning | None]:
    """Why the answer ended.

    Raises:
        ProtocolError: The word is no string.
    """
    return stop_reason_of(word, STOP_REASONS, "finish_reason", has_calls=has_calls)


def read_usage(data: Json) -> Usage:
    """The counts of an answer: its tokens, or what is billed where it says nothing else.

    The input holds what a cache gave, the output the reasoning; the tokens of images stand beside the input.
    """
    usage = data if data.__class__ is dict else {}
    billed, tokens = (usage.get(name) for name in ("billed_units", "tokens"))
    billed = billed if billed.__class__ is dict else {}
    cached = usage if tokens.__class__ is dict else {}  # what is billed does not hold it
    tokens = tokens if tokens.__class__ is dict else billed
    given, taken = count(tokens.get("input_tokens")), count(tokens.get("output_tokens"))
    read = optional_count(cached, "cached_tokens")
    return Usage(
        input_tokens=given if given is None or read is None or given < read else given - read,
        cache_read_tokens=read,
        output_tokens=taken,
        input_image_tokens=optional_count(tokens, "image_tokens"),
        searches=optional_count(billed, "search_units"),
        reasoning_tokens=optional_count(tokens, "reasoning_tokens"),
    )
