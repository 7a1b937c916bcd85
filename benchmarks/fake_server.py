"""A Bedrock that costs next to nothing: answers made once, written as they are.

    python benchmarks/fake_server.py FOLDER      prints {"burst": port, ...} in one line, and serves until it is killed

Here: the answers' bytes, and when they are written. Not here: any check of what is asked, of a signature least of all
(bedrock_llm.testing has a server for that). Called by: run.py, as a process of its own, on a core of its own.

Every port answers `.../converse` with the same JSON. What it does with `.../converse-stream`:

    burst    500 deltas, all in one write
    single   one delta
    paced    500 deltas, each in a write of its own, a millisecond apart
    held     10 deltas, and then nothing: the stream stays open

`burst_tls` and the like are the same behind TLS, with a certificate made at the start by trustme; the authority to
trust is written to FOLDER/ca.pem.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bedrock_llm.framing.aws_eventstream import encode_frame
from benchmarks.work import ANSWER, deltas

__all__ = ["Answer", "serve", "streamed", "whole"]

REQUEST_ID = "b6f1f2c4-0000-4000-8000-6a3d1c9e7f52"
HELD_DELTAS = 10
BURST_DELTAS = 500
Json = dict[str, Any]

_PACE_S = 0.001
_BACKLOG = 2048  # the memory row opens many connections at once


class Answer(NamedTuple):
    """A streamed answer: the head, then one chunk for each event, then the end of the body."""

    pieces: tuple[bytes, ...]
    mode: str


def _head(content_type: str, framing: str) -> bytes:
    lines = (
        "HTTP/1.1 200 OK",
        "Date: Fri, 20 Nov 2026 08:00:00 GMT",
        f"Content-Type: {content_type}",
        framing,
        "Connection: keep-alive",
        f"x-amzn-RequestId: {REQUEST_ID}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def whole() -> bytes:
    """The answer to Converse, head and body."""
    body = _json(
        {
            "metrics": {"latencyMs": 812},
            "output": {"message": {"content": [{"text": ANSWER}], "role": "assistant"}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 61, "outputTokens": 100, "totalTokens": 161},
        }
    )
    return _head("application/json", f"Content-Length: {len(body)}") + body


def streamed(number: int, mode: str) -> Answer:
    """The answer to ConverseStream with so many deltas."""
    events: list[tuple[str, Json]] = [("messageStart", {"role": "assistant"})]
    events += [("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in deltas(number)]
    if mode == "held":
        end = b""
    else:
        usage = {"inputTokens": 61, "outputTokens": number, "totalTokens": 61 + number}
        events.append(("contentBlockStop", {"contentBlockIndex": 0}))
        events.append(("messageStop", {"stopReason": "end_turn"}))
        events.append(("metadata", {"metrics": {"latencyMs": 812}, "usage": usage}))
        end = b"0\r\n\r\n"
    chunks = (_chunk(kind, payload, index) for index, (kind, payload) in enumerate(events))
    head = _head("application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
    return Answer((head, *chunks, end), mode)


def _chunk(kind: str, payload: Json, index: int) -> bytes:
    """One event in one frame in one chunk; `p` is what the service adds to hide how long a delta is."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    frame = encode_frame(headers, _json({**payload, "p": letters[: 2 + index * 7 % 41]}))
    return b"%x\r\n%s\r\n" % (len(frame), frame)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("utf-8")


class _Pace:
    """Writes one event to each paced connection in each millisecond."""

    def __init__(self) -> None:
        self._waiting: dict[_Connection, int] = {}

    def add(self, connection: _Connection) -> None:
        """Begin; the head goes out with the next tick."""
        if not self._waiting:
            asyncio.get_running_loop().call_later(_PACE_S, self._tick)
        self._waiting[connection] = 0

    def drop(self, connection: _Connection) -> None:
        """The connection is gone."""
        self._waiting.pop(connection, None)

    def _tick(self) -> None:
        for connection, position in list(self._waiting.items()):
            pieces = connection.answer.pieces
            connection.transport.write(pieces[position])
            if position + 1 == len(pieces):
                self._waiting.pop(connection)
            else:
                self._waiting[connection] = position + 1
        if self._waiting:
            asyncio.get_running_loop().call_later(_PACE_S, self._tick)


class _Connection(asyncio.Protocol):
    """One connection: requests come one after another."""

    transport: asyncio.Transport

    def __init__(self, answer: Answer, pace: _Pace) -> None:
        self.answer = answer
        self._pace = pace
        self._held = b""
        self._whole = _WHOLE
        self._at_once = b"".join(answer.pieces)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream's transport can write

    def connection_lost(self, exc: Exception | None) -> None:
        self._pace.drop(self)

    def data_received(self, data: bytes) -> None:
        data = self._held + data if self._held else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end].lower()
            stop = end + 4 + _body_length(head)
            if len(data) < stop:
                break
            self._reply(head)
            data = data[stop:]
        self._held = data

    def _reply(self, head: bytes) -> None:
        if b"/converse-stream " not in head.partition(b"\r\n")[0]:
            self.transport.write(self._whole)
        elif self.answer.mode == "paced":
            self._pace.add(self)
        else:
            self.transport.write(self._at_once)


_WHOLE = whole()


def _body_length(head: bytes) -> int:
    """Of a head in lower case."""
    at = head.find(b"\r\ncontent-length:")
    return int(head[at + 17 :].partition(b"\r\n")[0]) if at >= 0 else 0


def _factory(answer: Answer, pace: _Pace) -> Callable[[], asyncio.Protocol]:
    return lambda: _Connection(answer, pace)


def _tls(folder: Path) -> ssl.SSLContext:
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    context.num_tickets = 0  # one costs every client of OpenSSL 16 KiB, whichever library is above it
    return context


async def serve(folder: Path) -> None:
    """Serve on ports that the system picks, print them, and never return."""
    loop = asyncio.get_running_loop()
    pace, tls, ports = _Pace(), _tls(folder), {}
    for mode, number in (("burst", BURST_DELTAS), ("single", 1), ("paced", BURST_DELTAS), ("held", HELD_DELTAS)):
        answer = streamed(number, mode)
        for suffix, context in (("", None), ("_tls", tls)):
            made = await loop.create_server(_factory(answer, pace), "127.0.0.1", 0, ssl=context, backlog=_BACKLOG)
            ports[mode + suffix] = made.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.create_future()


def _allow_many_sockets() -> None:
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Serve until killed."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on every platform
        _allow_many_sockets()
    with contextlib.suppress(AttributeError, OSError):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-1:])
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):
        import uvloop  # cheaper per write, and far smaller per TLS connection

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner, contextlib.suppress(KeyboardInterrupt):
        runner.run(serve(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
