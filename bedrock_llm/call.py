"""What is known of a call under way.

Here: the call itself, a request made ready for one model, an opened stream, and how attempts and cancellations are
written down. Not here: the order of the steps (flow.py). Called by: flow, stream.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bedrock_llm.errors import CallCancelledError, LLMError, UnsupportedFeatureError, UsageError
from bedrock_llm.events import Event
from bedrock_llm.models.base import BaseModelImplementation, EventStream, Progress
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, Cost, Response, ResponseWarning

__all__ = ["Call", "Opened", "Ready", "free", "refuse_left_out"]


class Call:
    """One call under way.

    Attributes:
        request: As observers saw it.
        started_s: On the flow's clock.
        attempts: What was sent so far.
        first_event_s: Seconds from the start to the first event of a stream.
        progress: What has arrived of an answer that is streamed inside.
        told: The observers that saw the start, and shall see the end.
    """

    __slots__ = ("attempts", "first_event_s", "progress", "request", "started_s", "told")

    def __init__(self, request: Request, started_s: float) -> None:
        self.request: Request = request
        self.started_s: float = started_s
        self.attempts: list[Attempt] = []
        self.first_event_s: float | None = None
        self.progress: Progress = Progress()
        self.told: list[Any] = []

    def deadline(self, total_s: float | None) -> float | None:
        """When the call must have ended, on the flow's clock."""
        return None if total_s is None else self.started_s + total_s

    def succeeded(
        self, ready: Ready, started_s: float, now_s: float, *, status: int | None, request_id: str | None
    ) -> None:
        """Write down an attempt that was answered."""
        config = ready.model.config
        times = (started_s - self.started_s, now_s - started_s)
        number = len(self.attempts) + 1
        self.attempts.append(Attempt(number, config.model, config.provider, *times, status, request_id))

    def failed(self, ready: Ready, started_s: float, now_s: float, error: BaseException) -> None:
        """Write down an attempt that was not; an error on our side means that nothing was sent."""
        if isinstance(error, UsageError):
            return
        known = error if isinstance(error, LLMError) else None
        failure = error if isinstance(error, Exception) else cancelled(None, abandoned=False)
        config = ready.model.config
        attempt = Attempt(
            number=len(self.attempts) + 1,
            model=config.model,
            provider=config.provider,
            started_s=started_s - self.started_s,
            duration_s=now_s - started_s,
            status=known.status if known else None,
            request_id=known.request_id if known else None,
            error=failure,
            billed=known.billed if known else "maybe",
        )
        self.attempts.append(attempt)

    def broke(self, error: BaseException) -> None:
        """Note on the last attempt that its answer was not complete; what had arrived is billed."""
        if self.attempts:
            left = isinstance(error, GeneratorExit)
            failure = error if isinstance(error, Exception) else cancelled(None, abandoned=left)
            self.attempts[-1] = replace(self.attempts[-1], error=failure)

    def seen(self, error: BaseException, partial: Response[Any] | None) -> BaseException:
        """The error as observers see it: it knows the request and the attempts; cancellation becomes an `LLMError`."""
        shown = error
        partial = partial or self.progress.partial
        if not isinstance(error, Exception):
            shown = cancelled(partial, abandoned=isinstance(error, GeneratorExit))
        with contextlib.suppress(AttributeError):  # a stranger's exception may have no room for it
            shown.request = self.request  # type: ignore[attr-defined]
        if isinstance(shown, LLMError):
            shown.attempts = tuple(self.attempts)
            if self.attempts:
                shown.provider = shown.provider or self.attempts[-1].provider
                shown.model = shown.model or self.attempts[-1].model
            if shown.partial is None and partial is not None:
                shown.partial, shown.usage = partial, shown.usage or partial.usage
        return shown

    def settled(self, ready: Ready, response: Response[Any], cost: Cost | None, now_s: float) -> Response[Any]:
        """The answer with what only the path knows. Spelled out, as it runs for every call and `with_` takes longer."""
        config = ready.model.config
        return Response(
            message=response.message,
            stop_reason=response.stop_reason,
            raw_stop_reason=response.raw_stop_reason,
            usage=response.usage,
            cost=cost,
            model=config.model or response.model,
            provider=config.provider or response.provider,
            warnings=(*ready.warnings, *response.warnings),
            parsed=response.parsed,
            request=self.request,
            raw=response.raw,
            attempts=tuple(self.attempts),
            request_id=response.request_id,
            latency_s=now_s - self.started_s,
            first_event_s=self.first_event_s,
        )

    @property
    def lost_attempts(self) -> bool:
        """Whether an attempt without an answer may have been billed."""
        if len(self.attempts) == 1:
            return False
        return any(attempt.billed != "no" for attempt in self.attempts if attempt.error is not None)


@dataclass(slots=True, eq=False, repr=False)
class Ready:
    """What is asked of one model: the request as it takes it, and what was changed on the way.

    Attributes:
        model: The model.
        request: Checked, prepared and fitted.
        warnings: What was left out, repaired or cut.
        recovered: Whether the model was asked to recover; it is asked once.
        shrunk: Whether the conversation was cut shorter after the provider found it too long; done once.
    """

    model: BaseModelImplementation
    request: Request
    warnings: tuple[ResponseWarning, ...]
    recovered: bool = False
    shrunk: bool = False


class Opened(NamedTuple):
    """A stream whose first events are there; whoever holds it closes it and frees its slot."""

    ready: Ready
    stream: EventStream
    first: Sequence[Event]
    release: Callable[[], None]


def cancelled(partial: Response[Any] | None, *, abandoned: bool) -> CallCancelledError:
    """What observers are told when a call is cancelled, or its stream left early."""
    text = "the stream was left before its end" if abandoned else "the call was cancelled"
    usage = None if partial is None else partial.usage
    return CallCancelledError(text, abandoned=abandoned, partial=partial, usage=usage)


async def free(stream: EventStream, release: Callable[[], None]) -> None:
    """Give back a stream's connection and its slot: the slot also where closing the stream fails or is cancelled."""
    try:
        await stream.aclose()
    finally:
        release()


def refuse_left_out(warnings: Sequence[ResponseWarning], model: BaseModelImplementation) -> None:
    """With `strict=True`, what would be left out is refused instead.

    Raises:
        UnsupportedFeatureError: Names the first parameter that the model does not take.
    """
    for warning in warnings:
        if warning.kind == "unsupported":
            name = model.config.model
            raise UnsupportedFeatureError(f"strict: {warning.message}", parameter=warning.parameter, model=name)
