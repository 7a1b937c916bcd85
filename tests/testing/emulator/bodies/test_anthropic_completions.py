"""Claude's text completions from the service's side."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.anthropic_completions import CompletionsBody
from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.events import empty_response, fold
from bedrock_llm.messages import Message, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.anthropic_completions import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.shared_data import shared

CODEC = CompletionsBody()
CLAUDE = ModelConfig(model="anthropic.claude-v2", family="claude")
PROMPT = {"prompt": "\n\nHuman: hi\n\nAssistant:", "max_tokens_to_sample": 5}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"prompt": None}, "required key [prompt] not found"),
        ({"prompt": ""}, "expected minimum length: 1"),
        ({"max_tokens_to_sample": None}, "required key [max_tokens_to_sample] not found"),
        ({"temperature": 2}, "2 is not less or equal to 1"),
        ({"messages": []}, "extraneous key [messages] is not permitted"),
    ],
)
def test_what_the_service_refuses(members, words):
    body = {name: value for name, value in {**PROMPT, **members}.items() if value is not None}
    with pytest.raises(Refusal) as caught:
        BODY.check(body, CLAUDE, False)
    assert words in caught.value.message


REQUESTS = [
    Request.of("hi", max_tokens=5),
    Request.of("hi", max_tokens=5, temperature=0, top_p=0.5, top_k=3, stop=["x"], system="Be brief."),
    Request.of([Message.user("a"), Message.assistant("b"), Message.user("c")], max_tokens=5),
    Request.of([Message.user("a"), Message.assistant("Well,")], max_tokens=5),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_as_it_was(request_):
    made = CODEC.write(request_, CLAUDE, stream=False)
    BODY.check(made, CLAUDE, False)
    assert BODY.parse(made, CLAUDE) == request_


@pytest.mark.parametrize(
    "prompt",
    [
        "Human: a joke Assistant:",
        "\n\nHuman: a",
        "\n\nHuman:a\n\nAssistant:",
        "\n\nHuman: a\n\nAssistant:  b",
        "\n\nHuman: a\n\nHuman: b\n\nAssistant:",
        "\n\nHuman: a\n\nAssistant: b\n\nHuman: c",
        "\n\nAssistant: a\n\nHuman: b\n\nAssistant:",
        "\n\nHuman:  \n\nAssistant:",
        "\n\nHuman: a\n\nAssistant: b ",
    ],
)
def test_a_prompt_of_another_form_is_written_again_as_it_was(prompt):
    request = BODY.parse({**PROMPT, "prompt": prompt}, CLAUDE)
    assert (request.messages, request.get("extra_body")) == ((Message.user(prompt),), {"prompt": prompt})


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if '"bedrock"' in line and "max_tokens_to_sample" in line]
    for record in records:
        body = record["request"]["body"]
        BODY.check(body, CLAUDE, record["streaming"])
        request = BODY.parse(body, CLAUDE)
        assert merge(CODEC.write(request, CLAUDE, stream=False), request.get("extra_body", {})) == body
    assert len(records) == 3


@pytest.mark.parametrize(
    "response",
    [
        Response(Message.assistant(" Hello there, you.")),
        Response(Message.assistant("cut"), StopReason.length),
        Response(Message.assistant()),
        Response(Message.assistant("a"), StopReason.stop, "stop_sequence", raw={"stop_sequence": "x"}),
    ],
)
def test_both_forms_of_an_answer_are_read_to_what_was_said(response):
    whole, reader, events = CODEC.read(BODY.answer(response), CLAUDE), CODEC.reader(CLAUDE), []
    for entry in BODY.chunks(response):
        reader.take(entry, events)
        reader.settle(events)
    reader.counted = Usage()
    reader.end(events)
    assert fold(empty_response(), events) == whole.with_(warnings=())
    assert (whole.message, whole.stop_reason) == (response.message, response.stop_reason)


def test_what_a_text_cannot_say_is_refused():
    with pytest.raises(InvalidRequestError):
        BODY.answer(Response(Message.assistant(ToolCall("1", "f"))))
