"""Errors of Ollama's API, as ours: the body of a refusal, and a line of a stream.

Here: which class a status means, and what the texts tell apart. Not here: headers (whoever carries the body). Called
by: decode.py, stream.py, and the codec that carries the body.
Follows: Ollama's API, `{"error": text}` and the status; there are no codes. Proxies before it answer in OpenAI's shape.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)

__all__ = ["error_of"]

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    429: RateLimitError,
    503: OverloadedError,
}
_IN_A_STREAM = 500  # what an error inside an answer would have been outside
_OVERFLOW = ("context length", "context window", "available context", "prompt too long", "prompt is too long")
_SPENT = ("usage limit",)  # of the hosted models, by the day or week: longer than any wait between two attempts


def error_of(data: Json, status: int | None = None) -> ProviderError:
    """The error that `{"error": ...}` says. Returned, not raised.

    Args:
        data: The body or line, read; anything else makes an error that says so.
        status: HTTP status; None inside a stream.
    """
    said = data.get("error") if data.__class__ is dict else None
    fields = said if said.__class__ is dict else {"message": said}
    words = fields.get("message")
    text = words.strip() if isinstance(words, str) else ""
    lowered, outside = text.lower(), _IN_A_STREAM if status is None else status
    kind = _BY_STATUS.get(outside) or (ServerError if outside >= _IN_A_STREAM else RejectedRequestError)
    if (kind is RejectedRequestError or status is None) and any(mark in lowered for mark in _OVERFLOW):
        kind = ContextWindowExceededError
    if kind is RateLimitError and any(mark in lowered for mark in _SPENT):
        kind = QuotaExceededError
    code = next((word for word in (fields.get("code"), fields.get("type")) if isinstance(word, str) and word), None)
    text = text or f"the service reported an error ({outside}) and said nothing more"
    made = kind(text, code=code, raw=data, status=outside)
    made.retryable = kind.default_retryable
    return made
