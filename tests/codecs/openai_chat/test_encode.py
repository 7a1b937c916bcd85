"""Requests as chat completions bodies."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
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
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

BODY = ChatBody()
BEDROCK = ModelConfig(provider="bedrock", model="vendor.model-v1:0", family="vendor")
SCHEMA = {"type": "object", "properties": {}}


def config(provider="bedrock", features=None, **native):
    return ModelConfig(
        provider=provider,
        model="m",
        family="vendor",
        features={"native": {"body": "openai_chat", **native}, **(features or {})},
    )


def written(request, config=BEDROCK):
    return json.loads(InvokeCodec(BODY).encode(BODY.prepare(request, config)[0], config, stream=False).body)


def content(*parts, config=BEDROCK):
    return BODY.write(Request.of([Message.user(*parts)]), config, stream=False)["messages"][0]["content"]


def test_the_members_of_the_body_and_their_order():
    request = Request.of(
        "Hi", system="Be brief.", logprobs=2, tools=[ToolSpec("n", "d", SCHEMA, True)], tool_choice="n", seed=4,
        parallel_tool_calls=False, stop=["|", "x"], max_tokens=9, temperature=0, top_p=0.9, presence_penalty=0.5,
        frequency_penalty=-0.5, output_type={**SCHEMA, "title": "City", "additionalProperties": False},
    )  # fmt: skip
    schema = {**SCHEMA, "title": "City", "additionalProperties": False}
    function = {"name": "n", "description": "d", "parameters": SCHEMA, "strict": True}
    assert list(written(request).items()) == [
        ("messages", [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]),
        ("max_tokens", 9),
        ("temperature", 0),
        ("top_p", 0.9),
        ("stop", ["|", "x"]),
        ("seed", 4),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -0.5),
        ("logprobs", True),
        ("top_logprobs", 2),
        ("tools", [{"type": "function", "function": function}]),
        ("tool_choice", {"type": "function", "function": {"name": "n"}}),
        ("parallel_tool_calls", False),
        ("response_format", {"type": "json_schema", "json_schema": {"name": "City", "strict": True, "schema": schema}}),
    ]  # fmt: skip


def test_only_what_was_set_is_written_and_nothing_of_the_carriers():
    assert written(Request.of("Hi")) == {"messages": [{"role": "user", "content": "Hi"}]}
    request = Request.of("Hi", guardrail={"identifier": "g", "version": "1"}, metadata={"a": "b"}, service_tier="flex")
    assert BODY.write(request, BEDROCK, stream=True) == {"messages": [{"role": "user", "content": "Hi"}]}


def test_the_tier_is_written_where_no_carrier_takes_it():
    request = Request.of("Hi", service_tier="flex")
    assert BODY.write(request, config("openai"), stream=False)["service_tier"] == "flex"
    assert "service_tier" not in BODY.write(request, config("bedrock"), stream=False)


@pytest.mark.parametrize(
    ("native", "parameters", "members"),
    [
        ({"max_tokens": "max_completion_tokens"}, {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"stop": "stop_sequences"}, {"stop": "x"}, {"stop_sequences": ["x"]}),
        ({"seed": "random_seed"}, {"seed": 1}, {"random_seed": 1}),
        ({"min_p": "min_p", "repetition_penalty": "repetition_penalty"}, {"min_p": 0.1, "repetition_penalty": 1.1},
         {"min_p": 0.1, "repetition_penalty": 1.1}),
        ({"top_k": "top_k"}, {"top_k": 0}, {"top_k": 0}),
        ({"seed": False, "logprobs": None}, {"seed": 1, "logprobs": True}, {}),
        ({}, {"min_p": 0.1, "repetition_penalty": 1.1}, {}),
    ],
)  # fmt: skip
def test_members_have_the_names_that_the_model_wants(native, parameters, members):
    body = written(Request.of("Hi", **parameters), config(**native))
    assert {name: value for name, value in body.items() if name != "messages"} == members


@pytest.mark.parametrize(
    ("asked", "members"),
    [(True, {"logprobs": True}), (False, {"logprobs": False}), (0, {"logprobs": True, "top_logprobs": 0})],
)
def test_logprobs_are_asked_for_alone_or_with_a_number(asked, members):
    body = written(Request.of("Hi", logprobs=asked))
    assert {name: value for name, value in body.items() if name != "messages"} == members


@pytest.mark.parametrize(
    ("choice", "native", "wire"),
    [
        ("auto", {}, "auto"),
        ("none", {}, "none"),
        ("required", {}, "required"),
        ("required", {"required": "any"}, "any"),
    ],
)
def test_the_words_of_the_choice(choice, native, wire):
    body = written(Request.of("Hi", tools=[ToolSpec("n")], tool_choice=choice), config(**native))
    assert body["tool_choice"] == wire


def test_reasoning_and_top_k_stand_where_the_family_has_them():
    features = {"top_k": "top_k", "reasoning": {"style": "reasoning_effort", "efforts": ["low", "high"]}}
    body = written(Request.of("Hi", reasoning="low", top_k=3), config(features=features))
    assert (body["reasoning_effort"], body["top_k"]) == ("low", 3)


def test_system_text_has_the_role_that_the_model_wants():
    request = Request.of([Message.system("a"), Message.user("b")], system="s")
    roles = [
        message["role"] for message in BODY.write(request, config(system_role="developer"), stream=False)["messages"]
    ]
    assert roles == ["developer", "developer", "user"]


def test_several_texts_are_parts_and_one_is_a_string():
    assert content("a") == "a"
    assert content("a", "b") == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    system = BODY.write(Request.of("x", system=["a", "b"]), BEDROCK, stream=False)["messages"][0]
    assert system == {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}


def test_media_are_parts():
    assert content(
        "a",
        Image(b"x", media_type="image/png"),
        Image("data:image/gif;base64,eA=="),
        Audio(b"x", media_type="audio/mpeg"),
        Document(b"x", media_type="application/pdf", name="d.pdf"),
        Document(b"text"),
    ) == [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,eA=="}},
        {"type": "input_audio", "input_audio": {"data": "eA==", "format": "mp3"}},
        {"type": "file", "file": {"filename": "d.pdf", "file_data": "data:application/pdf;base64,eA=="}},
        {"type": "file", "file": {"filename": "document", "file_data": "data:text/plain;base64,dGV4dA=="}},
    ]


def test_web_addresses_are_for_those_who_read_them():
    image = Image("https://example.com/a.png")
    assert content(image, config=config("openai")) == [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    ]
    with pytest.raises(UnsupportedFeatureError, match="download"):
        content(image)


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (Image("s3://b/k"), UnsupportedFeatureError),
        (Document("https://example.com/a.pdf"), UnsupportedFeatureError),
        (Video(b"x", media_type="video/mp4"), UnsupportedFeatureError),
        (Image(b"x", media_type="image/tiff"), InvalidRequestError),
        (Audio(b"x", media_type="audio/flac"), InvalidRequestError),
        (Document(b"\x00\x01"), InvalidRequestError),
        (Image("data:image/png;base64,!"), InvalidRequestError),
    ],
)
def test_media_without_a_place_are_refused_by_their_message(part, error):
    with pytest.raises(error) as caught:
        content("a", part)
    assert "messages[0]" in caught.value.parameter


def test_calls_and_results_are_messages_of_their_own():
    request = Request.of(
        [
            Message.user("a"),
            Message.assistant("b", ToolCall("t", "n", {"x": "ä"}), ToolCall("u", "n", None, '{"x', "cut")),
            Message.user(ToolResult("t", "2"), ToolResult("u", "no", is_error=True), "and now?"),
            Message.assistant(ToolCall("v", "n", {})),
            Message.user(ToolResult("v", (Text("a"), Text("b")), is_error=True)),
        ]
    )
    assert BODY.write(request, BEDROCK, stream=False)["messages"][1:] == [
        {
            "role": "assistant",
            "content": "b",
            "tool_calls": [
                {"id": "t", "type": "function", "function": {"name": "n", "arguments": '{"x":"ä"}'}},
                {"id": "u", "type": "function", "function": {"name": "n", "arguments": '{"invalid_json":"{\\"x"}'}},
            ],
        },
        {"role": "tool", "tool_call_id": "t", "content": "2"},
        {"role": "tool", "tool_call_id": "u", "content": "Error: no"},
        {"role": "user", "content": "and now?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "v", "type": "function", "function": {"name": "n", "arguments": "{}"}}],
        },
        {
            "role": "tool",
            "tool_call_id": "v",
            "content": [{"type": "text", "text": "Error: a"}, {"type": "text", "text": "b"}],
        },
    ]


def test_ids_have_the_form_that_the_model_wants_and_stay_pairs():
    long, mine = "tooluse_" + "x" * 80, config(tool_call_id_length=9)
    turns = [Message.user("a"), Message.assistant(ToolCall(long, "n n", {})), Message.user(ToolResult(long, "2"))]
    for known, length in ((BEDROCK, 64), (mine, 9)):
        messages = BODY.write(Request.of(turns), known, stream=False)["messages"]
        call = messages[1]["tool_calls"][0]
        assert call["id"] == messages[2]["tool_call_id"]
        assert len(call["id"]) <= length
        assert call["function"]["name"].startswith("n_n")
    turns = [
        Message.user("a"),
        Message.assistant(ToolCall("abcDEF123", "n", {})),
        Message.user(ToolResult("abcDEF123", "")),
    ]
    assert BODY.write(Request.of(turns), mine, stream=False)["messages"][2]["tool_call_id"] == "abcDEF123"


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("reasoning_content", {"role": "assistant", "content": "b", "reasoning_content": "Hm"}),
        ("reasoning", {"role": "assistant", "content": "b", "reasoning": "Hm"}),
        (
            "thinking",
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "text", "text": "b"},
                ],
            },
        ),
    ],
)
def test_reasoning_goes_back_where_the_model_reads_it(history, message):
    request = Request.of(
        [Message.user("a"), Message.assistant(Thinking("Hm", family="vendor"), "b"), Message.user("c")]
    )
    assert written(request, config(reasoning_history=history))["messages"][1] == message


def test_blocks_of_its_own_go_back_to_where_they_were():
    call = {"id": "t", "type": "custom", "custom": {"name": "n", "input": "x"}}
    request = Request.of(
        [
            Message.user("a", Opaque("openai_chat", "video_url", {"type": "video_url", "video_url": {"url": "u"}})),
            Message.assistant(
                Opaque("openai_chat", "tool_calls", call), Opaque("openai_chat", "message", {"audio": {"id": "i"}})
            ),
            Message.user("b"),
        ]
    )  # fmt: skip
    messages = BODY.write(request, BEDROCK, stream=False)["messages"]
    assert messages[0]["content"][1] == {"type": "video_url", "video_url": {"url": "u"}}
    assert messages[1] == {"role": "assistant", "content": None, "tool_calls": [call], "audio": {"id": "i"}}


def test_tools_have_names_and_schemas_of_objects():
    assert written(Request.of("Hi", tools=[ToolSpec("n", " ")]))["tools"] == [
        {"type": "function", "function": {"name": "n", "parameters": SCHEMA}}
    ]
    for tool, where in ((ToolSpec("a b"), "tools[0].name"), (ToolSpec("n", None, {"type": "string"}), "parameters")):
        with pytest.raises(InvalidRequestError) as caught:
            BODY.write(Request.of("Hi", tools=[tool]), BEDROCK, stream=False)
        assert where in caught.value.parameter


def test_a_tool_of_its_own_is_written_as_it_is():
    tool = {"type": "custom", "custom": {"name": "n"}}
    assert written(Request.of("Hi", tools=[Opaque("openai_chat", "custom", tool)]))["tools"] == [tool]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({"type": "object"}, False),
        ({"type": "array", "items": {"type": "object", "properties": {}, "additionalProperties": False}}, True),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, False),
    ],
)
def test_a_schema_is_strict_where_it_can_be_held_to(schema, strict):
    made = written(Request.of("Hi", output_type=schema))["response_format"]["json_schema"]
    assert made == {"name": "answer", "strict": strict, "schema": schema}


def test_references_are_replaced_where_the_model_does_not_follow_them():
    definitions = {"City": {"type": "object", "properties": {"name": {"type": "string"}}}}
    schema = {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}, "$defs": definitions}
    inlined = {"type": "object", "properties": {"city": definitions["City"]}}
    body = written(Request.of("Hi", tools=[ToolSpec("n", None, schema)], output_type=schema), config(inline_refs=True))
    assert body["tools"][0]["function"]["parameters"] == inlined
    assert body["response_format"]["json_schema"]["schema"] == inlined
    assert (
        written(Request.of("Hi", tools=[ToolSpec("n", None, schema)]))["tools"][0]["function"]["parameters"] == schema
    )


def test_a_schema_that_refers_to_itself_keeps_its_definitions():
    tree = {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}}}
    schema = {"type": "object", "properties": {"tree": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": tree}}
    body = written(Request.of("Hi", tools=[ToolSpec("n", None, schema)]), config(inline_refs=True))
    made = body["tools"][0]["function"]["parameters"]
    assert made["$defs"]["Tree"]["properties"]["left"] == {"$ref": "#/$defs/Tree"}
    assert made["properties"]["tree"]["properties"]["left"] == {"$ref": "#/$defs/Tree"}


def test_the_same_request_gives_the_same_bytes():
    request = Request.of("Hi", tools=[ToolSpec("n")], stop=["a"], extra_body={"b": 1, "a": 2})
    encode = InvokeCodec(BODY).encode
    assert encode(request, BEDROCK, stream=False).body == encode(request, BEDROCK, stream=False).body
    assert json.loads(encode(request, BEDROCK, stream=True).body) == json.loads(
        encode(request, BEDROCK, stream=False).body
    )
