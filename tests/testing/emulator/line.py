"""A raw HTTP exchange with the emulator that shows every byte."""

from __future__ import annotations

import json
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from bedrock_llm.providers.sigv4 import sign

MODEL = "us.anthropic.claude-sonnet-4-6"


class Line:
    """One TCP connection that speaks HTTP/1.1 by hand; gives up after 5 seconds."""

    def __init__(self, emulator):
        parts = urlsplit(emulator.url)
        self._emulator = emulator
        self._held = b""
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, body, *, operation="converse", model=MODEL, path=None, headers=None):
        """Send a request, signed unless headers are given."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        target = path or f"/model/{model}/{operation}"
        if headers is None:
            url, given = self._emulator.url + target, {"content-type": "application/json"}
            now = self._emulator._service.clock()
            headers = {
                **given,
                **sign("POST", url, given, data, self._emulator.credentials, "us-east-1", "bedrock", now),
            }
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if "host" not in headers:
            lines.append("host: emulator")
        lines.append(f"content-length: {len(data)}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + data)

    def answer(self):
        """The whole answer, or what came of it before the other side closed."""
        head = self.read_until(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body, complete = self._chunks()
        else:
            length = int(headers["content-length"])
            body = self._bytes(length)
            complete = len(body) == length
        return Reply(int(status.split()[1]), headers, body, complete)

    def read_until(self, mark):
        """What comes up to and including `mark`."""
        while mark not in self._held:
            more = self._socket.recv(65536)
            if not more:
                raise AssertionError(f"closed before {mark!r}: {self._held!r}")
            self._held += more
        found, _, self._held = self._held.partition(mark)
        return found + mark

    def closed(self):
        """Whether the other side closes, and says nothing more before."""
        return self._held == b"" and self._socket.recv(1) == b""

    def _bytes(self, length):
        while len(self._held) < length:
            more = self._socket.recv(65536)
            if not more:
                break
            self._held += more
        found, self._held = self._held[:length], self._held[length:]
        return found

    def _chunks(self):
        body = b""
        while True:
            try:
                size = int(self.read_until(b"\r\n"), 16)
            except AssertionError:
                return body, False
            body += self._bytes(size + 2)[:-2]
            if size == 0:
                return body, True


class Reply(NamedTuple):
    status: int
    headers: dict
    body: bytes
    complete: bool

    @property
    def code(self):
        return self.headers["x-amzn-errortype"].partition(":")[0]

    @property
    def json(self):
        return json.loads(self.body)


def said(text="Hi", **more):
    return {"messages": [{"role": "user", "content": [{"text": text}]}], **more}
