"""OpenAI's APIs, as the emulator speaks them: chat completions and responses.

Here: what stands around their bodies: ids, times, events, errors. Not here: the bodies (bodies/openai_chat,
bodies/openai_responses). Called by: table.
Follows: https://platform.openai.com/docs/api-reference and /docs/guides/error-codes; the words are recorded ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from bedrock_llm.testing.emulator.faults import BROKE, FaultKind
from bedrock_llm.testing.emulator.wire import Refusal
from bedrock_llm.testing.emulator.wires.base import Envelope, Wire, named_frame

__all__ = ["ChatWire", "ResponsesWire"]

_INVALID = "invalid_request_error"
# A status to the type and the code that stand in the error.
_WORDS: Mapping[int, tuple[str, str | None]] = {
    400: (_INVALID, None),
    401: (_INVALID, "invalid_api_key"),
    403: (_INVALID, "missing_scope"),
    404: (_INVALID, "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("service_unavailable_error", "server_is_overloaded"),
}
_SORRY = "The server had an error while processing your request. Sorry about that!"
_OVERLOADED = "Our servers are currently overloaded. Please try again later."
_SHOWN_CHARS = 4


class _OpenAIWire(Wire):
    """What both have in common."""

    provider = "openai"
    statuses: ClassVar[Mapping[int, int]] = {424: 500, 529: 503}
    faults: ClassVar[Mapping[FaultKind, tuple[int, str]]] = {
        "throttle": (429, "Rate limit reached for requests per min (RPM). Visit your rate limits to learn more."),
        "server_error": (500, _SORRY),
        "overloaded": (503, _OVERLOADED),
        "not_ready": (503, _OVERLOADED),
        "expired_token": (401, "Your authentication token has expired. Please try signing in again."),
        "access_denied": (403, "You have insufficient permissions for this operation. Missing scopes: model.request."),
        "not_found": (404, "The requested model does not exist or you do not have access to it."),
    }

    def stranger(self, key: str | None) -> Refusal:
        if key is None:
            words = "You didn't provide an API key. You need to provide your API key in an Authorization header."
            return Refusal("no_api_key", words, 401)
        shown = f"{key[:_SHOWN_CHARS]}***"
        where = "You can find your API key at https://platform.openai.com/account/api-keys."
        return Refusal("invalid_api_key", f"Incorrect API key provided: {shown}. {where}", 401)

    def too_long(self, tokens: int, limit: int) -> Refusal:
        words = (
            f"This model's maximum context length is {limit} tokens. However, your messages resulted in {tokens} tokens"
        )
        return Refusal("context_length_exceeded", f"{words}. Please reduce the length of the messages.", 400)

    def counted(self, tokens: int) -> dict[str, Any]:
        return {"object": "response.input_tokens", "input_tokens": tokens}

    def waiting(self, wait_s: float) -> dict[str, str]:
        return {**super().waiting(wait_s), "retry-after-ms": f"{wait_s * 1000:g}"}

    def named(self, identity: str) -> dict[str, str]:
        return {"x-request-id": f"req_{identity}", "openai-processing-ms": "1", "openai-version": "2020-10-01"}

    def limits(self, now_s: int) -> dict[str, str]:
        del now_s
        made: dict[str, str] = {}
        for name, limit in (("requests", 30_000), ("tokens", 150_000_000)):
            prefix = "x-ratelimit"
            made |= {f"{prefix}-limit-{name}": str(limit), f"{prefix}-remaining-{name}": str(limit - 1)}
            made[f"{prefix}-reset-{name}"] = "2ms"
        return made

    def error(self, refusal: Refusal, identity: str) -> dict[str, Any]:
        del identity
        kind, code = _WORDS.get(refusal.status) or _WORDS[500 if refusal.status >= 500 else 400]
        said = {"message": refusal.message, "type": kind, "param": None, "code": refusal.code or code}
        return {"error": said}


class ChatWire(_OpenAIWire):
    """Chat completions."""

    body = "openai_chat"
    carried = frozenset({"model", "stream", "stream_options"})
    says = re.compile(rb'"delta":\{"(content|reasoning_content|tool_calls)":')

    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        identity = f"chatcmpl-{envelope.identity[:29]}"
        return {
            **made,
            "id": identity,
            "created": envelope.created_s,
            "model": envelope.model,
            "service_tier": "default",
        }

    def events(self, objects: Iterable[dict[str, Any]], envelope: Envelope) -> Iterator[dict[str, Any]]:
        """The count is told where it was asked for."""
        counts = bool((envelope.body.get("stream_options") or {}).get("include_usage"))
        for made in objects:
            if counts:
                yield self.dressed(made, envelope)
            elif made["choices"]:
                yield self.dressed({name: value for name, value in made.items() if name != "usage"}, envelope)

    def frames(self, events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
        yield from super().frames(events)
        yield b"data: [DONE]\n\n"


class ResponsesWire(_OpenAIWire):
    """Responses, and the count of their tokens."""

    body = "openai_responses"
    says = re.compile(rb'"type":"response\.[a-z_]+(\.[a-z_]+)?\.delta"')

    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        identity = f"resp_{envelope.identity}"
        return {**made, "id": identity, "created_at": envelope.created_s, "model": envelope.model}

    def events(self, objects: Iterable[dict[str, Any]], envelope: Envelope) -> Iterator[dict[str, Any]]:
        for number, made in enumerate(objects):
            told = {**made, "response": self.dressed(made["response"], envelope)} if "response" in made else made
            yield {**told, "sequence_number": number}

    def frame(self, event: dict[str, Any]) -> bytes:
        return named_frame(event)

    def broken(self, begun: tuple[bytes, ...]) -> bytes:
        said = {"type": "error", "code": "server_error", "message": BROKE, "param": None}
        return self.frame({**said, "sequence_number": len(begun)})
