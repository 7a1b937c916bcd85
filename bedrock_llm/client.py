"""The async door.

Here: `LLMClient`. Not here: any logic of a call (flow.py, stream.py), what its keywords mean (options.py), names
(factory.py). Called by: sync, users.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar, Unpack, overload
from weakref import WeakSet

from bedrock_llm.config import Limits, ProviderOptions, RetryPolicy, Timeouts
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError, UsageError
from bedrock_llm.flow import Flow
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.parameters import Parameters
from bedrock_llm.request import MessagesInput, Request
from bedrock_llm.response import Response, TokenCount
from bedrock_llm.strategy import ModelStrategy
from bedrock_llm.stream import ResponseStream
from bedrock_llm.transports.base import Transport

if TYPE_CHECKING:
    import httpx2

    from bedrock_llm.context import ContextPolicy
    from bedrock_llm.conversation import Conversation
    from bedrock_llm.derived import DerivedFlow
    from bedrock_llm.operations.door import BedrockOperations
    from bedrock_llm.options import ClientOptions, Origin

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
        from bedrock_llm.options import open_flow  # loads what makes models: when a client is made, not before

        services = {
            "observers": observers,
            "retry": retry,
            "timeouts": timeouts,
            "limits": limits,
            "context": context,
            "transport": transport,
            "http_client": http_client,
            "strict": strict,
        }
        flow, origin = open_flow(model, {**options, **services})
        self._flow: Flow = flow
        self._origin: Origin = origin
        self._family: WeakSet[DerivedFlow] = WeakSet()  # what was derived, by whichever of them

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
        if source == "provider":
            from bedrock_llm.operations.caller import count_at_provider  # few programs ask

            return await count_at_provider(model, prepared, self._flow)
        count = await model.count_request(prepared)
        if source not in (None, count.source):
            text = f"{model.config.model} is counted as {count.source!r}; {source!r} is not available for it"
            raise UnsupportedFeatureError(text, parameter="source", value=source, allowed=repr(count.source))
        return count

    @property
    def bedrock(self) -> BedrockOperations:
        """Bedrock's other operations: counting, guardrails, asynchronous invocations, what the account can reach.

        Raises:
            UnsupportedFeatureError: No model of this client is at Bedrock.
        """
        from bedrock_llm.operations.door import BedrockOperations  # few programs ask

        return BedrockOperations.of(self._flow.strategy.models, self._flow)

    def conversation(self, *, messages: MessagesInput = (), **parameters: Unpack[Parameters]) -> Conversation:
        """A chat that keeps its history.

        Args:
            messages: What was said before, as for `generate`; none by default.
            parameters: Those of every turn, `system` among them; a turn may set others.

        Raises:
            InvalidRequestError: A message or parameter is wrong.
        """
        from bedrock_llm.conversation import Conversation

        self._check_open()
        return Conversation(self, messages=messages, **parameters)

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """A client with other options that shares everything else with this one, its connections first of all.

        What is not given is shared: the model, the slots of `limits`, the budget of retries while `retry` is the same.
        `observers` stand in place of the parent's. A model's name, or other provider options, make a new model over
        the same connections, its options laid over the parent's; keys go to no other provider than the parent's.

        Closing the derived client ends its own calls and leaves the parent open. Closing the parent closes it too.

        Args:
            options: The constructor's keywords, `model` among them.

        Raises:
            ConfigurationError: An option is unknown (the nearest is named) or unusable.
            UnknownModelError: No provider fits the name.
            UsageError: The client is closed.
        """
        from bedrock_llm.options import derive_flow

        self._check_open()
        derived = object.__new__(type(self))
        flow, derived._origin = derive_flow(self._flow, self._origin, options)
        derived._flow, derived._family = flow, self._family
        self._family.add(flow)
        return derived

    async def aclose(self) -> None:
        """Free all connections; calls in flight end with `ConnectionFailedError`. Can be called twice.

        Clients that were derived from it are closed too; one that was derived closes only what is its own.
        """
        self._flow.closed = True
        closers = [flow.end for flow in self._family if flow.closed]
        if type(self._flow) is Flow:
            closers += [model.aclose for model in self._flow.strategy.models]
        failures = []
        for close in closers:
            try:
                await close()
            except Exception as error:  # noqa: BLE001  # raised below; it must not keep the others open
                failures.append(error)
        if failures:
            raise failures[0]

    async def __aenter__(self) -> Self:
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
        return f"LLMClient({names}{', closed' if self._flow.closed else ''})"

    def __reduce__(self) -> Any:
        raise TypeError("LLMClient holds connections and keys and cannot be pickled or copied")

    def _check_open(self) -> None:
        if self._flow.closed:
            raise UsageError("the client is closed: make a new one, or keep the calls inside its `async with` block")
