"""What is sent arrives unchanged, and what arrives is told unchanged."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from bedrock_llm import __version__
from bedrock_llm.errors import ConfigurationError, ConnectionFailedError, ProtocolError, UsageError
from bedrock_llm.transports.base import HTTPCall, HTTPReply
from tests.transports.fault_routes import TEXT

pytestmark = pytest.mark.anyio

PATHS = [
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ax%2Fabc/converse",
    "/echo/%253A/%2f/%7e/~user//double/",
    "/echo?x=%3A&y=a+b&z=%20&empty=&q=a/b?c",
    "/echo/'!$&()*+,;=:@[x]`{}|^",
    "/echo/a/../b/%2e%2e/c/./d",
    "/",
]


async def read_all(reply) -> bytes:
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    return b"".join(pieces)


def told(reply: HTTPReply) -> dict:
    return json.loads(reply.body)


@pytest.mark.parametrize("path", PATHS)
async def test_path_and_query_arrive_as_they_are(transport, call, path):
    assert told(await transport.send(call(path)))["line"] == f"POST {path} HTTP/1.1"


async def test_a_url_without_a_path_asks_for_the_root(transport, server):
    url = server.url("")
    assert told(await transport.send(HTTPCall("GET", url, {})))["line"] == "GET / HTTP/1.1"
    assert told(await transport.send(HTTPCall("GET", url + "?a=1", {})))["line"] == "GET /?a=1 HTTP/1.1"


async def test_headers_arrive_once_each_and_nothing_is_invented(transport, call, kind, server):
    sent = {
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=x",
        "content-type": "application/json",
        "X-Empty": "",
        "X-Utf8": "grün",
    }
    headers = told(await transport.send(call("/echo", headers=sent, body=b"{}")))["headers"]
    expected = {
        **sent,
        "X-Utf8": "grün".encode().decode("latin-1"),
        "Host": f"127.0.0.1:{server.ports['plain']}",
        "Content-Length": "2",
        "Accept-Encoding": "identity",
    }
    if not kind.passes_client:
        expected["User-Agent"] = f"bedrock-llm/{__version__}"
    lowered = {name.lower(): value for name, value in expected.items()}
    arrived = {name.lower(): value for name, value in headers}
    assert len(headers) == len(arrived)
    if kind.passes_client:  # a client's own headers hold
        for name in ("accept", "connection", "user-agent"):
            arrived.pop(name)
    assert arrived == lowered
    assert [name for name, _ in headers if name in sent] == list(sent)


async def test_headers_of_the_caller_replace_ours(transport, call):
    sent = {"user-agent": "me/1", "ACCEPT-ENCODING": "gzip", "Host": "elsewhere.example"}
    headers = told(await transport.send(call("/echo", headers=sent)))["headers"]
    for name, value in sent.items():
        assert [v for n, v in headers if n.lower() == name.lower()] == [value]


async def test_no_content_type_is_invented(transport, call):
    headers = told(await transport.send(call("/echo", body=b"x")))["headers"]
    assert "content-type" not in [name.lower() for name, _ in headers]


async def test_every_byte_of_a_body_arrives(transport, call):
    body = bytes(range(256)) * 4
    assert base64.b64decode(told(await transport.send(call("/echo", body=body)))["body"]) == body


async def test_a_body_of_50_mb_arrives(transport, call):
    body = bytes(50_000_000)
    reply = told(await transport.send(call("/echo", body=body)))
    assert (reply["length"], reply["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


async def test_an_answer_of_50_mb_arrives(transport, call):
    reply = await transport.send(call("/large?bytes=50000000"))
    assert len(reply.body) == 50_000_000


async def test_a_get_has_no_body_and_an_empty_post_says_so(transport, call):
    get = told(await transport.send(call("/echo", method="GET")))["headers"]
    post = told(await transport.send(call("/echo")))["headers"]
    assert "content-length" not in [name.lower() for name, _ in get]
    assert ["content-length", "0"] in [[name.lower(), value] for name, value in post]


@pytest.mark.parametrize("status", [200, 307, 400, 403, 429, 500, 502, 503, 529])
async def test_a_status_is_told_and_not_judged(transport, call, status):
    reply = await transport.send(call(f"/status/{status}"))
    assert (reply.status, reply.body) == (status, b"<html>no</html>")


async def test_names_of_headers_are_lower_case(transport, call):
    reply = await transport.open(call("/long-header?bytes=3"))
    assert (reply.headers["x-long"], reply.headers["content-length"]) == ("xxx", "2")
    await reply.aclose()


@pytest.mark.parametrize("size", [9_000, 60_000])
async def test_a_long_header_is_taken(transport, call, size):
    reply = await transport.send(call(f"/long-header?bytes={size}"))
    assert len(reply.headers["x-long"]) == size


@pytest.mark.parametrize("path", ["/informational", "/trailers", "/no-length"])
async def test_hints_trailers_and_a_missing_length_do_no_harm(transport, call, path):
    expected = {"/informational": b"done", "/trailers": b"hello", "/no-length": b"until the end"}
    assert (await transport.send(call(path))).body == expected[path]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_redirect_is_handed_on_and_not_followed(transport, call, server, status, streamed):
    before = server.stats()["bytes"].get("other", 0)
    to = server.url("/echo", "other")
    if streamed:
        reply = await transport.open(call(f"/redirect?status={status}&to={to}", headers={"authorization": "Bearer k"}))
        body = await read_all(reply)
        await reply.aclose()
    else:
        reply = await transport.send(call(f"/redirect?status={status}&to={to}", body=b"secret"))
        body = reply.body
    assert (reply.status, reply.headers["location"], body) == (status, to, b"")
    assert server.stats()["bytes"].get("other", 0) == before


@pytest.mark.parametrize("url", ["ftp://x/", "/relative", "http://", "http://a b/", "http://x/\r\nX: y", "http://x/ü"])
async def test_a_url_that_cannot_be_sent_as_it_is_is_refused(transport, url):
    with pytest.raises(ConfigurationError):
        await transport.send(HTTPCall("POST", url, {}))


@pytest.mark.parametrize("value", ["a\r\nX-Other: 1", "a\nb", "a\0b"])
async def test_a_header_with_a_line_end_is_refused_and_not_shown(transport, call, value):
    with pytest.raises(UsageError) as caught:
        await transport.send(call("/echo", headers={"X-Key": "sesame" + value}))
    shown = []
    error = caught.value
    while error is not None:
        shown.append(str(error))
        error = error.__cause__
    assert "sesame" not in " ".join(shown)


async def test_the_second_request_uses_the_first_ones_connection(transport, call):
    first, second = [told(await transport.send(call("/echo")))["connection"] for _ in range(2)]
    assert first == second


async def test_a_stream_read_to_its_end_gives_its_connection_back(transport, call, server):
    reply = await transport.open(call("/pieces?n=3"))
    assert await read_all(reply) == b"piece 0;piece 1;piece 2;"
    assert await reply.read() == b""
    opened = server.stats()["connections"]
    await transport.send(call("/echo"))
    await reply.aclose()
    await reply.aclose()
    assert server.stats()["connections"] == opened + 1 + 0  # the one that asks for stats


async def test_bytes_after_the_body_are_not_the_next_answer(transport, call):
    """aiohttp refuses the answer itself, httpx the next one on that connection; both then close it."""
    try:
        assert (await transport.send(call("/surplus"))).body == b"hi"
        assert told(await transport.send(call("/echo", body=b"x")))["length"] == 1
    except ProtocolError:
        assert told(await transport.send(call("/echo", body=b"x")))["length"] == 1


async def test_a_connection_that_the_server_closed_while_idle_is_not_used_again(transport, call, server):
    assert (await transport.send(call("/then-close"))).body == b"bye"
    await server.open_becomes(0)
    assert (await transport.send(call("/echo"))).status == 200


async def test_a_request_on_a_kept_connection_that_breaks_is_not_sent_again(transport, call, server):
    """Neither library may repeat by itself, not even a GET: `with_retry` is the only one who sends again."""
    for method in ("POST", "GET"):
        assert (await transport.send(call("/once", method=method))).body == b"once"
        before = server.stats()["requests"]["plain"]
        with pytest.raises(ConnectionFailedError) as caught:
            await transport.send(call("/echo", method=method))
        assert (caught.value.sent, caught.value.retryable) == (True, True)
        assert server.stats()["requests"]["plain"] == before + 1


async def test_cookies_are_neither_kept_nor_sent(transport, call, kind):
    if kind.passes_client:
        pytest.skip("a client's own cookies are its user's")
    await transport.send(call("/set-cookie"))
    headers = told(await transport.send(call("/echo")))["headers"]
    assert "cookie" not in [name.lower() for name, _ in headers]


@pytest.mark.parametrize("how", ["", "&chunked"])
@pytest.mark.parametrize("name", ["gzip", "x-gzip", "upper", "deflate", "raw-deflate", "members", "identity", "empty"])
async def test_an_encoded_body_is_decoded(transport, call, name, how):
    expected = b"" if name == "empty" else TEXT
    assert (await transport.send(call(f"/encoded?kind={name}{how}"))).body == expected
    reply = await transport.open(call(f"/encoded?kind={name}{how}"))
    assert await read_all(reply) == expected
    await reply.aclose()
