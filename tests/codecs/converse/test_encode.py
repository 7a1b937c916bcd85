"""Requests as bodies."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.converse.encode import body_of, encode
from bedrock_llm.codecs.shared.writing import MAX_BODY_BYTES
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

NOTHING_KNOWN = ModelConfig()
CLAUDE = ModelConfig(model="anthropic.claude-new", family="claude")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
PDF = b"%PDF-1.7\n"


def model(family=None, *, name="vendor.model", max_output_tokens=None, **features):
    return ModelConfig(model=name, family=family, features=features, max_output_tokens=max_output_tokens)


def body(messages="hi", config=NOTHING_KNOWN, *, stream=False, **parameters):
    return body_of(Request.of(messages, **parameters), config, stream=stream)


def blocks(*parts, config=NOTHING_KNOWN, role="user"):
    """The blocks of one message."""
    return body_of(Request((Message(role, parts),)), config, stream=False)["messages"][0]["content"]


def b64(data):
    return base64.b64encode(data).decode()


def test_only_what_was_set_is_written_in_one_order_and_without_spaces():
    assert (
        encode(Request.of("hi"), NOTHING_KNOWN, stream=False)
        == b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
    )


def test_every_member_has_its_place():
    made = body(
        [Message.user("Weather in Malmö?")],
        stop=["a", "b"],
        top_p=0.5,
        temperature=0,
        max_tokens=512,
        system="Be brief.",
        tools=[
            ToolSpec(
                "get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}}, True
            )
        ],
        tool_choice="auto",
        guardrail={"identifier": "g-1", "version": "DRAFT", "trace": "enabled", "stream_processing_mode": "async"},
        additional_model_request_fields={"k": 1},
        prompt_variables={"name": "Ann"},
        metadata={"team": "a b/c"},
        latency="optimized",
        service_tier="flex",
        output_type={"type": "object", "title": "City"},
        stream=True,
    )
    assert list(made) == [
        "messages",
        "system",
        "inferenceConfig",
        "toolConfig",
        "guardrailConfig",
        "additionalModelRequestFields",
        "promptVariables",
        "requestMetadata",
        "performanceConfig",
        "serviceTier",
        "outputConfig",
    ]
    assert list(made["inferenceConfig"]) == ["maxTokens", "temperature", "topP", "stopSequences"]
    assert made == {
        "messages": [{"role": "user", "content": [{"text": "Weather in Malmö?"}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 512, "temperature": 0, "topP": 0.5, "stopSequences": ["a", "b"]},
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "get_weather",
                        "description": "The weather.",
                        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}},
                        "strict": True,
                    }
                }
            ],
            "toolChoice": {"auto": {}},
        },
        "guardrailConfig": {
            "guardrailIdentifier": "g-1",
            "guardrailVersion": "DRAFT",
            "trace": "enabled",
            "streamProcessingMode": "async",
        },
        "additionalModelRequestFields": {"k": 1},
        "promptVariables": {"name": {"text": "Ann"}},
        "requestMetadata": {"team": "a b/c"},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
        "outputConfig": {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": '{"type":"object","title":"City"}', "name": "City"}},
            }
        },
    }


def test_text_is_utf_8_and_nothing_is_escaped_that_need_not_be():
    assert "Malmö 🌍".encode() in encode(Request.of("Malmö 🌍"), NOTHING_KNOWN, stream=False)


def test_any_mapping_is_an_object_and_foreign_tools_are_none():
    block = Opaque("converse", "x", MappingProxyType({"a": MappingProxyType({"b": (1, 2)})}))
    made = encode(Request.of([Message.user(block)]), NOTHING_KNOWN, stream=False)
    assert made == b'{"messages":[{"role":"user","content":[{"x":{"a":{"b":[1,2]}}}]}]}'
    assert list(body(tools=[Opaque("openai", "x", 1)])) == ["messages"]


def test_the_codec_names_the_operation_and_its_headers():
    codec, request = ConverseCodec(), Request.of("hi")
    whole, streamed = (codec.encode(request, CLAUDE, stream=stream) for stream in (False, True))
    assert (whole.operation, dict(whole.headers)) == (
        "converse",
        {"content-type": "application/json", "accept": "application/json"},
    )
    assert (streamed.operation, dict(streamed.headers)) == (
        "converse-stream",
        {"content-type": "application/json", "accept": "application/vnd.amazon.eventstream"},
    )
    assert whole.body == streamed.body


def test_the_processing_mode_of_a_guardrail_is_for_streams_only():
    guardrail = {"identifier": "g", "version": "1", "stream_processing_mode": "sync"}
    assert "streamProcessingMode" not in body(guardrail=guardrail)["guardrailConfig"]
    assert body(guardrail=guardrail, stream=True)["guardrailConfig"]["streamProcessingMode"] == "sync"


def test_system_takes_parts_and_the_system_messages_that_lead():
    made = body(
        [Message.system("second", CachePoint()), Message.user("hi"), Message.system("later"), Message.user("ho")],
        system=[
            Text("first"),
            CachePoint("1h"),
            Text(" "),
            Opaque("converse", "guardContent", {"text": {"text": "g"}}),
        ],
    )
    assert made["system"] == [
        {"text": "first"},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
        {"guardContent": {"text": {"text": "g"}}},
        {"text": "second"},
        {"cachePoint": {"type": "default"}},
    ]
    assert [message["role"] for message in made["messages"]] == ["user", "system", "user"]


def test_empty_members_are_left_out():
    made = body(system="", tools=[], stop=[], metadata={}, prompt_variables={}, additional_model_request_fields={})
    assert list(made) == ["messages"]


def test_text_that_cites_is_written_as_it_came():
    raw = {"title": "T", "sourceContent": [{"text": "c"}], "location": {"documentChar": {"documentIndex": 0}}}
    cited = Text("a", (Citation("c", "T", None, raw),))
    assert blocks(cited, role="assistant") == [{"citationsContent": {"content": [{"text": "a"}], "citations": [raw]}}]
    assert blocks(Text("", cited.citations), role="assistant") == [{"citationsContent": {"citations": [raw]}}]
    assert blocks(cited, config=model(citations=False)) == [{"text": "a"}]


def test_citations_of_another_wire_are_written_in_this_one_s_words():
    other = Citation("c", "T", "https://example.com/", {"type": "char_location", "cited_text": "c"})
    made = {"title": "T", "source": "https://example.com/", "sourceContent": [{"text": "c"}]}
    assert blocks(Text("a", (other, Citation())))[0]["citationsContent"]["citations"] == [made, {}]


def test_reasoning_goes_back_as_it_came():
    assert blocks(Thinking("Hm.", "sig"), Thinking("Hm."), Thinking("", None, "c2VhbA=="), role="assistant") == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}},
        {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
        {"reasoningContent": {"redactedContent": "c2VhbA=="}},
    ]


def test_blocks_of_this_wire_go_back_as_they_came_and_others_stay_away():
    ours, theirs = Opaque("converse", "searchResult", {"source": "s"}), Opaque("openai", "x", 1)
    assert blocks(ours, theirs, "a") == [{"searchResult": {"source": "s"}}, {"text": "a"}]


def test_tool_calls_and_results():
    parts = [
        Message.assistant(ToolCall("t-1", "add", {"a": 1}), ToolCall("t-2", "add", None, '{"a":', "cut")),
        Message.user(
            ToolResult("t-1", "2"),
            ToolResult("t-2", [Text("no"), Image(PNG, media_type="image/png")], is_error=True),
        ),
    ]
    made = body(parts)["messages"]
    assert made[0]["content"] == [
        {"toolUse": {"toolUseId": "t-1", "name": "add", "input": {"a": 1}}},
        {"toolUse": {"toolUseId": "t-2", "name": "add", "input": {"invalid_json": '{"a":'}}},
    ]
    assert made[1]["content"] == [
        {"toolResult": {"toolUseId": "t-1", "content": [{"text": "2"}]}},
        {
            "toolResult": {
                "toolUseId": "t-2",
                "content": [{"text": "no"}, {"image": {"format": "png", "source": {"bytes": b64(PNG)}}}],
                "status": "error",
            }
        },
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1}', [{"json": {"a": 1}}]),
        ("[1, 2]", [{"json": {"result": [1, 2]}}]),
        ("plain", [{"json": {"result": "plain"}}]),
        ((Text("7"), Opaque("converse", "json", {"b": 2})), [{"json": {"result": 7}}, {"json": {"b": 2}}]),
    ],
)
def test_results_are_json_objects_where_the_model_wants_them(content, expected):
    (made,) = blocks(ToolResult("t", content), config=model(tool_result_json=True))
    assert made["toolResult"]["content"] == expected


def test_an_error_is_told_in_words_where_the_model_refuses_a_status():
    config = model(tool_result_status=False)
    assert blocks(
        ToolResult("t", "no", True), ToolResult("u", [Opaque("converse", "json", {})], True), config=config
    ) == [
        {"toolResult": {"toolUseId": "t", "content": [{"text": "Error: no"}]}},
        {"toolResult": {"toolUseId": "u", "content": [{"text": "Error: "}, {"json": {}}]}},
    ]


def test_a_result_holds_only_what_results_can_hold():
    with pytest.raises(InvalidRequestError) as caught:
        blocks(ToolResult("t", [Audio(b"x", media_type="audio/wav")]))
    assert caught.value.parameter == "messages[0].parts[0].content[0]"


def test_names_and_ids_of_other_providers_are_brought_into_form():
    long_id, odd_name = "call_" + "x" * 90, "files.read/all"
    call, result = ToolCall(long_id, odd_name, {}), ToolResult(long_id, "ok")
    made = body([Message.assistant(call, ToolCall("", "other tool", {})), Message.user(result)])["messages"]
    first, second = (block["toolUse"] for block in made[0]["content"])
    assert made[1]["content"][0]["toolResult"]["toolUseId"] == first["toolUseId"]
    assert first["toolUseId"] == "call_" + "x" * 50 + "_" + first["toolUseId"][-8:]
    assert len(first["toolUseId"]) == 64
    assert first["name"].startswith("files_read_all_")
    assert second["toolUseId"].startswith("_")
    assert body([Message.assistant(replace(call, id=long_id + "y"))])["messages"][0]["content"][0]["toolUse"] != first


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Image(PNG, media_type="image/png"), {"image": {"format": "png", "source": {"bytes": b64(PNG)}}}),
        (Image(PNG), {"image": {"format": "png", "source": {"bytes": b64(PNG)}}}),
        (Image(b"x", media_type="image/jpg"), {"image": {"format": "jpeg", "source": {"bytes": "eA=="}}}),
        (
            Image("s3://b/k.png", media_type="image/png"),
            {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k.png"}}}},
        ),
        (
            Video("s3://b/k.mp4?bucketOwner=123456789012", media_type="video/mp4"),
            {
                "video": {
                    "format": "mp4",
                    "source": {"s3Location": {"uri": "s3://b/k.mp4", "bucketOwner": "123456789012"}},
                }
            },
        ),
        (Video(b"x", media_type="video/3gpp"), {"video": {"format": "three_gp", "source": {"bytes": "eA=="}}}),
        (Audio(b"x", media_type="audio/mpeg"), {"audio": {"format": "mp3", "source": {"bytes": "eA=="}}}),
        (
            Document(b"x", media_type="text/markdown", name="My report_2 (v.3)[b].md", context="c"),
            {
                "document": {
                    "format": "md",
                    "name": "My report_2 (v 3)[b]",
                    "source": {"bytes": "eA=="},
                    "context": "c",
                }
            },
        ),
        (
            Document(PDF, media_type="application/pdf", citations=True),
            {
                "document": {
                    "format": "pdf",
                    "name": "document",
                    "source": {"bytes": b64(PDF)},
                    "citations": {"enabled": True},
                }
            },
        ),
        (
            Document("Grüße".encode(), media_type="text/plain", citations=True),
            {
                "document": {
                    "format": "txt",
                    "name": "document",
                    "source": {"text": "Grüße"},
                    "citations": {"enabled": True},
                }
            },
        ),
    ],
)
def test_media_blocks(part, block):
    assert blocks(part) == [block]


def test_document_names_are_neutral_and_no_two_are_the_same():
    named = [Document(b"x", media_type="text/csv", name=name) for name in ("a", "a", None, "ü", "a 2", "x" * 300)]
    messages = [Message.user(*named[:3]), Message.user(*named[3:])]
    made = [block["document"]["name"] for message in body(messages)["messages"] for block in message["content"]]
    assert made == ["a", "a 2", "document", "document 2", "a 2 2", "x" * 200]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Image(b"x", media_type="image/tiff"), "image/png, image/jpeg"),
        (Image(bytes(3_932_161), media_type="image/png"), "3.75 MB"),
        (Document(bytes(4_718_593), media_type="application/pdf"), "4.5 MB"),
        (Document(b"x", media_type="application/zip"), "application/pdf"),
        (Document(b"\0\1"), "application/pdf"),
        (Image(PDF), "of the kind image"),
        (Image("data:image/png,"), "a data URL that holds something"),
        (Document("s3://b/k", media_type="application/pdf", citations=True), "a PDF or plain text, given as bytes"),
        (Document(b"x", media_type="text/csv", citations=True), "a PDF or plain text"),
        (Document(b"\xff", media_type="text/plain", citations=True), "UTF-8"),
        (Video("s3://b/k?bucketOwner=me", media_type="video/mp4"), "12 digits"),
        (Video(bytes(18_749_998), media_type="video/mp4"), "put it into S3"),
    ],
)
def test_media_that_converse_refuses_are_refused_before_a_byte_is_sent(part, words):
    with pytest.raises(InvalidRequestError) as caught:
        body([Message.user("a"), Message.user("b", part)])
    assert caught.value.parameter.startswith("messages[1].parts[1]")
    assert words in caught.value.message


def test_web_addresses_are_never_fetched():
    with pytest.raises(UnsupportedFeatureError, match="download it and pass the bytes"):
        blocks(Image("https://example.com/a.png", media_type="image/png"))


@pytest.mark.parametrize(
    ("part", "limit"), [(Image(b"x", media_type="image/png"), 20), (Document(b"x", media_type="text/csv"), 5)]
)
def test_a_message_holds_only_so_many(part, limit):
    assert len(blocks("a", *[part] * limit)) == limit + 1
    messages = [Message.user(*[part] * limit), Message.user(*[part] * (limit - 1), ToolResult("t", [part, part]))]
    with pytest.raises(InvalidRequestError, match=rf"at most {limit}") as caught:
        body_of(Request(tuple(messages)), NOTHING_KNOWN, stream=False)
    assert caught.value.parameter == f"messages[1].parts[{limit - 1}].content[1]"


@pytest.mark.parametrize(
    ("tool", "written"),
    [
        (ToolSpec("n"), {"toolSpec": {"name": "n", "inputSchema": {"json": {"type": "object", "properties": {}}}}}),
        (
            ToolSpec("n", " ", {}),
            {"toolSpec": {"name": "n", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
        ),
        (
            ToolSpec("n", "d", MappingProxyType({"properties": {}}), False),
            {
                "toolSpec": {
                    "name": "n",
                    "description": "d",
                    "inputSchema": {"json": {"type": "object", "properties": {}}},
                    "strict": False,
                }
            },
        ),
        (CachePoint("5m"), {"cachePoint": {"type": "default", "ttl": "5m"}}),
        (Opaque("converse", "systemTool", {"name": "nova_grounding"}), {"systemTool": {"name": "nova_grounding"}}),
    ],
)
def test_tools(tool, written):
    assert body(tools=[tool])["toolConfig"] == {"tools": [written]}


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        (ToolSpec("files.read"), "1 to 64 of the letters"),
        (ToolSpec("x" * 65), "1 to 64 of the letters"),
        (ToolSpec("wetter_größe"), "1 to 64 of the letters"),
        (ToolSpec("n", None, {"type": "array"}), "'object'"),
    ],
)
def test_tools_that_converse_refuses(tool, words):
    with pytest.raises(InvalidRequestError, match=words) as caught:
        body(tools=[ToolSpec("ok"), tool])
    assert caught.value.parameter.startswith("tools[1]")


@pytest.mark.parametrize(
    ("choice", "written"),
    [("auto", {"auto": {}}), ("required", {"any": {}}), ("b", {"tool": {"name": "b"}})],
)
def test_tool_choice(choice, written):
    assert body(tools=[ToolSpec("a"), ToolSpec("b")], tool_choice=choice)["toolConfig"]["toolChoice"] == written


def test_no_tool_at_all_has_no_word_on_this_wire_but_claude_has_one():
    offered = {"tools": [ToolSpec("a")], "tool_choice": "none"}
    assert list(body(**offered)) == ["messages"]
    made = body(config=CLAUDE, **offered)
    assert "toolChoice" not in made["toolConfig"]
    assert made["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (None, {"type": "auto"}),
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("a", {"type": "tool", "name": "a"}),
    ],
)
def test_one_call_at_a_time_is_claude_s_own_tool_choice(choice, field):
    made = body(config=CLAUDE, tools=[ToolSpec("a")], tool_choice=choice, parallel_tool_calls=False)
    assert "toolChoice" not in made["toolConfig"]
    assert made["additionalModelRequestFields"] == {"tool_choice": {**field, "disable_parallel_tool_use": True}}


def test_extra_body_is_laid_over_the_top_level_last_and_merged_deeply():
    extra = {"inferenceConfig": {"maxTokens": 7, "topK": 3}, "additionalModelResponseFieldPaths": ["/x"], "system": []}
    made = body(system="s", max_tokens=5, temperature=0.5, extra_body=extra)
    assert made["inferenceConfig"] == {"maxTokens": 7, "temperature": 0.5, "topK": 3}
    assert (made["system"], made["additionalModelResponseFieldPaths"]) == ([], ["/x"])


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"guardrail": {"identifier": "g", "version": "latest"}}, "guardrail['version']"),
        ({"guardrail": {"identifier": "g", "version": "1", "trace": "on"}}, "guardrail['trace']"),
        (
            {"guardrail": {"identifier": "g", "version": "1", "stream_processing_mode": "x"}},
            "guardrail['stream_processing_mode']",
        ),
        ({"metadata": {str(n): "v" for n in range(17)}}, "metadata"),
        ({"metadata": {"": "v"}}, "metadata['']"),
        ({"metadata": {"k": "v" * 257}}, "metadata['k']"),
        ({"metadata": {"k": "a;b"}}, "metadata['k']"),
        ({"metadata": {"é": "v"}}, "metadata['é']"),
        ({"stop": ["x"] * 2501}, "stop"),
    ],
)
def test_limits_of_the_wire_are_checked(parameters, parameter):
    with pytest.raises(InvalidRequestError) as caught:
        body(**parameters)
    assert caught.value.parameter == parameter
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("parameters", "messages", "parameter"),
    [
        ({}, [Message.user("a"), Message.user("half \ud83d")], "messages[1]"),
        ({}, [Message.system("s"), Message.user("half \ud83d")], "messages[1]"),
        ({"system": "\udc00"}, "hi", "system"),
        ({"additional_model_request_fields": {"x": float("nan")}}, "hi", "additionalModelRequestFields"),
        ({"extra_body": {"x": float("inf")}}, "hi", "x"),
        ({"extra_body": {"x": {1, 2}}}, "hi", "x"),
        ({}, [Message.assistant(ToolCall("t", "n", {"x": float("inf")}))], "messages[0]"),
        ({}, [Message.user(Opaque("converse", "x", object()))], "messages[0]"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place(parameters, messages, parameter):
    with pytest.raises(InvalidRequestError) as caught:
        encode(Request.of(messages, **parameters), NOTHING_KNOWN, stream=False)
    assert caught.value.parameter == parameter


def test_nesting_without_end_is_refused():
    nested = {}
    nested["x"] = nested
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for data in (nested, deep):
        with pytest.raises(InvalidRequestError):
            encode(Request((Message.user(Opaque("converse", "x", data)),)), NOTHING_KNOWN, stream=False)


def test_a_body_that_the_service_would_refuse_for_its_size_is_refused_here():
    with pytest.raises(InvalidRequestError, match="put large media into S3"):
        encode(Request.of("x" * MAX_BODY_BYTES), NOTHING_KNOWN, stream=False)


@pytest.mark.parametrize(
    "parameters",
    [
        {"system": "s"},
        {"tools": [ToolSpec("a")]},
        {"max_tokens": 5},
        {"temperature": 0},
        {"top_p": 1},
        {"top_k": 1},
        {"stop": "x"},
        {"reasoning": False},
        {"additional_model_request_fields": {"a": 1}},
    ],
)
def test_a_managed_prompt_has_its_own_settings(parameters):
    prompt = ModelConfig(model="arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1")
    made = Request.of([], prompt_variables={"city": "Oslo"})
    assert body_of(made, prompt, stream=False) == {"promptVariables": {"city": {"text": "Oslo"}}}
    with pytest.raises(InvalidRequestError, match="leave it out") as caught:
        body_of(Request.of([], prompt_variables={"city": "Oslo"}, **parameters), prompt, stream=False)
    assert caught.value.parameter == next(iter(parameters))


def test_a_budget_that_the_service_s_default_may_not_hold_brings_the_model_s_maximum():
    config = model("claude", max_output_tokens=64000, reasoning={"style": "budget", "min_budget": 1024})
    assert body(config=config, reasoning="high") == {
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "inferenceConfig": {"maxTokens": 64000},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 16384}},
    }
    assert "inferenceConfig" not in body(config=config, reasoning=1024)
    assert body(config=config, reasoning=5000, max_tokens=6000)["inferenceConfig"] == {"maxTokens": 6000}


def test_what_the_caller_puts_into_the_model_s_fields_wins():
    made = body(
        config=CLAUDE,
        reasoning="low",
        top_k=5,
        additional_model_request_fields={"output_config": {"effort": "max"}, "anthropic_beta": ["x"]},
    )
    assert made["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "max"},
        "top_k": 5,
        "anthropic_beta": ["x"],
    }


def test_the_same_request_gives_the_same_bytes():
    def made():
        document = Document(b"x", media_type="text/csv")
        return encode(
            Request.of(
                [Message.user("a", document, document)],
                tools=[ToolSpec("n", None, {"type": "object"})],
                temperature=0.1,
            ),
            NOTHING_KNOWN,
            stream=False,
        )

    assert made() == made()
    assert json.loads(made())["messages"][0]["content"][2]["document"]["name"] == "document 2"
