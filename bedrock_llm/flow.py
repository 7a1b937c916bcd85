"""THE request path, read top to bottom.

Here: the order of the steps, for a whole answer and for a stream. Not here: any step; each is a call into the module
that owns it. Called by: client, stream.

Rule 1: steps only call, never implement. Rule 2: an observer sees one start and one end. Rule 3: what is retried is the
whole answer, or opening a stream up to its first event; after that nothing is sent again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bedrock_llm.call import Call, Opened, Ready, free, refuse_left_out
from bedrock_llm.catalog.prices import price
from bedrock_llm.config import RetryPolicy, Timeouts
from bedrock_llm.errors import ConnectionFailedError, ContextWindowExceededError, LLMError, StreamInterruptedError
from bedrock_llm.limits import Slots, within
from bedrock_llm.models.base import PROGRESS, BaseModelImplementation, EventStream, IteratorStream
from bedrock_llm.observers.base import ObserverGroup
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.retry import RetryBudget, RetryClock, with_retry
from bedrock_llm.strategy import Asked, ModelStrategy
from bedrock_llm.transports.base import TIMEOUTS

if TYPE_CHECKING:
    from bedrock_llm.context import ContextPolicy

__all__ = ["Flow"]

T = TypeVar("T")


@dataclass(slots=True, eq=False, repr=False)
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
    closed: bool = False

    async def generate(self, request: Request) -> Response[Any]:
        """A whole answer."""
        call = Call(request, self.clock.now())
        try:
            await self.start(call)
            limit_s, run = self.timeouts.total_s, self._whole
            response = await (run(call) if limit_s is None else within(limit_s, "total", lambda: run(call)))
        except BaseException as error:
            await self.fail(call, error)
            raise
        await self.complete(call, response)
        return response

    async def open(self, call: Call) -> Opened:
        """A stream, up to its first event. The caller has started the call, and ends it."""

        async def ask(model: BaseModelImplementation) -> Opened:
            ready = self._ready(call, model)
            return await self._retried(call, ready, self._first_events)

        return await within(self.timeouts.total_s, "total", lambda: self.strategy.run(call.request, ask))

    async def start(self, call: Call) -> None:
        """The one start that observers see."""
        await self.observers.tell_start(call.request, call.told)

    async def complete(self, call: Call, response: Response[Any]) -> None:
        """The good end that observers see."""
        if call.told:
            await self.observers.tell_end("on_request_complete", response, call.told)

    async def fail(self, call: Call, error: BaseException, partial: Response[Any] | None = None) -> None:
        """The other end: what was tried rides on the error; cancellation is told to observers only."""
        shown = call.seen(error, partial)
        if call.told:
            await self.observers.tell_end("on_error", shown, call.told)

    def settle(self, call: Call, ready: Ready, response: Response[Any]) -> Response[Any]:
        """The answer with all that only the path knows. `cost` is set here, nowhere else."""
        config, price_class = ready.model.config, ready.model.price_class(ready.request, response)
        cost = price(response.usage, config, price_class=price_class, lower_bound=call.lost_attempts)
        settled = call.settled(ready, response, cost, self.clock.now())
        output_type = call.request.get("output_type")
        if output_type is None:
            return settled
        from bedrock_llm.output import parsed

        return settled.with_(parsed=parsed(output_type, settled))

    async def _whole(self, call: Call) -> Response[Any]:
        strategy = self.strategy
        if type(strategy).process_request is not ModelStrategy.process_request:
            response = await strategy.process_request(call.request)
            return response.with_(request=call.request, latency_s=self.clock.now() - call.started_s)

        async def ask(model: BaseModelImplementation) -> Response[Any]:
            ready = self._ready(call, model)
            return self.settle(call, ready, await self._retried(call, ready, self._answer))

        return await strategy.run(call.request, ask)

    def _ready(self, call: Call, model: BaseModelImplementation) -> Ready:
        """Checked, prepared and fitted, before a byte is sent."""
        model.validate_request(call.request)
        request, warnings = model.prepare(call.request)
        if self.strict:
            refuse_left_out(warnings, model)
        if self.context is not None:
            from bedrock_llm.context import fit

            fitted = fit(request, model.config, self.context, model.counter).fitted
            request, warnings = fitted.request, (*warnings, *fitted.warnings)
        return Ready(model, request, warnings)

    async def _retried(self, call: Call, ready: Ready, send: Callable[[Call, Ready], Awaitable[T]]) -> T:
        started_s, token, failure = self.clock.now(), TIMEOUTS.set(self.timeouts), None
        try:
            return await with_retry(
                lambda: send(call, ready),
                lambda error: self._mend(ready, error),
                policy=self.retry,
                budget=self.budget,
                clock=self.clock,
                deadline=call.deadline(self.timeouts.total_s),
                again=lambda: self.observers.tell("on_retry", call.attempts[-1]),
            )
        except LLMError as error:
            failure = error
            raise
        finally:
            TIMEOUTS.reset(token)
            if self.strategy.learns:
                self.strategy.observe(Asked(ready.model, self.clock.now() - started_s, failure))

    async def _mend(self, ready: Ready, error: LLMError) -> bool:
        """Once reload what the model can reload; once cut the conversation shorter."""
        if isinstance(error, ContextWindowExceededError):
            if ready.shrunk or self.context is None:
                return False
            from bedrock_llm.context import shrink

            ready.shrunk = True
            smaller = shrink(ready.request, ready.model.config, self.context, ready.model.counter)
            if smaller is not None:
                ready.request, ready.warnings = smaller.request, (*ready.warnings, *smaller.warnings)
            return smaller is not None
        ready.recovered, tried = True, ready.recovered
        return not tried and await ready.model.recover(error)

    async def _answer(self, call: Call, ready: Ready) -> Response[Any]:
        release = (not self.closed and self.slots.unlimited) or await self._slot()
        started_s, progress = self.clock.now(), PROGRESS.set(call.progress)
        try:
            response = await ready.model.answer(ready.request)
        except BaseException as error:
            call.failed(ready, started_s, self.clock.now(), error)
            raise
        finally:
            PROGRESS.reset(progress)
            release()
        status = None if response.raw is None else 200  # an answer with a body of the wire came with that
        call.succeeded(ready, started_s, self.clock.now(), status=status, request_id=response.request_id)
        return response

    async def _slot(self) -> Callable[[], None]:
        release = await self.slots.take(self.timeouts.pool_s)
        if not self.closed:
            return release
        release()
        raise ConnectionFailedError("the client was closed under this call", sent=False, retryable=False)

    async def _first_events(self, call: Call, ready: Ready) -> Opened:
        release = (not self.closed and self.slots.unlimited) or await self._slot()
        started_s = self.clock.now()
        answer = ready.model.answer_stream(ready.request)
        stream = answer if isinstance(answer, EventStream) else IteratorStream(answer)
        try:
            first = await stream.next_batch()
            if not first:
                raise StreamInterruptedError("the stream ended before its first event")
        except BaseException as error:
            call.failed(ready, started_s, self.clock.now(), error)
            await free(stream, release)
            raise
        now_s = self.clock.now()
        call.first_event_s = now_s - call.started_s
        call.succeeded(ready, started_s, now_s, status=stream.status, request_id=stream.request_id)
        return Opened(ready, stream, first, release)
