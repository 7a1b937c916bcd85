"""The same doors for code without an event loop.

Here: `SyncLLMClient`, `SyncResponseStream`, `SyncConversation`: the async ones, called through a portal. Not here: the
thread (portal.py), any logic of a call. Called by: users.

Each method is the async one's twin, with its name, parameters and errors; `aclose` is `close`. tests/test_parity.py
compares them.
"""

from __future__ import annotations

import warnings
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar, Unpack, overload

from bedrock_llm.client import LLMClient
from bedrock_llm.config import Limits, ProviderOptions, RetryPolicy, Timeouts
from bedrock_llm.conversation import Content, Conversation
from bedrock_llm.errors import UsageError
from bedrock_llm.events import Event, TextDelta
from bedrock_llm.messages import Message
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.parameters import Parameters
from bedrock_llm.portal import Portal
from bedrock_llm.request import MessagesInput
from bedrock_llm.response import Response, TokenCount
from bedrock_llm.strategy import ModelStrategy
from bedrock_llm.stream import ResponseStream
from bedrock_llm.transports.base import Transport

if TYPE_CHECKING:
    import httpx2

    from bedrock_llm.context import ContextPolicy
    from bedrock_llm.options import ClientOptions
    from bedrock_llm.sync_operations import SyncBedrockOperations

__all__ = ["SyncConversation", "SyncLLMClient", "SyncResponseStream"]

T = TypeVar("T")

_HOW = "enter the stream first: with client.stream(messages) as stream: for event in stream: ..."


class SyncLLMClient:
    """Talks to language models, for code without an event loop.

        with SyncLLMClient("bedrock/us.anthropic.claude-sonnet-4-6", region="us-east-1") as client:
            response = client.generate("Why is the sky blue?", max_tokens=200)
            print(response.text)

    The calls run on an event loop in a thread of the client's own, started by the first of them; clients that are
    derived from it share the thread. It can be used from many threads at once, and in a notebook, where it blocks the
    cell. Observers, callables and tools run on that thread; async ones too.

    Args, errors: as `LLMClient`.
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
        self._client: LLMClient = LLMClient(
            model,
            observers=observers,
            retry=retry,
            timeouts=timeouts,
            limits=limits,
            context=context,
            transport=transport,
            http_client=http_client,
            strict=strict,
            **options,
        )
        self._portal: Portal = Portal(self._client.aclose)
        self._derived = False

    @overload
    def generate(
        self, messages: MessagesInput, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> Response[T]: ...

    @overload
    def generate(
        self, messages: MessagesInput, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> Response[Any]: ...

    def generate(self, messages: MessagesInput, **parameters: Any) -> Response[Any]:
        """Ask, and wait for the whole answer. As `LLMClient.generate`; Ctrl-C cancels the call."""
        return self._portal.call(self._client.generate, messages, **parameters)

    @overload
    def stream(
        self, messages: MessagesInput, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> SyncResponseStream[T]: ...

    @overload
    def stream(
        self, messages: MessagesInput, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> SyncResponseStream[Any]: ...

    def stream(self, messages: MessagesInput, **parameters: Any) -> SyncResponseStream[Any]:
        """Ask, and read the answer as it arrives; use it with `with`. As `LLMClient.stream`."""
        return SyncResponseStream(self._portal, self._client.stream(messages, **parameters))

    def count_tokens(
        self,
        messages: MessagesInput,
        *,
        system: Any = None,
        tools: Any = None,
        source: Literal["exact", "provider", "estimate"] | None = None,
        **unknown: Any,
    ) -> TokenCount:
        """Input tokens that a request would use. As `LLMClient.count_tokens`."""
        return self._portal.call(
            self._client.count_tokens, messages, system=system, tools=tools, source=source, **unknown
        )

    @property
    def bedrock(self) -> SyncBedrockOperations:
        """Bedrock's other operations. As `LLMClient.bedrock`."""
        from bedrock_llm.sync_operations import SyncBedrockOperations  # few programs ask

        return SyncBedrockOperations(self._portal, self._client.bedrock)

    def conversation(self, *, messages: MessagesInput = (), **parameters: Unpack[Parameters]) -> SyncConversation:
        """A chat that keeps its history. As `LLMClient.conversation`."""
        return SyncConversation(self, messages=messages, **parameters)

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """A client with other options that shares everything else, its thread too. As `LLMClient.with_options`."""
        derived = object.__new__(type(self))
        derived._client = self._client.with_options(**options)
        derived._portal, derived._derived = self._portal, True
        return derived

    def close(self) -> None:
        """Free all connections and end the thread; calls in flight end with `ConnectionFailedError`.

        Can be called twice. Clients that were derived from it are closed too; one that was derived closes only what is
        its own.
        """
        if not self._derived:
            self._portal.close()
        elif not self._portal.closed:
            self._portal.call(self._client.aclose)

    def __enter__(self) -> Self:
        self._client._check_open()  # noqa: SLF001  # the same client, without a loop
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> NoReturn:
        raise UsageError("this client is sync: write `with SyncLLMClient(...) as client:`, or use LLMClient")

    async def __aexit__(self, *error: object) -> None:
        """Never reached: `__aenter__` has raised."""

    def __repr__(self) -> str:
        return f"Sync{self._client!r}"

    def __reduce__(self) -> Any:
        raise TypeError("SyncLLMClient holds connections and keys and cannot be pickled or copied")


class SyncResponseStream(Iterator[Event], Generic[T]):
    """An answer that arrives event by event.

    Entering it sends the request and waits for the first event; until then it is retried as `generate` is.

        with client.stream("Why is the sky blue?") as stream:
            for text in stream.text():
                print(text, end="")
            response = stream.response()
    """

    def __init__(self, portal: Portal, stream: ResponseStream[T]) -> None:
        self._portal = portal
        self._stream = stream
        self._entered = False

    def __enter__(self) -> Self:
        self._portal.hold(self._stream)
        try:
            self._portal.call(self._stream.__aenter__)
        except BaseException:
            self._portal.close_soon(self._stream)  # open, if Ctrl-C came as it opened
            raise
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(kind, error, trace)

    async def __aenter__(self) -> NoReturn:
        raise UsageError(_HOW)

    async def __aexit__(self, *error: object) -> None:
        """Never reached: `__aenter__` has raised."""

    def __del__(self) -> None:
        if self._entered and not self._over:
            self._portal.close_soon(self._stream)
            warnings.warn("a stream was dropped without `with` or close()", ResourceWarning, stacklevel=2)

    def __iter__(self) -> Iterator[Event]:
        self._check_entered()
        return self

    def __next__(self) -> Event:
        self._check_entered()
        while True:
            for event in self._stream._pending:  # noqa: SLF001  # the same stream: here and in what follows
                return event  # what came in one packet costs one way to the other thread
            if not self._advance():
                raise StopIteration

    def text(self) -> Iterator[str]:
        """The text alone, piece by piece, as it arrives."""
        self._check_entered()
        return (event.text for event in self if isinstance(event, TextDelta))

    def response(self) -> Response[T]:
        """The whole answer: the fold of the events. Reads what has not been read yet. As `ResponseStream.response`."""
        self._check_entered()
        return _at_once(self._stream.response()) if self._over else self._portal.call(self._stream.response)

    @property
    def partial(self) -> Response[Any] | None:
        """The fold of what has arrived so far; None before the first event."""
        return self._stream.partial

    def close(self) -> None:
        """Leave the stream and free its connection. Can be called twice."""
        self._leave(None, None, None)

    @property
    def _over(self) -> bool:
        return self._stream._closed  # noqa: SLF001

    def _advance(self) -> bool:
        stream = self._stream
        return _at_once(stream._advance()) if self._over else self._portal.call(stream._advance)  # noqa: SLF001

    def _check_entered(self) -> None:
        if not self._entered:
            raise UsageError(_HOW)

    def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._over:
            return
        if self._entered:
            self._portal.call(self._stream.__aexit__, kind, error, trace)
        else:
            _at_once(self._stream.aclose())


class SyncConversation:
    """A chat with its history. Made by `SyncLLMClient.conversation`; see `Conversation`, also for what it keeps.

    chat = client.conversation(system="Be brief.", max_tokens=200)
    response = chat.send("Why is the sky blue?")
    response = chat.send("And at dusk?")
    """

    def __init__(
        self, client: SyncLLMClient, *, messages: MessagesInput = (), **parameters: Unpack[Parameters]
    ) -> None:
        self._portal: Portal = _portal_of(client)
        self._chat: Conversation = client._client.conversation(messages=messages, **parameters)  # noqa: SLF001

    @property
    def messages(self) -> tuple[Message, ...]:
        """The history, oldest first; the system text is a parameter and not among them."""
        return self._chat.messages

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of every turn, in their normal form; they cannot be changed."""
        return self._chat.parameters

    @property
    def calibration(self) -> float | None:
        """Input tokens that the provider counted for one that we estimated, or None."""
        return self._chat.calibration

    @property
    def summary(self) -> str | None:
        """Words that stand for what was dropped; always None, as no policy makes a summary."""
        return self._chat.summary

    @overload
    def send(self, content: Content, *, output_type: type[T], **parameters: Unpack[Parameters]) -> Response[T]: ...

    @overload
    def send(self, content: Content, *, output_type: Any = None, **parameters: Unpack[Parameters]) -> Response[Any]: ...

    def send(self, content: Content, **parameters: Any) -> Response[Any]:
        """Say something, and wait for the whole answer. As `Conversation.send`."""
        return self._portal.call(self._chat.send, content, **parameters)

    @overload
    def stream(
        self, content: Content, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> SyncResponseStream[T]: ...

    @overload
    def stream(
        self, content: Content, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> SyncResponseStream[Any]: ...

    def stream(self, content: Content, **parameters: Any) -> SyncResponseStream[Any]:
        """Say something, and read the answer as it arrives; use it with `with`. As `Conversation.stream`."""
        return SyncResponseStream(self._portal, self._chat.stream(content, **parameters))

    def count_tokens(
        self, content: Content | None = None, *, source: Literal["exact", "provider", "estimate"] | None = None
    ) -> TokenCount:
        """Input tokens of the conversation, system text and tools included. As `Conversation.count_tokens`."""
        return self._portal.call(self._chat.count_tokens, content, source=source)

    def to_dict(self) -> dict[str, Any]:
        """The conversation as JSON-able data. As `Conversation.to_dict`, and the same data."""
        return self._chat.to_dict()

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, client: SyncLLMClient, **parameters: Unpack[Parameters]
    ) -> SyncConversation:
        """The conversation that `to_dict` wrote, of either door. As `Conversation.from_dict`."""
        made = object.__new__(cls)
        made._portal = _portal_of(client)
        made._chat = Conversation.from_dict(data, client=client._client, **parameters)  # noqa: SLF001
        return made

    def __repr__(self) -> str:
        return f"Sync{self._chat!r}"


def _portal_of(client: SyncLLMClient) -> Portal:
    """A sync client's portal.

    Raises:
        UsageError: It is another door.
    """
    if not isinstance(client, SyncLLMClient):
        raise UsageError(f"a SyncConversation is asked of a SyncLLMClient, not of {type(client).__name__}")
    return client._portal  # noqa: SLF001


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that has nothing to wait for, as the stream it belongs to is over."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what the coroutine returned
    raise AssertionError("a stream that is over has nothing to wait for")
