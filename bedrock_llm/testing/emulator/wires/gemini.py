"""Google's Gemini API, as the emulator speaks it.

Here: what stands around a generateContent body: ids, events, errors. Not here: the body (bodies/gemini). Called by:
table.
Follows: https://ai.google.dev/api/generate-content, https://google.aip.dev/193; the words are recorded ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.faults import BROKE, Fault, FaultKind
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal
from bedrock_llm.testing.emulator.wires.base import Envelope, Wire, compact

__all__ = ["GeminiArrayWire", "GeminiWire"]

_STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_DETAIL = "type.googleapis.com/google.rpc."
_OVERLOADED = "The model is overloaded. Please try again later."


class GeminiWire(Wire):
    """generateContent, its stream as server-sent events, and countTokens."""

    provider = "google"
    body = "gemini"
    carried = frozenset()
    statuses: ClassVar[Mapping[int, int]] = {424: 500, 529: 503}
    faults: ClassVar[Mapping[FaultKind, tuple[int, str]]] = {
        "throttle": (429, "Resource exhausted. Please try again later."),
        "server_error": (500, "An internal error has occurred. Please retry."),
        "overloaded": (503, _OVERLOADED),
        "not_ready": (503, _OVERLOADED),
        "expired_token": (401, "Request had invalid authentication credentials. Expected OAuth 2 access token."),
        "access_denied": (403, "The caller does not have permission"),
        "not_found": (404, "The model is not found for API version v1beta, or is not supported for generateContent."),
    }
    says = re.compile(rb'"parts":\[\{(?!"text":""\})')

    def check_key(self, received: Received, api_key: str) -> None:
        """As elsewhere, and in the address."""
        in_address = dict(parse_qsl(received.query)).get("key")
        if in_address is not None:
            received = Received("POST", received.path, "", (*received.headers, ("x-goog-api-key", in_address)))
        super().check_key(received, api_key)

    def stranger(self, key: str | None) -> Refusal:
        """A key that is wrong is an argument that is; without one nobody is known, and so nothing allowed."""
        if key is None:
            words = "Method doesn't allow unregistered callers (callers without established identity)."
            return Refusal(
                "", f"{words} Please use API Key or other form of API consumer identity to call this API.", 403
            )
        reason = {"@type": f"{_DETAIL}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        words = "API key not valid. Please pass a valid API key."
        return Refusal("", words, 400, extra={"details": [reason]})

    def read(self, body: Object, config: ModelConfig, received: Received, *, stream: bool) -> Request:
        """countTokens may hold the request it asks about, instead of its contents."""
        inner = body.get("generateContentRequest")
        if received.path.endswith(":countTokens") and isinstance(inner, dict):
            body = {name: value for name, value in inner.items() if name != "model"}
        return super().read(body, config, received, stream=stream)

    def too_long(self, tokens: int, limit: int) -> Refusal:
        words = f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({limit})."
        return Refusal("", words, 400)

    def counted(self, tokens: int) -> dict[str, Any]:
        return {"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]}

    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        return {**made, "modelVersion": envelope.model, "responseId": envelope.identity[:22]}

    def frame(self, event: dict[str, Any]) -> bytes:
        return b"data: " + compact(event) + b"\r\n\r\n"

    def error(self, refusal: Refusal, identity: str) -> dict[str, Any]:
        del identity
        word = _STATUSES.get(refusal.status) or _STATUSES[500 if refusal.status >= 500 else 400]
        return {"error": {"code": refusal.status, "message": refusal.message, "status": word, **refusal.extra}}

    def _fault(self, fault: Fault) -> Answer:
        """How long to wait stands in the body."""
        status, message = self.faults[fault.kind]
        wait = fault.retry_after_s
        asked = [] if wait is None else [{"@type": f"{_DETAIL}RetryInfo", "retryDelay": f"{wait:g}s"}]
        return self.refused(Refusal("", message, status, extra={"details": asked} if asked else {}))


class GeminiArrayWire(GeminiWire):
    """Its stream as one array, whose entries come one after the other."""

    def streamed(self, response: Response[Any], envelope: Envelope, delay_s: float) -> Answer:
        answer = super().streamed(response, envelope, delay_s)
        return answer.with_(headers={**answer.headers, "content-type": "application/json; charset=UTF-8"})

    def frames(self, events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
        """The first entry opens the array, a last chunk closes it."""
        for number, event in enumerate(events):
            yield (b",\r\n" if number else b"[") + compact(event)
        yield b"]\n"

    def broken(self, begun: tuple[bytes, ...]) -> bytes:
        return (b",\r\n" if begun else b"[") + compact(self.error(Refusal("", BROKE, 500), "")) + b"]\n"
