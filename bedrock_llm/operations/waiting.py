"""Waiting for an asynchronous invocation to end.

Here: `wait`, the loop. Not here: one look at it (door.py). Called by: door.

Rule 1: an invocation that failed is an error, not a result. Rule 2: a status that is not known is waited for as long as
the service gives no time of its end. Rule 3: time and sleep are the client's; a cancelled wait leaves nothing behind,
and the invocation goes on at the service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeAlias

from bedrock_llm.errors import InvalidRequestError, ProviderError, RequestTimeoutError
from bedrock_llm.operations.invocations import COMPLETED, FAILED, AsyncInvocation
from bedrock_llm.retry import RetryClock

__all__ = ["OnProgress", "wait"]

OnProgress: TypeAlias = "Callable[[AsyncInvocation], Any]"


async def wait(
    look: Callable[[], Awaitable[AsyncInvocation]],
    clock: RetryClock,
    *,
    poll_s: float,
    timeout_s: float | None,
    on_progress: OnProgress | None,
) -> AsyncInvocation:
    """The invocation once it has completed.

    Args:
        look: Asks the service for it.
        clock: Time and sleep.
        poll_s: Seconds between two looks.
        timeout_s: Seconds to wait at most; None for as long as it takes.
        on_progress: Told of every look, the last one included; may be async.

    Raises:
        ProviderError: It failed; the message is the service's, `.raw` its whole answer.
        RequestTimeoutError: It had not ended in time; it goes on.
    """
    _positive("poll_s", poll_s)
    if timeout_s is not None:
        _positive("timeout_s", timeout_s)
    started_s = clock.now()
    while True:
        invocation = await look()
        if on_progress is not None:
            told = on_progress(invocation)
            if isawaitable(told):
                await told
        if _has_ended(invocation):
            return invocation
        left_s = poll_s if timeout_s is None else timeout_s - (clock.now() - started_s)
        if left_s <= 0:
            text = f"{invocation.arn} had not ended after {timeout_s:g} s (timeout_s); it goes on: wait for it again"
            raise RequestTimeoutError(text, phase="total", after_s=timeout_s, provider="bedrock")
        await clock.sleep(min(poll_s, left_s))


def _has_ended(invocation: AsyncInvocation) -> bool:
    if invocation.status == COMPLETED:
        return True
    if invocation.status == FAILED or invocation.ended_at is not None:
        reason = invocation.failure_message or "the service gives no reason"
        text = f"the invocation {invocation.arn} ended as {invocation.status}: {reason}"
        raise ProviderError(text, code=invocation.status, raw=invocation.raw, provider="bedrock")
    return False


def _positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise InvalidRequestError.of(name, value, "a number of seconds above 0")
