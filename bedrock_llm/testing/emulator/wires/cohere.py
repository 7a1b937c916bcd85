"""Cohere's chat of version 2, as the emulator speaks it.

Here: what stands around its body: ids, events, errors. Not here: the body (bodies/cohere_v2). Called by: table.
Follows: https://docs.cohere.com/reference/chat and /errors; the words are recorded ones.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from bedrock_llm.testing.emulator.faults import BROKE, FaultKind
from bedrock_llm.testing.emulator.wire import Refusal
from bedrock_llm.testing.emulator.wires.base import Envelope, Wire, named_frame

__all__ = ["CohereWire"]

_OVERLOADED = "The service is temporarily unavailable. Please try again later."
_STRANGER = "no api key supplied"


class CohereWire(Wire):
    """Chat. There are no codes: a status, and words."""

    provider = "cohere"
    body = "cohere_v2"
    statuses: ClassVar[Mapping[int, int]] = {424: 500, 529: 503}
    faults: ClassVar[Mapping[FaultKind, tuple[int, str]]] = {
        "throttle": (429, "You are past the per minute request limit, please wait and try again later."),
        "server_error": (500, "internal server error, this has been reported to our developers."),
        "overloaded": (503, _OVERLOADED),
        "not_ready": (503, _OVERLOADED),
        "expired_token": (401, "invalid api token"),
        "access_denied": (403, "This key is not allowed to use the model."),
        "not_found": (404, "model not found, make sure the correct model ID was used and that you have access to it."),
    }
    says = re.compile(rb'"type":"(content|tool-plan|tool-call)-delta"')

    def stranger(self, key: str | None) -> Refusal:
        where = "You can find your API key at https://dashboard.cohere.com/api-keys."
        return Refusal("", _STRANGER if key is None else f"Incorrect API key provided: ***. {where}", 401)

    def too_long(self, tokens: int, limit: int) -> Refusal:
        words = f"too many tokens: size limit exceeded by {tokens - limit} tokens."
        return Refusal("", f"{words} Try using shorter or fewer inputs, or use a model with a larger window.", 400)

    def counted(self, tokens: int) -> dict[str, Any]:
        return {"tokens": tokens}

    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        return {**made, "id": str(uuid.UUID(envelope.identity))} if "id" in made else made

    def frame(self, event: dict[str, Any]) -> bytes:
        return named_frame(event)

    def error(self, refusal: Refusal, identity: str) -> dict[str, Any]:
        return {"id": str(uuid.UUID(identity)), "message": refusal.message}

    def broken(self, begun: tuple[bytes, ...]) -> bytes:
        del begun
        return self.frame({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": BROKE}})
