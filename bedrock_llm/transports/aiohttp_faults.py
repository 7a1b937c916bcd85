"""aiohttp's exceptions, each with the error it is to us.

Here: the table. Not here: how it is read (faults.py). Called by: aiohttp_pool.py, aiohttp_reply.py. A test walks
aiohttp's own list and fails on a class without a row.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

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
    redirected,
    timed_out,
    translate,
)

__all__ = ["AIOHTTP_ROWS", "MODULES", "from_aiohttp"]

MODULES = frozenset({"aiohttp", "builtins", "ssl", "socket"})

# How aiohttp says that a body's end is missing; its other payload errors are about broken framing.
_CUT = ("Not enough data", "not completed", "Connection lost", "Connection closed")


def _payload(error: BaseException, situation: Situation) -> LLMError:
    cut = any(words in str(error) for words in _CUT)
    return cut_short(error, situation) if cut else not_http(error, situation)


def _proxy_answered(error: BaseException, situation: Situation) -> LLMError:
    """The proxy refused the tunnel. Its exception names the proxy's URL, so only status and words are shown."""
    status, words = getattr(error, "status", 0), getattr(error, "message", "")
    message = f"the proxy refused a tunnel to {situation.host}: {status} {words}".rstrip()
    return ConnectionFailedError(message, sent=False, retryable=status >= 500)


def _unsendable(error: BaseException, situation: Situation) -> LLMError:
    """The library refused the request itself. Its words may show a header's value, and are left out."""
    return UsageError(
        f"the request to {situation.host} cannot be written as HTTP: a header, the method or the URL is bad"
    )


def _runtime(error: BaseException, situation: Situation) -> LLMError:
    """`RuntimeError`s of aiohttp's own: connection, session or loop is closed."""
    return ConnectionFailedError(f"the connection to {situation.host} is closed: {error}", sent=situation.sent)


def _value(error: BaseException, situation: Situation) -> LLMError:
    return not_http(error, situation) if situation.sent else _unsendable(error, situation)


AIOHTTP_ROWS: Mapping[str, Row] = {
    # nothing was sent
    "ClientConnectorDNSError": not_connected,
    "ClientConnectorCertificateError": not_connected,
    "ClientConnectorSSLError": not_connected,
    "ClientSSLError": not_connected,
    "ClientConnectorError": not_connected,
    "ClientProxyConnectionError": not_connected,
    "UnixClientConnectorError": not_connected,
    "ServerFingerprintMismatch": not_connected,
    "ClientHttpProxyError": _proxy_answered,
    "ConnectionTimeoutError": connect_timed_out,
    "InvalidURL": bad_url,
    "InvalidUrlClientError": bad_url,
    "NonHttpUrlClientError": bad_url,
    # it depends on whether sending had begun
    "ServerDisconnectedError": broken,
    "ServerConnectionError": broken,
    "ClientConnectionResetError": broken,
    "ClientOSError": broken,
    "ClientConnectionError": broken,
    "UploadAbortedError": broken,
    "ClientError": broken,
    "SocketTimeoutError": timed_out,
    "ServerTimeoutError": timed_out,
    # an answer came, but not a good one
    "ClientPayloadError": _payload,
    "ClientResponseError": not_http,
    "ContentTypeError": not_http,
    "WSServerHandshakeError": not_http,
    "WSMessageTypeError": not_http,
    "HttpProcessingError": not_http,
    "PayloadEncodingError": not_http,
    "TransferEncodingError": _payload,
    "ContentLengthError": _payload,
    "TooManyRedirects": redirected,
    "RedirectClientError": redirected,
    "InvalidUrlRedirectClientError": redirected,
    "NonHttpUrlRedirectClientError": redirected,
    # what comes through from below
    "TimeoutError": timed_out,
    "OSError": broken,
    "EOFError": broken,
    "RuntimeError": _runtime,
    "ValueError": _value,
}


_NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())


def from_aiohttp(error: BaseException, situation: Situation) -> LLMError | None:
    """Our error for an exception that came out of aiohttp; None where it is not a transport's.

    The exception becomes our error's cause, so what it knows of the request is taken away: its headers hold keys.
    """
    if isinstance(error, aiohttp.ClientResponseError) and error.request_info is not None:
        known = error.request_info
        error.request_info = aiohttp.RequestInfo(known.url, known.method, _NO_HEADERS, known.real_url)
        error.args = (error.request_info, ())
    return translate(error, situation, AIOHTTP_ROWS, MODULES)
