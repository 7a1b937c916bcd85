"""One model one can ask.

Here: `BaseModelImplementation`, which a stranger can subclass with three methods, and `EventStream`, how a streamed
answer is handed up. Not here: retry, cache, limits, logging (flow.py). Called by: flow, strategy, client.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from functools import cache
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ConfigurationError, LLMError, UnsupportedFeatureError
from bedrock_llm.events import Event, events_of
from bedrock_llm.messages import Message, Text
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, TokenCount

if TYPE_CHECKING:
    from bedrock_llm.tokens.counter import TokenCounter

__all__ = ["PROGRESS", "BaseModelImplementation", "EventStream", "IteratorStream", "Progress"]

_MESSAGE_OVERHEAD_TOKENS = 4  # role and separators of a chat turn, as in the common chat templates
_STRANGER_ERROR = 0.25  # how far a count by text alone may be off: media and templates are not counted


@cache
def _counter() -> TokenCounter:
    from bedrock_llm.tokens.counter import TokenCounter

    return TokenCounter()


class Progress:
    """What has arrived of an answer that is not finished.

    Attributes:
        partial: The fold of it, where a model that streams inside was stopped from outside; or None.
    """

    __slots__ = ("partial",)

    def __init__(self) -> None:
        self.partial: Response[Any] | None = None


PROGRESS: ContextVar[Progress | None] = ContextVar("bedrock_llm_progress", default=None)
"""Of the call under way; a deadline or a cancellation leaves nothing else to put a partial answer on."""


class EventStream(ABC):
    """A streamed answer on its way: events in batches, as they arrive together.

    Attributes:
        request_id: The provider's id, once the headers are there; or None.
        status: HTTP status, or None.
        warnings: What the answer itself gave cause to warn of.
    """

    request_id: str | None = None
    status: int | None = None
    warnings: Sequence[ResponseWarning] = ()

    @abstractmethod
    async def next_batch(self) -> Sequence[Event]:
        """The next events, at least one; empty at the end. The first call sends the request."""

    @abstractmethod
    async def aclose(self) -> None:
        """Free what the stream holds. Can be called twice."""

    async def __aiter__(self) -> AsyncIterator[Event]:
        while batch := await self.next_batch():
            for event in batch:
                yield event


class IteratorStream(EventStream):
    """The events of any async iterator, as an `EventStream`."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events

    async def next_batch(self) -> Sequence[Event]:
        """The next event."""
        async for event in self._events:
            return (event,)
        return ()

    async def aclose(self) -> None:
        """Close the iterator, if it can be closed."""
        close = getattr(self._events, "aclose", None)
        if close is not None:
            await close()


class BaseModelImplementation(ABC):
    """One model one can ask. Fill the three abstract methods, and it works in `LLMClient`, streaming included.

    Attributes:
        config: What is known of the model.
    """

    config: ModelConfig = ModelConfig()

    @property
    def counter(self) -> TokenCounter:
        """What counts a conversation for fitting; here, the estimate for a model of which nothing is known."""
        return _counter()

    @abstractmethod
    async def generate_text(self, messages: Any, **parameters: Any) -> Response[Any]:
        """Answer a conversation.

        Args:
            messages: A sequence of `Message`s; remote models take whatever `LLMClient.generate` takes.
            parameters: Exactly the parameters that were set, `system` among them.
        """

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""

    @abstractmethod
    def validate_parameters(self, **parameters: Any) -> None:
        """Refuse parameters that this model cannot take. Only raises; changes nothing.

        Raises:
            InvalidRequestError: Names the parameter and what is allowed.
        """

    def validate_request(self, request: Request) -> None:
        """Refuse a request that this model cannot take; here, by `validate_parameters`. What the flow calls.

        Raises:
            InvalidRequestError: Names the parameter and what is allowed.
        """
        self.validate_parameters(**request.parameters)

    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this model takes it, and what was left out or repaired. Pure."""
        return request, ()

    async def answer(self, request: Request) -> Response[Any]:
        """Answer a prepared request. What the flow calls; override `generate_text` unless you need the `Request`."""
        answering: Any = self.generate_text(request.messages, **request.parameters)
        if not isawaitable(answering):
            raise ConfigurationError(f"{type(self).__name__}.generate_text must be `async def`")
        response: Response[Any] = await answering
        if not isinstance(getattr(response, "message", None), Message):
            raise ConfigurationError(
                f"{type(self).__name__}.generate_text must return a Response, not {type(response).__name__}; "
                "Response(message=Message.assistant(text)) is enough"
            )
        return response

    def answer_stream(self, request: Request) -> AsyncIterator[Event] | EventStream:
        """Answer a prepared request event by event; here, the whole answer made into events."""
        return self._whole_answer(request)

    async def _whole_answer(self, request: Request) -> AsyncIterator[Event]:
        for event in events_of(await self.answer(request)):
            yield event

    async def count_request(self, request: Request) -> TokenCount:
        """Input tokens of a request; here, an estimate from `count_tokens` over its texts (± 25 %)."""
        texts = [part.text for message in request.messages for part in message.parts if isinstance(part, Text)]
        system = request.get("system")
        if system is not None:
            texts.append(Message("system", system).text)
        tokens = sum(map(self.count_tokens, texts)) + _MESSAGE_OVERHEAD_TOKENS * len(request.messages)
        return TokenCount(tokens, "estimate", int(tokens * _STRANGER_ERROR) + 1)

    async def count_at_provider(self, request: Request) -> TokenCount:
        """Input tokens of a prepared request, as the provider's own API counts them; here, it has none. Sent once.

        Raises:
            UnsupportedFeatureError: The model cannot be counted so.
            LLMError: The call failed.
        """
        name = self.config.model or type(self).__name__
        text = f"{name} cannot be counted by its provider"
        raise UnsupportedFeatureError(text, parameter="source", value="provider", allowed="'estimate'", model=name)

    def price_class(self, request: Request, response: Response[Any]) -> str | None:
        """The service tier or latency that an answer was served with, where it is priced apart; here, as asked for."""
        tier, latency = request.get("service_tier"), request.get("latency")
        word: str | None = latency if tier in (None, "default") else tier
        return word

    async def recover(self, error: LLMError) -> bool:
        """Mend what caused `error` (reload credentials, learn the clock offset); whether to ask again."""
        return False

    async def aclose(self) -> None:
        """Free what the model holds."""
