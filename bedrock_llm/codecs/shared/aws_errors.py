"""Errors of Amazon Bedrock, as ours, whatever the body was written in.

Here: which class an HTTP status, an exception's name or its text means. The same table serves exceptions inside a
stream. Not here: retries (retry.py). Called by: the codecs of
Bedrock's own operations.
Follows: the service model's error shapes.

Rule: the exception's name decides first, then the status; texts only tell apart what shares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jiter

from bedrock_llm.codecs.shared.aws_names import REQUEST_ID
from bedrock_llm.codecs.shared.http_errors import described, note_waits, redirected
from bedrock_llm.codecs.shared.reading import Json, excerpt_of
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    LLMError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)
from bedrock_llm.framing.aws_eventstream import Frame

__all__ = ["from_frame", "from_http", "from_stream"]

_THROTTLING = (
    "Throttling ThrottlingException ThrottledException RequestThrottledException TooManyRequestsException "
    "ProvisionedThroughputExceededException TransactionInProgressException RequestLimitExceeded "
    "BandwidthLimitExceeded LimitExceededException RequestThrottled SlowDown PriorRequestNotComplete"
)
_UNAUTHENTICATED = (
    "UnrecognizedClientException InvalidSignatureException SignatureDoesNotMatch IncompleteSignature "
    "IncompleteSignatureException ExpiredToken ExpiredTokenException InvalidClientTokenId InvalidAccessKeyId "
    "MissingAuthenticationToken MissingAuthenticationTokenException RequestTimeTooSkewed RequestExpired "
    "UnauthorizedException NotAuthorizedException"
)
_CLASSES: Mapping[str, type[ProviderError]] = {
    **{name.lower(): RateLimitError for name in _THROTTLING.split()},
    **{name.lower(): AuthenticationError for name in _UNAUTHENTICATED.split()},
    "accessdeniedexception": PermissionDeniedError,
    "mpagreementbeingcreated": PermissionDeniedError,
    "resourcenotfoundexception": NotFoundError,
    "unknownoperationexception": NotFoundError,
    "validationexception": RejectedRequestError,
    "serializationexception": RejectedRequestError,
    "conflictexception": RejectedRequestError,
    "servicequotaexceededexception": QuotaExceededError,
    "modelnotreadyexception": OverloadedError,
    "serviceunavailableexception": OverloadedError,
    "serviceunavailable": OverloadedError,
    "internalserverexception": ServerError,
    "internalfailure": ServerError,
    "modeltimeoutexception": ServerError,
    "modelerrorexception": ServerError,
    "modelstreamerrorexception": ServerError,
    "requesttimeout": ServerError,
    "requesttimeoutexception": ServerError,
}
_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    424: ServerError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,
}
# What an exception inside a stream would have been as an HTTP status.
_STREAM_STATUSES: Mapping[str, int] = {
    "throttlingexception": 429,
    "modelnotreadyexception": 429,
    "serviceunavailableexception": 503,
    "internalserverexception": 500,
    "validationexception": 400,
    "modelstreamerrorexception": 424,
    "modelerrorexception": 424,
    "modeltimeoutexception": 408,
    "accessdeniedexception": 403,
    "resourcenotfoundexception": 404,
    "servicequotaexceededexception": 400,
}
_OVERFLOW = (
    "input is too long",
    "prompt is too long",
    "input tokens exceeded",
    "maximum context length",
    "context_length_exceeded",
    "exceeds the context window",
    "input tokens exceed the configured limit",
    "exceed model maximum",
    "too many input tokens",
    "is longer than the model's context length",
)
_DAILY = ("per day", "daily")  # such a quota comes back tomorrow: no wait of seconds helps
_BAD_KEY = ("make sure your api key is valid", "invalid api key", "bearer token has expired", "security token included")


def from_http(status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
    """The error for an answer that is not a success. Returned, not raised.

    Args:
        status: HTTP status.
        headers: Names in lower case.
        body: As it came: JSON, HTML, or nothing.
    """
    request_id = headers.get(REQUEST_ID)
    excerpt = excerpt_of(body)
    if status < 400:
        return redirected(status, headers, excerpt, request_id)
    data = _json(body)
    code = _code(headers, data)
    fields = data if isinstance(data, dict) else {}
    text = _message(fields) or described(status, code, excerpt)
    error = _error(status, code, text, fields)
    error.request_id, error.raw = request_id, excerpt if data is None else data
    note_waits(error, headers)
    return error


def from_stream(name: str, message: str | None, fields: Mapping[str, Json]) -> LLMError:
    """The error for an exception or error frame of a stream: what the same would be outside.

    Args:
        name: The exception's name, in the stream's spelling (`throttlingException`) or any other.
        message: Its text where a header has it; otherwise the fields have it.
        fields: The payload, read.
    """
    status = _STREAM_STATUSES.get(name.lower(), 500)
    text = message or _message(fields) or f"{name} inside the stream"
    error = _error(status, name or None, text, fields)
    error.raw = dict(fields) or None
    return error


def from_frame(frame: Frame) -> LLMError:
    """The error for a frame of an event stream that is no event: an exception, an error, or nothing known."""
    headers, kind = frame.headers, frame.headers.get(":message-type")
    try:
        payload = jiter.from_json(frame.payload)
    except ValueError:
        payload = None
    fields = payload if payload.__class__ is dict else {}
    if kind == "exception":
        return from_stream(str(headers.get(":exception-type", "")), None, fields)
    if kind == "error":
        message = headers.get(":error-message")
        return from_stream(str(headers.get(":error-code", "")), None if message is None else str(message), fields)
    return ProtocolError(f"a frame has the unknown message type {kind!r}", excerpt=repr(frame.payload[:400]))


def _error(status: int, code: str | None, text: str, fields: Mapping[str, Json]) -> ProviderError:
    kind = _CLASSES.get((code or "").lower()) or _by_status(status)
    lowered = text.lower()
    if kind is RejectedRequestError and any(words in lowered for words in _OVERFLOW):
        kind = ContextWindowExceededError
    elif kind is RateLimitError and any(words in lowered for words in _DAILY):
        kind = QuotaExceededError
    elif kind is PermissionDeniedError and any(words in lowered for words in _BAD_KEY):
        kind = AuthenticationError
    return kind(text, code=code, status=status, retryable=_retryable(kind, status, code, fields))


def _by_status(status: int) -> type[ProviderError]:
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else RejectedRequestError)


def _retryable(kind: type[ProviderError], status: int, code: str | None, fields: Mapping[str, Json]) -> bool:
    """As the class says; a failure of the model itself (424) only where the model's own status was a 5xx."""
    if status != 424 or kind is not ServerError:
        return kind.default_retryable
    original = fields.get("originalStatusCode")
    if isinstance(original, int):
        return original >= 500
    return (code or "").lower() == "modelstreamerrorexception"


def _json(body: bytes) -> Json:
    try:
        return jiter.from_json(body)
    except ValueError:
        return None


def _code(headers: Mapping[str, str], data: Json) -> str | None:
    """`ValidationException` of `com.amazon.coral#ValidationException:http://internal.amazon.com/...`."""
    code: Any = headers.get("x-amzn-errortype")
    if not code and isinstance(data, dict):
        code = next((data[name] for name in ("code", "Code", "__type") if data.get(name)), None)
    if not isinstance(code, str):
        return None
    return code.split(":", 1)[0].rsplit("#", 1)[-1].strip() or None


def _message(fields: Mapping[str, Json]) -> str | None:
    for name in ("message", "Message", "originalMessage"):
        if isinstance(fields.get(name), str) and fields[name].strip():
            return str(fields[name])
    return None
