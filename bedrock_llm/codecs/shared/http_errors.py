"""What every refusal over HTTP says beside its body: how long to wait, when it was said, where it would have gone on.

Here: the headers, the plain words, what a status alone means. Not here: which class an error's own words have (each
wire's own table). Called by: the codecs that carry bodies, and the errors of bodies.
Follows: RFC 9110, 5.6.7 and 10.2.3; `retry-after-ms` of OpenAI and Anthropic, `x-amz-retry-after` of AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bedrock_llm.errors import (
    AuthenticationError,
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

__all__ = ["class_of_status", "described", "note_waits", "redirected", "server_date_s"]

_DATE = re.compile(
    r"(?:\w{3}, (\d\d) (\w{3}) (\d{4})|\w{6,9}, (\d\d)-(\w{3})-(\d\d)|\w{3} (\w{3}) ([ \d]\d)) (\d\d):(\d\d):(\d\d)"
    r"(?: GMT| (\d{4}))"
)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{0,9})?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLASSES: Mapping[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,
}


def class_of_status(status: int) -> type[ProviderError]:
    """What a status means where nothing else tells."""
    return _CLASSES.get(status) or (ServerError if status >= 500 else RejectedRequestError)


def redirected(status: int, headers: Mapping[str, str], excerpt: str, request_id: str | None) -> ProtocolError:
    """The error for a status below 400 that is no answer. Returned, not raised."""
    moved = 300 <= status < 400
    place = re.split(r"[?#]", headers.get("location", ""), maxsplit=1)[0]  # behind them may stand a key
    where = f" to {place}" if moved and place else ""
    why = "; redirects are not followed, as the request holds a key or a signature" if moved else ", which is no answer"
    text = f"the service answered with status {status}{where}{why}"
    return ProtocolError(text, excerpt=excerpt, status=status, request_id=request_id)


def note_waits(error: ProviderError, headers: Mapping[str, str]) -> None:
    """Set when the error was said, and how long the service asks to wait; what the body said of it stays.

    Args:
        error: To be completed.
        headers: Names in lower case.
    """
    asked = _retry_after_s(headers)
    error.retry_after_s = error.retry_after_s if asked is None else asked
    error.server_date_s = server_date_s(headers)
    if error.server_date_s is None:
        error.retry_at_s = _http_date_s(headers.get("retry-after", ""))


def server_date_s(headers: Mapping[str, str]) -> float | None:
    """When the service answered by its own clock, in seconds since the epoch; None without a readable `Date`."""
    return _http_date_s(headers.get("date", ""))


def described(status: int, code: str | None, excerpt: str) -> str:
    """The sentence for a body without a message: empty, or of a proxy that speaks HTML."""
    text = f"the service answered with status {status}" + (f" ({code})" if code else "")
    shown = " ".join(re.sub(r"<[^>]*>", " ", excerpt).split())[:160]
    return f"{text}: {shown}" if shown else f"{text} and said nothing more"


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds the service asks to wait: the longest of what it says; None for nothing, or nothing sensible."""
    asked = [_number(headers.get(name, "")) for name in ("retry-after-ms", "x-amz-retry-after")]
    waits = [wait / 1000 for wait in asked if wait is not None]
    value = headers.get("retry-after", "").strip()
    wait = _number(value)
    if wait is None and value:
        until, now = _http_date_s(value), server_date_s(headers)
        wait = None if until is None or now is None else max(0.0, until - now)
    if wait is not None:
        waits.append(wait)
    return max(waits, default=None)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _http_date_s(text: str) -> float | None:
    """Seconds since the epoch of an HTTP date in any of its three forms (RFC 9110, 5.6.7)."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    day1, month1, year1, day2, month2, year2, month3, day3, hour, minute, second, year3 = found.groups()
    month, year = (month1 or month2 or month3).lower(), year1 or year3
    if month not in _MONTHS:
        return None
    # A year of two digits is of this century; the form was obsolete before it began.
    date = (int(year) if year else 2000 + int(year2), _MONTHS.index(month) + 1, int(day1 or day2 or day3))
    from datetime import UTC, datetime

    try:
        return datetime(*date, int(hour), int(minute), min(int(second), 59), tzinfo=UTC).timestamp()
    except ValueError:
        return None
