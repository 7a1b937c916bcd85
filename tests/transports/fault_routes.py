"""What the fault server answers, by path. A route gives True if the connection may be used again."""

from __future__ import annotations

import asyncio
import base64
import functools
import gzip
import hashlib
import json
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.transports.fault_server import Connection, Seen

Route = Callable[[Connection, Seen], Awaitable[bool]]
ROUTES: dict[str, Route] = {}


def route(path: str) -> Callable[[Route], Route]:
    def register(function: Route) -> Route:
        ROUTES[path] = function
        return function

    return register


async def answer(connection: Connection, seen: Seen) -> bool:
    connection.server.requests[seen.port] += 1
    if "proxy" in seen.port:
        return await proxy(connection, seen)
    first = "/" + seen.path.lstrip("/").partition("/")[0]
    function = ROUTES.get(seen.path) or ROUTES.get(first, echo)
    return await function(connection, seen)


def head(status: str = "200 OK", **headers: str | int) -> bytes:
    lines = [f"HTTP/1.1 {status}"] + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def reply(connection: Connection, seen: Seen, body: bytes, status: str = "200 OK", **headers: str | int) -> bool:
    await connection.body(seen)
    await connection.write(head(status, content_length=len(body), **headers) + body)
    return True


@route("/stats")
async def stats(connection: Connection, seen: Seen) -> bool:
    connection.server.requests[seen.port] -= 1
    return await reply(connection, seen, json.dumps(connection.server.stats(connection.number)).encode())


@route("/echo")
async def echo(connection: Connection, seen: Seen) -> bool:
    body = await connection.body(seen)
    told = {
        "line": seen.line,
        "headers": seen.headers,
        "connection": seen.connection,
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "body": base64.b64encode(body[:4096]).decode(),
    }
    return await reply(connection, seen, json.dumps(told).encode(), content_type="application/json")


@route("/status")
async def status(connection: Connection, seen: Seen) -> bool:
    return await reply(connection, seen, b"<html>no</html>", f"{seen.path.rpartition('/')[2]} Some Reason")


@route("/redirect")
async def redirect(connection: Connection, seen: Seen) -> bool:
    return await reply(connection, seen, b"", f"{seen.query['status']} Elsewhere", location=seen.query["to"])


@route("/set-cookie")
async def set_cookie(connection: Connection, seen: Seen) -> bool:
    return await reply(connection, seen, b"", set_cookie="session=1; Path=/")


@route("/large")
async def large(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    size = int(seen.query["bytes"])
    await connection.write(head(content_length=size))
    piece = b"x" * 65536
    for start in range(0, size, len(piece)):
        await connection.write(piece[: size - start])
    return True


# --- before the headers -----------------------------------------------------------------------------------------------


@route("/reset-before-headers")
async def reset_before_headers(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    connection.reset()
    return False


@route("/eof-before-headers")
async def eof_before_headers(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    return False


@route("/eof-in-headers")
async def eof_in_headers(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl")
    return False


@route("/stall-before-headers")
async def stall_before_headers(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.gone()
    return False


@route("/never-read")
async def never_read(connection: Connection, seen: Seen) -> bool:
    """Leaves the body unread for longer than any client here waits; then reads on, to learn that it has gone."""
    await asyncio.sleep(0.3)
    await connection.gone()
    return False


@route("/answer-before-body")
async def answer_before_body(connection: Connection, seen: Seen) -> bool:
    await connection.write(head("413 Too Large", content_length=2) + b"no")
    await asyncio.sleep(0.3)
    with suppress(OSError, EOFError):
        await connection.body(seen)
    return False


@route("/informational")
async def informational(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    for _ in range(3):
        await connection.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
    return await reply(connection, Seen("", [], 0, seen.port), b"done")


# --- broken heads -----------------------------------------------------------------------------------------------------

BROKEN_HEADS = {
    "bad-status": b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nhi",
    "garbage": b"\x00\x01\x02 not http at all\r\n\r\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
    "bad-length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhi",
    "huge-header": b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 1_000_000 + b"\r\nContent-Length: 2\r\n\r\nhi",
}


@route("/broken-head")
async def broken_head(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(BROKEN_HEADS[seen.query["kind"]])
    await connection.finish()
    return False


@route("/long-header")
async def long_header(connection: Connection, seen: Seen) -> bool:
    return await reply(connection, seen, b"ok", x_long="x" * int(seen.query["bytes"]))


@route("/header-flood")
async def header_flood(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(20_000):
        await connection.write(b"X-%d: %s\r\n" % (number, b"y" * 200))
    return False


# --- bodies -----------------------------------------------------------------------------------------------------------


@route("/short-length")
async def short_length(connection: Connection, seen: Seen) -> bool:
    """Part of the length that was promised, then FIN or RST."""
    await connection.body(seen)
    await connection.write(head(content_length=1000) + b"y" * int(seen.query["sent"]))
    if "reset" in seen.query:
        await asyncio.sleep(0.05)  # an RST throws away what the client has not yet read
        connection.reset()
    return False


@route("/cut-chunk")
async def cut_chunk(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(head(transfer_encoding="chunked") + chunk(b"hello"))
    await connection.write({"between": b"", "inside": b"ff\r\nabc", "size": b"f", "last": b"0\r\n"}[seen.query["at"]])
    return False


@route("/bad-chunk")
async def bad_chunk(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(head(transfer_encoding="chunked") + chunk(b"hello") + b"zz\r\nabc\r\n")
    await connection.finish()
    return False


@route("/no-length")
async def no_length(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"until the end")
    return False


@route("/trailers")
async def trailers(connection: Connection, seen: Seen) -> bool:
    await connection.body(seen)
    await connection.write(head(transfer_encoding="chunked", trailer="X-Sum") + chunk(b"hello"))
    await connection.write(b"0\r\nX-Sum: 1\r\n\r\n")
    return True


@route("/pieces")
async def pieces(connection: Connection, seen: Seen) -> bool:
    """`n` chunks, `every` seconds apart; then the end, or with `then=stall` nothing."""
    await connection.body(seen)
    await asyncio.sleep(float(seen.query.get("before", 0)))
    await connection.write(head(transfer_encoding="chunked"))
    for number in range(int(seen.query["n"])):
        await connection.write(chunk(b"piece %d;" % number))
        await asyncio.sleep(float(seen.query.get("every", 0)))
    if seen.query.get("then") == "stall":
        await connection.gone()
        return False
    await connection.write(b"0\r\n\r\n")
    return True


@route("/surplus")
async def surplus(connection: Connection, seen: Seen) -> bool:
    """More than the length says; the connection must not be used again."""
    await connection.body(seen)
    await connection.write(head(content_length=2) + b"hi, and more")
    return True


@route("/then-close")
async def then_close(connection: Connection, seen: Seen) -> bool:
    """A whole answer that promises to keep the connection, and a FIN."""
    await reply(connection, seen, b"bye")
    return False


@route("/once")
async def once(connection: Connection, seen: Seen) -> bool:
    """A whole answer; the next request on this connection is read, and the connection closed without an answer."""
    await reply(connection, seen, b"once")
    if (following := await connection.request()) is not None:
        connection.server.requests[following.port] += 1
        await connection.body(following)
    return False


# --- encodings --------------------------------------------------------------------------------------------------------

TEXT = b"to be or not to be " * 50
ENCODED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": ("x-gzip", gzip.compress(TEXT)),
    "upper": ("GZIP", gzip.compress(TEXT)),
    "deflate": ("deflate", zlib.compress(TEXT)),
    "raw-deflate": ("deflate", zlib.compress(TEXT)[2:-4]),
    "members": ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
    "identity": ("identity", TEXT),
    "empty": ("gzip", b""),
    "cut": ("gzip", gzip.compress(TEXT)[:-9]),
    "damaged": ("gzip", gzip.compress(TEXT)[:12] + b"\xff" * 20 + gzip.compress(TEXT)[32:]),
    "surplus": ("gzip", gzip.compress(TEXT) + b"surplus"),
    "not-gzip": ("gzip", TEXT),
    "unknown": ("rot13", TEXT),
    "nested": ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
}


@route("/encoded")
async def encoded(connection: Connection, seen: Seen) -> bool:
    encoding, body = ENCODED[seen.query["kind"]]
    if "chunked" not in seen.query:
        return await reply(connection, seen, body, content_encoding=encoding)
    await connection.body(seen)
    await connection.write(head(transfer_encoding="chunked", content_encoding=encoding))
    for at in range(len(body)):
        await connection.write(chunk(body[at : at + 1]))
    await connection.write(b"0\r\n\r\n")
    return True


@functools.cache
def zeros(encoding: str, mib: int) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    return b"".join(squeeze.compress(bytes(2**20)) for _ in range(mib)) + squeeze.flush()


@route("/bomb")
async def bomb(connection: Connection, seen: Seen) -> bool:
    body = zeros(seen.query["encoding"], int(seen.query["mib"]))
    return await reply(connection, seen, body, content_encoding=seen.query["encoding"])


# --- proxies ----------------------------------------------------------------------------------------------------------


async def proxy(connection: Connection, seen: Seen) -> bool:
    method, target, _ = seen.line.split(" ")
    connection.server.proxied.append(f"{seen.port} {method} {target}")
    wanted = "Basic " + base64.b64encode(b"user:secret").decode()
    if seen.port == "locked_proxy" and seen.header("proxy-authorization") != wanted:
        await reply(connection, seen, b"", "407 Proxy Authentication Required", proxy_authenticate="Basic")
        return True
    if method == "CONNECT":
        return await tunnel(connection, target)
    return await forward(connection, seen, target)


async def tunnel(connection: Connection, target: str) -> bool:
    host, _, port = target.partition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        await connection.write(head("502 Bad Gateway", content_length=0))
        return False
    await connection.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await relay(connection, reader, writer)
    return False


async def forward(connection: Connection, seen: Seen, target: str) -> bool:
    origin, _, path = target.removeprefix("http://").partition("/")
    host, _, port = origin.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    kept = [f"{name}: {value}" for name, value in seen.headers if not name.lower().startswith("proxy-")]
    request = "\r\n".join([f"{seen.line.split(' ')[0]} /{path} HTTP/1.1", *kept, "X-Proxied: 1"]) + "\r\n\r\n"
    writer.write(request.encode("latin-1") + await connection.body(seen))
    answered = await reader.readuntil(b"\r\n\r\n")
    length = int(answered.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    await connection.write(answered + await reader.readexactly(length))
    writer.transport.abort()
    return True


async def relay(connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

    ways = [
        asyncio.ensure_future(pump(connection.reader, writer)),
        asyncio.ensure_future(pump(reader, connection.writer)),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    writer.transport.abort()
