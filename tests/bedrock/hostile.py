"""A server that speaks Bedrock's wire badly, byte for byte as a test says, in a process of its own.

`python -m tests.bedrock.hostile` opens its ports, prints one line of JSON that names them, and runs until its standard
input closes. `hostile_server` starts it so. Ports: `main`; `other` (is it ever asked?); `self_signed` and `expired`
(https); `control` (plans are left and figures read there; it is not counted).

A plan is a name, which requests say in the header `x-plan`, and a list of answers: the n-th request gets the n-th, the
last one stays. An answer is a list of steps, made by the functions below. `{date}`, `{authorization}` and `{token}` in
a `reply` stand for the server's time and for what the request's headers hold.

Here: sockets and steps, and the bytes of good answers. Called by: test_faults.py.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import http.client
import json
import socket
import ssl
import struct
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

STREAM_TYPE = "application/vnd.amazon.eventstream"
REFUSAL_S = 300  # AWS refuses a signature that is further off

# --- steps, as tests write them ---------------------------------------------------------------------------------------


def reply(status=200, body=b"{}", headers=()):
    """A whole answer with its length."""
    given = {"content-type": "application/json", "x-amzn-requestid": "req-1", **dict(headers)}
    return [{"do": "reply", "status": status, "headers": given, "body": _packed(body)}]


def send(data, piece=None, each_s=0.0):
    """Bytes as they are; in pieces of `piece` bytes, `each_s` seconds apart."""
    return [{"do": "send", "data": _packed(data), "piece": piece, "each_s": each_s}]


def flood(data, times):
    """The same bytes again and again."""
    return [{"do": "flood", "data": _packed(data), "times": times}]


def wait(seconds):
    return [{"do": "wait", "seconds": seconds}]


RESET, CLOSE, HANG = [{"do": "reset"}], [{"do": "close"}], [{"do": "hang"}]
LAST_CHUNK = b"0\r\n\r\n"


def head(status=200, kind=STREAM_TYPE, framing="transfer-encoding: chunked", *more):
    lines = [f"HTTP/1.1 {status} So", f"content-type: {kind}", framing, "x-amzn-requestid: req-1", *more]
    return "\r\n".join([line for line in lines if line] + ["", ""]).encode("latin-1")


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def streamed(data, end=LAST_CHUNK, after=()):
    """An event stream in one chunk, and how it ends."""
    return [*send(head() + chunk(data) + end), *after]


def _packed(data):
    return base64.b64encode(data).decode("ascii")


# --- the server -------------------------------------------------------------------------------------------------------


@dataclass
class Plan:
    answers: list[list[dict[str, Any]]]
    refuse: dict[str, Any] | None = None  # {"holding": text of the head, "steps": [...]}
    ahead_s: float | None = None  # how far the server's clock is ahead; a signature that is off is refused
    times: list[float] = field(default_factory=list)
    refused: int = 0
    sent: int = 0  # bytes that the kernel took


class Gone(Exception):
    """The connection has been ended by a step."""


class Server:
    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.open: dict[int, str] = {}  # connection to "idle" or "busy"
        self.connections = 0
        self.other_bytes = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.open[number] = "idle"
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        with suppress(OSError, EOFError, asyncio.CancelledError, Gone):
            while True:
                first = await reader.readexactly(1)
                self.open[number] = "busy"
                await self._request(first, reader, writer)
                self.open[number] = "idle"
        writer.transport.abort()
        del self.open[number]

    async def accept_other(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                self.other_bytes += len(data)
        writer.transport.abort()

    async def _request(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, *rest = (first + await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        await reader.readexactly(int(headers.get("content-length", 0)))
        plan = self.plans[headers["x-plan"]]
        number = len(plan.times) - plan.refused
        plan.times.append(time.monotonic())
        for step in self._steps(plan, headers, number):
            await _STEPS[step["do"]](plan, step, headers, reader, writer)

    def _steps(self, plan: Plan, headers: dict[str, str], number: int) -> list[dict[str, Any]]:
        refuse = plan.refuse
        if refuse is not None and (
            _clock_off(headers, plan) if plan.ahead_s is not None else refuse["holding"] in str(headers)
        ):
            plan.refused += 1
            return refuse["steps"]
        return plan.answers[min(number, len(plan.answers) - 1)]

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            while True:
                line, *rest = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
                length = next((int(text.split(":")[1]) for text in rest if text.lower().startswith("content-len")), 0)
                body = await reader.readexactly(length)
                found = json.dumps(self._ordered(line.split(" ")[1], body)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(found), found))
        writer.transport.abort()

    def _ordered(self, path: str, body: bytes) -> dict[str, Any]:
        if path.startswith("/plan/"):
            self.plans[path[6:]] = Plan(**json.loads(body))
            return {}
        if path.startswith("/seen/"):
            plan = self.plans[path[6:]]
            return {"requests": len(plan.times), "times": plan.times, "refused": plan.refused, "sent": plan.sent}
        busy = sum(state == "busy" for state in self.open.values())
        return {
            "open": len(self.open),
            "busy": busy,
            "connections": self.connections,
            "other_bytes": self.other_bytes,
        }


def _clock_off(headers: dict[str, str], plan: Plan) -> bool:
    signed = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    return abs(signed.timestamp() - time.time() - (plan.ahead_s or 0)) > REFUSAL_S


async def _reply(plan, step, headers, reader, writer):
    date = formatdate(time.time() + (plan.ahead_s or 0), usegmt=True)
    values = {"{date}": date, "{authorization}": headers.get("authorization", "")}
    values["{token}"] = headers.get("x-amz-security-token", "")
    body = base64.b64decode(step["body"])
    given = {"date": date, **step["headers"]}
    for name, value in values.items():
        body = body.replace(name.encode(), value.encode())
    lines = [f"HTTP/1.1 {step['status']} So", *(f"{name}: {value}" for name, value in given.items())]
    lines += [f"content-length: {len(body)}", "", ""]
    await _write(plan, writer, "\r\n".join(lines).encode("latin-1") + body)


async def _write(plan, writer, data):
    writer.write(data)
    await writer.drain()
    plan.sent += len(data)


async def _send(plan, step, headers, reader, writer):
    data = base64.b64decode(step["data"])
    size = step["piece"] or len(data) or 1
    for start in range(0, len(data), size):
        await _write(plan, writer, data[start : start + size])
        if step["each_s"]:
            await asyncio.sleep(step["each_s"])


async def _flood(plan, step, headers, reader, writer):
    data = base64.b64decode(step["data"])
    for _ in range(step["times"]):
        await _write(plan, writer, data)


async def _wait(plan, step, headers, reader, writer):
    await asyncio.sleep(step["seconds"])


async def _reset(plan, step, headers, reader, writer):
    """An RST instead of a FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise Gone


async def _close(plan, step, headers, reader, writer):
    """A FIN, once all is sent."""
    if writer.can_write_eof():
        writer.write_eof()
    with suppress(OSError):
        while await reader.read(65536):
            pass
    raise Gone


async def _hang(plan, step, headers, reader, writer):
    while await reader.read(65536):
        pass
    raise Gone


_STEPS = {
    "reply": _reply, "send": _send, "flood": _flood, "wait": _wait, "reset": _reset, "close": _close, "hang": _hang,
}  # fmt: skip


def _tls_contexts() -> dict[str, ssl.SSLContext]:
    import trustme

    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificates = {
        "self_signed": trustme.CA().issue_cert("127.0.0.1"),
        "expired": trustme.CA().issue_cert("127.0.0.1", not_after=past),
    }
    contexts = {name: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for name in certificates}
    for name, certificate in certificates.items():
        certificate.configure_cert(contexts[name])
    return contexts


async def _serve() -> None:
    server, tls, ports, kept = Server(), _tls_contexts(), {}, []
    doors = {"main": server.accept, "other": server.accept_other, "control": server.control}
    for name, accept in {**doors, **dict.fromkeys(tls, server.accept)}.items():
        # A connection that breaks in its handshake is no news here.
        listening = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls.get(name), limit=2**20, backlog=2000)
        kept.append(listening)
        ports[name] = listening.sockets[0].getsockname()[1]
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


# --- how tests reach it -----------------------------------------------------------------------------------------------


class Hostile:
    """The running server, seen from a test."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self._control = http.client.HTTPConnection("127.0.0.1", ports["control"], timeout=5)
        self._plans = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['main']}"

    def plan(self, *answers, refuse=None, ahead_s=None) -> str:
        """Leave a plan; its name."""
        self._plans += 1
        name = f"plan-{self._plans}"
        self._ask("POST", f"/plan/{name}", json.dumps({"answers": answers, "refuse": refuse, "ahead_s": ahead_s}))
        return name

    def seen(self, plan: str) -> dict[str, Any]:
        return self._ask("GET", f"/seen/{plan}")

    def connections(self) -> dict[str, int]:
        return self._ask("GET", "/connections")

    def _ask(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        self._control.request(method, path, body)
        return json.loads(self._control.getresponse().read())

    def close(self) -> None:
        self._control.close()


@contextmanager
def hostile_server():
    """Runs the server in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.bedrock.hostile"]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        running = Hostile(json.loads(process.stdout.readline()))
        yield running
        running.close()
    finally:
        process.communicate()


if __name__ == "__main__":
    asyncio.run(_serve())
