"""A `Response` as Bedrock writes it: a Converse body, or the frames of a ConverseStream.

Here: the shapes of answers. Not here: which answer (answer.py, script.py). Called by: service, faults.

Rule 1: text and reasoning come in pieces about the size of a token, a tool's arguments in pieces of JSON text, and text
and reasoning blocks have no start event, all as the service does it.
Rule 2: both forms of an answer say the same.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.framing.aws_eventstream import encode_frame
from bedrock_llm.messages import Citation, Image, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage

__all__ = [
    "Extras",
    "converse_body",
    "exception_frame",
    "pieces",
    "raw_stop_reason",
    "stream_events",
    "stream_frames",
    "wire_usage",
]

_Events: TypeAlias = "Iterator[tuple[str, dict[str, Any]]]"
_PIECE = re.compile(r"\s*\S{1,8}")  # about a token of English prose
_FRAGMENT_CHARS = 9
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_STOP_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "end_turn",
    StopReason.length: "max_tokens",
    StopReason.tool_use: "tool_use",
    StopReason.content_filter: "content_filtered",
    StopReason.error: "malformed_model_output",
}


class Extras(NamedTuple):
    """What stands in an answer beside the message and why it ended.

    Attributes:
        latency_ms: How long the answer took.
        additional: `additionalModelResponseFields`, or None.
        echoed: Members that the service repeats from the request (service tier, performance).
    """

    latency_ms: int = 0
    additional: Mapping[str, Any] | None = None
    echoed: Mapping[str, Any] = {}  # never changed


def raw_stop_reason(response: Response[Any]) -> str:
    """The wire's word for why the answer ended."""
    return response.raw_stop_reason or _STOP_WORDS.get(response.stop_reason, response.stop_reason.value)


def wire_usage(usage: Usage) -> dict[str, Any]:
    """The counts in the wire's members; those of the cache only where the usage has them."""
    read, write, hour = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
    counts: dict[str, Any] = {
        "inputTokens": usage.input_tokens or 0,
        "outputTokens": usage.output_tokens or 0,
        "totalTokens": usage.total_tokens or 0,
    }
    if read is not None or write is not None or hour is not None:
        counts["cacheReadInputTokens"] = read or 0
        counts["cacheWriteInputTokens"] = (write or 0) + (hour or 0)
        details = [{"ttl": ttl, "inputTokens": tokens} for ttl, tokens in (("1h", hour), ("5m", write)) if tokens]
        if details:
            counts["cacheDetails"] = details
    return counts


def converse_body(response: Response[Any], extras: Extras) -> dict[str, Any]:
    """The body of a Converse answer."""
    content = [_writer(part).block(part) for part in response.message.parts]
    body: dict[str, Any] = {
        "metrics": {"latencyMs": extras.latency_ms},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": raw_stop_reason(response),
        "usage": wire_usage(response.usage),
        **extras.echoed,
    }
    if extras.additional is not None:
        body["additionalModelResponseFields"] = dict(extras.additional)
    return body


def stream_frames(response: Response[Any], extras: Extras) -> tuple[bytes, ...]:
    """The frames of a ConverseStream answer."""
    return tuple(_frame(kind, payload) for kind, payload in stream_events(response, extras))


def exception_frame(kind: str, message: str, extra: Mapping[str, Any] | None = None) -> bytes:
    """The frame by which a stream that had begun reports an error; `kind` is e.g. `throttlingException`."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return encode_frame(headers, _json({"message": message, **(extra or {})}))


def _frame(kind: str, payload: dict[str, Any]) -> bytes:
    """One event; `p` pads it, as the service does so that its length tells nothing."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    padding = _LETTERS[: 1 + len(_json(payload)) * 7 % len(_LETTERS)]
    return encode_frame(headers, _json({**payload, "p": padding}))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def stream_events(response: Response[Any], extras: Extras) -> _Events:
    """The events of a ConverseStream answer: kind and payload, in order."""
    yield "messageStart", {"role": "assistant"}
    for index, part in enumerate(response.message.parts):
        start, deltas = _writer(part).stream(part)
        if start is not None:
            yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
        for delta in deltas:
            yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
        yield "contentBlockStop", {"contentBlockIndex": index}
    stop: dict[str, Any] = {"stopReason": raw_stop_reason(response)}
    if extras.additional is not None:
        stop["additionalModelResponseFields"] = dict(extras.additional)
    yield "messageStop", stop
    metrics = {"latencyMs": extras.latency_ms}
    yield "metadata", {"usage": wire_usage(response.usage), "metrics": metrics, **extras.echoed}


def pieces(text: str) -> list[str]:
    """`text` in pieces about the size of a token; joined they are the text again."""
    found = _PIECE.findall(text)
    rest = text[sum(map(len, found)) :]
    if rest:
        found.append(rest)
    return found


_Stream: TypeAlias = "tuple[dict[str, Any] | None, list[Any]]"


class _Writer(NamedTuple):
    """How one kind of part is written: as a block, and as a start and its deltas."""

    block: Callable[[Any], dict[str, Any]]
    stream: Callable[[Any], _Stream]


def _writer(part: Part) -> _Writer:
    writer = _WRITERS.get(type(part))
    if writer is None:
        raise InvalidRequestError.of("reply", part, "made of Text, Thinking, ToolCall, Image (bytes) and Opaque")
    return writer


def _text_block(part: Text) -> dict[str, Any]:
    if not part.citations:
        return {"text": part.text}
    return {
        "citationsContent": {
            "content": [{"text": part.text}],
            "citations": [_citation(entry) for entry in part.citations],
        }
    }


def _text_stream(part: Text) -> _Stream:
    deltas: list[Any] = [{"text": piece} for piece in pieces(part.text)]
    return None, deltas + [{"citation": _citation(entry)} for entry in part.citations]


def _citation(citation: Citation) -> dict[str, Any]:
    if citation.raw:
        return dict(citation.raw)
    quoted = None if citation.cited_text is None else [{"text": citation.cited_text}]
    members = {"title": citation.title, "source": citation.source, "sourceContent": quoted}
    return {name: value for name, value in members.items() if value is not None}


def _thinking_block(part: Thinking) -> dict[str, Any]:
    if part.redacted is not None:
        return {"reasoningContent": {"redactedContent": part.redacted}}
    seal = {} if part.signature is None else {"signature": part.signature}
    return {"reasoningContent": {"reasoningText": {"text": part.text, **seal}}}


def _thinking_stream(part: Thinking) -> _Stream:
    if part.redacted is not None:
        return None, [{"reasoningContent": {"redactedContent": part.redacted}}]
    deltas: list[Any] = [{"reasoningContent": {"text": piece}} for piece in pieces(part.text)]
    if part.signature is not None:
        deltas.append({"reasoningContent": {"signature": part.signature}})
    return None, deltas


def _arguments(part: ToolCall) -> str:
    """The arguments as JSON text; unreadable ones as they are."""
    if part.arguments is None:
        return part.raw_arguments or ""
    return json.dumps(part.arguments, separators=(",", ":"), ensure_ascii=False)


def _call_block(part: ToolCall) -> dict[str, Any]:
    given = _arguments(part) if part.arguments is None else part.arguments
    return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": given}}


def _call_stream(part: ToolCall) -> _Stream:
    text = _arguments(part)
    if text == "{}":
        text = ""  # the service sends nothing for a call without arguments
    fragments = [text[start : start + _FRAGMENT_CHARS] for start in range(0, len(text), _FRAGMENT_CHARS)]
    start = {"toolUse": {"toolUseId": part.id, "name": part.name}}
    return start, [{"toolUse": {"input": fragment}} for fragment in fragments]


def _image(part: Image) -> tuple[str, str]:
    if not isinstance(part.source, bytes) or part.media_type is None:
        raise InvalidRequestError.of("reply", part, "made of images given as bytes with their media_type")
    return part.media_type.removeprefix("image/"), base64.b64encode(part.source).decode("ascii")


def _image_block(part: Image) -> dict[str, Any]:
    kind, data = _image(part)
    return {"image": {"format": kind, "source": {"bytes": data}}}


def _image_stream(part: Image) -> _Stream:
    kind, data = _image(part)
    return {"image": {"format": kind}}, [{"image": {"source": {"bytes": data}}}]


def _opaque_stream(part: Opaque) -> _Stream:
    """A server tool's call or result has a start of its own; anything else comes as one delta."""
    data = part.data
    if part.kind == "toolUse":
        text = json.dumps(data.get("input", {}), separators=(",", ":"), ensure_ascii=False)
        start = {name: value for name, value in data.items() if name != "input"}
        return {"toolUse": start}, [{"toolUse": {"input": text}}]
    if part.kind == "toolResult":
        start = {name: value for name, value in data.items() if name != "content"}
        return {"toolResult": start}, [{"toolResult": data.get("content", [])}]
    return None, [{part.kind: data}]


_WRITERS: Mapping[type, _Writer] = {
    Text: _Writer(_text_block, _text_stream),
    Thinking: _Writer(_thinking_block, _thinking_stream),
    ToolCall: _Writer(_call_block, _call_stream),
    Image: _Writer(_image_block, _image_stream),
    Opaque: _Writer(lambda part: {part.kind: part.data}, _opaque_stream),
}
