"""The least that a Bedrock call costs in Python: sockets and the standard library, written for this one server.

Here: a client without anything that one would miss in production: no deadlines, no errors, no retry, no types. What it
costs is what cannot be saved. Its signature, decoder and JSON are also what the bare HTTP libraries of peers.py use, so
that those differ from it in nothing but the library. Not here: anything of bedrock_llm.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import struct
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from zlib import crc32

from benchmarks import work

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Deltas", "Floor", "signed_request", "text_of"]

_MODEL_PATH = "/model/" + quote(work.MODEL, safe="")
_LENGTHS = struct.Struct(">III")
_UINT32 = struct.Struct(">I")
_SIGNED = "content-type;host;x-amz-date"
_keys: dict[str, bytes] = {}


def _day_key(day: str) -> bytes:
    key = _keys.get(day)
    if key is None:
        key = b"AWS4" + work.SECRET_ACCESS_KEY.encode()
        for word in (day, work.REGION, "bedrock", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        _keys[day] = key
    return key


def signed_request(host: str, operation: str) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of the request; written and signed anew each time, as a client has to."""
    body = json.dumps(work.converse_body()).encode()
    path = f"{_MODEL_PATH}/{operation}"
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/{work.REGION}/bedrock/aws4_request"
    lines = f"content-type:application/json\nhost:{host}\nx-amz-date:{now}"
    canonical = f"POST\n{quote(path)}\n\n{lines}\n\n{_SIGNED}\n{sha256(body).hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    proof = hmac.digest(_day_key(now[:8]), to_sign.encode(), "sha256").hex()
    credential = f"Credential={work.ACCESS_KEY_ID}/{scope}"
    headers = {
        "Content-Type": "application/json",
        "X-Amz-Date": now,
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={_SIGNED}, Signature={proof}",
    }
    return path, headers, body


def text_of(body: bytes) -> str:
    """The text of a whole answer."""
    text: str = json.loads(body)["output"]["message"]["content"][0]["text"]
    return text


class Deltas:
    """Event-stream frames to pieces of text, checksums checked."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[str]:
        """The pieces that `data` completes."""
        data = self._held + data if self._held else data
        position, end, texts = 0, len(data), []
        while end - position >= 12:
            total, header_bytes, check = _LENGTHS.unpack_from(data, position)
            if position + total > end:
                break
            frame = data[position : position + total]
            if crc32(frame[:8]) != check or crc32(frame[:-4]) != _UINT32.unpack_from(frame, total - 4)[0]:
                raise ValueError("a frame is damaged")
            payload = json.loads(frame[12 + header_bytes : -4])
            if frame.find(b"contentBlockDelta", 12, 12 + header_bytes) > 0:
                texts.append(payload["delta"]["text"])
            position += total
        self._held = data[position:]
        return texts


class _Chunks:
    """A chunked body, unwrapped."""

    __slots__ = ("_held", "ended")

    def __init__(self) -> None:
        self._held = b""
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        """The bytes of the chunks that `data` completes."""
        data = self._held + data if self._held else data
        position, pieces = 0, []
        while (line_end := data.find(b"\r\n", position)) >= 0:
            size = int(data[position:line_end], 16)
            stop = line_end + 2 + size
            if stop + 2 > len(data):
                break
            position = stop + 2
            if size == 0:
                self.ended = True
                break
            pieces.append(data[line_end + 2 : stop])
        self._held = data[position:]
        return b"".join(pieces)


class _Connection(asyncio.Protocol):
    """Bytes out, bytes in."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream's transport can write

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server hung up"))

    async def read(self) -> bytes:
        """What has come, at least one byte."""
        if not self._received:
            self._waiting = self._loop.create_future()
            await self._waiting
        data = b"".join(self._received)
        self._received.clear()
        return data

    async def head(self) -> tuple[bytes, bytes]:
        """The head of an answer, and what came with it."""
        data = await self.read()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += await self.read()
        if not data.startswith(b"HTTP/1.1 200"):
            raise ValueError(repr(data[:200]))
        return data[:end], data[end + 4 :]


class Floor:
    """A client for one address."""

    def __init__(self, url: str, tls: SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._address, self._port = parts.hostname or "", parts.port or 443
        self._tls = tls
        self._idle: list[_Connection] = []

    async def complete(self) -> str:
        """The text of a whole answer."""
        connection = await self._ask("converse")
        head, body = await connection.head()
        at = head.index(b"Content-Length: ") + 16
        length = int(head[at : head.index(b"\r\n", at)])
        while len(body) < length:
            body += await connection.read()
        self._idle.append(connection)
        return text_of(body)

    async def deltas(self) -> AsyncIterator[str]:
        """The pieces of a streamed answer."""
        connection = await self._ask("converse-stream")
        _, data = await connection.head()
        chunks, decoder = _Chunks(), Deltas()
        while True:
            for text in decoder.feed(chunks.feed(data)):
                yield text
            if chunks.ended:
                break
            data = await connection.read()
        self._idle.append(connection)

    async def aclose(self) -> None:
        """Close what is idle."""
        for connection in self._idle:
            connection.transport.close()

    async def _ask(self, operation: str) -> _Connection:
        connection = self._idle.pop() if self._idle else await self._connect()
        path, headers, body = signed_request(self._host, operation)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        connection.transport.write(head.encode() + body)
        return connection

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Connection, self._address, self._port, ssl=self._tls))[1]
