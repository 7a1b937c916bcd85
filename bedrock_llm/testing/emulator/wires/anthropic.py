"""Anthropic's Messages API, as the emulator speaks it.

Here: what stands around a Messages body: versions, ids, events, errors. Not here: the body (bodies/anthropic_messages).
Called by: table.
Follows: https://docs.claude.com/en/api/messages, /errors, /rate-limits, /streaming; the words are recorded ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from time import gmtime, strftime
from typing import Any, ClassVar

from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.bodies.anthropic_messages.direct import check_direct
from bedrock_llm.testing.emulator.faults import FaultKind
from bedrock_llm.testing.emulator.native import NativeBody, Object
from bedrock_llm.testing.emulator.validate import Invalid
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal
from bedrock_llm.testing.emulator.wires.base import Envelope, Wire, named_frame

__all__ = ["AnthropicWire"]

_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_RETRIED = frozenset({408, 409, 429})
_VERSIONS = ("2023-06-01", "2026-10-21")
_LIMITS: Mapping[str, int] = {"requests": 4000, "tokens": 480000, "input-tokens": 400000, "output-tokens": 80000}


class AnthropicWire(Wire):
    """Messages, and the count of their tokens."""

    provider = "anthropic"
    body = "anthropic_messages"
    statuses: ClassVar[Mapping[int, int]] = {424: 500, 503: 529}
    faults: ClassVar[Mapping[FaultKind, tuple[int, str]]] = {
        "throttle": (429, "This request would exceed your organization's rate limit. Please try again later."),
        "server_error": (500, "Internal server error"),
        "overloaded": (529, "Overloaded"),
        "not_ready": (529, "Overloaded"),
        "expired_token": (401, "OAuth token has expired. Please obtain a new token or refresh your existing token."),
        "access_denied": (403, "Your API key does not have permission to use the specified resource."),
        "not_found": (404, "model: not found"),
    }
    says = re.compile(rb'"type":"content_block_delta"')
    knows_stop_sequences = True

    def stranger(self, key: str | None) -> Refusal:
        return Refusal("", "x-api-key header is required" if key is None else "invalid x-api-key", 401)

    def model_of(self, body: Object) -> str:
        if body.get("model") is None:
            raise Invalid("model: Field required")
        return super().model_of(body)

    def check(self, native: NativeBody, said: Object, config: ModelConfig, received: Received, *, stream: bool) -> None:
        del native, stream
        version = received.header("anthropic-version")
        if version is None:
            raise Invalid("anthropic-version: header is required")
        if version not in _VERSIONS:
            raise Invalid(f'anthropic-version: "{version}" is not a valid version')
        counts = received.path.endswith("/count_tokens")
        check_direct({"max_tokens": 1, **said} if counts else said, config, newer=version == _VERSIONS[1])

    def counted(self, tokens: int) -> dict[str, Any]:
        return {"input_tokens": tokens}

    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        return {**made, "model": envelope.model, "id": f"msg_01{envelope.identity[:22]}"}

    def events(self, objects: Iterable[dict[str, Any]], envelope: Envelope) -> Iterator[dict[str, Any]]:
        """With a ping behind the first block's start, where the service has one too."""
        pinged = False
        for made in objects:
            if made["type"] == "message_start":
                yield {**made, "message": self.dressed(made["message"], envelope)}
                continue
            yield made
            if made["type"] == "content_block_start" and not pinged:
                pinged = True
                yield {"type": "ping"}

    def frame(self, event: dict[str, Any]) -> bytes:
        return named_frame(event)

    def named(self, identity: str) -> dict[str, str]:
        return {"request-id": f"req_01{identity[:22]}"}

    def limits(self, now_s: int) -> dict[str, str]:
        made: dict[str, str] = {}
        reset = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now_s))
        for name, limit in _LIMITS.items():
            prefix = f"anthropic-ratelimit-{name}"
            made |= {f"{prefix}-limit": str(limit), f"{prefix}-remaining": str(limit - 1), f"{prefix}-reset": reset}
        return made

    def refused(self, refusal: Refusal) -> Answer:
        answer = super().refused(refusal)
        again = "true" if answer.status >= 500 or answer.status in _RETRIED else "false"
        return answer.with_(headers={**answer.headers, "x-should-retry": again})

    def error(self, refusal: Refusal, identity: str) -> dict[str, Any]:
        kind = _TYPES.get(refusal.status) or ("api_error" if refusal.status >= 500 else _TYPES[400])
        said = {"type": kind, "message": refusal.message}
        return {"type": "error", "error": said, "request_id": f"req_01{identity[:22]}"}
