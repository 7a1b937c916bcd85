"""What InvokeModel says beside the body: request headers, and what the answer's headers count.

Here: the two tables. Called by: codec.py.
Follows: the service model `bedrock-runtime/2023-09-30`, InvokeModelRequest and InvokeModelResponse. The counts of
tokens are sent, but not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.codecs.shared.aws_names import JSON_TYPE
from bedrock_llm.codecs.shared.reading import Json, count
from bedrock_llm.codecs.shared.service import check_guardrail, checked_metadata
from bedrock_llm.codecs.shared.writing import to_json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.request import Request
from bedrock_llm.response import Usage

__all__ = ["counted", "counted_in_headers", "headers_of", "served"]

_WHOLE: Mapping[str, str] = {"content-type": JSON_TYPE, "accept": JSON_TYPE}
_STREAMED: Mapping[str, str] = {"content-type": JSON_TYPE, "x-amzn-bedrock-accept": JSON_TYPE}
_MAX_METADATA_CHARS = 8500

_COUNTS = {
    "x-amzn-bedrock-input-token-count": "inputTokenCount",
    "x-amzn-bedrock-output-token-count": "outputTokenCount",
    "x-amzn-bedrock-cache-read-input-token-count": "cacheReadInputTokenCount",
    "x-amzn-bedrock-cache-write-input-token-count": "cacheWriteInputTokenCount",
}
_SERVED = {
    "x-amzn-bedrock-service-tier": "serviceTier",
    "x-amzn-bedrock-performanceconfig-latency": "latency",
}


def headers_of(request: Request, *, stream: bool) -> Mapping[str, str]:
    """The headers of a prepared request, names in lower case.

    Raises:
        InvalidRequestError: The guardrail or the metadata cannot be sent.
    """
    plain = _STREAMED if stream else _WHOLE
    guardrail, metadata = request.get("guardrail"), request.get("metadata")
    tier, latency = request.get("service_tier"), request.get("latency")
    if guardrail is None and metadata is None and tier is None and latency is None:
        return plain
    made = dict(plain)
    if guardrail is not None:
        check_guardrail(guardrail)
        made["x-amzn-bedrock-guardrailidentifier"] = guardrail["identifier"]
        made["x-amzn-bedrock-guardrailversion"] = guardrail["version"]
        if "trace" in guardrail:
            made["x-amzn-bedrock-trace"] = guardrail["trace"].upper()
    if latency is not None:
        made["x-amzn-bedrock-performanceconfig-latency"] = latency
    if tier is not None:
        made["x-amzn-bedrock-service-tier"] = tier
    if metadata:
        text = to_json(checked_metadata(metadata))
        if len(text) > _MAX_METADATA_CHARS:
            raise InvalidRequestError.of("metadata", f"{len(text)} characters", f"{_MAX_METADATA_CHARS} characters")
        made["x-amzn-bedrock-request-metadata"] = text
    return made


def counted(counts: Mapping[str, Json]) -> Usage | None:
    """The usage that the service counted itself (`inputTokenCount` ...), or None where it says nothing of tokens."""
    given, taken = count(counts.get("inputTokenCount")), count(counts.get("outputTokenCount"))
    if given is None and taken is None:
        return None
    read, written = count(counts.get("cacheReadInputTokenCount", 0)), count(counts.get("cacheWriteInputTokenCount", 0))
    return Usage(given, read, written, 0, taken)


def counted_in_headers(headers: Mapping[str, str]) -> Usage | None:
    """The same, of an answer's headers (names in lower case)."""
    found = {member: headers[name] for name, member in _COUNTS.items() if name in headers}
    return counted({member: int(text) for member, text in found.items() if text.isascii() and text.isdigit()})


def served(headers: Mapping[str, str]) -> dict[str, Json]:
    """The tier and the latency that the answer's headers repeat, by the names `raw` has them under."""
    return {member: headers[name] for name, member in _SERVED.items() if name in headers}
