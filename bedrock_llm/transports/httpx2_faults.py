"""The exceptions of httpx2, httpx and what they stand on, each with the error it is to us.

Here: the table. Not here: how it is read (faults.py). Called by: httpx2_pool.py, httpx2_reply.py. httpx2 and httpx
share their class names, so one table does for both, and neither is imported. A test walks their lists and fails on a
class without a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bedrock_llm.errors import ConnectionFailedError, LLMError, UsageError
from bedrock_llm.transports.faults import (
    Row,
    Situation,
    bad_url,
    broken,
    connect_timed_out,
    cut_short,
    not_connected,
    not_http,
    pool_timed_out,
    redirected,
    timed_out,
    translate,
)

__all__ = ["HTTPX_ROWS", "MODULES", "from_httpx"]

MODULES = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "anyio", "trio", "builtins", "ssl", "socket"})

# RemoteProtocolError says both "they broke the protocol" and "they closed too early"; only its words tell which.
_CLOSED_EARLY = ("disconnected", "closed connection", "ConnectionTerminated", "StreamReset")


def _remote(error: BaseException, situation: Situation) -> LLMError:
    words = str(error)
    if "without sending complete message body" in words:
        return cut_short(error, situation)
    if any(sign in words for sign in _CLOSED_EARLY):
        return broken(error, situation)
    return not_http(error, situation)


def _proxy(error: BaseException, situation: Situation) -> LLMError:
    """The proxy refused the tunnel; its status stands first in the words."""
    status = re.match(r"\d{3}", str(error))
    retryable = status is not None and status[0] >= "500"
    message = f"the proxy refused a tunnel to {situation.host}: {error}"
    return ConnectionFailedError(message, sent=False, retryable=retryable)


def _unsendable(error: BaseException, situation: Situation) -> LLMError:
    """The library refused the request itself. Its words show the header's value, and are left out."""
    return UsageError(
        f"the request to {situation.host} cannot be written as HTTP: a header, the method or the URL is bad"
    )


def _value(error: BaseException, situation: Situation) -> LLMError:
    return not_http(error, situation) if situation.sent else _unsendable(error, situation)


def _runtime(error: BaseException, situation: Situation) -> LLMError:
    """`RuntimeError`s of httpx's own: client, stream or loop is closed."""
    if "client has been closed" in str(error):
        return UsageError("the HTTP client that was passed in is closed")
    return ConnectionFailedError(f"the connection to {situation.host} is closed: {error}", sent=situation.sent)


def _sent_and_timed_out(error: BaseException, situation: Situation) -> LLMError:
    situation.sent = True
    return timed_out(error, situation)


HTTPX_ROWS: Mapping[str, Row] = {
    # nothing was sent
    "ConnectError": not_connected,
    "ConnectTimeout": connect_timed_out,
    "PoolTimeout": pool_timed_out,
    "ProxyError": _proxy,
    "ConnectionNotAvailable": not_connected,
    "UnsupportedProtocol": bad_url,
    "InvalidURL": bad_url,
    "LocalProtocolError": _unsendable,
    "RequestNotRead": _unsendable,
    "CookieConflict": _unsendable,
    # it depends on whether sending had begun
    "ReadError": broken,
    "WriteError": broken,
    "CloseError": broken,
    "NetworkError": broken,
    "TransportError": broken,
    "RequestError": broken,
    "HTTPError": broken,
    "ReadTimeout": _sent_and_timed_out,
    "WriteTimeout": _sent_and_timed_out,
    "TimeoutException": timed_out,
    # an answer came, but not a good one
    "RemoteProtocolError": _remote,
    "ProtocolError": not_http,
    "DecodingError": not_http,
    "HTTPStatusError": not_http,
    "SSEError": not_http,
    "TooManyRedirects": redirected,
    "StreamError": _runtime,
    "StreamConsumed": _runtime,
    "StreamClosed": _runtime,
    "ResponseNotRead": _runtime,
    # what comes through from below
    "BrokenResourceError": broken,
    "ClosedResourceError": broken,
    "EndOfStream": broken,
    "TimeoutError": timed_out,
    "OSError": broken,
    "EOFError": broken,
    "RuntimeError": _runtime,
    "ValueError": _value,
}


def from_httpx(error: BaseException, situation: Situation) -> LLMError | None:
    """Our error for an exception that came out of httpx2 or httpx; None where it is not a transport's."""
    return translate(error, situation, HTTPX_ROWS, MODULES)
