"""Errors of Google's API, as ours: in the body of an answer that is not a success, in a success, and in a stream.

Here: which class an error's status means, and how long it asks to wait. Not here: headers (whoever carries the body).
Called by: decode.py, stream.py, and whoever carries the body.
Follows: https://google.aip.dev/193 and google.rpc's error details: ErrorInfo, QuotaFailure, RetryInfo.

Rule: the reason in the details decides, then the status' word, then the HTTP status; texts only tell apart what shares
all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bedrock_llm.codecs.shared.http_errors import class_of_status
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

# The word of a status to its class, and to the HTTP status that it has outside a stream.
_WORDS: Mapping[str, tuple[type[ProviderError], int]] = {
    "INVALID_ARGUMENT": (RejectedRequestError, 400),
    "FAILED_PRECONDITION": (RejectedRequestError, 400),
    "OUT_OF_RANGE": (RejectedRequestError, 400),
    "UNAUTHENTICATED": (AuthenticationError, 401),
    "PERMISSION_DENIED": (PermissionDeniedError, 403),
    "NOT_FOUND": (NotFoundError, 404),
    "ABORTED": (ServerError, 409),
    "ALREADY_EXISTS": (RejectedRequestError, 409),
    "RESOURCE_EXHAUSTED": (RateLimitError, 429),
    "CANCELLED": (ServerError, 499),
    "UNKNOWN": (ServerError, 500),
    "INTERNAL": (ServerError, 500),
    "DATA_LOSS": (ServerError, 500),
    "UNIMPLEMENTED": (RejectedRequestError, 501),
    "UNAVAILABLE": (OverloadedError, 503),
    "DEADLINE_EXCEEDED": (ServerError, 504),
}
_REASONS: Mapping[str, type[ProviderError]] = {
    "API_KEY_INVALID": AuthenticationError,
    "API_KEY_EXPIRED": AuthenticationError,
    "ACCESS_TOKEN_EXPIRED": AuthenticationError,
    "CREDENTIALS_MISSING": AuthenticationError,
    "API_KEY_SERVICE_BLOCKED": PermissionDeniedError,
    "BILLING_DISABLED": PermissionDeniedError,
}
_BAD_KEY = ("api key not valid", "api key expired", "api_key_invalid")
_OVERFLOW = ("exceeds the maximum number of tokens", "input context is too long", "exceeds the context window")
# A quota for a day comes back tomorrow, one of nothing never: no wait of seconds helps.
_SPENT = re.compile(r"per[ _]?day|daily|limit: 0\b|spend(ing)? cap|prepayment credits", re.IGNORECASE)
_IN_WORDS = re.compile(r"retry in ([0-9]{1,6}(?:\.[0-9]{1,9})?)s")
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)s")


def error_of(data: Json, status: int | None = None) -> ProviderError:
    """The error that `{"error": {"code", "message", "status", "details"?}}` says, also inside a list.

    Args:
        data: The body or event, read; anything else makes an error that says so.
        status: HTTP status; None inside a stream, where it is what the error itself says.

    Returns:
        The error, not raised.
    """
    error = _error_in(data)
    code = error["status"] if isinstance(error.get("status"), str) and error["status"] else None
    known = _WORDS.get(code or "")
    if status is None or status < 400:
        status = _http_status(error.get("code")) or (known[1] if known else 500)
    text = error["message"] if isinstance(error.get("message"), str) else ""
    details = [entry for entry in _listed(error.get("details")) if isinstance(entry, Mapping)]
    kind = _refined(known[0] if known else class_of_status(status), text, details)
    return kind(
        text.strip() or f"the service reported an error ({code or status}) and said nothing more",
        code=code,
        raw=data,
        status=status,
        retry_after_s=_retry_after_s(text, details),
    )


def _error_in(data: Json) -> Mapping[str, Json]:
    """The object under `error`; some answers are a list with one such object in it."""
    first = next(iter(_listed(data)), data)
    said = first.get("error") if isinstance(first, Mapping) else None
    return said if isinstance(said, Mapping) else {"message": said} if isinstance(said, str) else {}


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _http_status(code: Json) -> int | None:
    return code if code.__class__ is int and 400 <= code <= 599 else None


def _refined(kind: type[ProviderError], text: str, details: list[Mapping[str, Json]]) -> type[ProviderError]:
    reason = next((entry["reason"] for entry in details if isinstance(entry.get("reason"), str)), "")
    lowered = text.lower()
    if reason in _REASONS:
        return _REASONS[reason]
    if kind is RejectedRequestError and any(words in lowered for words in _BAD_KEY):
        return AuthenticationError
    if kind is RejectedRequestError and any(words in lowered for words in _OVERFLOW):
        return ContextWindowExceededError
    if kind is RateLimitError and any(_SPENT.search(words) for words in (text, *_quotas(details))):
        return QuotaExceededError
    return kind


def _quotas(details: list[Mapping[str, Json]]) -> Iterator[str]:
    """What names the quotas that are used up."""
    for entry in details:
        metadata = entry.get("metadata")
        named = [metadata.get("quota_limit")] if isinstance(metadata, Mapping) else []
        for violation in _listed(entry.get("violations")):
            if isinstance(violation, Mapping):
                named += [violation.get(name) for name in ("quotaId", "quotaMetric", "description")]
        yield from (name for name in named if isinstance(name, str))


def _retry_after_s(text: str, details: list[Mapping[str, Json]]) -> float | None:
    """Seconds that the service asks to wait: of RetryInfo, or else of its sentence."""
    for entry in details:
        delay = entry.get("retryDelay")
        found = _DURATION.fullmatch(delay) if isinstance(delay, str) else None
        if found is not None:
            return float(found[1])
        if isinstance(delay, Mapping) and delay.get("seconds").__class__ in (int, str):
            seconds = str(delay["seconds"])
            if seconds.isascii() and seconds.isdigit() and len(seconds) <= 12:
                return float(seconds)
    told = _IN_WORDS.search(text)
    return None if told is None else float(told[1])
