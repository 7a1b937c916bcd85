"""Observers look at calls; nothing they do can change or break one.

Here: `ModelObserver`, and `ObserverGroup`, which calls them safely. Not here: any single observer. Called by: flow.

Rule 1: exactly one start and one end per call, on every path.
Rule 2: what an observer raises is logged once and goes no further; an async hook that hangs is cancelled after 1 s and
switched off; a sync hook runs inline, and one slower than 50 ms is named once.
Rule 3: strangers get copies of whatever could be changed.
"""

from __future__ import annotations

import copy
import inspect
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from bedrock_llm.errors import ConfigurationError, LLMError
from bedrock_llm.events import Event, OpaqueEvent, PartFinished, ToolCallFinished
from bedrock_llm.messages import Message, Opaque, ToolCall, ToolResult
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, Response

__all__ = ["ModelObserver", "ObserverGroup"]

HOOK_LIMIT_S = 1.0
SLOW_HOOK_S = 0.05

_log = logging.getLogger("bedrock_llm")


class ModelObserver:
    """Base of all observers; override what you want to see. Hooks may be sync or async.

    Attributes:
        reads_only: Set it True in an observer that never changes what it is shown: it is spared the copies.
    """

    reads_only: ClassVar[bool] = False

    def on_request_start(self, request: Request) -> Any:
        """A call begins. `request.call_id` is the same at its end."""

    def on_request_complete(self, response: Response[Any]) -> Any:
        """The call has its answer; `response.request` is the request that start saw."""

    def on_error(self, error: LLMError | Exception) -> Any:
        """The call failed, was cancelled or left (`CallCancelledError`); `error.request` is what start saw."""

    def on_retry(self, attempt: Attempt) -> Any:
        """An attempt failed and another follows."""

    def on_event(self, event: Event) -> Any:
        """A stream's event, before the caller sees it."""


class ObserverGroup:
    """Calls observers, in order, safely.

    Args:
        observers: Any objects with hooks of the names above.

    Raises:
        ConfigurationError: One of them has none.
    """

    def __init__(self, observers: Sequence[Any] = ()) -> None:
        self._observers = tuple(observers)
        for observer in self._observers:
            if isinstance(observer, type) or not any(hasattr(observer, name) for name in _HOOKS):
                raise ConfigurationError(f"{observer!r} is no observer: it needs one of {', '.join(_HOOKS)}")
        self._hooks = {name: _hooks(self._observers, name) for name in _HOOKS}
        self._off: set[int] = set()
        self._named: set[tuple[int, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._observers)

    @property
    def sees_events(self) -> bool:
        """Whether any of them looks at single events."""
        return bool(self._hooks["on_event"])

    async def tell(self, name: str, value: Any, *, last: bool = False) -> None:
        """Call one hook of each observer.

        Args:
            name: The hook's name.
            value: What it is shown.
            last: Whether it is the end of a call: then it is carried out even where the call is being cancelled.
        """
        for observer, hook in self._hooks[name]:
            if id(observer) in self._off:
                continue
            shown = value if getattr(observer, "reads_only", False) else shielded(value)
            await self._call(observer, name, hook, shown, last=last)

    async def _call(self, observer: Any, name: str, hook: Callable[[Any], Any], value: Any, *, last: bool) -> None:
        started = time.perf_counter()
        try:
            result = hook(value)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  # even a CancelledError of its own making is the observer's affair
            self._warn(observer, name, "raised", f"{type(error).__name__}: {error}")
            return
        if inspect.isawaitable(result):
            await self._wait(observer, name, result, last=last)
        elif time.perf_counter() - started > SLOW_HOOK_S:
            limit_ms = SLOW_HOOK_S * 1000
            self._warn(observer, name, "was slow", f"more than {limit_ms:.0f} ms inline; make it async or quicker")

    async def _wait(self, observer: Any, name: str, result: Any, *, last: bool) -> None:
        import anyio

        with anyio.move_on_after(HOOK_LIMIT_S, shield=last) as scope:
            try:
                await result
            except Exception as error:  # noqa: BLE001  # an observer's failure must not reach the call
                self._warn(observer, name, "raised", f"{type(error).__name__}: {error}")
        if scope.cancelled_caught:
            self._off.add(id(observer))
            self._warn(observer, name, "hung", f"cancelled after {HOOK_LIMIT_S:g} s; this observer is switched off")

    def _warn(self, observer: Any, name: str, what: str, text: str) -> None:
        key = (id(observer), what + name)
        if key not in self._named:
            self._named.add(key)
            _log.warning("observer %s %s %s: %s", type(observer).__name__, name, what, text)


_HOOKS = ("on_request_start", "on_request_complete", "on_error", "on_retry", "on_event")


def _hooks(observers: Sequence[Any], name: str) -> list[tuple[Any, Callable[[Any], Any]]]:
    found = []
    for observer in observers:
        hook = getattr(observer, name, None)
        if hook is not None and getattr(type(observer), name, None) is not getattr(ModelObserver, name):
            found.append((observer, hook))
    return found


def shielded(value: Any) -> Any:
    """`value`, or a copy of it where an observer could change something inside."""
    if isinstance(value, Request):
        return Request(shielded(value.messages), copy.deepcopy(dict(value.parameters)), value.call_id)
    if isinstance(value, Response):
        request = None if value.request is None else shielded(value.request)
        return replace(value, message=shielded(value.message), raw=copy.deepcopy(value.raw), request=request)
    if isinstance(value, tuple):
        copies = tuple(shielded(item) for item in value)
        return value if all(new is old for new, old in zip(copies, value, strict=True)) else copies
    if isinstance(value, Message):
        parts = shielded(value.parts)
        return value if parts is value.parts else Message(value.role, parts)
    if isinstance(value, (ToolCall, Opaque, ToolResult, PartFinished, ToolCallFinished, OpaqueEvent)):
        return copy.deepcopy(value)
    if isinstance(value, LLMError):
        return _shielded_error(value)
    return value


def _shielded_error(error: LLMError) -> LLMError:
    shown = copy.copy(error)
    shown.request = None if error.request is None else shielded(error.request)
    shown.partial = None if error.partial is None else shielded(error.partial)
    shown.__cause__, shown.__traceback__ = error.__cause__, error.__traceback__
    return shown
