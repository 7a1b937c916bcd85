from __future__ import annotations

import copy
import json
import pickle
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Image, Message, Opaque, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests import value_strategies as some


def test_all_ways_to_say_the_same_are_the_same_request():
    wanted = Request.of([Message.user("hi")], max_tokens=5)
    ways = [
        "hi",
        Message.user("hi"),
        {"role": "user", "content": "hi"},
        (Message.user("hi"),),
        iter([Message.user("hi")]),
    ]
    assert [Request.of(way, max_tokens=5, temperature=None) for way in ways] == [wanted] * len(ways)


def test_each_request_has_an_id_of_its_own_that_is_not_compared():
    first, second = Request.of("a"), Request.of("a")
    assert first == second
    assert first.call_id != second.call_id


def test_a_request_cannot_be_changed():
    request = Request.of("a", max_tokens=5)
    with pytest.raises(AttributeError):
        request.messages = ()
    with pytest.raises(TypeError):
        request.parameters["max_tokens"] = 6
    assert isinstance(request.parameters, MappingProxyType)


def test_a_copy_with_changes_is_of_the_same_call():
    request = Request.of("a", max_tokens=5, stop="x")
    changed = request.with_(max_tokens=None, temperature=0, messages=[Message.user("b")])
    assert changed == Request.of("b", stop="x", temperature=0)
    assert changed.call_id == request.call_id
    assert (request.get("max_tokens"), changed.get("max_tokens"), changed.get("top_p", 1)) == (5, None, 1)
    with pytest.raises(InvalidRequestError):
        request.with_(max_tokens=0)


@pytest.mark.parametrize("messages", ["", "  \n", [], (), None, 5, b"hi", iter([])])
def test_nothing_to_say_is_refused(messages):
    with pytest.raises(InvalidRequestError) as caught:
        Request.of(messages)
    assert caught.value.parameter == "messages"


def test_a_prompt_with_variables_needs_no_message():
    assert Request.of([], prompt_variables={"a": "b"}).messages == ()


@pytest.mark.parametrize("messages", [["hi"], [Message.user("a"), 5], [None]])
def test_a_member_that_is_no_message_is_named(messages):
    with pytest.raises(InvalidRequestError) as caught:
        Request.of(messages)
    assert caught.value.parameter == f"messages[{len(messages) - 1}]"


def test_a_result_without_its_call_before_it_is_refused():
    ask, call, result = Message.user("q"), Message.assistant(ToolCall("1", "f")), Message.user(ToolResult("1", "ok"))
    assert Request.of([ask, call, result]).messages == (ask, call, result)
    stranger = Message.user(ToolResult("2", "ok"))
    for messages, place in (([ask, result], 1), ([result, call], 0), ([call, stranger], 1)):
        with pytest.raises(InvalidRequestError, match="result of a tool call") as caught:
            Request.of(messages)
        assert caught.value.parameter == f"messages[{place}]"


RICH = {
    "system": [Text("Be brief."), CachePoint(), Opaque("p", "k", {"a": 1})],
    "tools": [
        ToolSpec("f", "d", {"type": "object"}, True),
        CachePoint("1h"),
        Opaque("converse", "systemTool", {"name": "x"}),
    ],
    "stop": ["a", "b"],
    "temperature": 0,
    "reasoning": False,
    "output_type": {"type": "object"},
    "extra_headers": {"X-Trace": "1"},
    "guardrail": {"identifier": "g", "version": "1"},
}


def test_a_result_may_answer_a_call_that_the_provider_keeps_or_that_stands_in_a_block_of_its_own():
    result = Message("user", (ToolResult("call_1", "42"),))
    for extra in ({"previous_response_id": "resp_1"}, {"conversation": "conv_1"}):
        assert Request.of([result], extra_body=extra).messages == (result,)
    with pytest.raises(InvalidRequestError, match="call_1"):
        Request.of([result], extra_body={"previous_response_id": None})
    for data in ({"call_id": "call_1", "id": "ctc_1"}, {"id": "call_1"}):
        own = Message("assistant", (Opaque("openai_responses", "custom_tool_call", data),))
        assert Request.of([own, result]).messages == (own, result)
    with pytest.raises(InvalidRequestError, match="call_1"):
        Request.of([Message("assistant", (Opaque("x", "call", ["call_1"]),)), result])


def test_a_request_comes_back_from_its_dict_through_json_and_from_pickle():
    request = Request.of([Message.user("a", Image(b"x"))], **RICH)
    back = Request.from_dict(json.loads(json.dumps(request.to_dict())))
    assert (back, back.call_id) == (request, request.call_id)
    for copied in (pickle.loads(pickle.dumps(request)), copy.deepcopy(request), copy.copy(request)):
        assert (copied, copied.call_id) == (request, request.call_id)


@given(st.lists(some.messages, min_size=1, max_size=4))
def test_any_messages_come_back(messages):
    request = Request(tuple(messages))
    assert Request.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    assert pickle.loads(pickle.dumps(request)) == request


def test_a_dict_with_wrong_parameters_is_refused():
    for parameters in ({"max_tokens": 0}, {"tools": [{}]}, {"tools": [5]}, {"tools": 5}, [], 5):
        with pytest.raises(InvalidRequestError):
            Request.from_dict({"messages": [], "parameters": parameters})


KEYS = {
    "X-Authorization": "Bearer hush-hush-hush",
    "X-Api-Key": "hush-hush",
    "x-amz-security-token": "hush",
    "X-Trace": "1",
}


def test_headers_that_hold_keys_are_sent_and_copied_but_neither_shown_nor_kept():
    request = Request.of("a", extra_headers=KEYS)
    assert request.get("extra_headers") == KEYS
    assert copy.copy(request).get("extra_headers") == copy.deepcopy(request).get("extra_headers") == KEYS
    assert pickle.loads(pickle.dumps(request)).get("extra_headers") == {"X-Trace": "1"}
    assert "hush" not in repr(request) + json.dumps(request.to_dict()) + str(pickle.dumps(request))
    assert "X-Api-Key" in repr(request)


class Weather:
    pass


def test_an_output_type_is_kept_by_pickle_where_it_can_be_found_again():
    class Local:
        pass

    assert pickle.loads(pickle.dumps(Request.of("a", output_type=Weather))).get("output_type") is Weather
    assert pickle.loads(pickle.dumps(Request.of("a", output_type=Local))) == Request.of("a")
    assert Request.of("a", output_type=Weather).to_dict()["parameters"] == {}


def test_functions_of_tools_are_left_out_of_pickles():
    request = Request.of("a", tools=[lambda_named])
    assert pickle.loads(pickle.dumps(request)).get("tools")[0].function is None


def lambda_named() -> None:
    """Do nothing."""
