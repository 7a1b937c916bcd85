"""The async door.

Here: `LLMClient`, what its keywords mean. Not here: any logic of a call (flow.py, stream.py), names (factory.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, Unpack, overload

from bedrock_llm.config import Limits, ProviderOptions, RetryPolicy, Timeouts
from bedrock_llm.errors import ConfigurationError, InvalidRequestError, UnsupportedFeatureError, UsageError
from bedrock_llm.flow import Flow
from bedrock_llm.limits import Slots
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.observers.base import ObserverGroup
from bedrock_llm.parameters import Parameters
from bedrock_llm.request import MessagesInput, Request
from bedrock_llm.response import Response, TokenCount
from bedrock_llm.retry import RetryBudget, RetryClock
from bedrock_llm.strategy import ModelStrategy
from bedrock_llm.stream import ResponseStream
from bedrock_llm.transports.base import Transport

if TYPE_CHECKING:
    import httpx2

    from bedrock_llm.context import ContextPolicy

__all__ = ["LLMClient"]

T = TypeVar("T")


class LLMClient:
    """Talks to language models.

        async with LLMClient("bedrock/us.anthropic.claude-sonnet-4-6", region="us-east-1") as client:
            response = await client.generate("Why is the sky blue?", max_tokens=200)
            print(response.text)

    Making one sends nothing and needs no credentials; keys and options that are given are checked.

    Args:
        model: A name (`bedrock/<model id, profile or ARN>`), a model, or a `ModelStrategy` for several.
        observers: Who is told of each call, in order.
        retry: When a request is sent again.
        timeouts: Deadlines, in seconds, by phase.
        limits: How many requests at once; None for no limit.
        context: What to drop when a conversation is longer than the window: "drop_oldest", "keep_first_and_last",
            "drop_tool_results", "raise", or a policy; None sends it as it is.
        transport: What carries the bytes; stays open when the client is closed.
        http_client: An `httpx2.AsyncClient` or `httpx.AsyncClient` to use; stays open when the client is closed.
        strict: Whether a parameter that the model does not take raises, instead of being left out with a warning.
        options: Where the model is and who asks; see `ProviderOptions`.

    Raises:
        ConfigurationError: An option is unknown or unusable.
        UnknownModelError: No provider fits the name.
    """

    def __init__(  # noqa: PLR0913  # the client's options, all keywords
        self,
        model: str | BaseModelImplementation | ModelStrategy,
        *,
        observers: Sequence[Any] = (),
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        context: str | ContextPolicy | None = None,
        transport: Transport | None = None,
        http_client: httpx2.AsyncClient | Any | None = None,
        strict: bool = False,
        **options: Unpack[ProviderOptions],
    ) -> None:
        # What makes models is loaded when the first client is made, not when the package is looked at.
        from bedrock_llm.factory import ModelFactory, check_options, transport_of

        check_options(options, _KEYWORDS)
        _check("retry", retry, RetryPolicy)
        _check("timeouts", timeouts, Timeouts)
        _check("limits", limits, Limits)
        _check("strict", strict, bool)
        if isinstance(observers, str) or not isinstance(observers, Sequence):
            raise ConfigurationError(f"observers must be a list of observers, not {observers!r}")
        policy = retry or RetryPolicy()
        strategy = model if isinstance(model, ModelStrategy) else ModelStrategy(model)
        shared = transport_of(transport, http_client)
        carriers = {"transport": transport, "http_client": http_client}
        given = [*options, *(name for name, value in carriers.items() if value is not None)]
        _bind(strategy, lambda name: ModelFactory.create_model(name, transport=shared, **options), given)
        self._flow = Flow(
            strategy=strategy,
            observers=ObserverGroup(observers),
            context=_policy(context),
            retry=policy,
            budget=RetryBudget(policy),
            slots=Slots(limits),
            timeouts=timeouts or Timeouts(),
            strict=strict,
            clock=RetryClock(time.monotonic),
        )
        self._closed = False

    @overload
    async def generate(
        self, messages: MessagesInput, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> Response[T]: ...

    @overload
    async def generate(
        self, messages: MessagesInput, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> Response[Any]: ...

    async def generate(self, messages: MessagesInput, **parameters: Any) -> Response[Any]:
        """Ask, and wait for the whole answer.

        Args:
            messages: A string, a `Message`, or a list of `Message`s and plain dicts in the OpenAI, Anthropic or
                Converse shape.
            parameters: See `Parameters`; None means not set, and only what is set is sent. `output_type` asks for
                structured output: a type, or a JSON schema.

        Raises:
            InvalidRequestError: A message or parameter is wrong; nothing was sent.
            LLMError: The call failed; what was tried is in `.attempts`, what had arrived in `.partial`.
        """
        self._check_open()
        return await self._flow.generate(Request.of(messages, **parameters))

    @overload
    def stream(
        self, messages: MessagesInput, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> ResponseStream[T]: ...

    @overload
    def stream(
        self, messages: MessagesInput, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> ResponseStream[Any]: ...

    def stream(self, messages: MessagesInput, **parameters: Any) -> ResponseStream[Any]:
        """Ask, and read the answer as it arrives; use it with `async with`. Arguments and errors as `generate`."""
        self._check_open()
        return ResponseStream(self._flow, Request.of(messages, **parameters))

    async def count_tokens(
        self,
        messages: MessagesInput,
        *,
        system: Any = None,
        tools: Any = None,
        source: Literal["exact", "provider", "estimate"] | None = None,
        **unknown: Any,
    ) -> TokenCount:
        """Input tokens that a request would use.

        Args:
            messages: As for `generate`.
            system: As for `generate`.
            tools: As for `generate`.
            source: How it shall be counted; None for the best without a network call.
            unknown: Anything else is refused.

        Raises:
            UnsupportedFeatureError: The model cannot count that way.
            InvalidRequestError: A message or parameter is wrong.
        """
        self._check_open()
        if unknown:
            name = next(iter(unknown))
            raise InvalidRequestError.of(name, unknown[name], "absent: count_tokens takes system, tools and source")
        if source not in (None, "exact", "provider", "estimate"):
            raise InvalidRequestError.of("source", source, "'exact', 'provider', 'estimate' or None")
        request = Request.of(messages, system=system, tools=tools)
        model = self._flow.strategy.candidates(request)[0]
        prepared, _ = model.prepare(request)
        count = await model.count_request(prepared)
        if source not in (None, count.source):
            text = f"{model.config.model} is counted as {count.source!r}; {source!r} is not available for it"
            raise UnsupportedFeatureError(text, parameter="source", value=source, allowed=repr(count.source))
        return count

    async def aclose(self) -> None:
        """Free all connections; calls in flight end with `ConnectionFailedError`. Can be called twice."""
        self._closed = self._flow.closed = True
        failures = []
        for model in self._flow.strategy.models:
            try:
                await model.aclose()
            except Exception as error:  # noqa: BLE001  # raised below; it must not keep the others open
                failures.append(error)
        if failures:
            raise failures[0]

    async def __aenter__(self) -> LLMClient:
        self._check_open()
        return self

    def __enter__(self) -> NoReturn:
        raise UsageError("the client is async: write `async with LLMClient(...) as client:`")

    def __exit__(self, *error: object) -> None:
        """Never reached: `__enter__` has raised."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        names = ", ".join(repr(model) for model in self._flow.strategy.models)
        return f"LLMClient({names}{', closed' if self._closed else ''})"

    def __reduce__(self) -> Any:
        raise TypeError("LLMClient holds connections and keys and cannot be pickled or copied")

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the client is closed: make a new one, or keep the calls inside its `async with` block")


_KEYWORDS = ("observers", "retry", "timeouts", "limits", "context", "transport", "http_client", "strict")


def _bind(strategy: ModelStrategy, create: Callable[[str], BaseModelImplementation], given: list[str]) -> None:
    """Have the strategy's names made into models; `given` are the options that only a made model takes.

    Raises:
        ConfigurationError: There are options, and no model was made with them.
    """
    made = []

    def create_and_note(name: str) -> BaseModelImplementation:
        made.append(name)
        return create(name)

    strategy.bind(create_and_note)
    if given and not made:
        text = "the model was given as an object, which has its own keys and transport; these options say nothing"
        names = ", ".join(given)
        raise ConfigurationError(f"{text}: {names}. Give them to ModelFactory.create_model, or give a model's name")


def _policy(context: str | ContextPolicy | None) -> ContextPolicy | None:
    if context is None:
        return None
    from bedrock_llm.context import policy_of

    return policy_of(context)


def _check(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not {value!r}")
