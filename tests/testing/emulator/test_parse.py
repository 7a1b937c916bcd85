"""Bodies as requests: the inverse of the encoder."""

from __future__ import annotations

import collections
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
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
from bedrock_llm.parameters import Parameters, ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.parse import parse_converse
from tests.shared_data import shared

CODEC = ConverseCodec()
NOTHING_KNOWN = ModelConfig()
CLAUDE = ModelConfig(model="anthropic.claude-next", family="claude")
GPT_OSS = {"reasoning": {"style": "reasoning_effort", "efforts": ["low", "medium", "high"]}}
REQUESTS = 203  # of 205 records; two have none
CITATION = Citation("c", "T", "s", {"title": "T", "source": "s", "sourceContent": [{"text": "c"}]})


def written(request, config=NOTHING_KNOWN, *, stream=True):
    return json.loads(CODEC.encode(request, config, stream=stream).body)


def normalised(body):
    """A body less what says nothing. The whole list of what two equal bodies may differ in:

    1. members that hold nothing are left out: `system: []`, `inferenceConfig: {}`, `stopSequences: []`;
    2. `status: "success"` of a tool result is left out: it is the default;
    3. the JSON text of a schema is compared by its value, not by its spaces.
    """
    body = json.loads(json.dumps(body))
    if body.get("inferenceConfig", {}).get("stopSequences") == []:
        del body["inferenceConfig"]["stopSequences"]
    for name in ("system", "inferenceConfig"):
        if body.get(name) in ([], {}):
            del body[name]
    for message in body["messages"]:
        for block in message["content"]:
            if block.get("toolResult", {}).get("status") == "success":
                del block["toolResult"]["status"]
    schema = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {}).get("jsonSchema", {})
    if "schema" in schema:
        schema["schema"] = json.loads(schema["schema"])
    return body


def unnamed(request):
    """What a request holds in `Opaque` and `extra_body`, as kinds and paths."""
    found = collections.Counter()
    groups = [message.parts for message in request.messages] + [request.get("tools", ())]
    system = request.get("system", ())
    groups += [] if isinstance(system, str) else [system]
    for group in groups:
        for part in group:
            inner = part.content if isinstance(part, ToolResult) and not isinstance(part.content, str) else ()
            found.update(f"Opaque {entry.kind}" for entry in (part, *inner) if isinstance(entry, Opaque))
    found.update(f"extra_body {path}" for path in _paths(request.get("extra_body", {})))
    return found


def _paths(value, at=""):
    if isinstance(value, dict):
        return [path for name, entry in value.items() for path in _paths(entry, f"{at}.{name}".lstrip("."))]
    return [at]


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    records = [
        record for line in lines if '"converse' in line and (record := json.loads(line))["api"].startswith("converse")
    ]
    equal, without_name, model_fields = 0, collections.Counter(), collections.Counter()
    for record in records:
        body = record["request"]["body"]
        if body is None:
            continue
        features = GPT_OSS if record["model"].startswith("openai.gpt-oss") else None
        config = ModelConfig(model=record["model"], family=record["family"], features=features)
        request = parse_converse(body, config)
        again = written(request, config, stream=record["streaming"])
        assert normalised(again) == normalised(body), record["id"]
        assert CODEC.encode(request, config, stream=True).body == CODEC.encode(request, config, stream=True).body
        without_name += unnamed(request)
        model_fields.update(list(request.get("additional_model_request_fields", ())))
        equal += 1
    print(f"{equal} of {equal} recorded bodies are equal; without a name of ours: {dict(without_name)}")
    assert equal == REQUESTS
    assert without_name == {
        "Opaque guardContent": 2,
        "Opaque document": 2,  # source.content, a list of chunks
        "Opaque json": 4,
        "Opaque searchResult": 1,
        "Opaque systemTool": 2,
        "extra_body outputConfig.textFormat.structure.jsonSchema.name": 7,
        "extra_body outputConfig.textFormat.structure.jsonSchema.description": 6,
    }
    assert model_fields == {
        "reasoning_config": 4,
        "thinking": 2,
    }  # an older key, and adaptive thinking without an effort


ROUND = [
    Request.of("hi"),
    Request.of(
        "hi",
        system="s",
        max_tokens=5,
        temperature=0.5,
        top_p=1,
        stop=["a"],
        tools=[
            ToolSpec("n", "d", {"type": "object", "properties": {}}, True),
            CachePoint("1h"),
            Opaque("converse", "systemTool", {"name": "x"}),
        ],
        tool_choice="n",
        metadata={"a": "b"},
        service_tier="flex",
        latency="standard",
        guardrail={"identifier": "g", "version": "1", "trace": "enabled", "stream_processing_mode": "sync"},
        prompt_variables={"v": "w"},
        extra_body={
            "additionalModelResponseFieldPaths": ["/a"],
            "inferenceConfig": {"x": 1},
            "outputConfig": {"effort": "low"},
        },
        additional_model_request_fields={"k": {"l": 1}},
        output_type={"type": "object", "title": "City", "properties": {}},
    ),
    Request.of("hi", system=[Text("a"), CachePoint(), Opaque("converse", "guardContent", {"text": {"text": "g"}})]),
    Request.of("hi", tools=[ToolSpec("n", None, {"type": "object", "properties": {}})], tool_choice="required"),
    Request.of("hi", tools=[ToolSpec("n", None, {"type": "object", "properties": {}})], tool_choice="auto"),
    Request.of(
        [
            Message.user(
                "a",
                Image(b"x", media_type="image/png"),
                Image("s3://b/k?bucketOwner=123456789012", media_type="image/webp"),
                Document(b"x", media_type="application/pdf", name="d", context="c", citations=True),
                Document("ä".encode(), media_type="text/plain", name="e", citations=True),
                Document("s3://b/k", media_type="text/csv", name="f"),
                Video(b"x", media_type="video/3gpp"),
                Audio(b"x", media_type="audio/wav"),
                CachePoint("5m"),
                Opaque("converse", "guardContent", {"text": {"text": "g"}}),
            ),
            Message.assistant(
                Thinking("Hm", "s", None, "claude"),
                Thinking("", None, "c2VhbA==", "claude"),
                Text("a", (CITATION,)),
                ToolCall("t", "n", {"x": [1]}),
                ToolCall("u", "n", {}),
                Opaque("converse", "toolUse", {"toolUseId": "v", "name": "s", "input": {}, "type": "server_tool_use"}),
            ),
            Message.user(
                ToolResult("t", "2"),
                ToolResult(
                    "u",
                    [Text("no"), Image(b"x", media_type="image/gif"), Opaque("converse", "json", {"a": 1})],
                    is_error=True,
                ),
                Opaque("converse", "toolResult", {"toolUseId": "v", "content": [], "type": "r"}),
            ),
            Message.system("later"),
        ]
    ),
]


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_encoder_writes_is_read_as_the_request_that_it_was(request_):
    body = CODEC.encode(request_, CLAUDE, stream=True).body
    assert parse_converse(body, CLAUDE) == request_
    assert parse_converse(json.loads(body), CLAUDE) == request_


@given(
    st.lists(
        st.tuples(
            st.just("assistant"),
            st.lists(
                st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(Text)
                | st.builds(
                    ToolCall,
                    st.from_regex(r"[a-zA-Z0-9_.:-]{1,64}", fullmatch=True),
                    st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True),
                    st.dictionaries(st.text("abc"), st.integers(), max_size=2),
                )
                | st.builds(Thinking, st.text("abc", min_size=1), st.none() | st.text("abc", min_size=1))
                | st.builds(CachePoint, st.sampled_from([None, "5m", "1h"])),
                max_size=4,
            ),
        ),
        min_size=1,
        max_size=4,
    ),
    st.fixed_dictionaries(
        {},
        optional={"max_tokens": st.integers(1, 9), "temperature": st.floats(0, 1), "system": st.text("ab", min_size=1)},
    ),
)
@settings(max_examples=150, deadline=None)
def test_reading_is_the_inverse_of_writing_for_any_request(turns, parameters):
    request = Request.of([Message(role, parts) for role, parts in turns], **parameters)
    body = CODEC.encode(request, NOTHING_KNOWN, stream=False).body
    assert CODEC.encode(request, NOTHING_KNOWN, stream=False).body == body
    assert parse_converse(body) == request


# For each parameter a value, and beside which others; `None` where Converse has no place for it.
BESIDE = {"tools": [ToolSpec("n")]}
KNOWN_PARAMETERS = {
    "system": ({}, "s"),
    "max_tokens": ({}, 7),
    "temperature": ({}, 0.3),
    "top_p": ({}, 0.3),
    "top_k": ({}, 7),
    "min_p": None,
    "stop": ({}, "x"),
    "seed": None,
    "presence_penalty": None,
    "frequency_penalty": None,
    "repetition_penalty": None,
    "logprobs": None,
    "reasoning": ({}, "low"),
    "tools": ({}, [ToolSpec("n")]),
    "tool_choice": (BESIDE, "required"),
    "parallel_tool_calls": (BESIDE, False),
    "output_type": ({}, {"type": "object", "properties": {}}),
    "metadata": ({}, {"a": "b"}),
    "service_tier": ({}, "flex"),
    "latency": ({}, "optimized"),
    "cache": ({}, True),
    "guardrail": ({}, {"identifier": "g", "version": "1"}),
    "prompt_variables": ({}, {"a": "b"}),
    "extra_body": ({}, {"a": 1}),
    "additional_model_request_fields": ({}, {"a": 1}),
    "extra_headers": None,  # the transport's
}


def test_every_parameter_has_been_thought_of():
    assert KNOWN_PARAMETERS.keys() == Parameters.__annotations__.keys() | {"output_type"}


@pytest.mark.parametrize("name", [name for name, entry in KNOWN_PARAMETERS.items() if entry])
def test_every_parameter_that_converse_has_changes_the_body(name):
    beside, value = KNOWN_PARAMETERS[name]
    with_it, without = (CODEC.prepare(Request.of("hi", **beside, **more), CLAUDE)[0] for more in ({name: value}, {}))
    bodies = [written(request, CLAUDE) for request in (with_it, without)]
    assert bodies[0] != bodies[1]
    assert parse_converse(bodies[0], CLAUDE) != parse_converse(bodies[1], CLAUDE)


@pytest.mark.parametrize(
    "name", [name for name, entry in KNOWN_PARAMETERS.items() if not entry and name != "extra_headers"]
)
def test_every_parameter_that_converse_lacks_is_told(name):
    value = {"logprobs": True, "seed": 1}.get(name, 0.5)
    prepared, warnings = CODEC.prepare(Request.of("hi", **{name: value}), CLAUDE)
    assert written(prepared, CLAUDE) == written(Request.of("hi"), CLAUDE)
    assert [warning.parameter for warning in warnings] == [name]


CHANGES = [
    (Text("a", (CITATION,)), {"text": "b", "citations": ()}),
    (CITATION, {"raw": {"title": "U"}}),
    (Citation("c", "T", "s"), {"cited_text": "d", "title": "U", "source": "t"}),
    (Image(b"x", media_type="image/png"), {"source": b"y", "media_type": "image/gif"}),
    (
        Document(b"x", media_type="text/plain", name="n", context="c", citations=True),
        {"source": b"y", "media_type": "application/pdf", "name": "m", "context": "d", "citations": False},
    ),
    (Audio(b"x", media_type="audio/wav"), {"source": b"y", "media_type": "audio/flac"}),
    (Video(b"x", media_type="video/mp4"), {"source": b"y", "media_type": "video/webm"}),
    (ToolCall("t", "n", {"a": 1}), {"id": "u", "name": "m", "arguments": {"a": 2}}),
    (ToolCall("t", "n", None, "{"), {"raw_arguments": "["}),
    (ToolResult("t", "2"), {"tool_call_id": "u", "content": "3", "is_error": True}),
    (Thinking("a", "s"), {"text": "b", "signature": "t", "redacted": "YQ=="}),
    (CachePoint("5m"), {"ttl": "1h"}),
    (Opaque("converse", "k", 1), {"provider": "other", "kind": "l", "data": 2}),
    (ToolSpec("n", "d", {"type": "object"}, True), {"name": "m", "description": "e", "parameters": {}, "strict": None}),
]
NOT_WRITTEN = {
    ("Image", "name"),  # Converse names documents only
    ("Audio", "name"),
    ("Video", "name"),
    ("ToolCall", "error"),  # ours; the text of the arguments goes back
    ("Thinking", "family"),  # decides whether it is sent, in `prepare`
    ("ToolSpec", "function"),
}


def _body_with(value):
    if isinstance(value, ToolSpec):
        return written(Request.of("hi", tools=[value]))
    part = Text("a", (value,)) if isinstance(value, Citation) else value
    role = "assistant" if isinstance(part, ToolCall | Thinking) else "user"
    return written(Request((Message(role, (part,)),)))


@pytest.mark.parametrize(("value", "changes"), CHANGES)
def test_every_field_of_a_part_changes_the_body(value, changes):
    for name, other in changes.items():
        assert _body_with(dataclasses.replace(value, **{name: other})) != _body_with(value), name


def test_every_field_of_every_part_has_been_thought_of():
    changed = {(type(value).__name__, name) for value, changes in CHANGES for name in changes}
    known = {(type(value).__name__, field.name) for value, _ in CHANGES for field in dataclasses.fields(value)}
    assert changed | NOT_WRITTEN == known
    assert not changed & NOT_WRITTEN


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff"])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(InvalidRequestError):
        parse_converse(body)


@pytest.mark.parametrize(
    "block",
    [
        {"image": {"format": "png", "source": {"bytes": "eA=="}, "error": {"message": "x"}}},
        {"image": {"format": "tiff", "source": {"bytes": "eA=="}}},
        {"document": {"name": "d", "source": {"content": [{"text": "a"}]}}},
        {"document": {"name": "d", "format": "txt", "source": {"text": "a"}}},
        {"video": {"format": "mp4", "source": {}}},
        {"toolUse": {"toolUseId": "t", "name": "n", "input": "text"}},
        {"cachePoint": {"type": "default", "depth": 1}},
        {"reasoningContent": {"reasoningText": {"text": ""}}},
        {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": []}},
        {"hologram": 1},
    ],
)
def test_blocks_that_no_part_holds_stay_as_they_came(block):
    body = {"messages": [{"role": "user", "content": [block]}]}
    request = parse_converse(body)
    assert request.messages[0].parts == (Opaque("converse", *next(iter(block.items()))),)
    assert written(request) == body


def test_tools_and_members_that_no_parameter_holds_stay_as_they_came():
    tools = [{"toolSpec": {"name": "n", "inputSchema": {"json": {}}, "new": 1}}, {"cachePoint": {"type": "later"}}]
    body = {
        "messages": [{"role": "user", "content": [{"text": "a"}]}],
        "toolConfig": {"tools": tools, "toolChoice": {"several": {}}},
        "guardrailConfig": {"guardrailIdentifier": "g"},
        "outputConfig": {"effort": "low"},
        "serviceTier": {"type": "flex", "until": 7},
        "hologram": {"x": [1]},
    }
    request = parse_converse(body)
    assert request.get("service_tier") == "flex"
    assert written(request) == body | {
        "toolConfig": {"tools": [tools[0], {"cachePoint": {"type": "later"}}], "toolChoice": {"several": {}}}
    }
