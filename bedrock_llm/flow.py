"""THE request path, read top to bottom.

Here: the order of the steps, for a whole answer and for a stream. Not here: any step; each is a call into the module
that owns it. Called by: client, stream.

Rule 1: steps only call, never implement. Rule 2: an observer sees one start and one end. Rule 3: what is retried is the
whole answer, or opening a stream up to its first event; after that nothing is sent again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bedrock_llm import context as fitting
from bedrock_llm.call import Call, Opened, Ready, refuse_left_out
from bedrock_llm.catalog.prices import price
from bedrock_llm.config import RetryPolicy, Timeouts
from bedrock_llm.context import ContextPolicy
from bedrock_llm.errors import ContextWindowExceededError, LLMError, StreamInterruptedError
from bedrock_llm.limits import Slots, within
from bedrock_llm.models.base import BaseModelImplementation, EventStream, IteratorStream
from bedrock_llm.observers.base import ObserverGroup
from bedrock_llm.output import parsed
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.retry import RetryBudget, RetryClock, with_retry
from bedrock_llm.strategy import ModelStrategy
from bedrock_llm.transports.base import TIMEOUTS

__all__ = ["Flow"]

T = TypeVar("T")


@dataclass(slots=True)
class Flow:
    """The services of one client, in the order in which a call passes them."""

    strategy: ModelStrategy
    observers: ObserverGroup
    context: ContextPolicy | str | None
    retry: RetryPolicy
    budget: RetryBudget
    slots: Slots
    timeouts: Timeouts
    strict: bool
    clock: RetryClock

    async def generate(self, request: Request) -> Response[Any]:
        """A whole answer."""
        call = await self.start(request)
        try:
            response = await within(self.timeouts.total_s, "total", lambda: self._whole(call))
        except BaseException as error:
            await self.fail(call, error)
            raise
        await self.complete(response)
        return response

    async def open(self, call: Call) -> Opened:
        """A stream, up to its first event. The caller has started the call, and ends it."""

        async def ask(model: BaseModelImplementation) -> Opened:
            ready = self._ready(call, model)
            return await self._retried(call, ready, lambda started_s: self._first_events(call, ready, started_s))

        return await within(self.timeouts.total_s, "total", lambda: self.strategy.run(call.request, ask))

    async def start(self, request: Request) -> Call:
        """The one start that observers see."""
        if self.observers:
            await self.observers.tell("on_request_start", request)
        return Call(request, self.clock.now())

    async def complete(self, response: Response[Any]) -> None:
        """The good end that observers see."""
        if self.observers:
            await self.observers.tell("on_request_complete", response, last=True)

    async def fail(self, call: Call, error: BaseException, partial: Response[Any] | None = None) -> None:
        """The other end: what was tried rides on the error; cancellation is told to observers only."""
        shown = call.seen(error, partial)
        if self.observers:
            await self.observers.tell("on_error", shown, last=True)

    def left_s(self, call: Call, limit_s: float) -> float:
        """Seconds left of a call that may take `limit_s` in all."""
        return call.started_s + limit_s - self.clock.now()

    def settle(self, call: Call, ready: Ready, response: Response[Any]) -> Response[Any]:
        """The answer with all that only the path knows. `cost` is set here, nowhere else."""
        config, price_class = ready.model.config, ready.model.price_class(ready.request, response)
        settled = response.with_(
            request=call.request,
            model=config.model or response.model,
            provider=config.provider or response.provider,
            attempts=tuple(call.attempts),
            warnings=(*ready.warnings, *response.warnings),
            cost=price(response.usage, config, price_class=price_class, lower_bound=call.lost_attempts),
            latency_s=self.clock.now() - call.started_s,
            first_event_s=call.first_event_s,
        )
        output_type = call.request.get("output_type")
        return settled if output_type is None else settled.with_(parsed=parsed(output_type, settled))

    async def _whole(self, call: Call) -> Response[Any]:
        strategy = self.strategy
        if type(strategy).process_request is not ModelStrategy.process_request:
            return (await strategy.process_request(call.request)).with_(request=call.request)

        async def ask(model: BaseModelImplementation) -> Response[Any]:
            ready = self._ready(call, model)
            response = await self._retried(call, ready, lambda started_s: self._answer(call, ready, started_s))
            return self.settle(call, ready, response)

        return await strategy.run(call.request, ask)

    def _ready(self, call: Call, model: BaseModelImplementation) -> Ready:
        """Checked, prepared and fitted, before a byte is sent."""
        model.validate_parameters(**call.request.parameters)
        request, warnings = model.prepare(call.request)
        if self.strict:
            refuse_left_out(warnings, model)
        if self.context is not None:
            fitted = fitting.fit(request, model.config, self.context, model.counter)
            if isinstance(fitted, fitting.NeedSummary):
                fitted = fitted.fitted  # nobody was given who could write one: what went is missing, and said so
            request, warnings = fitted.request, (*warnings, *fitted.warnings)
        return Ready(model, request, warnings)

    async def _retried(self, call: Call, ready: Ready, send: Callable[[float], Awaitable[T]]) -> T:
        timeouts = self.timeouts
        deadline = None if timeouts.total_s is None else call.started_s + timeouts.total_s
        token = TIMEOUTS.set(timeouts)
        try:
            return await with_retry(
                lambda: self._attempt(call, ready, send),
                lambda error: self._mend(ready, error),
                policy=self.retry,
                budget=self.budget,
                clock=self.clock,
                deadline=deadline,
            )
        finally:
            TIMEOUTS.reset(token)

    async def _mend(self, ready: Ready, error: LLMError) -> bool:
        """Once reload what the model can reload; once cut the conversation shorter."""
        if isinstance(error, ContextWindowExceededError):
            if ready.shrunk or self.context is None:
                return False
            ready.shrunk = True
            smaller = fitting.shrink(ready.request, ready.model.config, self.context, ready.model.counter)
            if smaller is None:
                return False
            ready.request, ready.warnings = smaller.request, (*ready.warnings, *smaller.warnings)
            return True
        ready.recovered, tried = True, ready.recovered
        return not tried and await ready.model.recover(error)

    async def _attempt(self, call: Call, ready: Ready, send: Callable[[float], Awaitable[T]]) -> T:
        if call.attempts and self.observers:
            await self.observers.tell("on_retry", call.attempts[-1])
        started_s = self.clock.now()
        try:
            return await send(started_s)
        except BaseException as error:
            call.failed(ready, started_s, self.clock.now(), error)
            raise

    async def _answer(self, call: Call, ready: Ready, started_s: float) -> Response[Any]:
        release = await self.slots.take(self.timeouts.pool_s)
        try:
            response = await ready.model.answer(ready.request)
        finally:
            release()
        status = None if response.raw is None else 200  # an answer with a body of the wire came with that
        call.succeeded(ready, started_s, self.clock.now(), status=status, request_id=response.request_id)
        return response

    async def _first_events(self, call: Call, ready: Ready, started_s: float) -> Opened:
        release = await self.slots.take(self.timeouts.pool_s)
        answer = ready.model.answer_stream(ready.request)
        stream = answer if isinstance(answer, EventStream) else IteratorStream(answer)
        try:
            first = await stream.next_batch()
            if not first:
                raise StreamInterruptedError("the stream ended before its first event")
        except BaseException:
            await stream.aclose()
            release()
            raise
        now_s = self.clock.now()
        call.first_event_s = now_s - call.started_s
        call.succeeded(ready, started_s, now_s, status=stream.status, request_id=stream.request_id)
        return Opened(ready, stream, first, release)
