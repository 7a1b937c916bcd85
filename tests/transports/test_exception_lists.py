"""Every exception class of the HTTP libraries has a row of its own in our tables."""

from __future__ import annotations

import inspect
import ssl

import aiohttp.client_exceptions
import aiohttp.http_exceptions
import httpcore
import httpcore2
import httpx
import httpx2
import pytest

from bedrock_llm.config import Timeouts
from bedrock_llm.errors import LLMError
from bedrock_llm.transports import aiohttp_faults, httpx2_faults
from bedrock_llm.transports.faults import Situation, host_of, row_for

# Bases of aiohttp's parser, which never leave it: ClientResponseError or ClientPayloadError wrap them.
WRAPPED = {"BadHttpMessage", "HttpBadRequest", "LineTooLong", "InvalidHeader", "BadStatusLine", "BadHttpMethod",
           "InvalidURLError", "ContentEncodingError", "DecompressSizeError"}  # fmt: skip


def exceptions_of(*modules) -> list[type[BaseException]]:
    found = {
        value
        for module in modules
        for _, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, Exception) and not issubclass(value, Warning)
        if value.__module__.partition(".")[0] == modules[0].__name__.partition(".")[0]
    }
    return sorted(found, key=lambda cls: cls.__name__)


AIOHTTP = exceptions_of(aiohttp.client_exceptions, aiohttp.http_exceptions)
HTTPX = [cls for module in (httpx, httpx2, httpcore, httpcore2) for cls in exceptions_of(module)]


def test_the_lists_are_not_empty():
    assert len(AIOHTTP) > 30
    assert len(HTTPX) > 60


@pytest.mark.parametrize("cls", AIOHTTP)
def test_each_of_aiohttps(cls):
    assert row_for(cls, aiohttp_faults.AIOHTTP_ROWS, aiohttp_faults.MODULES)
    assert cls.__name__ in aiohttp_faults.AIOHTTP_ROWS or cls.__name__ in WRAPPED


@pytest.mark.parametrize("cls", HTTPX)
def test_each_of_httpxs(cls):
    assert row_for(cls, httpx2_faults.HTTPX_ROWS, httpx2_faults.MODULES)
    assert cls.__name__ in httpx2_faults.HTTPX_ROWS


@pytest.mark.parametrize("table", [aiohttp_faults.AIOHTTP_ROWS, httpx2_faults.HTTPX_ROWS])
@pytest.mark.parametrize("sent", [False, True])
def test_each_row_makes_an_error_of_ours(table, sent):
    for row in table.values():
        assert isinstance(row(Exception("words"), Situation("host:1", Timeouts(), sent=sent)), LLMError)


@pytest.mark.parametrize(
    "error", [KeyError("x"), AttributeError("x"), ZeroDivisionError(), StopIteration(), MemoryError()]
)
def test_a_programmers_mistake_is_not_covered_up(error):
    situation = Situation("host", Timeouts())
    assert aiohttp_faults.from_aiohttp(error, situation) is None
    assert httpx2_faults.from_httpx(error, situation) is None


def test_a_strangers_class_of_the_same_name_is_not_meant():
    stranger = type("ConnectError", (Exception,), {"__module__": "somewhere.else"})
    assert httpx2_faults.from_httpx(stranger(), Situation("host", Timeouts())) is None


def test_a_tls_refusal_is_found_however_deep_it_lies():
    top, middle = httpx2.ConnectError("top"), httpcore2.ConnectError("middle")
    top.__cause__, middle.__context__ = middle, ssl.SSLCertVerificationError(1, "expired")
    error = httpx2_faults.from_httpx(top, Situation("host", Timeouts()))
    assert (error.sent, error.retryable) == (False, False)
    middle.__context__ = ssl.SSLEOFError(8, "EOF")
    error = httpx2_faults.from_httpx(top, Situation("host", Timeouts()))
    assert (error.sent, error.retryable) == (False, True)


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://h.example/x", "h.example"), ("http://u:p@h:1/x@y", "h:1"), ("http://h", "h"), ("nonsense", "")],
)
def test_a_host_is_told_without_user_name_and_password(url, host):
    assert host_of(url) == host
