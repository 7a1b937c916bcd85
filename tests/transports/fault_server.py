"""An HTTP server that does what servers should not, in a process of its own. Standard library and trustme only.

`python -m tests.transports.fault_server <folder>` writes the authority's certificate to `<folder>/ca.pem`, opens its
ports, prints one line of JSON that names them, and runs until its standard input closes.

Ports: `plain` and `other` (http, the latter to see whether it is ever asked); `tls`, `expired`, `wrong_host`,
`self_signed`, `old_tls`, `dropping_tls`, `stalled_tls` (https); `proxy` and `locked_proxy` (HTTP proxies, the latter
wants user:secret); `full` (its backlog is full, nobody accepts). What a request gets is named by its path: see
fault_routes.py.
`/stats` tells, for all ports, the connections open (its own left out), and the requests seen.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import socket
import ssl
import struct
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme

LIMIT = 2**17


@dataclass
class Seen:
    """One request as it came."""

    line: str
    headers: list[tuple[str, str]]
    connection: int
    port: str
    body: bytes = b""
    body_read: bool = False
    query: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class Server:
    def __init__(self) -> None:
        self.open: dict[int, str] = {}
        self.connections = 0
        self.requests: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.proxied: list[str] = []
        self.tls_contexts: dict[str, ssl.SSLContext] = {}

    def stats(self, own: int) -> dict[str, object]:
        return {
            "open": sum(number != own for number in self.open),
            "connections": self.connections,
            "requests": dict(self.requests),
            "bytes": dict(self.bytes),
            "proxied": self.proxied,
        }

    async def accept(self, port: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from tests.transports.fault_routes import answer

        self.connections += 1
        number = self.connections
        self.open[number] = port
        watched = Connection(self, number, port, reader, writer)
        try:
            while (seen := await watched.request()) is not None:
                if not await answer(watched, seen):
                    break
        except (OSError, EOFError, asyncio.CancelledError):  # the client, or the test run, has gone
            pass
        finally:
            watched.abort()
            del self.open[number]


class Connection:
    def __init__(self, server, number, port, reader, writer) -> None:
        self.server, self.number, self.port, self.reader, self.writer = server, number, port, reader, writer

    async def request(self) -> Seen | None:
        """The next request's head; its body is read by the route, or not at all."""
        try:
            head = await self.reader.readexactly(1)
            if head == b"\x16":  # a TLS handshake: answer as web servers do
                await self.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return None
            head += await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            self.server.bytes[self.port] += len(error.partial)
            return None
        self.server.bytes[self.port] += len(head)
        line, *rest = head[:-4].decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (header.partition(":") for header in rest)]
        target = line.split(" ")[1] if line.count(" ") >= 2 else ""
        parts = urlsplit(target) if "://" in target or target.startswith("/") else urlsplit("")
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return Seen(line, headers, self.number, self.port, query=query, path=parts.path)

    async def body(self, seen: Seen) -> bytes:
        if seen.body_read:
            return seen.body
        seen.body_read = True
        if (length := seen.header("content-length")) is not None:
            seen.body = await self.reader.readexactly(int(length))
        self.server.bytes[self.port] += len(seen.body)
        return seen.body

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with an RST instead of a FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def abort(self) -> None:
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        with suppress(OSError):
            while await self.reader.read(65536):
                pass

    async def finish(self) -> None:
        """Send a FIN and wait for the client to close too."""
        with suppress(OSError):
            if self.writer.can_write_eof():
                self.writer.write_eof()
            else:
                self.writer.close()
        await self.gone()


def _authorities(folder: Path) -> dict[str, ssl.SSLContext]:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificates = {
        "tls": authority.issue_cert("localhost", "127.0.0.1"),
        "expired": authority.issue_cert("localhost", "127.0.0.1", not_after=past),
        "wrong_host": authority.issue_cert("elsewhere.example"),
        "self_signed": stranger.issue_cert("localhost", "127.0.0.1"),
    }
    contexts = {}
    for name, certificate in certificates.items():
        context = contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    return contexts


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A port that knows no TLS version of ours: it answers the handshake with the alert `protocol_version`."""
    await reader.read(100)
    writer.write(b"\x15\x03\x01\x00\x02\x02\x46")
    await writer.drain()
    writer.write_eof()
    with suppress(OSError):
        await reader.read()
    writer.transport.abort()


async def _stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A port that leaves a handshake without an answer."""
    with suppress(OSError):
        while await reader.read(65536):
            pass
    writer.transport.abort()


async def _drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A port that reads the start of a handshake and hangs up."""
    await reader.read(100)
    writer.transport.abort()


def _full_backlog() -> tuple[int, list[socket.socket]]:
    """A port whose connections do not come about, and what must be kept for that."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    kept = [listener]
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        kept.append(filler)
    return listener.getsockname()[1], kept


async def serve(folder: Path) -> None:
    server = Server()
    server.tls_contexts = _authorities(folder)
    ports: dict[str, int] = {}
    names = ("plain", "other", "proxy", "locked_proxy", *server.tls_contexts)
    for name in names:

        async def accept(reader, writer, name=name):
            await server.accept(name, reader, writer)

        listening = await asyncio.start_server(
            accept, "127.0.0.1", 0, ssl=server.tls_contexts.get(name), limit=LIMIT, backlog=2000
        )
        ports[name] = listening.sockets[0].getsockname()[1]
    for name, handshake in {"old_tls": _refuse, "dropping_tls": _drop, "stalled_tls": _stall}.items():

        async def accept(reader, writer, name=name, handshake=handshake):
            server.connections += 1
            number = server.connections
            server.open[number] = name
            await handshake(reader, writer)
            del server.open[number]

        listening = await asyncio.start_server(accept, "127.0.0.1", 0)
        ports[name] = listening.sockets[0].getsockname()[1]
    ports["full"], kept = _full_backlog()
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for held in kept:
        held.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1])))
