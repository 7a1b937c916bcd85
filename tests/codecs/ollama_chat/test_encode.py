"""Requests as bodies of Ollama's chat, and what is left out or refused before."""

from __future__ import annotations

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Audio, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.codecs.ollama_chat.wire import BODY, OLLAMA

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
LEVELLED = ModelConfig(model="m", family="f", features={"reasoning": {"style": "think", "efforts": ["low", "high"]}})
TURNS = [
    Message.user("Where?"),
    Message.assistant(Thinking("Hm", family="qwen"), "I look.", ToolCall("t", "look", {"a": 1}), ToolCall("u", "see")),
    Message.user(ToolResult("t", "sunny"), ToolResult("u", "no", is_error=True), "And?"),
]


def written(*arguments, config=OLLAMA, **parameters):
    request, warnings = BODY.prepare(Request.of(*arguments, **parameters), config)
    return BODY.write(request, config, stream=False), warnings


def test_parameters_are_options():
    body, warnings = written(
        "Hi", system="s", max_tokens=5, temperature=0, top_p=0.9, top_k=7, min_p=0.1, stop=["a"], seed=4,
        repetition_penalty=1.1, presence_penalty=0.2, frequency_penalty=0.1, logprobs=3,
    )  # fmt: skip
    assert body == {
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Hi"}],
        "logprobs": True, "top_logprobs": 3,
        "options": {
            "num_predict": 5, "temperature": 0, "top_p": 0.9, "top_k": 7, "min_p": 0.1, "stop": ["a"], "seed": 4,
            "repeat_penalty": 1.1, "presence_penalty": 0.2, "frequency_penalty": 0.1,
        },
    }  # fmt: skip
    assert warnings == ()


def test_calls_go_back_as_objects_and_results_name_their_tool():
    assert written(TURNS)[0]["messages"][1:] == [
        {
            "role": "assistant", "content": "I look.", "thinking": "Hm",
            "tool_calls": [
                {"id": "t", "function": {"name": "look", "arguments": {"a": 1}}},
                {"id": "u", "function": {"name": "see", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "sunny", "tool_name": "look", "tool_call_id": "t"},
        {"role": "tool", "content": "Error: no", "tool_name": "see", "tool_call_id": "u"},
        {"role": "user", "content": "And?"},
    ]  # fmt: skip


def test_unreadable_arguments_go_back_as_text_in_an_object():
    turn = Message.assistant(ToolCall("t", "look", None, '{"a"', "cut"))
    body, _ = written([Message.user("a"), turn, Message.user(ToolResult("t", "x"))])
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"invalid_json": '{"a"'}


def test_images_stand_beside_the_text():
    body, _ = written([Message.user("see ", Image(b"x", media_type="image/png"), "this")])
    assert body["messages"] == [{"role": "user", "content": "see this", "images": ["eA=="]}]


def test_members_of_a_message_go_back_and_other_blocks_do_not():
    own, foreign = Opaque("ollama_chat", "message", {"x": 1}), Opaque("converse", "guardContent", {})
    body, warnings = written([Message.user("a", own, foreign)])
    assert body["messages"] == [{"role": "user", "content": "a", "x": 1}]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("config", "value", "think", "warned"),
    [
        (OLLAMA, False, False, 0),
        (OLLAMA, "high", True, 1),
        (OLLAMA, 500, True, 1),
        (LEVELLED, "high", "high", 0),
        (LEVELLED, "medium", True, 1),
        (LEVELLED, 500, True, 1),
        (ModelConfig(model="m", features={"reasoning": False}), "high", None, 1),
        (ModelConfig(model="m", features={"reasoning": False}), False, None, 0),
    ],
)
def test_reasoning_is_a_switch_or_a_level(config, value, think, warned):
    body, warnings = written("Hi", config=config, reasoning=value)
    assert (body.get("think"), len(warnings)) == (think, warned)


def test_tools_are_functions_and_none_of_them_is_offered_where_none_shall_be_called():
    tools = [ToolSpec("look", "d", SCHEMA), ToolSpec("bare"), Opaque("ollama_chat", "tool", {"type": "x"})]
    assert written("Hi", tools=tools, tool_choice="auto")[0]["tools"] == [
        {"type": "function", "function": {"name": "look", "description": "d", "parameters": SCHEMA}},
        {"type": "function", "function": {"name": "bare", "parameters": {"type": "object", "properties": {}}}},
        {"type": "x"},
    ]
    assert "tools" not in written("Hi", tools=tools, tool_choice="none")[0]


def test_a_schema_for_the_answer_is_the_format():
    assert written("Hi", output_type=SCHEMA)[0]["format"] == SCHEMA


@pytest.mark.parametrize(
    ("name", "value"),
    [("parallel_tool_calls", False), ("service_tier", "flex"), ("latency", "optimized"), ("tool_choice", "required")],
)
def test_what_the_wire_cannot_say_is_left_out_with_a_warning(name, value):
    body, warnings = written("Hi", tools=[ToolSpec("n")], **{name: value})
    assert [warning.parameter for warning in warnings] == [name]
    assert name not in body


@pytest.mark.parametrize(
    ("parts", "parameters", "error"),
    [
        ([Audio(b"x", media_type="audio/wav")], {}, UnsupportedFeatureError),
        ([Document(b"one", media_type="text/plain")], {}, UnsupportedFeatureError),
        ([Image("https://a.example/b.png")], {}, UnsupportedFeatureError),
        ([Image(b"x", media_type="image/tiff")], {}, InvalidRequestError),
        (["Hi"], {"tools": [ToolSpec("n", None, {"type": "string"})]}, InvalidRequestError),
        (["Hi"], {"tools": [ToolSpec("a b")]}, InvalidRequestError),
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_sent(parts, parameters, error):
    with pytest.raises(error) as caught:
        written([Message.user(*parts)], **parameters)
    assert caught.value.parameter
    assert caught.value.allowed


def test_an_image_in_a_result_moves_to_the_users_turn():
    picture = Image(b"x", media_type="image/png")
    body, _ = written([*TURNS[:2], Message.user(ToolResult("t", ("see", picture)), ToolResult("u", "x"))])
    assert [message["role"] for message in body["messages"][2:]] == ["tool", "tool", "user"]
    assert body["messages"][-1]["images"] == ["eA=="]


def test_the_same_request_gives_the_same_members_in_the_same_order():
    request = Request.of(TURNS, system=[Text("s")], seed=1, temperature=0.1, tools=[ToolSpec("look", None, SCHEMA)])
    first, second = (list(BODY.write(request, OLLAMA, stream=stream)) for stream in (False, True))
    assert first == second == ["messages", "tools", "options"]
