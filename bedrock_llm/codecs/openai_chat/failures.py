"""An error that came as an answer: an object with `error`, whole or inside a stream.

Here: which class its code, type or number means. Not here: HTTP statuses (the carrier's). Called by: decode.py,
stream.py.
Follows: OpenAI's error object; others put an HTTP status into `code`.

Rule: the code decides first, then the type, then a number that is a status; texts only tell apart what shares them.
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

__all__ = ["failure_of"]

_BY_WORD: Mapping[str, type[ProviderError]] = {
    "insufficient_quota": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "credit_balance_exhausted": QuotaExceededError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_error": RateLimitError,
    "too_many_requests": RateLimitError,
    "context_length_exceeded": ContextWindowExceededError,
    "invalid_request_error": RejectedRequestError,
    "invalid_api_key": AuthenticationError,
    "authentication_error": AuthenticationError,
    "permission_error": PermissionDeniedError,
    "permission_denied": PermissionDeniedError,
    "model_not_found": NotFoundError,
    "not_found_error": NotFoundError,
    "overloaded_error": OverloadedError,
    "service_unavailable": OverloadedError,
    "server_error": ServerError,
    "internal_server_error": ServerError,
}
_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,
}
_SPENT = "_spend_limit_exceeded"
_OVERFLOW = (
    "maximum context length",
    "context_length_exceeded",
    "context window",
    "prompt is too long",
    "too long for",
)


def failure_of(error: Json) -> ProviderError:
    """The error of the object (or text) under `error`. Returned, not raised."""
    fields = error if isinstance(error, Mapping) else {"message": error}
    said = fields.get("message")
    text = said if isinstance(said, str) and said.strip() else f"the service reported an error: {error!r}"
    code, kind = fields.get("code"), fields.get("type")
    status = _status(code)
    made = _class_of(code, kind, status)
    if made is RejectedRequestError and any(words in text.lower() for words in _OVERFLOW):
        made = ContextWindowExceededError
    word = next((str(entry) for entry in (code, kind) if isinstance(entry, (str, int)) and entry != ""), None)
    failure = made(text, code=word, status=status, raw=error)
    failure.retryable = made.default_retryable
    return failure


def _status(code: Json) -> int | None:
    """A code that is an HTTP status, as a number or in digits."""
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code)
    return code if code.__class__ is int and 400 <= code <= 599 else None


def _class_of(code: Json, kind: Json, status: int | None) -> type[ProviderError]:
    for word in (code, kind):
        if isinstance(word, str):
            found = QuotaExceededError if word.endswith(_SPENT) else _BY_WORD.get(word.lower())
            if found is not None:
                return found
    if status is None or status >= 500:
        return _BY_STATUS.get(status or 0, ServerError)
    return _BY_STATUS.get(status, RejectedRequestError)
