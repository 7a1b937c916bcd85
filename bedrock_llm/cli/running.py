"""The event loop under a command.

Here: uvloop where it is installed, asyncio's own loop otherwise. The library never chooses a loop behind a program's
back; the command line is a program. Called by: ask, demo.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

__all__ = ["run_async"]

T = TypeVar("T")


def run_async(command: Callable[[], Awaitable[T]]) -> T:
    """Run `command` on an event loop of its own; Ctrl-C cancels it, so that its connections are closed.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the command has cleaned up.
    """
    import anyio

    return anyio.run(command, backend="asyncio", backend_options=_fast_loop())


def _fast_loop() -> dict[str, Any]:
    try:
        import uvloop
    except ImportError:  # the extra [fast] is not installed, or there is none for this system
        return {}
    return {"loop_factory": uvloop.new_event_loop}
