"""Command's text body."""

from __future__ import annotations

from bedrock_llm.codecs.cohere_prompt import CoherePromptBody
from bedrock_llm.messages import Message, Text
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason, Usage
from tests.codecs.shared.text_bodies import config_of, prepared, read_objects, said

BODY, CONFIG = CoherePromptBody(), config_of({"body": "cohere_prompt"}, "cohere", system=False, top_k=False)
TURNS = [Message.user("u1"), Message.assistant(" a1"), Message.user("u2")]
WHOLE = {"id": "i", "generations": [{"id": "g", "text": " ab", "finish_reason": "COMPLETE"}], "prompt": "p"}
PIECES = [{"is_finished": False, "text": " a"}, {"is_finished": False, "text": "b"}]


def test_the_prompt_and_the_knobs_have_coheres_names():
    request = Request.of("u", max_tokens=5, temperature=2, top_p=1, top_k=0, stop=["x"])
    assert prepared(BODY, request, CONFIG) == (
        {"prompt": "u", "max_tokens": 5, "temperature": 2, "p": 1, "k": 0, "stop_sequences": ["x"]}, []
    )  # fmt: skip
    assert prepared(BODY, Request.of(TURNS), CONFIG)[0] == {"prompt": "User: u1\nChatbot: a1\nUser: u2\nChatbot:"}


def test_a_stream_is_asked_for_in_the_body_too():
    assert BODY.write(Request.of("u"), CONFIG, stream=True) == {"prompt": "u", "stream": True}


def test_whole_and_streamed_answers_say_the_same():
    whole = BODY.read(WHOLE, CONFIG)
    assert said(whole) == (Message("assistant", (Text(" ab"),)), StopReason.stop, "COMPLETE", Usage())
    last = {"is_finished": True, "finish_reason": "COMPLETE", "response": {"id": "i"}}
    streamed = read_objects(BODY, [*PIECES, last], CONFIG)
    assert said(streamed) == said(whole)
    assert streamed.raw == {"response": {"id": "i"}}
    assert said(read_objects(BODY, [WHOLE], CONFIG)) == said(whole)


def test_the_sentinel_ends_an_answer_and_is_no_text_of_it():
    last = {"is_finished": True, "text": "<EOS_TOKEN>", "finish_reason": "MAX_TOKENS"}
    assert said(read_objects(BODY, [*PIECES, last], CONFIG))[1:3] == (StopReason.length, "MAX_TOKENS")
    alone = read_objects(BODY, [*PIECES, {"is_finished": False, "text": "<EOS_TOKEN>"}], CONFIG)
    assert (alone.text, alone.stop_reason, alone.raw_stop_reason) == (" ab", StopReason.other, None)
    late = [*PIECES, {"text": "<EOS_TOKEN>"}, {"is_finished": True, "finish_reason": "COMPLETE"}]
    assert said(read_objects(BODY, late, CONFIG))[1:3] == (StopReason.stop, "COMPLETE")


def test_further_generations_stay_in_raw_with_a_warning():
    several = [{"text": "a", "finish_reason": "COMPLETE"}, {"text": "b", "finish_reason": "COMPLETE"}]
    whole = BODY.read({"generations": several}, CONFIG)
    assert (whole.text, [warning.parameter for warning in whole.warnings]) == ("a", ["generations"])
    assert read_objects(BODY, [{"generations": several}], CONFIG).raw == {"generations": several}
    further = [{"index": 1, "text": "b"}, {"index": 1, "text": "c", "is_finished": True}]
    objects = [{"index": 0, "text": "a"}, *further, {"index": 0, "is_finished": True, "finish_reason": "COMPLETE"}]
    streamed = read_objects(BODY, objects, CONFIG)
    assert (streamed.text, [warning.parameter for warning in streamed.warnings][:1]) == ("a", ["generations"])
    assert streamed.raw == {"events": [{"chunk": piece} for piece in further]}
