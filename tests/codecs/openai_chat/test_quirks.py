"""What servers do their own way: options of the feature `native`, and what is read without any."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.codecs.openai_chat.details import Details
from bedrock_llm.codecs.openai_chat.schema import options_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, StreamInterruptedError
from bedrock_llm.messages import Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason
from tests.codecs.openai_chat.wire import objects_read

BODY = ChatBody()
PLAIN = ModelConfig(model="m", family="f")
SEALED = {"type": "reasoning.encrypted", "data": "abc", "format": "v1", "index": 1}
SPOKEN = {"type": "reasoning.text", "text": "Hm.", "signature": "seal", "format": "v1", "index": 0}
HELD = Opaque("openai_chat", "message", {"reasoning_details": [SPOKEN, SEALED]})


def own(**options):
    return ModelConfig(model="m", family="f", features={"native": {"body": "openai_chat", **options}})


DETAILED = own(reasoning_history="reasoning_details")


def delta(finish_reason=None, **members):
    return {"choices": [{"index": 0, "delta": members, "finish_reason": finish_reason}]}


def whole(usage=None, **message):
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


def written(turns, config):
    request, warnings = BODY.prepare(Request.of(turns), config)
    return BODY.write(request, config, stream=False)["messages"], warnings


def test_options_stand_in_the_feature_or_under_the_bodys_name_in_it():
    nested = {"body": "openai_responses", "seed": False, "openai_chat": {"max_tokens": "max_completion_tokens"}}
    options = options_of(ModelConfig(features={"native": nested}))
    assert (options.fields["max_tokens"], options.fields["seed"]) == ("max_completion_tokens", "seed")
    both = options_of(own(required="any", openai_chat={"system_role": "developer"}))
    assert (both.required, both.system_role) == ("any", "developer")


def test_reasoning_in_entries_is_kept_whole_behind_the_other_parts():
    response = BODY.read(whole(content="a", reasoning="Hm.", reasoning_details=[SPOKEN, SEALED]), PLAIN)
    assert response.message.parts == (Thinking("Hm.", family="f"), Text("a"), HELD)
    assert (response.text, response.thinking) == ("a", "Hm.")


def test_entries_that_come_in_pieces_are_put_together():
    pieces = [
        {"type": "reasoning.text", "text": "H", "signature": "", "format": "v1", "index": 0},
        {"type": "reasoning.text", "text": "m.", "format": "v1", "index": 0},
        {"type": "reasoning.text", "text": "", "signature": "seal", "index": 0},
        SEALED,
    ]
    objects = [delta(reasoning=piece.get("text"), reasoning_details=[piece]) for piece in pieces]
    response, _ = objects_read(BODY, [*objects, delta(content="a"), delta("stop")], PLAIN)
    assert response.message.parts == (Thinking("Hm.", family="f"), Text("a"), HELD)


def test_entries_that_are_no_objects_are_refused():
    with pytest.raises(ProtocolError):
        BODY.read(whole(content="a", reasoning_details=["x"]), PLAIN)


TURNS = [
    Message.user("a"),
    Message.assistant(Thinking("Hm.", family="f"), "b", ToolCall("t", "n", {}), HELD),
    Message.user(ToolResult("t", "c")),
]


def test_entries_go_back_unchanged_where_the_server_takes_them():
    messages, warnings = written(TURNS, DETAILED)
    assert messages[1]["reasoning_details"] == [SPOKEN, SEALED]
    assert "reasoning" not in messages[1]
    assert warnings == ()


def test_words_without_entries_go_back_as_words_there():
    turns = [Message.user("a"), Message.assistant(Thinking("Hm.", family="f"), "b"), Message.user("c")]
    assert written(turns, DETAILED)[0][1] == {"role": "assistant", "content": "b", "reasoning": "Hm."}


@pytest.mark.parametrize("config", [PLAIN, own(reasoning_history="reasoning_content")])
def test_entries_are_left_out_elsewhere_and_that_is_told_once(config):
    messages, warnings = written(TURNS, config)
    assert "reasoning_details" not in messages[1]
    assert len(warnings) == (config is PLAIN)
    more = Opaque("openai_chat", "message", {**HELD.data, "name": "Ann"})
    messages, warnings = written([Message.user("a"), Message.assistant("b", more), Message.user("c")], config)
    assert messages[1] == {"role": "assistant", "content": "b", "name": "Ann"}
    assert [warning.parameter for warning in warnings] == ["messages[1]"]


@given(st.lists(st.tuples(st.sampled_from(["text", "summary"]), st.integers(0, 1), st.text(max_size=3)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_pieces_of_an_entry_are_joined_in_their_order(pieces):
    details = Details()
    for kind, index, words in pieces:
        details.take([{"type": f"reasoning.{kind}", kind: words, "index": index}])
    said = {(kind, index): "" for kind, index, _ in pieces}
    for kind, index, words in pieces:
        said[kind, index] += words
    assert [(entry["type"], entry["index"]) for entry in details.entries] == [(f"reasoning.{k}", i) for k, i in said]
    assert [entry[entry["type"].removeprefix("reasoning.")] for entry in details.entries] == list(said.values())


def test_a_stream_may_just_end_where_the_server_is_known_to_end_so():
    objects = [delta(content="Hi")]
    with pytest.raises(StreamInterruptedError):
        objects_read(BODY, objects, PLAIN)
    response, reader = objects_read(BODY, objects, own(ends_unmarked=True))
    assert (response.text, response.stop_reason) == ("Hi", StopReason.other)
    assert "stop_reason" in {warning.parameter for warning in reader.warnings}


def test_a_stream_without_a_chunk_is_none_there_either():
    with pytest.raises(StreamInterruptedError):
        objects_read(BODY, [], own(ends_unmarked=True))


COUNTED = {"prompt_tokens": 100, "completion_tokens": 10}


@pytest.mark.parametrize(
    ("total", "details", "expected"),
    [
        # prompt and completion hold everything: OpenAI
        (110, {"cached_tokens": 60, "reasoning_tokens": 4}, (40, 60, 0, 10)),
        # reasoning beside the completion: xAI
        (150, {"cached_tokens": 60, "reasoning_tokens": 40}, (40, 60, 0, 50)),
        # recordings beside the prompt: Mistral
        (140, {"audio_tokens": 30}, (100, 0, 30, 10)),
        # what a cache gave beside the prompt
        (170, {"cached_tokens": 60}, (100, 60, 0, 10)),
        # reasoning and recordings beside
        (180, {"audio_tokens": 30, "reasoning_tokens": 40}, (100, 0, 30, 50)),
        # more from the cache than the prompt has: xAI's models at Azure
        (110, {"cached_tokens": 160}, (100, 160, 0, 10)),
        # a total that nothing explains, and none
        (999, {"cached_tokens": 60, "reasoning_tokens": 4}, (40, 60, 0, 10)),
        (None, {"cached_tokens": 60, "reasoning_tokens": 4}, (40, 60, 0, 10)),
    ],
)
def test_what_the_total_holds_beyond_prompt_and_completion_stands_beside_them(total, details, expected):
    before = {name: details[name] for name in ("cached_tokens", "audio_tokens") if name in details}
    after = {name: details[name] for name in ("reasoning_tokens",) if name in details}
    counts = {**COUNTED, "total_tokens": total, "prompt_tokens_details": before, "completion_tokens_details": after}
    usage = BODY.read(whole(counts, content="a"), PLAIN).usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.input_audio_tokens, usage.output_tokens) == expected
