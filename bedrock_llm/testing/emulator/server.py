"""The socket under the emulator: an ASGI server in a thread of its own.

Here: `LoopbackServer`, which starts, counts connections and stops. Not here: what is served (app.py). Called by:
Emulator.

Rule 1: when `stop` returns, the thread has ended, the port is closed and no connection is left, however the clients
behave. Rule 2: nothing is logged; what the server logs from its own thread is dropped, and no other record.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bedrock_llm.errors import ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    import uvicorn

__all__ = ["LoopbackServer"]

_START_TIMEOUT_S = 10
_KEEP_ALIVE_S = 75
_LOGS = ("uvicorn.error", "uvicorn.access")


class LoopbackServer:
    """Serves an ASGI application until it is stopped.

    Attributes:
        host: Where it listens.
        port: The port, chosen by the system if 0 was asked for.
    """

    def __init__(self, app: Any, *, host: str = "127.0.0.1", port: int = 0) -> None:
        try:
            import uvicorn
        except ImportError as error:
            raise MissingExtraError.needing("testing", "The emulator on a socket") from error
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            date_header=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._server = _quick(uvicorn.Server)(config)
        self._ready = threading.Event()
        self._stop: Callable[[], object] | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="bedrock-llm-emulator", daemon=True)

    @property
    def open_connections(self) -> int:
        """Connections that stand now: a request under way, or idle."""
        return len(self._server.server_state.connections)

    def start(self) -> None:
        """Serve, in a thread.

        Raises:
            ConfigurationError: The server did not start.
        """
        self._thread.start()
        if not self._ready.wait(_START_TIMEOUT_S) or self._failure is not None:
            self._socket.close()
            raise ConfigurationError("the emulator's server did not start") from self._failure

    def stop(self) -> None:
        """End all connections, the thread and the listening."""
        if self._stop is not None:
            self._stop()
        self._thread.join()

    def _run(self) -> None:
        silence = _Silence(threading.get_ident())
        for name in _LOGS:
            logging.getLogger(name).addFilter(silence)
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # handed over to the thread that waits for the start
            self._failure = error
        finally:
            for name in _LOGS:
                logging.getLogger(name).removeFilter(silence)
            self._ready.set()

    async def _serve(self) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._server.stopped = stopped
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        self._server.on_started = self._ready.set
        await self._server.serve(sockets=[self._socket])


class _Silence(logging.Filter):
    """Drops the records of one thread."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only then, and each answer would wait 40 ms without it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise ConfigurationError(f"the emulator cannot listen on {host}:{port}: {error}") from error
    listening.listen(2048)
    return listening


def _quick(server: type[uvicorn.Server]) -> type[Any]:
    """The server of uvicorn, stopped by an event instead of a look every tenth of a second, and at once."""

    class QuickServer(server):  # type: ignore[misc,valid-type]  # the base is imported late
        stopped: asyncio.Event
        on_started: Callable[[], object]

        async def main_loop(self) -> None:
            self.on_started()
            await self.stopped.wait()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for listening in (*self.servers, *(sockets or ())):
                listening.close()
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            tasks = list(self.server_state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)  # the protocols hear of their end

    return QuickServer
