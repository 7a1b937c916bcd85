"""From an exception of an HTTP library to one of ours: how a table of them is read, and what its rows can say.

Here: `Situation`, `translate` and the rows' functions. Not here: the tables (aiohttp_faults.py, httpx2_faults.py).
Called by: those two.

The tables go by class names, looked up along the method resolution order. So they need not import the library, one
table serves httpx and httpx2, and a class that a later version adds still falls to its base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bedrock_llm.config import Timeouts
from bedrock_llm.errors import (
    ConfigurationError,
    ConnectionFailedError,
    LLMError,
    Phase,
    ProtocolError,
    RequestTimeoutError,
    redact,
)

if TYPE_CHECKING:
    import ssl

__all__ = ["Row", "Situation", "host_of", "row_for", "timed_out", "translate"]


@dataclass(slots=True)
class Situation:
    """What is known of the call that failed.

    Attributes:
        host: Host and port that were asked, for the message.
        timeouts: The call's deadlines.
        sent: Whether the request, or a part of it, may have reached the server.
        idle: Whether the first event (without streaming: the headers) was there.
    """

    host: str
    timeouts: Timeouts
    sent: bool = False
    idle: bool = False


Row: TypeAlias = Callable[[BaseException, Situation], LLMError]


def host_of(url: str) -> str:
    """Host and port of a URL, without the user name and password that it might hold."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def row_for(error: type[BaseException], table: Mapping[str, Row], modules: frozenset[str]) -> Row | None:
    """The row of the nearest class that the table names, or None.

    Args:
        error: The exception's class.
        table: Class name to row.
        modules: Top-level names of the libraries whose classes are meant; `builtins` is written out where it is meant.
    """
    for cls in error.__mro__:
        if cls.__module__.partition(".")[0] in modules and cls.__name__ in table:
            return table[cls.__name__]
    return None


def translate(
    error: BaseException, situation: Situation, table: Mapping[str, Row], modules: frozenset[str]
) -> LLMError | None:
    """Our error for theirs; None for one that is ours already, or nobody's fault but a programmer's."""
    row = None if isinstance(error, LLMError) else row_for(type(error), table, modules)
    return None if row is None else row(error, situation)


def _words(error: BaseException) -> str:
    """The library's own words, fit to be shown."""
    text = redact(" ".join(str(error).split()))[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, each once."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _tls_refusal(error: BaseException) -> ssl.SSLError | None:
    """The TLS error at the bottom, if it was a refusal and not a connection that broke.

    A handshake that the other side broke off may succeed the next time; one that it or we refused will not.
    """
    import ssl  # 13 ms to load; whoever has a TLS error has paid for it already

    broken_off = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    found = [cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)]
    return None if not found or any(isinstance(cause, broken_off) for cause in found) else found[-1]


def not_connected(error: BaseException, situation: Situation) -> LLMError:
    """DNS, refused, unreachable, TLS: nothing was sent. A refused TLS handshake is not tried again."""
    refusal = _tls_refusal(error)
    if refusal is not None:
        reason = getattr(refusal, "verify_message", None) or getattr(refusal, "reason", None) or str(refusal)
        message = f"no TLS connection to {situation.host}: {reason}; if a CA of your own signs it, name its bundle"
        return ConnectionFailedError(message, sent=False, retryable=False)
    return ConnectionFailedError(f"no connection to {situation.host}: {_words(error)}", sent=False)


def broken(error: BaseException, situation: Situation) -> LLMError:
    """The connection broke: after the request, or while it was sent, unless it is known that nothing was."""
    refusal = None if situation.sent else _tls_refusal(error)
    if refusal is not None:
        return not_connected(error, situation)
    what = "broke" if situation.sent else "failed before anything was sent"
    return ConnectionFailedError(f"the connection to {situation.host} {what}: {_words(error)}", sent=situation.sent)


def cut_short(error: BaseException, situation: Situation) -> LLMError:
    """The body ended before its length or its last chunk."""
    return ConnectionFailedError(f"the answer of {situation.host} was cut short: {_words(error)}", sent=True)


def not_http(error: BaseException, situation: Situation) -> LLMError:
    """What came is not HTTP, or over our limits."""
    return ProtocolError(f"{situation.host} broke the HTTP protocol: {_words(error)}")


def redirected(error: BaseException, situation: Situation) -> LLMError:
    """A redirect was followed, which we forbid; only a transport of another kind can come here."""
    return ProtocolError(f"{situation.host} redirects, and redirects are not followed: {_words(error)}")


def bad_url(error: BaseException, situation: Situation) -> LLMError:
    """The URL cannot be asked. The library's words are left out: they may hold its password."""
    return ConfigurationError(f"the URL of {situation.host or 'the request'} cannot be asked ({type(error).__name__})")


def timed_out(error: BaseException | None, situation: Situation) -> RequestTimeoutError:
    """The deadline of the phase the call is in."""
    timeouts = situation.timeouts
    phase: Phase
    if not situation.sent:
        phase, after_s, what = "connect", timeouts.connect_s, "did not stand"
    elif situation.idle:
        phase, after_s, what = "idle", timeouts.idle_s, "brought nothing"
    else:
        phase, after_s, what = "first_event", timeouts.first_event_s, "brought no first event"
    message = f"the connection to {situation.host} {what} within {after_s:g} s"
    return RequestTimeoutError(message, phase=phase, after_s=after_s, sent=situation.sent)


def connect_timed_out(error: BaseException, situation: Situation) -> LLMError:
    """The library's own deadline for connecting."""
    after_s = situation.timeouts.connect_s
    message = f"the connection to {situation.host} did not stand within {after_s:g} s"
    return RequestTimeoutError(message, phase="connect", after_s=after_s, sent=False)


def pool_timed_out(error: BaseException, situation: Situation) -> LLMError:
    """No connection of a client that was passed in came free."""
    after_s = situation.timeouts.pool_s
    message = f"no connection to {situation.host} came free within {after_s:g} s: the client passed in limits them"
    return RequestTimeoutError(message, phase="pool", after_s=after_s, sent=False)
