"""deepseek_prompt: bodies as requests, refusals, and answers as the service writes them."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bedrock_llm.codecs.deepseek_prompt import DeepSeekPromptBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.deepseek_prompt import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.shared.text_bodies import config_of, read_objects, records_of

MODELS = ("deepseek.r1",)
CONFIG = config_of({"body": "deepseek_prompt"}, "deepseek")
CODEC = InvokeCodec(DeepSeekPromptBody())

ROUND = [
    Request.of("u", max_tokens=3, stop=["x"], system="s"),
    Request.of([Message.user("u1"), Message.assistant("a1"), Message.user("u2")]),
]
BEGIN, USER, ASSISTANT = "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"
ENDING = f"{ASSISTANT}<think>\n"
UNFOLLOWED = [
    "u",
    f"{BEGIN}{USER}u{ASSISTANT}",
    f"{BEGIN}{ENDING}",
    f"{BEGIN}{USER}a</think>{ENDING}",
    f"{USER}u{ENDING}",
    f"{BEGIN} {USER}u{ENDING}",
]
REFUSED = [{}, {"prompt": ""}, {"prompt": "u", "top_k": 1}, {"prompt": "u", "max_tokens": 0}]
PLAIN = ["User: a", "x\nUser: a\nBot: b\nUser: c\nBot:", "User: a\nUser: b\nBot: c"]
KEY = "prompt"


def written(request):
    return json.loads(CODEC.encode(request, CONFIG, stream=False).body)


def normalised(body):
    """A body less what says nothing: empty lists of stop sequences."""
    return {
        name: normalised(value) if isinstance(value, dict) else value for name, value in body.items() if value != []
    }


def test_recorded_bodies_are_taken_read_and_written_to_the_same_body():
    equal, unnamed = 0, Counter()
    for record, _ in records_of(*MODELS):
        if (body := record["request"]["body"]) is None:
            continue
        BODY.check(body, CONFIG, record["streaming"])
        request = BODY.parse(body, CONFIG)
        assert normalised(written(request)) == normalised(body), record["id"]
        unnamed.update(list(request.get("extra_body", ())))
        equal += 1
    assert (equal, unnamed) == (0, {})


@pytest.mark.parametrize("request_", ROUND)
def test_a_body_is_read_to_the_request_it_was_made_of(request_):
    assert BODY.parse(written(request_), CONFIG) == request_


@pytest.mark.parametrize("prompt", [*UNFOLLOWED, *PLAIN])
def test_any_prompt_is_written_to_the_same_body_again(prompt):
    request = BODY.parse({KEY: prompt}, CONFIG)
    assert request.messages == (Message.user(prompt),)
    assert (request.get("extra_body") == {KEY: prompt}) is (prompt in UNFOLLOWED or bool(UNFOLLOWED))
    assert written(request) == {KEY: prompt}


@pytest.mark.parametrize("body", REFUSED)
def test_what_the_model_does_not_take_is_refused(body):
    with pytest.raises(Refusal) as caught:
        BODY.check(body, CONFIG, False)
    assert caught.value.code == "ValidationException"


def test_what_the_service_reads_itself_is_taken_and_a_stream_refused_where_there_is_none():
    body = written(Request.of("u"))
    BODY.check({**body, "amazon-bedrock-guardrailConfig": {}}, CONFIG, True)
    with pytest.raises(Refusal):
        BODY.check(body, config_of({"body": "deepseek_prompt"}, streaming=False), True)


@pytest.mark.parametrize("reason", [StopReason.stop, StopReason.length])
@pytest.mark.parametrize("text", ["Hello, this is an answer of several words.\n\nAnd so on.", "a", ""])
def test_an_answer_is_written_whole_and_in_pieces_as_the_client_reads_it(text, reason):
    parts = (
        (
            Thinking("So", family="deepseek"),
            Text(text),
        )
        if text
        else ()
    )
    response = Response(Message("assistant", parts), reason, usage=Usage(input_tokens=5, output_tokens=9))
    whole = DeepSeekPromptBody().read(BODY.answer(response), CONFIG)
    streamed = read_objects(DeepSeekPromptBody(), list(BODY.chunks(response)), CONFIG)
    assert (whole.message, whole.stop_reason) == (response.message, reason)
    assert (streamed.message, streamed.stop_reason, streamed.usage) == (whole.message, reason, whole.usage)
    assert whole.warnings == ()


def test_a_scripts_own_word_for_the_end_is_written_where_it_is_one():
    response = Response(Message.assistant("a"), StopReason.other, "novel")
    assert DeepSeekPromptBody().read(BODY.answer(response), CONFIG).raw_stop_reason == "novel"
    of_another = Response(Message.assistant("a"), StopReason.stop, "end_turn")
    assert DeepSeekPromptBody().read(BODY.answer(of_another), CONFIG).stop_reason is StopReason.stop


def test_what_the_body_cannot_say_is_no_answer():
    with pytest.raises(InvalidRequestError):
        BODY.answer(Response(Message.assistant(ToolCall("1", "f"))))
