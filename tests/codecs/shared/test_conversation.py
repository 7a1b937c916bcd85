"""Messages as Converse and the model take them."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.shared.conversation import names_called, settle_messages
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import (
    Audio,
    Document,
    Image,
    Message,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)

SIGNED = Thinking("a", "sig", None, "claude")
SEALED = Thinking("", None, "c2VhbA==", "claude")
PLAIN = Thinking("a", None, None, "claude")
OF_NOVA = Thinking("a", None, None, "nova")
OF_NOBODY = Thinking("a")
PNG = Image(b"x", media_type="image/png")


def model(family=None, **features):
    return ModelConfig(model="vendor.model", family=family, features=features)


def settle(*messages, config):
    made, warnings = settle_messages(messages, config, "converse")
    return made, [(warning.kind, warning.parameter) for warning in warnings]


@pytest.mark.parametrize(
    ("config", "kept"),
    [
        (model("claude", reasoning_in_history="signed"), (SIGNED, SEALED)),
        (ModelConfig(family="claude"), (SIGNED, SEALED)),
        (model("claude", reasoning_in_history="any"), (SIGNED, SEALED, PLAIN, OF_NOBODY)),
        (model("nova", reasoning_in_history="any"), (OF_NOVA, OF_NOBODY)),
        (model("nova", reasoning_in_history="none"), ()),
        (ModelConfig(), (OF_NOBODY,)),
    ],
)
def test_reasoning_goes_back_only_to_those_who_read_it(config, kept):
    said = Message.assistant(SIGNED, SEALED, PLAIN, OF_NOVA, OF_NOBODY, "so")
    made, told = settle(Message.user("q"), said, Message.user("r"), config=config)
    assert made[1] == Message.assistant(*kept, "so")
    assert told == [("repaired", "messages[1]")]


def test_a_turn_that_was_nothing_but_reasoning_keeps_its_place():
    made, _ = settle(Message.user("q"), Message.assistant(PLAIN), Message.user("r"), config=model("nova"))
    assert made == (Message.user("q"), Message.assistant("."), Message.user("r"))


def test_messages_that_need_nothing_stay_the_same_objects():
    messages = (Message.user("q", PNG), Message.assistant(SIGNED, "a"), Message.user("r"))
    made, warnings = settle_messages(messages, ModelConfig(family="claude"), "converse")
    assert made is messages
    assert warnings == ()


def test_citations_are_left_out_where_the_model_does_not_cite():
    document = Document(b"x", media_type="text/plain", citations=True)
    made, told = settle(Message.user("a", document), config=model(citations=False))
    assert made == (Message.user("a", Document(b"x", media_type="text/plain")),)
    assert told == [("unsupported", "messages[0]")]
    assert settle(Message.user("a", document), config=model()) == ((Message.user("a", document),), [])


def test_blocks_of_other_providers_are_left_out_and_told():
    ours = Opaque("converse", "guardContent", {})
    made, told = settle(Message.user("a", Opaque("openai", "x", 1), ours), config=ModelConfig())
    assert (made, told) == ((Message.user("a", ours),), [("repaired", "messages[0]")])


@pytest.mark.parametrize(
    ("feature", "part"),
    [
        ("images", PNG),
        ("documents", Document(b"x", media_type="text/csv")),
        ("video", Video("s3://b/k.mp4")),
        ("audio", Audio(b"x", media_type="audio/wav")),
        ("images", ToolResult("t", [Text("a"), PNG])),
    ],
)
def test_media_that_the_model_does_not_take_are_refused(feature, part):
    messages = (Message.user("a"), Message.assistant(ToolCall("t", "n")), Message.user("b", part))
    with pytest.raises(UnsupportedFeatureError, match="does not take") as caught:
        settle_messages(messages, model(**{feature: False}), "converse")
    assert caught.value.parameter == "messages[2]"
    assert feature not in caught.value.allowed


def test_the_repairs_of_the_history_are_told():
    made, told = settle(Message.user("a"), Message.user("b"), config=ModelConfig())
    assert (made, told) == ((Message.user("a", "b"),), [("repaired", "messages[1]")])


def test_the_names_of_called_tools_come_once_and_in_order():
    calls = [ToolCall("1", "b"), ToolCall("2", "a"), ToolCall("3", "b")]
    assert list(names_called([Message.assistant(*calls), Message.user("x")])) == ["b", "a"]
