from __future__ import annotations

import pickle

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import Limits, ModelConfig, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    CallCancelledError,
    ConfigurationError,
    InvalidRequestError,
    OutputValidationError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UsageError,
)
from bedrock_llm.messages import Message
from bedrock_llm.models.wrapper import WrapperImplementation
from bedrock_llm.response import Response, Usage
from bedrock_llm.strategy import FallbackStrategy, ModelStrategy
from tests.strangers import Seen, ThreeMethods

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(wait=lambda state: 0.0)


async def test_a_strangers_three_methods_are_enough():
    model = ThreeMethods("hi there")
    async with LLMClient(model) as client:
        response = await client.generate("hello", system="Be kind.", temperature=0)
        count = await client.count_tokens("one two three")
    assert response.text == "hi there"
    assert response == Response(Message.assistant("hi there"), usage=Usage(3, output_tokens=2))
    assert model.asked == [((Message.user("hello"),), {"system": "Be kind.", "temperature": 0})]
    assert (count.source, count.tokens) == ("estimate", 7)


async def test_a_response_carries_what_only_the_path_knows():
    model = ThreeMethods(ServerError("500", status=500, request_id="first"), "hi")
    model.config = ModelConfig(provider="home", model="mine", prices={"input": 1, "output": 2})
    seen = Seen()
    async with LLMClient(model, retry=QUICK, observers=[seen]) as client:
        response = await client.generate("hello")
    assert (response.provider, response.model) == ("home", "mine")
    assert [(a.number, a.status, a.request_id, a.billed) for a in response.attempts] == [
        (1, 500, "first", "maybe"),
        (2, None, None, "yes"),
    ]
    assert response.cost is not None
    assert response.cost.lower_bound
    assert seen.names == ["start", "retry", "complete"]
    assert seen.calls[0][1].call_id == response.request.call_id == seen.calls[2][1].request.call_id
    assert response.latency_s >= response.attempts[1].started_s >= response.attempts[0].duration_s >= 0


async def test_an_error_carries_the_request_and_every_attempt_and_pickles():
    model = ThreeMethods(RateLimitError("429", status=429), RateLimitError("429 again", status=429))
    seen = Seen()
    async with LLMClient(model, retry=RetryPolicy(max_attempts=2, wait=lambda state: 0.0), observers=[seen]) as client:
        with pytest.raises(RateLimitError, match="again") as caught:
            await client.generate("hello")
    error = caught.value
    assert [attempt.status for attempt in error.attempts] == [429, 429]
    assert error.request.messages == (Message.user("hello"),)
    assert seen.names == ["start", "retry", "error"]
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.request, len(copy.attempts)) == (str(error), error.request, 2)


async def test_a_strangers_exception_reaches_the_caller_unchanged_and_is_seen():
    broken, seen = ValueError("my own"), Seen()
    async with LLMClient(ThreeMethods(broken), observers=[seen]) as client:
        with pytest.raises(ValueError, match="my own") as caught:
            await client.generate("hello")
    assert caught.value is broken
    assert seen.names == ["start", "error"]
    assert seen.calls[1][1].request == seen.calls[0][1]


async def test_bad_input_is_refused_before_observers_see_a_call():
    model, seen = ThreeMethods(), Seen()
    async with LLMClient(model, observers=[seen]) as client:
        for arguments in ({"temperature": "hot"}, {"max_tokens": 0}, {"temprature": 1}):
            with pytest.raises(InvalidRequestError):
                await client.generate("hello", **arguments)
        with pytest.raises(InvalidRequestError, match="messages is empty"):
            await client.generate([])
    assert (model.asked, seen.calls) == ([], [])


async def test_a_model_that_returns_something_else_is_told_so():
    async with LLMClient(ThreeMethods()) as client:
        client._flow.strategy.models[0].generate_text = _returns_text
        with pytest.raises(ConfigurationError, match="must return a Response, not str"):
            await client.generate("hello")


async def _returns_text(messages, **parameters):
    return "text"


async def test_fallback_asks_the_next_model_and_counts_all_attempts():
    first = ThreeMethods(*[ServerError("500", status=500)] * 2)
    first.config = ModelConfig(provider="home", model="first")
    second = ThreeMethods("from the second")
    second.config = ModelConfig(provider="home", model="second")
    policy = RetryPolicy(max_attempts=2, wait=lambda state: 0.0)
    async with LLMClient(FallbackStrategy([first, second]), retry=policy) as client:
        response = await client.generate("hello")
    assert (response.text, response.model) == ("from the second", "second")
    assert [(attempt.number, attempt.model) for attempt in response.attempts] == [
        (1, "first"),
        (2, "first"),
        (3, "second"),
    ]


async def test_fallback_does_not_hide_a_wrong_request():
    first, second = ThreeMethods(InvalidRequestError("bad tool")), ThreeMethods()
    async with LLMClient(FallbackStrategy([first, second])) as client:
        with pytest.raises(InvalidRequestError, match="bad tool"):
            await client.generate("hello")
    assert second.asked == []


async def test_a_strategy_that_overrides_process_request_is_honoured():
    class Canned(ModelStrategy):
        async def process_request(self, request):
            return Response(Message.assistant("canned: " + request.messages[0].text))

    seen = Seen()
    async with LLMClient(Canned(ThreeMethods()), observers=[seen]) as client:
        response = await client.generate("hello")
    assert response.text == "canned: hello"
    assert seen.names == ["start", "complete"]


async def test_process_request_is_the_loop_without_services():
    strategy = FallbackStrategy([ThreeMethods(ServerError("500")), ThreeMethods("second")])
    from bedrock_llm.request import Request

    assert (await strategy.process_request(Request.of("hello"))).text == "second"


async def test_a_wrapper_changes_the_request():
    class Polite(WrapperImplementation):
        def prepare(self, request):
            return self.wrapped.prepare(request.with_(system="Say please."))

    inner = ThreeMethods()
    async with LLMClient(Polite(inner)) as client:
        await client.generate("hello")
    assert inner.asked[0][1] == {"system": "Say please."}


async def test_the_total_deadline_ends_the_call_with_its_attempts():
    class Slow(ThreeMethods):
        async def generate_text(self, messages, **parameters):
            await anyio.sleep_forever()

    seen = Seen()
    async with LLMClient(Slow(), timeouts=Timeouts(total_s=0.05), observers=[seen]) as client:
        with pytest.raises(RequestTimeoutError) as caught:
            await client.generate("hello")
    assert (caught.value.phase, caught.value.after_s) == ("total", 0.05)
    assert [attempt.billed for attempt in caught.value.attempts] == ["maybe"]
    assert seen.names == ["start", "error"]


async def test_cancellation_is_one_end_for_observers_and_frees_the_slot():
    class Slow(ThreeMethods):
        async def generate_text(self, messages, **parameters):
            await anyio.sleep_forever()

    seen = Seen()
    client = LLMClient(Slow(), observers=[seen], limits=Limits(max_concurrency=1))
    for _ in range(2):
        with anyio.move_on_after(0.05) as scope:
            await client.generate("hello")
        assert scope.cancelled_caught
    assert seen.names == ["start", "error"] * 2
    error = seen.calls[1][1]
    assert isinstance(error, CallCancelledError)
    assert (error.abandoned, len(error.attempts)) == (False, 1)
    assert seen.calls[2][1].call_id == seen.calls[3][1].request.call_id
    await client.aclose()


async def test_structured_output_is_validated_and_typed():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    async with LLMClient(ThreeMethods('{"city": "Oslo"}', "no json here")) as client:
        assert (await client.generate("Where?", output_type=schema)).parsed == {"city": "Oslo"}
        with pytest.raises(OutputValidationError) as caught:
            await client.generate("Where?", output_type=schema)
    assert caught.value.partial.text == "no json here"
    assert len(caught.value.attempts) == 1


async def test_use_after_close_is_a_usage_error_and_close_can_be_called_twice():
    client = LLMClient(ThreeMethods())
    await client.aclose()
    await client.aclose()
    with pytest.raises(UsageError, match="closed"):
        await client.generate("hello")
    with pytest.raises(UsageError, match="closed"):
        client.stream("hello")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tempo": 1}, "no option 'tempo'"),
        ({"regoin": "us-east-1"}, "did you mean 'region'"),
        ({"retry": 3}, "retry must be a RetryPolicy"),
        ({"timeouts": 30}, "timeouts must be a Timeouts"),
        ({"observers": "loud"}, "observers must be a list"),
        ({"observers": [object()]}, "is no observer"),
        ({"context": "drop_everything"}, "drop_oldest"),
        ({"transport": object()}, "must be a Transport"),
        ({"limits": 5}, "limits must be a Limits"),
    ],
)
async def test_a_wrong_option_at_the_door_is_a_configuration_error(options, text):
    with pytest.raises(ConfigurationError, match=text):
        LLMClient(ThreeMethods(), **options)


async def test_a_client_cannot_be_pickled():
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(LLMClient(ThreeMethods()))


async def test_a_sync_generate_text_is_told_to_be_async():
    class Sync(ThreeMethods):
        def generate_text(self, messages, **parameters):
            return Response(Message.assistant("hi"))

    async with LLMClient(Sync()) as client:
        with pytest.raises(ConfigurationError, match="must be `async def`"):
            await client.generate("hello")


async def test_plain_with_shows_how():
    with pytest.raises(UsageError, match="async with LLMClient"), LLMClient(ThreeMethods()):
        pass
    with pytest.raises(UsageError, match=r"async with client\.stream"), LLMClient(ThreeMethods()).stream("hello"):
        pass


async def test_a_strategy_is_told_how_each_asking_ended():
    told = []

    class Learns(FallbackStrategy):
        def observe(self, outcome):
            told.append((outcome.model, type(outcome.error), outcome.latency_s >= 0))

    first, second = ThreeMethods(ServerError("500", retryable=False)), ThreeMethods("second")
    async with LLMClient(Learns([first, second])) as client:
        await client.generate("hello")
    assert told == [(first, ServerError, True), (second, type(None), True)]
