"""Requests as Cohere's chat body."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.cohere_chat import CohereChatBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

BODY = CohereChatBody()
R = ModelConfig("bedrock", "cohere.command-r-v1:0", "cohere", features={"top_k": False})
CITY = {"type": "object", "properties": {"city": {"type": "string", "description": "which"}}, "required": ["city"]}
LOOK = ToolSpec("look", "d", CITY)
BARE = {"name": "look", "description": ""}


def written(request):
    return json.loads(InvokeCodec(BODY).encode(BODY.prepare(request, R)[0], R, stream=False).body)


def warned(request):
    return [(warning.kind, warning.parameter) for warning in BODY.prepare(request, R)[1]]


def call(name="look", **parameters):
    return {"name": name, "parameters": parameters}


def test_the_members_of_the_body_and_their_order():
    request = Request.of(
        "Hi", presence_penalty=0.2, frequency_penalty=0.1, seed=4, stop=["|"], top_k=3, top_p=0.9, temperature=0,
        max_tokens=5, system="Be brief.", tools=[LOOK],
    )  # fmt: skip
    definitions = {"city": {"type": "str", "description": "which", "required": True}}
    assert list(written(request).items()) == [
        ("message", "Hi"),
        ("preamble", "Be brief."),
        ("max_tokens", 5),
        ("temperature", 0),
        ("p", 0.9),
        ("k", 3),
        ("stop_sequences", ["|"]),
        ("seed", 4),
        ("frequency_penalty", 0.1),
        ("presence_penalty", 0.2),
        ("tools", [{"name": "look", "description": "d", "parameter_definitions": definitions}]),
    ]
    assert warned(request) == []


def test_only_what_was_set_is_written():
    assert written(Request.of("Hi")) == {"message": "Hi"}


def test_earlier_turns_are_history_and_the_last_question_is_the_message():
    turns = [Message.system("a"), Message.user("b"), Message.assistant("c"), Message.user("d", "e")]
    assert written(Request.of(turns, system="s")) == {
        "message": "de",
        "chat_history": [
            {"role": "SYSTEM", "message": "a"},
            {"role": "USER", "message": "b"},
            {"role": "CHATBOT", "message": "c"},
        ],
        "preamble": "s",
    }


def test_several_texts_of_the_systems_are_one_preamble():
    assert written(Request.of("Hi", system=["a", "b"]))["preamble"] == "a\n\nb"


def test_a_system_message_in_the_middle_has_a_role_there():
    turns = [Message.user("b"), Message.system("now in French"), Message.assistant("c"), Message.user("d")]
    body = BODY.write(Request.of(turns), R, stream=False)
    assert [entry["role"] for entry in body["chat_history"]] == ["USER", "SYSTEM", "CHATBOT"]


def test_results_of_the_question_go_back_beside_it_with_their_calls():
    turns = [
        Message.user("Where?"),
        Message.assistant(ToolCall("t", "look", {"city": "Rome"}), ToolCall("u", "look", {"city": "Oslo"})),
        Message.user(ToolResult("t", "sunny"), ToolResult("u", "no such city", is_error=True)),
        Message.assistant(ToolCall("v", "look", {"city": "Bern"})),
        Message.user(ToolResult("v", '{"sky": "blue"}')),
    ]
    request = Request.of(turns, tools=[LOOK])
    assert warned(request) == []
    body = written(request)
    assert (body["message"], "chat_history" in body) == ("Where?", False)
    assert body["tool_results"] == [
        {"call": call(city="Rome"), "outputs": [{"result": "sunny"}]},
        {"call": call(city="Oslo"), "outputs": [{"error": "no such city"}]},
        {"call": call(city="Bern"), "outputs": [{"sky": "blue"}]},
    ]


def test_results_of_an_earlier_question_are_history():
    turns = [
        Message.user("Where?"),
        Message.assistant("I look.", ToolCall("t", "look", {"city": "Rome"})),
        Message.user(ToolResult("t", '[{"a": 1}, {"b": 2}]'), "And when?"),
    ]
    body = written(Request.of(turns, tools=[LOOK]))
    assert body["message"] == "And when?"
    assert body["chat_history"] == [
        {"role": "USER", "message": "Where?"},
        {"role": "CHATBOT", "message": "I look.", "tool_calls": [call(city="Rome")]},
        {"role": "TOOL", "tool_results": [{"call": call(city="Rome"), "outputs": [{"a": 1}, {"b": 2}]}]},
    ]
    assert "tool_results" not in body


def test_what_was_said_beside_open_calls_is_left_out_with_a_warning():
    turns = [
        Message.user("a"),
        Message.assistant("I look.", ToolCall("t", "look", {})),
        Message.user(ToolResult("t", "2")),
    ]
    assert warned(Request.of(turns, tools=[LOOK])) == [("repaired", "messages[1]")]


def test_calls_without_tools_get_bare_ones():
    turns = [Message.user("a"), Message.assistant(ToolCall("t", "look", {})), Message.user(ToolResult("t", "2"))]
    assert written(Request.of(turns))["tools"] == [BARE]
    assert warned(Request.of(turns)) == [("repaired", "tools")]


def test_unreadable_arguments_go_back_as_text_in_an_object():
    turns = [
        Message.user("a"),
        Message.assistant(ToolCall("t", "n n", None, "{", "bad")),
        Message.user(ToolResult("t", "2")),
    ]
    sent = written(Request.of(turns, tools=[LOOK]))["tool_results"][0]["call"]
    assert sent["parameters"] == {"invalid_json": "{"}
    assert sent["name"].startswith("n_n")


def test_a_result_without_its_call_is_refused():
    with pytest.raises(InvalidRequestError):
        BODY.write(Request((Message.user("a"), Message.user(ToolResult("t", "2")))), R, stream=False)


def test_text_documents_stand_beside_the_conversation():
    request = Request.of(
        [
            Message.user("a", Document(b"one", name="first"), Document(b"zwei", media_type="text/markdown")),
            Message.assistant("b"),
            Message.user("c", Opaque("cohere_chat", "document", {"id": "x", "text": "three"})),
        ]
    )
    assert written(request)["documents"] == [
        {"title": "first", "snippet": "one"},
        {"snippet": "zwei"},
        {"id": "x", "text": "three"},
    ]


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (Document(b"%PDF-1.4"), UnsupportedFeatureError),
        (Document("s3://b/k.txt"), UnsupportedFeatureError),
        (Document(b"\xff\xfe", media_type="text/plain"), InvalidRequestError),
        (Image(b"x", media_type="image/png"), UnsupportedFeatureError),
    ],
)
def test_other_documents_and_media_are_refused(part, error):
    with pytest.raises(error):
        BODY.write(Request.of([Message.user("a", part)]), R, stream=False)


@pytest.mark.parametrize(
    ("schema", "definition", "whole"),
    [
        ({"type": "integer"}, {"type": "int", "description": ""}, True),
        ({"type": "number", "title": "X"}, {"type": "float", "description": ""}, True),
        ({"type": "boolean"}, {"type": "bool", "description": ""}, True),
        ({"type": "array", "items": {"type": "string"}}, {"type": "List[str]", "description": ""}, True),
        ({"type": "array"}, {"type": "list", "description": ""}, True),
        ({"type": "object"}, {"type": "dict", "description": ""}, True),
        ({"$ref": "#/$defs/N"}, {"type": "int", "description": "n"}, True),
        (
            {"type": "string", "enum": ["a"], "description": "x"},
            {"type": "str", "description": 'x (JSON schema: {"enum":["a"]})'},
            False,
        ),
        (
            {"type": "array", "items": {"type": "object", "properties": {}}},
            {"type": "list", "description": '(JSON schema: {"items":{"type":"object","properties":{}}})'},
            False,
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "str", "description": '(JSON schema: {"anyOf":[{"type":"string"},{"type":"null"}]})'},
            False,
        ),
        (
            {"type": ["string", "null"]},
            {"type": "str", "description": '(JSON schema: {"type":["string","null"]})'},
            False,
        ),
    ],
)
def test_what_a_definition_cannot_say_stands_in_its_description_with_a_warning(schema, definition, whole):
    parameters = {
        "type": "object",
        "properties": {"x": schema},
        "$defs": {"N": {"type": "integer", "description": "n"}},
    }
    request = Request.of("Hi", tools=[ToolSpec("n", "d", parameters)])
    assert written(request)["tools"][0]["parameter_definitions"] == {"x": {**definition, "required": False}}
    assert warned(request) == ([] if whole else [("unsupported", "tools")])


@pytest.mark.parametrize(
    ("tool", "error"),
    [
        (ToolSpec("a b"), InvalidRequestError),
        (ToolSpec("n", None, {"type": "array"}), InvalidRequestError),
        (ToolSpec("n", None, {"type": "object", "oneOf": []}), UnsupportedFeatureError),
        (ToolSpec("n", None, {"type": "object", "additionalProperties": {"type": "string"}}), UnsupportedFeatureError),
    ],
)
def test_schemas_that_are_no_list_of_arguments_are_refused(tool, error):
    with pytest.raises(error) as caught:
        BODY.write(Request.of("Hi", tools=[tool]), R, stream=False)
    assert "tools[0]" in caught.value.parameter


def test_a_tool_of_its_own_is_written_as_it_is():
    tool = {"name": "n", "description": "d", "parameter_definitions": {"x": {"type": "Tuple"}}}
    assert written(Request.of("Hi", tools=[Opaque("cohere_chat", "tool", tool)]))["tools"] == [tool]


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"min_p": 0.1}, "min_p"),
        ({"logprobs": True}, "logprobs"),
        ({"repetition_penalty": 1}, "repetition_penalty"),
        ({"tools": [LOOK], "parallel_tool_calls": False}, "parallel_tool_calls"),
        ({"tools": [LOOK], "tool_choice": "required"}, "tool_choice"),
        ({"tools": [ToolSpec("n", None, None, True)]}, "tools"),
        ({"reasoning": "low"}, "reasoning"),
        ({"cache": True}, "cache"),
        ({"system": [Text("s"), CachePoint()]}, "cache"),
    ],
)
def test_what_only_tunes_is_left_out_with_a_warning(parameters, parameter):
    request = Request.of("Hi", **parameters)
    assert warned(request) == [("unsupported", parameter)]
    assert written(request).keys() <= {"message", "tools", "preamble"}


def test_to_choose_no_tool_is_to_offer_none():
    assert written(Request.of("Hi", tools=[LOOK], tool_choice="none")) == {"message": "Hi"}
    turns = [Message.user("a"), Message.assistant(ToolCall("t", "look", {})), Message.user(ToolResult("t", "2"))]
    request = Request.of(turns, tools=[LOOK], tool_choice="none")
    assert warned(request) == [("unsupported", "tool_choice")]
    assert len(written(request)["tools"]) == 1


def test_a_schema_for_the_answer_is_refused():
    with pytest.raises(UnsupportedFeatureError):
        BODY.prepare(Request.of("Hi", output_type={"type": "object"}), R)


def test_the_body_goes_on_with_no_turn_of_its_own_and_reads_no_reasoning():
    request = Request.of([Message.user("a"), Message.assistant(Thinking("Hm"), "b")])
    assert written(request)["message"] == "."
    assert warned(request) == [("repaired", "messages[1]")] * 2


def test_what_is_known_of_many_models_is_forgotten_again():
    kept = [ModelConfig(model=str(number)) for number in range(200)]
    assert all(BODY.prepare(Request.of("Hi"), config)[1] == () for config in kept)


def test_the_same_request_gives_the_same_bytes():
    request = Request.of("Hi", tools=[LOOK], stop=["a"], system="s")
    encode = InvokeCodec(BODY).encode
    assert encode(request, R, stream=False).body == encode(request, R, stream=True).body
