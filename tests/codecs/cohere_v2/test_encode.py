"""Requests as bodies of Cohere's chat of version 2, and what is left out or refused before."""

from __future__ import annotations

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Audio, Citation, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.codecs.cohere_v2.wire import BODY, COHERE

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
CITED = {"start": 0, "end": 4, "text": "Rome", "sources": [{"type": "document", "id": "d"}]}
TURNS = [
    Message.user("Where?"),
    Message.assistant(Opaque("cohere_v2", "tool_plan", "I look."), ToolCall("t", "look", {"a": 1})),
    Message.user(ToolResult("t", "sunny")),
]


def written(*arguments, config=COHERE, **parameters):
    request, warnings = BODY.prepare(Request.of(*arguments, **parameters), config)
    return BODY.write(request, config, stream=False), warnings


def messages(*given):
    return written(list(given))[0]["messages"]


def test_parameters_have_their_members():
    body, warnings = written(
        "Hi", system="s", max_tokens=5, temperature=0.5, top_p=0.9, top_k=7, stop=["a"], seed=4, logprobs=True,
        frequency_penalty=0.1, presence_penalty=0.2, reasoning=2000,
    )  # fmt: skip
    assert body == {
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Hi"}],
        "max_tokens": 5, "temperature": 0.5, "p": 0.9, "k": 7, "stop_sequences": ["a"], "seed": 4,
        "frequency_penalty": 0.1, "presence_penalty": 0.2, "logprobs": True,
        "thinking": {"type": "enabled", "token_budget": 2000},
    }  # fmt: skip
    assert warnings == ()


@pytest.mark.parametrize(
    ("value", "thinking"),
    [
        (False, {"type": "disabled"}),
        (1, {"type": "enabled", "token_budget": 1}),
        ("low", {"type": "enabled", "token_budget": 1024}),
        ("high", {"type": "enabled", "token_budget": 2000}),
    ],
)
def test_reasoning_is_a_budget(value, thinking):
    config = ModelConfig(provider="cohere", model="m", family="cohere", max_output_tokens=4000)
    assert written("Hi", reasoning=value, config=config)[0]["thinking"] == thinking


def test_a_model_that_does_not_reason_is_not_told_to():
    config = ModelConfig(model="m", features={"reasoning": False})
    body, warnings = written("Hi", reasoning="high", config=config)
    assert "thinking" not in body
    assert warnings[0].parameter == "reasoning"
    assert written("Hi", reasoning=False, config=config) == ({"messages": [{"role": "user", "content": "Hi"}]}, ())


def test_calls_and_results_go_back_with_the_plan():
    assert messages(*TURNS)[1:] == [
        {
            "role": "assistant",
            "tool_plan": "I look.",
            "tool_calls": [{"id": "t", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}],
        },
        {"role": "tool", "tool_call_id": "t", "content": "sunny"},
    ]


def test_a_result_may_hold_documents_and_a_failure_is_told_in_words():
    document = Document(b"far", media_type="text/plain", name="map")
    turns = [*TURNS[:2], Message.user(ToolResult("t", ("is", document), is_error=True), "And?")]
    assert messages(*turns)[2:] == [
        {
            "role": "tool",
            "tool_call_id": "t",
            "content": [
                {"type": "text", "text": "Error: is"},
                {"type": "document", "document": {"data": {"title": "map", "text": "far"}}},
            ],
        },
        {"role": "user", "content": "And?"},
    ]


def test_documents_stand_beside_the_conversation():
    own = {"id": "x", "data": {"text": "two"}}
    document = Document(b"one", media_type="text/plain", name="n", context="c")
    body, _ = written([Message.user(document, Opaque("cohere_v2", "document", own), "Hi")])
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert body["documents"] == [{"data": {"title": "n", "context": "c", "text": "one"}}, own]


def test_images_are_data_urls_or_addresses():
    content = messages(Message.user("see", Image(b"x", media_type="image/png"), Image("https://a.example/b.png")))
    assert [block["image_url"]["url"] for block in content[0]["content"][1:]] == [
        "data:image/png;base64,eA==", "https://a.example/b.png",
    ]  # fmt: skip


def test_reasoning_and_citations_go_back_as_they_came():
    own, foreign = Citation(None, None, "d", {**CITED, "content_index": 7}), Citation(raw={"type": "char_location"})
    turn = Message.assistant(Thinking("Hm", family="cohere"), Text("Rome", (own, foreign)))
    assert messages(Message.user("a"), turn, Message.user("b"))[1] == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Rome"}],
        "citations": [{**CITED, "content_index": 1}],
    }


def test_reasoning_of_another_family_stays_away():
    turns = [Message.user("a"), Message.assistant(Thinking("Hm", "seal", family="claude"), "b"), Message.user("c")]
    body, warnings = written(turns)
    assert body["messages"][1] == {"role": "assistant", "content": "b"}
    assert warnings[0].kind == "repaired"


def test_tools_are_functions_with_a_choice():
    tools = [ToolSpec("look", "d", SCHEMA), ToolSpec("bare"), Opaque("cohere_v2", "tool", {"type": "x"})]
    body, _ = written("Hi", tools=tools, tool_choice="required")
    assert body["tools"] == [
        {"type": "function", "function": {"name": "look", "description": "d", "parameters": SCHEMA}},
        {"type": "function", "function": {"name": "bare", "parameters": {"type": "object", "properties": {}}}},
        {"type": "x"},
    ]
    assert body["tool_choice"] == "REQUIRED"
    assert written("Hi", tools=tools, tool_choice="none")[0]["tool_choice"] == "NONE"
    assert "tool_choice" not in written("Hi", tools=tools, tool_choice="auto")[0]


def test_one_tool_by_name_is_the_only_one_or_cannot_be_said():
    assert written("Hi", tools=[ToolSpec("look")], tool_choice="look")[0]["tool_choice"] == "REQUIRED"
    body, warnings = written("Hi", tools=[ToolSpec("look"), ToolSpec("see")], tool_choice="look")
    assert "tool_choice" not in body
    assert warnings[0].parameter == "tool_choice"


def test_all_tools_are_strict_or_none():
    strict = ToolSpec("look", None, SCHEMA, True)
    assert written("Hi", tools=[strict])[0]["strict_tools"] is True
    body, warnings = written("Hi", tools=[strict, ToolSpec("see")])
    assert "strict_tools" not in body
    assert "strict" in warnings[0].message


def test_a_schema_for_the_answer_is_sent_and_refused_beside_tools_or_documents():
    assert written("Hi", output_type=SCHEMA)[0]["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    document = Message.user(Document(b"one", media_type="text/plain"), "Hi")
    for arguments in ({"messages": "Hi", "tools": [ToolSpec("n")]}, {"messages": [document]}):
        given = dict(arguments)
        with pytest.raises(UnsupportedFeatureError, match="beside tools or documents"):
            written(given.pop("messages"), output_type=SCHEMA, **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [("min_p", 0.1), ("repetition_penalty", 1.1), ("parallel_tool_calls", False), ("service_tier", "flex"),
     ("latency", "optimized"), ("logprobs", 3)],
)  # fmt: skip
def test_what_the_wire_cannot_say_is_left_out_with_a_warning(name, value):
    body, warnings = written("Hi", tools=[ToolSpec("n")], **{name: value})
    assert [warning.parameter for warning in warnings] == [name]
    assert body.get(name) in (None, True)


@pytest.mark.parametrize(
    ("parts", "parameters", "error"),
    [
        ([Audio(b"x", media_type="audio/wav")], {}, UnsupportedFeatureError),
        ([Document(b"%PDF-1.4", media_type="application/pdf")], {}, UnsupportedFeatureError),
        ([Document(b"\xff", media_type="text/plain")], {}, InvalidRequestError),
        ([Image(b"x", media_type="image/tiff")], {}, InvalidRequestError),
        ([Image("s3://bucket/key")], {}, UnsupportedFeatureError),
        (["Hi"], {"stop": list("abcdef")}, InvalidRequestError),
        (["Hi"], {"tools": [ToolSpec("n", None, {"type": "string"})]}, InvalidRequestError),
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_sent(parts, parameters, error):
    with pytest.raises(error) as caught:
        written([Message.user(*parts)], **parameters)
    assert caught.value.parameter
    assert caught.value.allowed


def test_the_same_request_gives_the_same_members_in_the_same_order():
    request = Request.of(TURNS, system="s", seed=1, temperature=0.1, tools=[ToolSpec("look", None, SCHEMA)])
    first, second = (list(BODY.write(request, COHERE, stream=stream)) for stream in (False, True))
    assert first == second == ["messages", "temperature", "seed", "tools"]
