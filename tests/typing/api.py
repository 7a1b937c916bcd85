"""The public types, as a user's program meets them. Type-checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

from bedrock_llm import (
    Attempt,
    Audio,
    AWSCredentials,
    BaseModelImplementation,
    Conversation,
    Cost,
    CostLine,
    CostTracker,
    Document,
    Event,
    FallbackStrategy,
    Finished,
    HTTPCall,
    HTTPReply,
    Image,
    InvalidRequestError,
    Limits,
    LLMClient,
    LLMError,
    LoggingObserver,
    Message,
    ModelConfig,
    ModelFactory,
    ModelObserver,
    ModelStrategy,
    Part,
    ReplyStream,
    Request,
    RequestTimeoutError,
    Response,
    ResponseStream,
    ResponseWarning,
    RetryPolicy,
    StopReason,
    StreamInterruptedError,
    SyncConversation,
    SyncLLMClient,
    SyncResponseStream,
    Text,
    TextDelta,
    Thinking,
    Timeouts,
    TokenCount,
    ToolCall,
    ToolCallFinished,
    ToolResult,
    ToolSpec,
    Transport,
    UnknownModelError,
    Usage,
    UsageReported,
    WrapperImplementation,
    __version__,
    accumulate,
    empty_response,
)


@dataclass
class River:
    name: str
    length_km: float


async def answers(client: LLMClient) -> None:
    response = await client.generate("Hello", max_tokens=200, temperature=0.5, stop=["END"])
    assert_type(response.text, str)
    assert_type(response.thinking, str)
    assert_type(response.tool_calls, tuple[ToolCall, ...])
    assert_type(response.message, Message)
    assert_type(response.stop_reason, StopReason)
    assert_type(response.raw_stop_reason, str | None)
    assert_type(response.usage, Usage)
    assert_type(response.usage.input_tokens, int | None)
    assert_type(response.usage.total_tokens, int | None)
    assert_type(response.cost, Cost | None)
    assert_type(response.warnings, tuple[ResponseWarning, ...])
    assert_type(response.attempts, tuple[Attempt, ...])
    assert_type(response.request, Request | None)
    if response.cost is not None:
        assert_type(response.cost.total, Decimal)
        assert_type(response.cost.lines, tuple[CostLine, ...])


async def structured(client: LLMClient) -> None:
    response = await client.generate("The Loire", output_type=River)
    assert_type(response, Response[River])
    assert_type(response.parsed, River | None)
    async with client.stream("The Loire", output_type=River) as stream:
        assert_type(stream, ResponseStream[River])
        assert_type(await stream.response(), Response[River])


async def streams(client: LLMClient) -> None:
    async with client.stream([Message.user("Hello")], system="Be brief.") as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                assert_type(event.text, str)
            elif isinstance(event, ToolCallFinished):
                assert_type(event.call, ToolCall)
                assert_type(event.call.arguments, dict[str, Any] | None)
            elif isinstance(event, UsageReported):
                assert_type(event.usage, Usage)
            elif isinstance(event, Finished):
                assert_type(event.stop_reason, StopReason)
        async for text in stream.text():
            assert_type(text, str)
        await stream.aclose()


async def folded(events: AsyncIterator[Event]) -> Response[Any]:
    so_far = empty_response()
    async for event in events:
        so_far = accumulate(so_far, event)
    return so_far


async def inputs(client: LLMClient) -> None:
    parts: list[Part] = [Text("What is this?"), Image(b"...", media_type="image/png"), Document(Path("report.pdf"))]
    history: list[Message | Mapping[str, Any]] = [
        Message.user(*parts, Audio("https://example.com/a.mp3")),
        {"role": "assistant", "content": "A report."},
        Message.user(ToolResult("call_1", (Text("4 degrees"),) if parts else "rain", is_error=False), "And now?"),
    ]
    await client.generate(
        history, tools=[ToolSpec("weather", "The weather"), weather, {"name": "x"}], tool_choice="auto"
    )
    await client.generate(
        Message.user("One"), reasoning="low", cache="1h", guardrail={"identifier": "g", "version": "1"}
    )
    await client.generate(
        "None means not set", max_tokens=None, seed=None, metadata={"tenant": "a"}, latency="optimized"
    )
    await client.generate("Misspelt", max_token=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    assert_type(await client.count_tokens(history, system="Be brief.", source="estimate"), TokenCount)


def weather(city: str) -> str:
    """The weather in a city."""
    return city


def options() -> list[LLMClient]:
    keys = AWSCredentials("AKIDEXAMPLE", "not-a-real-secret")
    return [
        LLMClient("bedrock/us.amazon.nova-lite-v1:0", region="us-east-1", credentials=keys, strict=True),
        LLMClient(
            FallbackStrategy(
                ["bedrock/us.amazon.nova-lite-v1:0", ModelFactory.create_model("meta.llama3-8b-instruct-v1:0")]
            ),
            observers=[LoggingObserver(), CostTracker(limit_usd="1.50")],
            retry=RetryPolicy(max_attempts=1),
            timeouts=Timeouts(total_s=60),
            limits=Limits(max_concurrency=4),
            context="drop_oldest",
            catalog={"a.b": {"context_window": 1000}},
        ),
        LLMClient("a.b", reigon="us-east-1"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ]


async def doors(client: LLMClient) -> None:
    assert_type(client.with_options(timeouts=Timeouts(total_s=60), region="eu-west-1"), LLMClient)
    assert_type(client.with_options(model="bedrock/us.amazon.nova-lite-v1:0", limits=None), LLMClient)
    client.with_options(timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    async with client.with_options(observers=[]) as derived:
        assert_type(derived, LLMClient)


async def chats(client: LLMClient) -> None:
    chat = client.conversation(system="Be brief.", messages=[Message.user("Hello")], max_tokens=200)
    assert_type(chat, Conversation)
    assert_type(await chat.send("The Loire"), Response[Any])
    assert_type(await chat.send([ToolResult("call_1", "22")], temperature=0.5), Response[Any])
    assert_type(await chat.send({"role": "user", "content": "x"}, output_type=River), Response[River])
    async with chat.stream("The Loire", output_type=River) as stream:
        assert_type(stream, ResponseStream[River])
        assert_type(await stream.response(), Response[River])
    assert_type(chat.messages, tuple[Message, ...])
    assert_type(chat.calibration, float | None)
    assert_type(await chat.count_tokens("more", source="estimate"), TokenCount)
    assert_type(Conversation.from_dict(chat.to_dict(), client=client, tools=[weather]), Conversation)
    await chat.send("Misspelt", max_token=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.conversation(max_token=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def without_a_loop() -> None:
    with SyncLLMClient("bedrock/us.amazon.nova-lite-v1:0", region="us-east-1", strict=True) as client:
        assert_type(client, SyncLLMClient)
        assert_type(client.generate("Hello", max_tokens=200).text, str)
        assert_type(client.generate("The Loire", output_type=River), Response[River])
        assert_type(client.generate("The Loire", output_type={"type": "object"}), Response[Any])
        with client.stream("The Loire", output_type=River) as stream:
            assert_type(stream, SyncResponseStream[River])
            for event in stream:
                assert_type(event, Event)
            for text in stream.text():
                assert_type(text, str)
            assert_type(stream.response(), Response[River])
            assert_type(stream.partial, Response[Any] | None)
        assert_type(client.count_tokens("Hello", system="Be brief."), TokenCount)
        assert_type(client.with_options(timeouts=Timeouts(total_s=60)), SyncLLMClient)
        chat = client.conversation(system="Be brief.", max_tokens=200)
        assert_type(chat, SyncConversation)
        assert_type(chat.send("The Loire", output_type=River), Response[River])
        with chat.stream("And the Seine?", output_type=River) as answer:
            assert_type(answer.response().parsed, River | None)
        assert_type(SyncConversation.from_dict(chat.to_dict(), client=client), SyncConversation)
        client.generate("Misspelt", max_token=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


class Mine(BaseModelImplementation):
    """A stranger's model: three methods."""

    config = ModelConfig(provider="mine", model="echo")

    async def generate_text(self, messages: Sequence[Message], **parameters: Any) -> Response[Any]:
        return Response(message=Message.assistant(messages[-1].text))

    def count_tokens(self, text: str) -> int:
        return len(text)

    def validate_parameters(self, **parameters: Any) -> None:
        if "tools" in parameters:
            raise InvalidRequestError.of("tools", parameters["tools"], "absent")


class Around(WrapperImplementation):
    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        return super().prepare(request.with_(temperature=0.0))


class Choice(ModelStrategy):
    def candidates(self, request: Request) -> Sequence[BaseModelImplementation]:
        return self.models[:1]

    def should_try_next(self, error: LLMError) -> bool:
        return error.retryable


class Watcher(ModelObserver):
    def on_request_start(self, request: Request) -> None:
        assert_type(request.messages, tuple[Message, ...])
        assert_type(request.call_id, str)

    async def on_request_complete(self, response: Response[Any]) -> None:
        assert_type(response.latency_s, float | None)

    def on_retry(self, attempt: Attempt) -> None:
        assert_type(attempt.error, Exception | None)


class Bytes(Transport):
    async def send(self, call: HTTPCall) -> HTTPReply:
        return HTTPReply(200, {"content-type": "application/json"}, call.body)

    async def open(self, call: HTTPCall) -> ReplyStream:
        raise UnknownModelError("no stream here")

    async def aclose(self) -> None:
        pass


def errors(error: LLMError) -> None:
    assert_type(error.retryable, bool)
    assert_type(error.retry_after_s, float | None)
    assert_type(error.attempts, tuple[Attempt, ...])
    assert_type(error.partial, Response[Any] | None)
    assert_type(error.request, Request | None)
    if isinstance(error, RequestTimeoutError):
        assert_type(error.after_s, float | None)
    if isinstance(error, UnknownModelError):
        assert_type(error.nearest, tuple[str, ...])
    if isinstance(error, StreamInterruptedError) and error.partial:
        assert_type(error.partial.text, str)


def values(message: Message) -> None:
    assert_type(Message.from_dict(message.to_dict()), Message)
    assert_type(Usage.from_dict({}), Usage)
    assert_type(Request.of("Hello", max_tokens=1), Request)
    assert_type(Thinking("so").signature, str | None)
    version: str = __version__
    assert version
