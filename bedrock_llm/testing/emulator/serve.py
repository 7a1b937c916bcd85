"""The emulator in the foreground.

Here: `serve`. Not here: the emulator (emulator.py), what is printed (cli/). Called by: programs that offer it as a
command.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bedrock_llm.testing.emulator.emulator import Emulator

__all__ = ["serve"]

_LOOK_S = 1.0  # an endless wait could not be interrupted by Ctrl-C everywhere


def serve(
    port: int = 0,
    host: str = "127.0.0.1",
    *,
    on_ready: Callable[[Emulator], object],
    stop: threading.Event | None = None,
    **options: Any,
) -> None:
    """Serve until `stop` is set or Ctrl-C is pressed; prints nothing.

    Args:
        port: 0 lets the system choose.
        host: Where to listen.
        on_ready: Called once it serves, with the emulator: its `url`, `access_key_id`, `secret_access_key`, `api_key`.
        stop: Ends it from another thread.
        options: Of `Emulator`.

    Raises:
        ConfigurationError: It cannot listen there.
        MissingExtraError: The extra `testing` is not installed.
        KeyboardInterrupt: Ctrl-C was pressed; the emulator has stopped.
    """
    with Emulator(host=host, port=port, **options) as emulator:
        on_ready(emulator)
        stop = stop or threading.Event()
        while not stop.wait(_LOOK_S):
            pass
