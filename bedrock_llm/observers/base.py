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
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from bedrock_llm.errors import ConfigurationError, LLMError
from bedrock_llm.events import Event, Finished, TextDelta, ThinkingDelta, ToolCallDelta, ToolCallStarted
from bedrock_llm.messages import Audio, CachePoint, Document, Image, Message, Text, Thinking, Video
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, Response, Usage

__all__ = ["ModelObserver", "ObserverGroup"]

HOOK_LIMIT_S = 1.0
SLOW_HOOK_S = 0.05

_log = logging.getLogger("bedrock_llm")


class ModelObserver:
    """Base of all observers; override what you want to see. Hooks may be sync or async.

    Attributes:
        reads_only: Set it True in a class that never changes what it is shown: it is spared the copies. Its subclasses
            are not, unless they say so themselves.
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
        self._hook_of = {name: {id(observer): hook for observer, hook in self._hooks[name]} for name in _HOOKS}
        self._off: set[int] = set()
        self._named: set[tuple[int, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._observers)

    @property
    def sees_events(self) -> bool:
        """Whether any of them looks at single events."""
        return bool(self._hooks["on_event"])

    async def tell(self, name: str, value: Any) -> None:
        """Call one hook of each observer, in the middle of a call."""
        for observer, hook in self._hooks[name]:
            await self._show(observer, name, hook, value)

    async def tell_start(self, request: Request, told: list[Any]) -> None:
        """Call `on_request_start` of each observer; `told` takes those that have seen it, for the end."""
        hooks = self._hook_of["on_request_start"]
        for observer in self._observers:
            told.append(observer)
            if id(observer) in hooks:
                await self._show(observer, "on_request_start", hooks[id(observer)], request)

    async def tell_end(self, name: str, value: Any, told: Sequence[Any]) -> None:
        """Call one end hook of those that saw the start, even where the call is being cancelled.

        Raises:
            BaseException: The cancellation that came meanwhile, once all have been told.
        """
        hooks, cancellation = self._hook_of[name], None
        for observer in told:
            if id(observer) in hooks:
                try:
                    await self._show(observer, name, hooks[id(observer)], value, last=True)
                except BaseException as error:  # noqa: BLE001  # raised below; it must not spare the others the end
                    cancellation = cancellation or error
        if cancellation is not None:
            raise cancellation

    async def _show(
        self, observer: Any, name: str, hook: Callable[[Any], Any], value: Any, *, last: bool = False
    ) -> None:
        if id(observer) in self._off:
            return
        shown = value if type(observer).__dict__.get("reads_only", False) else shielded(value)
        started = time.perf_counter()
        try:
            result = hook(shown)
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
            except (KeyboardInterrupt, SystemExit, GeneratorExit):
                raise
            except BaseException as error:
                if not isinstance(error, Exception) and not _of_its_own(error, scope):
                    raise
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
        if hook is not None and getattr(hook, "__func__", hook) is not getattr(ModelObserver, name):
            found.append((observer, hook))
    return found


def _of_its_own(error: BaseException, scope: Any) -> bool:
    """Whether a hook made its cancellation itself: nobody has cancelled the task, nor this scope."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError) or scope.cancel_called:
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() == 0


def shielded(value: Any) -> Any:
    """`value`, or a copy of it where an observer could change something inside.

    What cannot be copied is shown as it is.
    """
    copied = _COPIES.get(type(value))
    if copied is not None:
        return copied(value)
    if isinstance(value, LLMError):
        return _error_copy(value)
    if isinstance(value, _FLAT):
        return value
    return _deep(value)


def _deep(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001  # a lock, a socket, a class that refuses: whoever put it there
        return value


def _request_copy(request: Request) -> Request:
    parameters = {name: _deep(value) for name, value in request.parameters.items()}
    return Request(shielded(request.messages), MappingProxyType(parameters), request.call_id)


def _response_copy(response: Response[Any]) -> Response[Any]:
    return response.with_(
        message=shielded(response.message),
        raw=_deep(response.raw),
        parsed=_deep(response.parsed),
        request=None if response.request is None else shielded(response.request),
        attempts=shielded(response.attempts),
        warnings=shielded(response.warnings),
    )


def _attempt_copy(attempt: Attempt) -> Attempt:
    return attempt if attempt.error is None else replace(attempt, error=_error_copy(attempt.error))


def _error_copy(error: Exception) -> Exception:
    """Made without `__init__`, which a stranger's class may have changed; the traceback is shared."""
    kind = type(error)
    try:
        shown = kind.__new__(kind)
    except TypeError:
        return error
    shown.args = error.args
    own = {name: value for name, value in vars(error).items() if name != "attempts"}
    for name, value in own.items():
        setattr(shown, name, shielded(value))
    if isinstance(error, LLMError):  # its last attempt holds the error itself
        shown.attempts = tuple(  # type: ignore[attr-defined]  # of the same class
            replace(attempt, error=shown) if attempt.error is error else _attempt_copy(attempt)
            for attempt in error.attempts
        )
    shown.__cause__, shown.__traceback__ = error.__cause__, error.__traceback__
    return shown


def _tuple_copy(values: tuple[Any, ...]) -> tuple[Any, ...]:
    copies = tuple(shielded(item) for item in values)
    return values if all(new is old for new, old in zip(copies, values, strict=True)) else copies


def _message_copy(message: Message) -> Message:
    parts = shielded(message.parts)
    return message if parts is message.parts else Message(message.role, parts)


_FLAT = (str, bytes, int, float, type(None), TextDelta, ThinkingDelta, ToolCallStarted, ToolCallDelta, Finished)
_COPIES: Mapping[type, Callable[[Any], Any]] = {
    Request: _request_copy,
    Response: _response_copy,
    Attempt: _attempt_copy,
    tuple: _tuple_copy,
    Message: _message_copy,
    Text: lambda text: _deep(text) if text.citations else text,
    Image: lambda image: image,
    Document: lambda document: document,
    Audio: lambda audio: audio,
    Video: lambda video: video,
    Thinking: lambda thinking: thinking,
    CachePoint: lambda point: point,
    Usage: lambda usage: usage,
}
