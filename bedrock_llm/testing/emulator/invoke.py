"""InvokeModel and its stream: a native body read, and an answer written in it.

Here: what the operation itself says and adds: headers, counts, the frames around a model's own objects. Not here: the
bodies (bodies/), which answer (answer.py, script.py), the order of the steps (service.py). Called by: service.
Follows: the service model `bedrock-runtime/2023-09-30`, InvokeModel and InvokeModelWithResponseStream.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from jiter import from_json

from bedrock_llm.config import ModelConfig
from bedrock_llm.framing.aws_eventstream import encode_frame
from bedrock_llm.request import Request
from bedrock_llm.response import Response, Usage
from bedrock_llm.testing.emulator.native import NativeBody
from bedrock_llm.testing.emulator.validate import Invalid
from bedrock_llm.testing.emulator.wire import Answer, Received, json_answer

__all__ = ["chunk_frames", "echoed_headers", "invoke_answer", "native_of", "with_headers"]

_PREFIX = "x-amzn-bedrock-"
_TIERS = ("priority", "default", "flex", "reserved")
_LATENCIES = ("standard", "optimized")
_TRACES = ("ENABLED", "DISABLED", "ENABLED_FULL")
_GUARDRAIL_BODY = "amazon-bedrock-guardrailConfig"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def native_of(config: ModelConfig) -> NativeBody:
    """The body of a model.

    Raises:
        Invalid: Nothing is known of it.
    """
    name = (config.feature("native") or {}).get("body")
    if name is None:
        raise Invalid("The provided model identifier is invalid.")
    body: NativeBody = import_module(f"bedrock_llm.testing.emulator.bodies.{name}").BODY
    return body


def with_headers(request: Request, received: Received, body: Mapping[str, Any]) -> Request:
    """The request with what its headers say.

    Raises:
        Invalid: They say what the service refuses.
    """
    said: dict[str, Any] = {}
    guardrail = _guardrail(received)
    if guardrail is None and _GUARDRAIL_BODY in body:
        raise Invalid(f"{_GUARDRAIL_BODY} requires the guardrail headers to be present in the request.")
    tier, latency = received.header(_PREFIX + "service-tier"), received.header(_PREFIX + "performanceconfig-latency")
    for name, value, words in (("service_tier", tier, _TIERS), ("latency", latency, _LATENCIES)):
        if value is not None and value not in words:
            raise Invalid(f"Value '{value}' failed to satisfy constraint: Member must satisfy enum value set: {words}")
        said[name] = value
    metadata = received.header(_PREFIX + "request-metadata")
    try:
        said["metadata"] = None if metadata is None else from_json(metadata.encode())
    except ValueError as error:
        raise Invalid(f"The request metadata is not JSON: {error}") from error
    return request.with_(guardrail=guardrail, **said)


def _guardrail(received: Received) -> dict[str, str] | None:
    names = {"identifier": "guardrailidentifier", "version": "guardrailversion", "trace": "trace"}
    found = {ours: value for ours, theirs in names.items() if (value := received.header(_PREFIX + theirs)) is not None}
    trace = found.pop("trace", None)
    if trace is not None and trace not in _TRACES:
        raise Invalid(f"Value '{trace}' at 'trace' failed to satisfy constraint: one of {', '.join(_TRACES)}")
    if len(found) == 1:
        raise Invalid("The guardrail identifier and version must both be provided.")
    return None if not found else {**found, **({} if trace is None else {"trace": trace.lower()})}


def echoed_headers(received: Received) -> dict[str, str]:
    """What the answer's headers repeat."""
    names = (_PREFIX + "service-tier", _PREFIX + "performanceconfig-latency")
    return {name: value for name in names if (value := received.header(name)) is not None}


def invoke_answer(body: Mapping[str, Any], usage: Usage, took_ms: int, echoed: Mapping[str, str]) -> Answer:
    """A whole answer, its counts in headers too."""
    counts = _counts(usage)
    headers = {f"{_PREFIX}{_HEADERS[name]}": str(value) for name, value in counts.items()}
    return json_answer(body, headers={**headers, f"{_PREFIX}invocation-latency": str(took_ms), **echoed})


def chunk_frames(objects: Iterator[dict[str, Any]], response: Response[Any], took_ms: int) -> tuple[bytes, ...]:
    """A model's objects as frames; the last one carries the service's own count."""
    made = list(objects)
    counts = {**_counts(response.usage), "invocationLatency": took_ms, "firstByteLatency": took_ms}
    made[-1] = {**made[-1], "amazon-bedrock-invocationMetrics": counts}
    return tuple(map(_frame, made))


_HEADERS: Mapping[str, str] = {
    "inputTokenCount": "input-token-count",
    "outputTokenCount": "output-token-count",
    "cacheReadInputTokenCount": "cache-read-input-token-count",
    "cacheWriteInputTokenCount": "cache-write-input-token-count",
}


def _counts(usage: Usage) -> dict[str, int]:
    counts = {"inputTokenCount": usage.input_tokens or 0, "outputTokenCount": usage.output_tokens or 0}
    if usage.cache_read_tokens:
        counts["cacheReadInputTokenCount"] = usage.cache_read_tokens
    if usage.cache_write_tokens or usage.cache_write_1h_tokens:
        counts["cacheWriteInputTokenCount"] = (usage.cache_write_tokens or 0) + (usage.cache_write_1h_tokens or 0)
    return counts


def _frame(payload: dict[str, Any]) -> bytes:
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    padding = _LETTERS[: 1 + len(text) * 7 % len(_LETTERS)]
    wrapped = {"bytes": base64.b64encode(text).decode("ascii"), "p": padding}
    return encode_frame(headers, json.dumps(wrapped, separators=(",", ":")).encode())
