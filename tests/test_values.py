from __future__ import annotations

import base64
import copy
import json
import pickle
from dataclasses import FrozenInstanceError, fields
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from bedrock_llm.config import AWSCredentials, Limits, ModelConfig, ParameterRule, RetryPolicy, Timeouts, check_secret
from bedrock_llm.errors import ConfigurationError, InvalidRequestError
from bedrock_llm.messages import Document, Image, Message, Text, ToolCall
from bedrock_llm.response import Attempt, Cost, CostLine, Response, ResponseWarning, StopReason, TokenCount, Usage
from bedrock_llm.values import DECIMAL, DECIMALS, TUPLE
from tests import value_strategies as some

CONFIG = ModelConfig(
    provider="bedrock",
    model="anthropic.claude-x",
    family="claude",
    context_window=200_000,
    features={"tools": True, "top_k": False},
    parameter_rules={"temperature": ParameterRule("number", 0, 1), "latency": ParameterRule(allowed=("standard",))},
    prices={"input": Decimal("3.00"), "output": Decimal(0)},
    source="a page",
    as_of="2026-01-02",
)

VALUES = [
    CONFIG,
    ModelConfig(),
    ParameterRule("integer", minimum=0, default=0, required=True),
    Usage(input_tokens=0, output_tokens=3, cache_read_tokens=None),
    Cost(Decimal("0.10"), lines=(CostLine("input", 5, Decimal(3), Decimal("0.000015")),), lower_bound=True),
    TokenCount(5, "estimate", 2),
    ResponseWarning("repaired", "merged", "messages[1]", {"messages": 2}),
    Attempt(1, "m", "bedrock", 0.0, 1.5, 200, "id", None, "yes"),
    Response(Message.assistant("hi"), StopReason.length, "max_tokens", Usage(output_tokens=1), raw={"a": [1]}),
]


@given(some.parts)
def test_every_part_comes_back_from_its_dict_through_json(part):
    data = json.loads(json.dumps(part.to_dict()))
    assert type(part).from_dict(data) == part


@given(some.messages)
def test_every_message_comes_back_from_its_dict_through_json_and_from_pickle(message):
    assert Message.from_dict(json.loads(json.dumps(message.to_dict()))) == message
    assert pickle.loads(pickle.dumps(message)) == message
    assert copy.deepcopy(message) == message


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_value_comes_back_from_its_dict_through_json_and_from_pickle(value):
    data = json.loads(json.dumps(value.to_dict()))
    assert type(value).from_dict(data) == value
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_no_value_can_be_changed(value):
    name = fields(value)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)
    assert not hasattr(value, "__dict__")


def test_a_field_at_its_default_is_left_out_and_zero_is_not_a_default_of_none():
    assert Usage(input_tokens=0).to_dict() == {"input_tokens": 0}
    assert Text("a").to_dict() == {"type": "text", "text": "a"}


def test_prices_are_written_as_text_so_that_no_digit_is_lost():
    assert CONFIG.to_dict()["prices"] == {"input": "3.00", "output": "0"}
    assert ModelConfig.from_dict(CONFIG.to_dict()).prices == {"input": Decimal("3.00"), "output": Decimal(0)}


def test_bytes_are_written_in_base64_and_a_path_as_a_path():
    assert Image(b"\x00\xff").to_dict() == {"type": "image", "source": {"base64": "AP8="}}
    assert Document(Path("a/b.pdf")).to_dict() == {"type": "document", "source": {"path": str(Path("a/b.pdf"))}}


def test_tool_arguments_are_data_whatever_they_look_like():
    tricky = {"type": "image", "base64": "AAAA", "path": "/etc/passwd", "source": {"path": "/x"}}
    call = ToolCall("1", "f", tricky)
    assert ToolCall.from_dict(call.to_dict()).arguments == tricky


@pytest.mark.parametrize(
    ("kind", "data", "parameter"),
    [
        (Text, [], "Text"),
        (Text, {"type": "text"}, "Text"),
        (Text, {"text": "a", "colour": 1}, "Text.colour"),
        (Text, {"type": "image", "text": "a"}, "Text.type"),
        (Text, {"text": 5}, "Text.text"),
        (Text, {"text": "a", "citations": "no"}, "Text.citations"),
        (Text, {"text": "a", "citations": {"a": 1}}, "Text.citations"),
        (Image, {"source": {"base64": "%%%"}}, "Image.source"),
        (Image, {"source": {"neither": 1}}, "Image.source"),
        (Message, {"role": "user", "parts": [{"type": "nothing"}]}, "type"),
        (Message, {"role": "user", "parts": [{"type": ["text"]}]}, "type"),
        (Message, {"role": "user", "parts": ["text"]}, "type"),
        (Cost, {"total": "much"}, "Cost.total"),
        (ModelConfig, {"prices": 5}, "ModelConfig.prices"),
        (ModelConfig, {"parameter_rules": {"a": {"allowed": 3}}}, "ParameterRule.allowed"),
        (Response, {"message": {"role": "user", "parts": []}, "stop_reason": "bored"}, "Response.stop_reason"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(kind, data, parameter):
    with pytest.raises(InvalidRequestError) as caught:
        kind.from_dict(data)
    assert caught.value.parameter == parameter


def test_converters_keep_none():
    assert [DECIMAL.encode(None), DECIMALS.encode(None), TUPLE.encode(None)] == [None, None, None]
    assert [DECIMAL.decode(None), DECIMALS.decode(None), TUPLE.decode(None)] == [None, None, None]


@pytest.mark.parametrize(
    "made",
    [
        lambda: Timeouts(connect_s=0),
        lambda: Timeouts(idle_s=True),
        lambda: Timeouts(total_s=-1),
        lambda: Timeouts(first_event_s=None),
        lambda: Timeouts(pool_s=float("nan")),
        lambda: RetryPolicy(max_attempts=0),
        lambda: RetryPolicy(max_attempts=True),
        lambda: RetryPolicy(wait=5),
        lambda: RetryPolicy(budget=-1),
        lambda: RetryPolicy(max_wait_s="1"),
        lambda: Limits(0),
        lambda: Limits(1.5),
    ],
)
def test_settings_that_make_no_sense_are_refused_when_they_are_made(made):
    with pytest.raises(ConfigurationError, match=r"must be"):
        made()


def test_no_limit_is_none():
    assert (Timeouts().total_s, Limits().max_concurrency) == (None, None)


def test_a_feature_that_is_not_known_is_none():
    assert (CONFIG.feature("tools"), CONFIG.feature("audio"), ModelConfig().feature("tools")) == (True, None, None)


SECRET = base64.b64encode(b"not a real secret, but long").decode()


def test_credentials_show_no_secret_and_cannot_be_pickled_or_copied():
    credentials = AWSCredentials("AKIDEXAMPLE", SECRET, "token-token-token")
    assert SECRET not in repr(credentials)
    assert "token-token" not in repr(credentials)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            act(credentials)


@pytest.mark.parametrize("value", ["", " ", "two\nlines", "with space", "ümlaut", "tab\there", "\x7f", 5, None])
def test_a_key_that_cannot_stand_in_a_header_is_refused_without_being_shown(value):
    with pytest.raises(ConfigurationError) as caught:
        check_secret("api_key", value)
    assert "api_key" in str(caught.value)
    assert not isinstance(value, str) or len(value) < 3 or value not in str(caught.value)


def test_good_keys_pass():
    assert check_secret("api_key", "sk-abc_123==") == "sk-abc_123=="
