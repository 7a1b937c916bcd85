"""Jurassic-2's body."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.ai21_j2 import J2Body
from bedrock_llm.messages import Message, Text
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason, Usage
from tests.codecs.shared.text_bodies import config_of, prepared, read_objects, said

BODY, CONFIG = J2Body(), config_of({"body": "ai21_j2"}, "ai21", system=False)


def answer(reason):
    completion = {"data": {"text": "\na", "tokens": [{"textRange": {"start": 0, "end": 1}}]}, "finishReason": reason}
    return {"id": 1234, "prompt": {"text": "q", "tokens": []}, "completions": [completion]}


def test_the_prompt_and_the_knobs_have_ai21s_names():
    request = Request.of("u", max_tokens=5, temperature=0, top_p=1, stop=["x"])
    knobs = {"maxTokens": 5, "temperature": 0, "topP": 1, "stopSequences": ["x"]}
    assert prepared(BODY, request, CONFIG) == ({"prompt": "u", **knobs}, [])


def test_a_penalty_on_another_scale_is_left_out_once_and_the_way_told():
    request = Request.of("u", presence_penalty=1, frequency_penalty=1)
    _, warnings = BODY.prepare(request, CONFIG)
    assert [warning.parameter for warning in warnings] == ["presence_penalty", "frequency_penalty"]
    assert all("extra_body" in warning.message for warning in warnings)


@pytest.mark.parametrize(
    ("word", "reason"),
    [("endoftext", StopReason.stop), ("length", StopReason.length), ("stop", StopReason.stop)],
)
def test_whole_and_streamed_answers_say_the_same(word, reason):
    whole = BODY.read(answer({"reason": word}), CONFIG)
    assert said(whole) == (Message("assistant", (Text("\na"),)), reason, word, Usage())
    assert said(read_objects(BODY, [answer({"reason": word, "length": 3})], CONFIG)) == said(whole)
