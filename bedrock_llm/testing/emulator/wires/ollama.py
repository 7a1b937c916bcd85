"""Ollama's chat, as the emulator speaks it.

Here: what stands around its body: times, lines, errors. Not here: the body (bodies/ollama_chat). Called by: table.
Follows: Ollama's API, `POST /api/chat`; the words are recorded ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import gmtime, strftime
from typing import Any, ClassVar

from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.faults import FaultKind
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal
from bedrock_llm.testing.emulator.wires.base import Envelope, Wire, compact

__all__ = ["OllamaWire"]

_BUSY = "server busy, please try again.  maximum pending requests exceeded"


class OllamaWire(Wire):
    """Chat, in lines of JSON. It streams unless it is told not to, and answers everybody."""

    provider = "ollama"
    body = "ollama_chat"
    statuses: ClassVar[Mapping[int, int]] = {424: 500, 529: 503}
    faults: ClassVar[Mapping[FaultKind, tuple[int, str]]] = {
        "throttle": (429, "too many concurrent requests"),
        "server_error": (500, "llama runner process has terminated"),
        "overloaded": (503, _BUSY),
        "not_ready": (503, _BUSY),
        "expired_token": (401, "unauthorized"),
        "access_denied": (403, "this model requires a subscription, upgrade for access"),
        "not_found": (404, "model not found"),
    }
    says = re.compile(rb'"done":false')

    def check_key(self, received: Received, api_key: str) -> None:
        """A server of one's own asks for no key; one that is given is looked at."""
        if received.header("authorization") is not None:
            super().check_key(received, api_key)

    def stranger(self, key: str | None) -> Refusal:
        del key
        return Refusal("", "unauthorized", 401)

    def wants_stream(self, body: Object) -> bool:
        return body.get("stream") is not False

    def too_long(self, tokens: int, limit: int) -> Refusal:
        return Refusal("", f"prompt is too long: {tokens} tokens, and the context length is {limit}", 400)

    def counted(self, tokens: int) -> dict[str, Any]:
        return {"prompt_eval_count": tokens}

    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        created = strftime("%Y-%m-%dT%H:%M:%S.000000Z", gmtime(envelope.created_s))
        return {**made, "model": envelope.model, "created_at": created}

    def streamed(self, response: Response[Any], envelope: Envelope, delay_s: float) -> Answer:
        answer = super().streamed(response, envelope, delay_s)
        return answer.with_(headers={**answer.headers, "content-type": "application/x-ndjson"})

    def frame(self, event: dict[str, Any]) -> bytes:
        return compact(event) + b"\n"

    def error(self, refusal: Refusal, identity: str) -> dict[str, Any]:
        del identity
        return {"error": refusal.message}
