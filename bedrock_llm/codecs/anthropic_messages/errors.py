"""Errors of Anthropic's API, as ours: in a stream, and in the body of an answer that is not a success.

Here: which class an error's type means. Not here: headers and how long to wait (whoever carries the body), Bedrock's
own errors (shared/aws_errors.py). Called by: decode.py, stream.py, and the codec of Anthropic's own API.
Follows: https://docs.claude.com/en/api/errors; error codes as anthropic 2.11 has them.

Rule: the type decides, then the status; texts only tell apart what shares both.
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

# An error's type to its class, and to the status it has outside a stream.
_TYPES: Mapping[str, tuple[type[ProviderError], int]] = {
    "invalid_request_error": (RejectedRequestError, 400),
    "authentication_error": (AuthenticationError, 401),
    "billing_error": (QuotaExceededError, 402),
    "permission_error": (PermissionDeniedError, 403),
    "not_found_error": (NotFoundError, 404),
    "conflict_error": (RejectedRequestError, 409),
    "request_too_large": (RejectedRequestError, 413),
    "rate_limit_error": (RateLimitError, 429),
    "api_error": (ServerError, 500),
    "timeout_error": (ServerError, 504),
    "overloaded_error": (OverloadedError, 529),
}
_STATUSES: Mapping[int, type[ProviderError]] = {
    **{status: kind for kind, status in _TYPES.values()},
    408: ServerError,
    503: OverloadedError,
}
_ALWAYS_RETRYABLE = frozenset({408, 409})
# Limits on money: they last longer than any wait between two attempts.
_SPENT = frozenset(
    {
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "ramp_limit_exceeded",
    }
)
_OVERFLOW = ("prompt is too long", "exceed context limit", "exceeds the context window", "context window exceeded")
_NO_MONEY = "credit balance is too low"


def error_of(data: Json, status: int | None = None) -> ProviderError:
    """The error that `{"type": "error", "error": {"type", "message", "details"?}}` says. Returned, not raised.

    Args:
        data: The body or event, read; anything else makes an error that says so.
        status: HTTP status; None inside a stream, where it is what the same error has outside.
    """
    fields = data if data.__class__ is dict else {}
    said = fields.get("error")
    error: Mapping[str, Json] = said if said.__class__ is dict else {}
    code = error["type"] if isinstance(error.get("type"), str) else None
    known = _TYPES.get(code or "")
    status = (known[1] if known else 500) if status is None else status
    kind = known[0] if known else _by_status(status)
    text = error["message"] if isinstance(error.get("message"), str) else ""
    kind = _refined(kind, text, error.get("details"))
    retryable = True if status in _ALWAYS_RETRYABLE else kind.default_retryable
    made = kind(
        text.strip() or f"the service reported an error ({code or status}) and said nothing more",
        code=code,
        raw=data,
        status=status,
        retryable=retryable,
    )
    request_id = fields.get("request_id")
    made.request_id = request_id if isinstance(request_id, str) else None
    return made


def _by_status(status: int) -> type[ProviderError]:
    return _STATUSES.get(status) or (ServerError if status >= 500 else RejectedRequestError)


def _refined(kind: type[ProviderError], text: str, details: Json) -> type[ProviderError]:
    lowered = text.lower()
    if kind is RejectedRequestError and any(words in lowered for words in _OVERFLOW):
        return ContextWindowExceededError
    if kind is RejectedRequestError and _NO_MONEY in lowered:
        return QuotaExceededError
    spent = details.__class__ is dict and details.get("error_code") in _SPENT
    return QuotaExceededError if kind is RateLimitError and spent else kind
