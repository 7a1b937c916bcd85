"""Errors in OpenAI's shape, as ours: in the body of a refusal, in one that came as an answer, inside a stream.

Here: which class a code, a type or a status means. Not here: headers (whoever carries the body). Called by: the codecs
of bodies that OpenAI made.
Follows: https://platform.openai.com/docs/guides/error-codes, and what other servers of its shapes answer instead.

Rule: the code decides, then the type, then a status; texts only tell apart what shares all three. Words that stand on
every refusal (`invalid_request_error`) decide only where nothing else does, and a status of overload tells more than
`server_error`.
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

_BY_WORD: Mapping[str, type[ProviderError]] = {
    "insufficient_quota": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "billing_not_active": QuotaExceededError,
    "credit_balance_exhausted": QuotaExceededError,
    "insufficient_balance": QuotaExceededError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_error": RateLimitError,
    "rate_limit_reached": RateLimitError,
    "ratelimitreached": RateLimitError,
    "too_many_requests": RateLimitError,
    "context_length_exceeded": ContextWindowExceededError,
    "context_window_exceeded": ContextWindowExceededError,
    "too_many_prompt_tokens": ContextWindowExceededError,
    "invalid_api_key": AuthenticationError,
    "authentication_error": AuthenticationError,
    "unauthorized": AuthenticationError,
    "permission_error": PermissionDeniedError,
    "permission_denied": PermissionDeniedError,
    "permission-denied": PermissionDeniedError,
    "model_not_found": NotFoundError,
    "not_found": NotFoundError,
    "not_found_error": NotFoundError,
    "deploymentnotfound": NotFoundError,
    "overloaded": OverloadedError,
    "overloaded_error": OverloadedError,
    "engine_overloaded": OverloadedError,
    "slow_down": OverloadedError,
    "service_unavailable": OverloadedError,
    "service_unavailable_error": OverloadedError,
    "server_error": ServerError,
    "internal_error": ServerError,
    "internal_server_error": ServerError,
    "api_error": ServerError,
    "timeout": ServerError,
    "vector_store_timeout": ServerError,
}
_ALWAYS_RETRYABLE = frozenset({408, 409})
_SPENT = "_spend_limit_exceeded"
# Codes of refusals inside an answer, where no status says that the request is to blame; also as they begin and end.
_REFUSED = frozenset({"bad_request", "content_filter", "tool_use_failed", "empty_image_file", "image_file_not_found"})
_REFUSED_BEGIN = ("invalid", "unsupported", "unknown_parameter", "missing_", "image_", "failed_to_download")
_REFUSED_END = ("_policy_violation", "_too_large", "_too_small", "_too_long", "_above_max_value", "_below_min_value")

_OVERFLOW = (
    "maximum context length",
    "max context length",
    "context_length_exceeded",
    "context window",
    "prompt is too long",
    "too long for",
    "length of all messages is too long",
)
_NO_KEY = ("incorrect api key", "invalid api key", "api key not valid", "no api key", "invalid subscription key")
_NO_MONEY = ("insufficient balance", "insufficient credits", "used all available credits", "spending limit")
_TOO_LARGE = ("request too large",)
_SPENT_TODAY = ("per-day", "per day")  # without a word on when to ask again
_MAY_BE_MONEY = (RejectedRequestError, RateLimitError, PermissionDeniedError)
_WAIT = re.compile(
    r"(?:try again in|retry after) (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?) ?(ms|s))?", re.IGNORECASE
)


def error_of(data: Json, status: int | None = None) -> ProviderError:
    """The error that a body or an event says. Returned, not raised.

    Args:
        data: It, read: `{"error": {"message", "type", "param", "code"}}`, or one of the shapes that others use:
            a text under `error`, the members at the top, `detail`; anything else makes an error that says so.
        status: HTTP status; None inside a stream or an answer, where a code may be one.
    """
    fields = _fields(data)
    said = next((text for text in map(fields.get, ("message", "detail")) if isinstance(text, str) and text.strip()), "")
    code, kind = fields.get("code"), fields.get("type")
    status = _status(code) if status is None else status
    made = _refined(_class_of(code, kind, status), said.lower())
    word = next((str(entry) for entry in (code, kind) if isinstance(entry, (str, int)) and entry != ""), None)
    text = said or f"the service reported an error ({word or status or 'without a code'}) and said nothing more"
    failure = made(text, code=word, status=status, raw=data)
    failure.retryable = status in _ALWAYS_RETRYABLE or made.default_retryable
    if made is RateLimitError:
        failure.retry_after_s = _wait_s(said)
    return failure


def _fields(data: Json) -> Mapping[str, Json]:
    """The members of the error itself."""
    if data.__class__ is list and data:
        data = data[0]  # one host puts a list around it
    if data.__class__ is not dict:
        return {"message": data}
    error = data.get("error")
    if error.__class__ is dict:
        return error
    beside = {name: value for name, value in data.items() if name != "type" or value != "error"}
    return {**beside, "message": error} if error.__class__ is str and error else beside


def _status(code: Json) -> int | None:
    """A code that is an HTTP status, as a number or in digits."""
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == len("400"):
        code = int(code)
    return code if code.__class__ is int and 400 <= code <= 599 else None


def _class_of(code: Json, kind: Json, status: int | None) -> type[ProviderError]:
    words = [word.lower() for word in (code, kind) if isinstance(word, str)]
    named = list(_named(words))
    found = QuotaExceededError if QuotaExceededError in named else next(iter(named), None)
    if found is not None and not (found is ServerError and class_of_status(status or 0) is OverloadedError):
        return found
    if status is not None:
        return class_of_status(status)
    return RejectedRequestError if any(map(_blames_request, words)) else ServerError


def _named(words: list[str]) -> Iterator[type[ProviderError]]:
    for word in words:
        if word.endswith(_SPENT):
            yield QuotaExceededError
        elif word in _BY_WORD:
            yield _BY_WORD[word]


def _blames_request(word: str) -> bool:
    return word in _REFUSED or word.startswith(_REFUSED_BEGIN) or word.endswith(_REFUSED_END)


def _refined(kind: type[ProviderError], text: str) -> type[ProviderError]:
    """What only the text tells: some hosts have one code for all."""
    if kind is RejectedRequestError and any(words in text for words in _OVERFLOW):
        return ContextWindowExceededError
    if kind is RejectedRequestError and any(words in text for words in _NO_KEY):
        return AuthenticationError
    if kind is RateLimitError and any(words in text for words in _TOO_LARGE):
        return RejectedRequestError  # more than a minute's tokens at once: it never passes
    if kind is RateLimitError and any(words in text for words in _SPENT_TODAY) and _wait_s(text) is None:
        return QuotaExceededError
    if kind in _MAY_BE_MONEY and any(words in text for words in _NO_MONEY):
        return QuotaExceededError
    return kind


def _wait_s(text: str) -> float | None:
    """Seconds of `Please try again in 6m0.5s` or `retry after 26 seconds`; None where nothing is said."""
    found = _WAIT.search(text)
    if found is None or not any(found.groups()):
        return None
    hours, minutes, rest, unit = found.groups()
    seconds = float(rest or 0) / (1000 if unit and unit.lower() == "ms" else 1)
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + seconds
