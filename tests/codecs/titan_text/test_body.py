"""Titan Text's body."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.titan_text import TitanTextBody
from bedrock_llm.events import UsageReported, empty_response, fold
from bedrock_llm.messages import Message
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason, Usage
from tests.codecs.shared.text_bodies import config_of, prepared, read_objects, said

BODY, CONFIG = TitanTextBody(), config_of({"body": "titan_text"}, "titan", system=False)
TURNS = [Message.user("u1"), Message.assistant("\na1"), Message.user("u2")]


def test_a_single_turn_is_sent_as_it_is_and_a_conversation_in_amazons_form():
    assert prepared(BODY, Request.of("u"), CONFIG)[0] == {"inputText": "u"}
    assert prepared(BODY, Request.of(TURNS), CONFIG)[0] == {"inputText": "User: u1\nBot: a1\nUser: u2\nBot:"}


def test_the_knobs_stand_in_an_object_of_their_own():
    request = Request.of("u", max_tokens=5, temperature=0, top_p=1, stop=["x"], top_k=4)
    knobs = {"maxTokenCount": 5, "temperature": 0, "topP": 1, "stopSequences": ["x"]}
    assert prepared(BODY, request, CONFIG) == ({"inputText": "u", "textGenerationConfig": knobs}, ["top_k"])


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("FINISHED", StopReason.stop), ("FINISH", StopReason.stop), ("STOP_CRITERIA_MET", StopReason.stop),
        ("LENGTH", StopReason.length), ("CONTENT_FILTERED", StopReason.content_filter),
        ("RAG_QUERY_WHEN_RAG_DISABLED", StopReason.error), ("novel", StopReason.other),
    ],
)  # fmt: skip
def test_every_word_for_the_end_is_known(word, reason):
    result = {"tokenCount": 2, "outputText": "a", "completionReason": word}
    assert BODY.read({"inputTextTokenCount": 1, "results": [result]}, CONFIG).stop_reason is reason


def piece(text, made, word=None, given=6):
    return {
        "outputText": text, "index": 0, "totalOutputTextTokenCount": made, "completionReason": word,
        "inputTextTokenCount": given,
    }  # fmt: skip


def test_whole_and_streamed_answers_say_the_same():
    result = {"tokenCount": 4, "outputText": "\nab", "completionReason": "FINISH"}
    whole = BODY.read({"inputTextTokenCount": 6, "results": [result]}, CONFIG)
    assert whole.usage == Usage(input_tokens=6, output_tokens=4)
    assert said(read_objects(BODY, [piece("\na", 2), piece("b", 4, "FINISH")], CONFIG)) == said(whole)


def test_a_count_with_a_decimal_point_is_a_count():
    result = {"tokenCount": 197.0, "outputText": "a", "completionReason": "FINISH"}
    usage = BODY.read({"inputTextTokenCount": 28.0, "results": [result]}, CONFIG).usage
    assert (usage, type(usage.input_tokens)) == (Usage(input_tokens=28, output_tokens=197), int)


def test_an_answer_that_breaks_off_has_what_was_counted_so_far():
    reader, events = BODY.reader(CONFIG), []
    reader.take(piece("a", 3.0, given=6.0), events)
    assert UsageReported(Usage(input_tokens=6, output_tokens=3)) in events
    assert fold(empty_response(), events).usage.output_tokens == 3
