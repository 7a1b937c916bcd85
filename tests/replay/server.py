"""A server on a loopback socket that gives recorded answers, in a process of its own. Standard library only.

`python -m tests.replay.server <corpus folder>` opens a port, prints its number on a line, and runs until its standard
input closes. `replay_server` starts it so.

A request says by headers of its own which record it wants (`x-replay-record`) and how its body shall be cut
(`x-replay-cut`: whole, bytes or random; `x-replay-seed` for the last). It must ask for the same operation as the
recorded request did, the last part of the path (or the last but one, as some hosts write less); otherwise the answer is
409, which no record has.

Here: HTTP, and the cutting. Not here: anything of a provider. Called by: run.py.
"""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from tests.replay.corpus import Record, read_records

RECORD, CUT, SEED = "x-replay-record", "x-replay-cut", "x-replay-seed"
_MAX_PIECE = 400  # bytes between two random cuts, at most
_REMADE = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})


def pieces_of(body: bytes, cut: str, seed: str) -> Iterator[bytes]:
    """The body in the pieces in which it shall be sent."""
    if cut == "whole":
        yield body
        return
    chance, start = random.Random(seed), 0
    while start < len(body):
        end = start + (1 if cut == "bytes" else chance.randint(1, _MAX_PIECE))
        yield body[start:end]
        start = end


class Server:
    """Answers with the records it has."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client leaves it."""
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                path, headers = await _request(reader)
                await self._answer(writer, path, headers)
        except (OSError, EOFError, asyncio.CancelledError):  # the client has gone, or the replay is over
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, path: str, headers: Mapping[str, str]) -> None:
        record = self._records.get(headers.get(RECORD, ""))
        if record is None or _operations(record.path)[-1] not in _operations(path):
            wanted = "no such record" if record is None else f"the record answers {record.path}"
            await _write(writer, HTTPStatus.CONFLICT, {"content-type": "text/plain"}, [wanted.encode()], chunked=False)
            return
        cut = headers.get(CUT, "whole")
        pieces = pieces_of(record.body, cut, record.id + headers.get(SEED, ""))
        kept = {name: value for name, value in record.headers.items() if name not in _REMADE}
        await _write(writer, record.status, kept, pieces, chunked=cut != "whole")


def _operations(path: str) -> list[str]:
    """The last two parts of a path, without its query."""
    return unquote(path.partition("?")[0]).split("/")[-2:]


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """The path and the headers of the next request; its body is read and dropped."""
    line, *rest = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in rest)}
    await reader.readexactly(int(headers.get("content-length", 0)))
    return line.split(" ")[1], headers


async def _write(
    writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], pieces: Iterable[bytes], *, chunked: bool
) -> None:
    made = dict(headers)
    if chunked:
        made["transfer-encoding"] = "chunked"
    else:
        pieces = [b"".join(pieces)]
        made["content-length"] = str(len(pieces[0]))
    lines = [f"HTTP/1.1 {status} Recorded", *(f"{name}: {value}" for name, value in made.items()), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    for piece in pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
        await asyncio.sleep(0)
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _serve(folder: Path) -> None:
    records = {record.id: record for record in read_records(folder)}
    serving = await asyncio.start_server(Server(records).accept, "127.0.0.1", 0, limit=2**17)
    print(serving.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)  # until the one who started this closes it, or dies


@contextmanager
def replay_server(folder: Path) -> Iterator[str]:
    """Runs the server in a process of its own; its base URL."""
    command = [sys.executable, "-m", "tests.replay.server", str(folder.resolve())]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"the replay server ended with status {process.wait()}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.communicate()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
