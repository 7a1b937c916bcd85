"""`ScriptedModel`: a model without a wire."""

from __future__ import annotations

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, RateLimitError, UsageError
from bedrock_llm.events import Finished, TextDelta, ToolCallFinished, empty_response, fold
from bedrock_llm.messages import Message, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing import ScriptedModel

pytestmark = pytest.mark.anyio
CALL = ToolCall("t1", "look_up", {"q": 1})


async def test_each_entry_answers_one_request():
    model = ScriptedModel(
        [
            "Hello!",
            Message.assistant(CALL),
            Response(message=Message.assistant("cut"), stop_reason=StopReason.length, usage=Usage(input_tokens=1)),
            lambda request: f"read {request.messages[-1].text} at {request.get('temperature')}",
        ]
    )
    answers = [await model.generate_text([Message.user(text)], temperature=0) for text in "abcd"]
    assert answers == [
        Response(message=Message.assistant("Hello!")),
        Response(message=Message.assistant(CALL), stop_reason=StopReason.tool_use),
        Response(message=Message.assistant("cut"), stop_reason=StopReason.length, usage=Usage(input_tokens=1)),
        Response(message=Message.assistant("read d at 0")),
    ]
    assert model.requests == [Request.of(text, temperature=0) for text in "abcd"]


async def test_an_exception_is_raised_and_the_next_entry_follows():
    model = ScriptedModel([RateLimitError("slow down"), lambda request: ValueError("odd"), "then"])
    with pytest.raises(RateLimitError, match="slow down"):
        await model.answer(Request.of("a"))
    with pytest.raises(ValueError, match="odd"):
        await model.answer(Request.of("a"))
    assert (await model.answer(Request.of("a"))).text == "then"


async def test_a_script_that_is_used_up_says_so():
    model = ScriptedModel(["one"])
    await model.answer(Request.of("a"))
    with pytest.raises(UsageError, match="is used up: it has 1 answers, and this is request 2"):
        await model.answer(Request.of("a"))


async def test_a_function_alone_answers_every_request():
    model = ScriptedModel(lambda request: request.messages[0].text.upper())
    assert [(await model.answer(Request.of(text))).text for text in "abc"] == ["A", "B", "C"]


async def test_a_stream_comes_in_pieces_and_folds_to_the_answer():
    message = Message.assistant(Thinking("let me think about it", "seal"), "one two three four", CALL)
    model = ScriptedModel([message, message])
    events = [event async for event in model.answer_stream(Request.of("a"))]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["one", " two", " three", " four"]
    assert ToolCallFinished(CALL) in events
    assert events[-1] == Finished(StopReason.tool_use, None)
    assert fold(empty_response(), events) == await model.answer(Request.of("a"))


async def test_an_entry_that_cannot_be_is_refused_at_once():
    for script in ([1], ["a", None], "a", [Message.user("mine")]):
        with pytest.raises(InvalidRequestError):
            ScriptedModel(script)


async def test_it_takes_every_parameter_and_counts_by_estimate():
    config = ModelConfig(context_window=1000)
    model = ScriptedModel([], config=config)
    model.validate_parameters(temperature=7, anything=1)
    assert model.config is config
    assert model.count_tokens("") == 0
    assert model.count_tokens("Why is the sky blue?") > 3
