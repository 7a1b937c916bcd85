"""CA bundles and proxies, from the environment and from the constructor."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys

import pytest

from bedrock_llm.errors import ConfigurationError, ConnectionFailedError
from bedrock_llm.transports.addresses import tls_context
from bedrock_llm.transports.aiohttp_transport import AiohttpTransport
from bedrock_llm.transports.base import HTTPCall
from bedrock_llm.transports.choose import default_transport
from bedrock_llm.transports.httpx2_transport import HttpxTransport
from bedrock_llm.transports.proxies import Proxy, environment_proxy

OWN = pytest.mark.parametrize("make", [AiohttpTransport, HttpxTransport])


@pytest.fixture
def only_own(kind):
    if kind.passes_client:
        pytest.skip("trust and proxies of a client that is passed in are its own")


@pytest.mark.anyio
async def test_the_bundle_is_trusted(transport, call):
    assert (await transport.send(call("/echo", port="tls"))).status == 200


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_without_the_bundle_its_authority_is_not_trusted(kind, call):
    transport, _ = kind.make(None)
    with pytest.raises(ConnectionFailedError, match=r"self-signed|unable to get") as caught:
        await transport.send(call("/echo", port="tls"))
    assert (caught.value.sent, caught.value.retryable) == (False, False)
    await transport.aclose()


@OWN
def test_a_missing_bundle_is_found_at_construction(make, tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem"):
        make(ca_bundle=str(tmp_path / "nowhere.pem"))
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem"):
        default_transport(str(tmp_path / "nowhere.pem"))


def test_a_bundle_without_a_certificate_is_refused(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"empty\.pem"):
        tls_context(str(tmp_path / "empty.pem"))


def test_a_bundle_may_be_a_folder(tmp_path):
    assert tls_context(str(tmp_path)).verify_mode is ssl.CERT_REQUIRED


def test_a_bundle_is_not_added_to_a_client_that_is_passed_in(server):
    import httpx2

    with pytest.raises(ConfigurationError):
        HttpxTransport(httpx2.AsyncClient(), ca_bundle=server.ca_bundle)


SSL_CERT_FILE = """
import asyncio, sys
from bedrock_llm.transports.aiohttp_transport import AiohttpTransport
from bedrock_llm.transports.httpx2_transport import HttpxTransport
from bedrock_llm.transports.base import HTTPCall

async def main():
    for make in (AiohttpTransport, HttpxTransport):
        transport = make()
        print((await transport.send(HTTPCall("POST", sys.argv[1], {}))).status)
        await transport.aclose()

asyncio.run(main())
"""


def test_ssl_cert_file_is_honoured(server):
    environment = {**os.environ, "SSL_CERT_FILE": server.ca_bundle}
    command = [sys.executable, "-c", SSL_CERT_FILE, server.url("/echo", "tls")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.split(), done.stderr) == (["200", "200"], "")


def proxied(server) -> list[str]:
    return server.stats()["proxied"]


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_a_plain_request_goes_through_the_proxy_unchanged(transport, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url("", "proxy"))
    url = server.url("/model/a%3Ab%2Fc/converse?x=%20")
    told = json.loads((await transport.send(HTTPCall("POST", url, {}, b"x"))).body)
    assert told["line"] == "POST /model/a%3Ab%2Fc/converse?x=%20 HTTP/1.1"
    assert ["X-Proxied", "1"] in told["headers"]
    assert proxied(server)[-1] == f"proxy POST {url}"


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_a_tls_request_goes_through_a_tunnel(transport, call, server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url("", "proxy"))
    headers = {"Authorization": "Bearer of-the-provider"}
    told = json.loads((await transport.send(call("/echo/%3A", port="tls", headers=headers))).body)
    assert told["line"] == "POST /echo/%3A HTTP/1.1"
    assert ["Authorization", "Bearer of-the-provider"] in told["headers"]
    assert proxied(server)[-1] == f"proxy CONNECT 127.0.0.1:{server.ports['tls']}"


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
@pytest.mark.parametrize("port", ["plain", "tls"])
async def test_name_and_password_of_a_proxy_are_for_it_alone(transport, call, server, monkeypatch, port):
    proxy = f"http://user:secret@127.0.0.1:{server.ports['locked_proxy']}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for _ in range(2):
        told = json.loads((await transport.send(call("/echo", port=port))).body)
        assert "proxy-authorization" not in [name.lower() for name, _ in told["headers"]]


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_a_proxy_that_refuses_us_is_not_tried_again_and_its_password_not_told(
    transport, call, server, monkeypatch
):
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:sesame@127.0.0.1:{server.ports['locked_proxy']}")
    with pytest.raises(ConnectionFailedError, match="407") as caught:
        await transport.send(call("/echo", port="tls"))
    assert (caught.value.sent, caught.value.retryable) == (False, False)
    error: BaseException | None = caught.value
    while error is not None:
        assert "sesame" not in f"{error} {error!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_a_tunnel_to_nowhere_was_never_sent(transport, server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url("", "proxy"))
    with pytest.raises(ConnectionFailedError, match="502") as caught:
        await transport.send(HTTPCall("POST", "https://127.0.0.1:1/", {}))
    assert (caught.value.sent, caught.value.retryable) == (False, True)


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_a_proxy_that_is_down_was_never_sent(transport, call, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ConnectionFailedError) as caught:
        await transport.send(call("/echo"))
    assert (caught.value.sent, caught.value.retryable) == (False, True)


@pytest.mark.anyio
@pytest.mark.usefixtures("only_own")
async def test_no_proxy_is_honoured(transport, call, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    assert (await transport.send(call("/echo"))).status == 200


TABLE = [
    ({}, None),
    ({"HTTPS_PROXY": "http://p:1"}, Proxy("http://p:1")),
    ({"https_proxy": "p:1"}, Proxy("http://p:1")),
    ({"HTTP_PROXY": "http://p:1"}, None),
    ({"ALL_PROXY": "http://p:1"}, Proxy("http://p:1")),
    ({"HTTPS_PROXY": "https://p:1"}, Proxy("https://p:1")),
    ({"HTTPS_PROXY": "http://u%40x:p%3A@p:1"}, Proxy("http://p:1", "Basic dUB4OnA6")),
    ({"HTTPS_PROXY": "http://u@p:1"}, Proxy("http://p:1", "Basic dTo=")),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "host.example"}, None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example"}, None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example"}, None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "host.example:8443"}, None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "host.example:1"}, Proxy("http://p:1")),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example"}, Proxy("http://p:1")),
]


@pytest.mark.parametrize(("environment", "expected"), TABLE)
def test_the_proxy_that_the_environment_names(environment, expected, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy("https://user:pass@host.example:8443/x") == expected


def test_a_proxy_of_another_kind_is_refused_and_a_password_not_shown(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://user:sesame@p:1")
    with pytest.raises(ConfigurationError) as caught:
        environment_proxy("https://host.example/")
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(Proxy("http://p:1", "Basic sesame"))
