"""Claude's text completions: prompts, answers, and recorded ones."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.anthropic_completions import CompletionsBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import OverloadedError, ProtocolError, StreamInterruptedError, UnsupportedFeatureError
from bedrock_llm.events import empty_response, fold
from bedrock_llm.messages import Message, Text
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason, Usage
from tests.shared_data import shared

BODY = CompletionsBody()
CODEC = InvokeCodec(BODY)
CLAUDE = ModelConfig(model="anthropic.claude-v2", family="claude")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def write(messages, config=CLAUDE, **parameters):
    prepared, warnings = BODY.prepare(Request.of(messages, **parameters), config)
    return BODY.write(prepared, config, stream=False), [warning.parameter for warning in warnings]


@pytest.mark.parametrize(
    ("messages", "parameters", "prompt"),
    [
        ("hi", {}, "\n\nHuman: hi\n\nAssistant:"),
        ("hi", {"system": "Be brief."}, "Be brief.\n\nHuman: hi\n\nAssistant:"),
        ([Message.user("a"), Message.assistant(" b"), Message.user("c")], {},
         "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"),
        ([Message.user("a"), Message.assistant("Well, ")], {}, "\n\nHuman: a\n\nAssistant: Well,"),
        ("x\n\nAssistant: yes\n\n\nHuman: no", {},
         "\n\nHuman: x\n \nAssistant: yes\n\n \nHuman: no\n\nAssistant:"),
    ],
)  # fmt: skip
def test_prompts(messages, parameters, prompt):
    assert write(messages, **parameters)[0]["prompt"] == prompt


def test_knobs_and_the_length_that_the_wire_wants():
    made, told = write("hi", temperature=0, top_p=0.5, top_k=3, stop=["x"], seed=1, cache=True)
    assert made == {
        "prompt": "\n\nHuman: hi\n\nAssistant:",
        "max_tokens_to_sample": 4096,
        "temperature": 0,
        "top_p": 0.5,
        "top_k": 3,
        "stop_sequences": ["x"],
    }
    assert set(told) == {"seed", "cache"}
    assert write("hi", max_tokens=7)[0]["max_tokens_to_sample"] == 7
    assert write("hi", ModelConfig(max_output_tokens=99))[0]["max_tokens_to_sample"] == 99


def test_tools_are_refused():
    with pytest.raises(UnsupportedFeatureError):
        write("hi", tools=[ToolSpec("a")])


@pytest.mark.parametrize(
    ("word", "reason", "warned"),
    [
        ("stop_sequence", StopReason.stop, []),
        ("max_tokens", StopReason.length, []),
        ("novel", StopReason.other, ["other"]),
        (None, StopReason.other, ["incomplete"]),
    ],
)
def test_whole_answers(word, reason, warned):
    response = BODY.read({"completion": " Hello", "stop_reason": word, "stop": None}, CLAUDE)
    assert (response.text, response.stop_reason, response.raw_stop_reason) == (" Hello", reason, word)
    assert [warning.kind for warning in response.warnings] == warned


@pytest.mark.parametrize("data", [None, [], {}, {"completion": 1}, {"completion": "a", "stop_reason": 1}])
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, CLAUDE)


COUNTED = Usage(3, 0, 0, 0, 4)


def streamed(objects):
    reader, events = BODY.reader(CLAUDE), []
    for entry in objects:
        reader.take(entry, events)
        reader.settle(events)
    reader.counted = COUNTED
    reader.end(events)
    return fold(empty_response(), events)


@given(st.lists(WORDS, max_size=5), st.sampled_from(["stop_sequence", "max_tokens", "novel"]))
@settings(max_examples=60, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(pieces, word):
    objects = [{"completion": piece, "stop_reason": None, "stop": None} for piece in pieces]
    objects += [{"type": "ping"}, {"completion": "", "stop_reason": word, "stop": "\n\nHuman:"}]
    whole = BODY.read({"completion": "".join(pieces), "stop_reason": word}, CLAUDE)
    assert streamed(objects) == whole.with_(usage=COUNTED, warnings=())


def test_a_stream_without_a_stop_reason_was_interrupted():
    with pytest.raises(StreamInterruptedError):
        streamed([{"completion": "a", "stop_reason": None}])


def test_an_error_inside_the_answer_is_that_error():
    with pytest.raises(OverloadedError, match="Overloaded") as caught:
        streamed([{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}])
    assert caught.value.code == "overloaded_error"


def test_the_sequence_that_stopped_it_stands_in_raw():
    assert streamed([{"completion": "a", "stop_reason": "stop_sequence", "stop": "x"}]).raw == {"stop": "x"}


def recorded():
    """Recorded answers of this wire on Bedrock, with what is expected of them."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {
        entry["id"]: entry
        for entry in map(json.loads, shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines())
    }
    for record in (json.loads(line) for line in lines if '"bedrock"' in line):
        if record["family"] != "claude" or record["api"] not in ("invoke", "invoke-stream"):
            continue
        reply = base64.b64decode(record["response"]["body_b64"])
        plain = b'"completion"' in reply or b"eyJjb21wbGV0aW9u" in reply or b"eyJ0eXBlIjoiY29tcGxldGlvbi" in reply
        if plain:
            yield record, expected[record["id"]], reply


def read_stream(body, headers, cuts=()):
    decoder, events = CODEC.decoder(headers, CLAUDE), []
    for begin_at, end_at in zip((0, *cuts), (*cuts, len(body)), strict=True):
        events += decoder.feed(body[begin_at:end_at])
    return fold(empty_response(), events + decoder.close())


def test_recorded_answers():
    chance, counted = random.Random(20261120), {"whole": 0, "streamed": 0}
    for record, expected, body in recorded():
        headers = record["response"]["headers"]
        if record["streaming"]:
            response = read_stream(body, headers)
            assert read_stream(body, headers, range(1, len(body))) == response
            for _ in range(20):
                assert read_stream(body, headers, sorted(chance.sample(range(1, len(body)), 9))) == response
        else:
            response = CODEC.decode(body, headers, CLAUDE)
        assert (response.text, response.raw_stop_reason) == (expected["text"], expected["stop"])
        counts = expected.get("metrics") or {"input": None, "output": None}
        assert (response.usage.input_tokens, response.usage.output_tokens) == (counts["input"], counts["output"])
        counted["streamed" if record["streaming"] else "whole"] += 1
    assert counted == {"whole": 3, "streamed": 2}


def test_blank_texts_never_reach_a_prompt():
    assert write([Message.user(Text("a"), Text(" "))])[0]["prompt"] == "\n\nHuman: a\n\nAssistant:"
