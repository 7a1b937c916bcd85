"""Requests as Messages bodies."""

from __future__ import annotations

import base64
import dataclasses
import json

import pytest

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.codecs.anthropic_messages.carrier import Carrier
from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Citation,
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

BODY = MessagesBody()
FETCHING = MessagesBody(
    Carrier("Anthropic", True, lambda request, config, stream: {"model": config.model, "stream": stream})
)
CLAUDE = ModelConfig(model="claude-next", family="claude", max_output_tokens=8000)
UNKNOWN = ModelConfig(model="claude-next", family="claude")
BUDGET = {"reasoning": {"style": "budget", "efforts": [], "min_budget": 1024, "off": {}, "default_on": False}}
EFFORT = {
    "reasoning": {"style": "adaptive", "efforts": ["low", "medium", "high"], "off": {"thinking": {"type": "disabled"}}}
}
PNG = b"\x89PNG\r\n\x1a\nrest"
PDF = b"%PDF-1.7 rest"
TOOL = ToolSpec("weather", "Tells it.", {"type": "object", "properties": {"city": {"type": "string"}}})
CALL = ToolCall("toolu_1", "weather", {"city": "Oslo"})
EPHEMERAL = {"type": "ephemeral"}


def config(**features):
    return dataclasses.replace(CLAUDE, features=features)


def write(messages="hi", model=CLAUDE, body=BODY, *, stream=False, **parameters):
    return body.write(Request.of(messages, **parameters), model, stream=stream)


def content(*parts, role="user", body=BODY, model=CLAUDE):
    """The blocks of one message."""
    return body.write(Request((Message(role, parts),)), model, stream=False)["messages"][0]["content"]


def source(data, media_type):
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}


def test_the_smallest_request_has_what_the_wire_wants():
    assert write(model=UNKNOWN) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }


def test_the_carrier_has_members_of_its_own_in_front():
    made = write(body=FETCHING, stream=True)
    assert list(made) == ["model", "stream", "max_tokens", "messages"]
    assert (made["model"], made["stream"]) == ("claude-next", True)


def test_a_profile_can_raise_the_version():
    assert write(model=config(anthropic_version="2026-10-21"))["anthropic_version"] == "2026-10-21"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"anthropic-beta": "a,b"}, ["a", "b"]),
        ({"Anthropic-Beta": " a , b,a,, "}, ["a", "b"]),
        ({"x-other": "a"}, None),
        ({"anthropic-beta": " "}, None),
    ],
)
def test_betas_of_the_header_stand_in_bedrocks_body(headers, expected):
    assert write(extra_headers=headers).get("anthropic_beta") == expected


def test_betas_in_extra_body_take_the_place_of_the_headers():
    request = Request.of("hi", extra_headers={"anthropic-beta": "a"}, extra_body={"anthropic_beta": ["b"]})
    assert b'"anthropic_beta":["b"]' in InvokeCodec(BODY).encode(request, CLAUDE, stream=False).body


def test_the_header_of_betas_stays_a_header_elsewhere():
    assert "anthropic_beta" not in write(body=FETCHING, extra_headers={"anthropic-beta": "a"})


@pytest.mark.parametrize(
    ("parameters", "model", "expected"),
    [
        ({}, CLAUDE, 8000),
        ({"max_tokens": 5}, CLAUDE, 5),
        ({}, UNKNOWN, 4096),
        ({"reasoning": 10_000}, UNKNOWN, 14_096),
        ({"reasoning": 4000}, CLAUDE, 8000),
    ],
)
def test_max_tokens_is_as_set_or_the_models_largest(parameters, model, expected):
    assert write(model=model, **parameters)["max_tokens"] == expected


@pytest.mark.parametrize(
    ("parameters", "member", "expected"),
    [
        ({"temperature": 0}, "temperature", 0),
        ({"top_p": 0.5}, "top_p", 0.5),
        ({"top_k": 3}, "top_k", 3),
        ({"stop": ["a", "b"]}, "stop_sequences", ["a", "b"]),
        ({"system": "be brief"}, "system", "be brief"),
        ({"system": " "}, "system", None),
        ({"system": [Text("a"), CachePoint("1h")]}, "system",
         [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]),
        ({"reasoning": 2048}, "thinking", {"type": "enabled", "budget_tokens": 2048}),
        ({"reasoning": "low"}, "thinking", {"type": "adaptive"}),
        ({"reasoning": "low"}, "output_config", {"effort": "low"}),
        ({"reasoning": False}, "thinking", {"type": "disabled"}),
        ({"output_type": {"type": "object"}}, "output_config",
         {"format": {"type": "json_schema", "schema": {"type": "object"}}}),
        ({"output_type": {"type": "object"}, "reasoning": "high"}, "output_config",
         {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}}),
        ({"metadata": {"a": "b"}}, "metadata", None),
        ({"service_tier": "flex"}, "service_tier", None),
    ],
)  # fmt: skip
def test_parameters_and_their_members(parameters, member, expected):
    assert write(**parameters).get(member) == expected


def test_system_messages_that_lead_join_the_system_text():
    made = write([Message.system("b"), Message.user("hi")], system="a")
    assert made["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert write([Message.system("b"), Message.user("hi")])["system"] == [{"type": "text", "text": "b"}]
    assert [message["role"] for message in made["messages"]] == ["user"]


def test_a_system_message_in_the_middle_stays_there():
    made = write([Message.user("a"), Message.assistant("b"), Message.user("c"), Message.system("d")])
    assert made["messages"][-1] == {"role": "system", "content": [{"type": "text", "text": "d"}]}


def test_blank_stop_strings_are_refused_before_they_are_sent():
    with pytest.raises(InvalidRequestError, match="stop must be strings that are not blank"):
        write(stop=["\n"])


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("required", None, {"type": "any"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        ("weather", None, {"type": "tool", "name": "weather"}),
        ("weather", False, {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", True, {"type": "any", "disable_parallel_tool_use": False}),
    ],
)
def test_choices(choice, parallel, expected):
    made = write(tools=[TOOL], tool_choice=choice, parallel_tool_calls=parallel)
    assert made.get("tool_choice") == expected


def test_tools():
    own = Opaque("anthropic_messages", "web_search_20250305", {"type": "web_search_20250305", "name": "web_search"})
    foreign = Opaque("converse", "systemTool", {"name": "x"})
    deferred = Opaque("anthropic_messages", "custom", {"name": "rare", "input_schema": {}, "defer_loading": True})
    made = write(tools=[ToolSpec("bare"), dataclasses.replace(TOOL, strict=True), own, foreign, deferred, CachePoint()])
    assert made["tools"] == [
        {"name": "bare", "input_schema": {"type": "object", "properties": {}}},
        {"name": "weather", "description": "Tells it.", "input_schema": TOOL.parameters, "strict": True},
        {"type": "web_search_20250305", "name": "web_search", "cache_control": EPHEMERAL},
        {"type": "custom", "name": "rare", "input_schema": {}, "defer_loading": True},
    ]


def test_tools_of_another_provider_alone_are_no_tools():
    assert "tools" not in write(tools=[Opaque("converse", "systemTool", {})], parallel_tool_calls=False)


@pytest.mark.parametrize(
    ("tool", "parameter"),
    [(ToolSpec("a b"), "tools[0].name"), (ToolSpec("a", None, {"type": "string"}), "tools[0].parameters['type']")],
)
def test_tools_that_the_wire_refuses(tool, parameter):
    with pytest.raises(InvalidRequestError) as caught:
        write(tools=[tool])
    assert caught.value.parameter == parameter


CHAR = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "T"}
REFERENCE = Opaque("anthropic_messages", "tool_reference", {"tool_name": "x"})
SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
SEALED = base64.b64encode(b"EroCseal").decode()
PARTS = [
    (Text("a"), {"type": "text", "text": "a"}),
    (Text("a", (Citation("c", "T", None, CHAR),)), {"type": "text", "text": "a", "citations": [CHAR]}),
    (Text("a", (Citation("c", "T", None, {"location": {}}),)), {"type": "text", "text": "a"}),
    (Image(PNG), {"type": "image", "source": source(PNG, "image/png")}),
    (Image(b"x", media_type="image/jpg"), {"type": "image", "source": source(b"x", "image/jpeg")}),
    (Document(PDF), {"type": "document", "source": source(PDF, "application/pdf")}),
    (
        Document(b"a,b", media_type="text/csv", name="T", context="C", citations=True),
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "a,b"},
            "title": "T",
            "context": "C",
            "citations": {"enabled": True},
        },
    ),
    (Thinking("t", "s"), {"type": "thinking", "thinking": "t", "signature": "s"}),
    (Thinking("", "s"), {"type": "thinking", "thinking": "", "signature": "s"}),
    (Thinking("t"), {"type": "thinking", "thinking": "t"}),
    (Thinking("", None, SEALED), {"type": "redacted_thinking", "data": "EroCseal"}),
    (Thinking("", None, "no base64!"), {"type": "redacted_thinking", "data": "no base64!"}),
    (CALL, {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}),
    (ToolCall("a:b", "x"), {"type": "tool_use", "id": "a_b_7a9cc0b9", "name": "x", "input": {}}),
    (
        ToolCall("t", "x", None, "{", "cut"),
        {"type": "tool_use", "id": "t", "name": "x", "input": {"invalid_json": "{"}},
    ),
    (ToolResult("t", "sunny"), {"type": "tool_result", "tool_use_id": "t", "content": "sunny"}),
    (
        ToolResult("t", (Text("a"), Image(PNG), Document(PDF), REFERENCE), True),
        {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "source": source(PNG, "image/png")},
                {"type": "document", "source": source(PDF, "application/pdf")},
                {"type": "tool_reference", "tool_name": "x"},
            ],
            "is_error": True,
        },
    ),
    (Opaque("anthropic_messages", "server_tool_use", SEARCH), SEARCH),
    (Opaque("anthropic_messages", "container_upload", {"file_id": "f"}), {"type": "container_upload", "file_id": "f"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "block"), PARTS, ids=lambda value: value.get("type") if isinstance(value, dict) else ""
)
def test_parts_and_their_blocks(part, block):
    found = content(part, role="assistant")
    assert [{**entry, "id": block["id"]} if "id" in block else entry for entry in found] == [block]
    assert content(part, role="assistant") == found


def test_blocks_of_another_provider_are_left_out():
    assert content(Text("a"), Opaque("converse", "guardContent", {})) == [{"type": "text", "text": "a"}]


def test_an_id_of_another_provider_is_the_same_in_call_and_result():
    made = write(
        [Message.user("a"), Message.assistant(ToolCall("call|1", "x")), Message.user(ToolResult("call|1", "r"))]
    )
    call, result = made["messages"][1]["content"][0], made["messages"][2]["content"][0]
    assert call["id"] == result["tool_use_id"]
    assert call["id"].replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("parts", "marked"),
    [
        ((Text("a"), CachePoint()), [EPHEMERAL]),
        ((Text("a"), CachePoint("5m"), Text("b")), [{"type": "ephemeral", "ttl": "5m"}, None]),
        ((Text("a"), Thinking("t", "s"), CachePoint()), [EPHEMERAL, None]),
        ((Text("a"), Text(""), CachePoint()), [EPHEMERAL, None]),
        ((CachePoint(), Text("a")), [None]),
        ((Thinking("t", "s"), CachePoint()), [None]),
        ((CALL, CachePoint("1h"), CachePoint("5m")), [{"type": "ephemeral", "ttl": "1h"}]),
        ((ToolResult("t", "r"), CachePoint()), [EPHEMERAL]),
        ((Opaque("anthropic_messages", "search_result", {"source": "s"}), CachePoint()), [EPHEMERAL]),
    ],
)
def test_a_cache_point_marks_the_block_before_it(parts, marked):
    assert [block.get("cache_control") for block in content(*parts, role="assistant")] == marked


def test_a_mark_leaves_the_callers_own_block_alone():
    data = {"type": "search_result", "source": "s"}
    content(Opaque("anthropic_messages", "search_result", data), CachePoint())
    assert data == {"type": "search_result", "source": "s"}


@pytest.mark.parametrize("part", [Image("https://h/a.png"), Document("https://h/a.pdf")])
def test_addresses_are_for_a_carrier_that_fetches_them(part):
    assert content(part, body=FETCHING)[0]["source"] == {"type": "url", "url": part.source}
    with pytest.raises(UnsupportedFeatureError, match="Bedrock does not fetch") as caught:
        content(part)
    assert (caught.value.parameter, caught.value.allowed) == ("messages[0].parts[0]", "bytes, a Path or a data URL")


@pytest.mark.parametrize(
    ("part", "error", "words"),
    [
        (Image("s3://b/k.png"), UnsupportedFeatureError, "does not fetch"),
        (Image(b"x", media_type="image/tiff"), InvalidRequestError, "media_type must be one of image/png"),
        (Image(PDF), InvalidRequestError, r"messages\[0\]"),
        (Document(b"PK\3\4", media_type="application/msword"), InvalidRequestError, "application/pdf, or a text"),
        (Document(b"\xff\xfe", media_type="text/plain"), InvalidRequestError, "not UTF-8"),
        (Video(b"x", media_type="video/mp4"), UnsupportedFeatureError, "part of kind video"),
        (Audio(b"x", media_type="audio/mpeg"), UnsupportedFeatureError, "part of kind audio"),
        (ToolResult("t", (Video(b"x", media_type="video/mp4"),)), InvalidRequestError, "must be a string, Text"),
        (Opaque("anthropic_messages", "x", "no block"), InvalidRequestError, "the whole block"),
    ],
)
def test_parts_that_cannot_be_written_are_refused_before_they_are_sent(part, error, words):
    with pytest.raises(error, match=words):
        content(part)


def test_the_same_request_gives_the_same_bytes():
    def request():
        parts = Image(PNG), "a", CachePoint()
        return Request.of([Message.user(*parts)], tools=[TOOL], stop=["x"], reasoning=2000, top_k=3, system="s")

    codec = InvokeCodec(BODY)
    assert codec.encode(request(), CLAUDE, stream=True) == codec.encode(request(), CLAUDE, stream=True)


@pytest.mark.parametrize(
    "data", ["EroCCkYIBxgCKkBf", "base64==", "", "é\N{SNOWMAN}", base64.b64encode(bytes(range(256))).decode()]
)
def test_sealed_reasoning_goes_from_this_wire_to_converse_and_back(data):
    part = BODY.read({"content": [{"type": "redacted_thinking", "data": data}]}, CLAUDE).message.parts[0]
    request = Request((Message("assistant", (part,)),))
    assert content(part, role="assistant") == [{"type": "redacted_thinking", "data": data}]
    body = ConverseCodec().encode(request, CLAUDE, stream=False).body.decode()
    carried = base64.b64encode(data.encode()).decode()
    assert f'"redactedContent":"{carried}"' in body
    said = {"output": {"message": {"content": [{"reasoningContent": {"redactedContent": carried}}]}}}
    back = ConverseCodec().decode(json.dumps(said).encode(), {}, CLAUDE).message.parts[0]
    assert content(back, role="assistant") == [{"type": "redacted_thinking", "data": data}]
