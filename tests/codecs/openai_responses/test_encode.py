"""Requests, written."""

from __future__ import annotations

import json

import pytest

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
from tests.codecs.openai_responses.wire import BODY, PLAIN, answer, call, message, reasoning, text_part

OWN = "openai_responses"
KNOWN = ModelConfig(provider="openai", family="gpt", features={"reasoning": {"style": "reasoning_effort"}})
HI = {"role": "user", "content": "Hi"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def written(messages, config=PLAIN, **parameters):
    return json.loads(json.dumps(BODY.write(Request.of(messages, **parameters), config, stream=False)))


def items(*messages, config=PLAIN):
    return written(list(messages), config)["input"]


def test_a_plain_request_asks_that_nothing_is_stored():
    assert written("Hi") == {"input": [HI], "store": False}


def test_what_is_set_is_written_in_one_order():
    body = written(
        "Hi", KNOWN, system="s", max_tokens=5, temperature=0, top_p=1, logprobs=3, parallel_tool_calls=False,
        metadata={"a": "b"}, service_tier="flex", reasoning="high", output_type={**SCHEMA, "title": "City"},
        tools=[ToolSpec("n", "d", SCHEMA, True), Opaque(OWN, "web_search", {"type": "web_search"})], tool_choice="n",
    )  # fmt: skip
    assert body == {
        "instructions": "s",
        "input": [HI],
        "max_output_tokens": 5,
        "temperature": 0,
        "top_p": 1,
        "parallel_tool_calls": False,
        "metadata": {"a": "b"},
        "service_tier": "flex",
        "top_logprobs": 3,
        "tools": [
            {"type": "function", "name": "n", "description": "d", "parameters": SCHEMA, "strict": True},
            {"type": "web_search"},
        ],
        "tool_choice": {"type": "function", "name": "n"},
        "text": {
            "format": {"type": "json_schema", "name": "City", "strict": True, "schema": {**SCHEMA, "title": "City"}}
        },
        "reasoning": {"effort": "high"},
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "store": False,
    }
    assert list(body) == list(written("Hi", KNOWN, **dict(reversed(list(ALL.items())))))


ALL = {
    "system": "s", "max_tokens": 5, "temperature": 0, "top_p": 1, "logprobs": 3, "parallel_tool_calls": False,
    "metadata": {"a": "b"}, "service_tier": "flex", "reasoning": "high", "output_type": SCHEMA,
    "tools": [ToolSpec("n", "d", SCHEMA, True)], "tool_choice": "n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "members"),
    [
        ({"tool_choice": "required", "tools": [ToolSpec("n")]}, {"tool_choice": "required"}),
        ({"tool_choice": "none"}, {"tool_choice": "none"}),
        ({"logprobs": True}, {"include": ["message.output_text.logprobs"]}),
        ({"logprobs": False}, {}),
        ({"reasoning": "low"}, {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}),
        ({"system": [Text("a"), Text("b")]}, {"instructions": "a\n\nb"}),
        ({"tools": [ToolSpec("n")]}, {"tools": [{"type": "function", "name": "n", "parameters": {
            "type": "object", "properties": {}}}]}),
    ],
)  # fmt: skip
def test_a_parameter_becomes_its_members(parameters, members):
    body = written("Hi", **parameters)
    body.pop("tools", None) if "tools" not in members else None
    assert body == {"input": [HI], "store": False, **members}


@pytest.mark.parametrize(
    "extra",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"background": True},
        {"store": True},
        {"store": None},
    ],
)
def test_nothing_contradicts_a_caller_who_wants_a_store(extra):
    assert written("Hi", KNOWN, extra_body=extra) == {"input": [HI]}


def test_a_caller_who_wants_no_store_gets_reasoning_that_can_go_back():
    extra = {"previous_response_id": "resp_1", "store": False}
    assert written("Hi", KNOWN, extra_body=extra)["include"] == ["reasoning.encrypted_content"]


@pytest.mark.parametrize(
    ("native", "body"),
    [
        ({"stateless": False}, {"input": [HI], "reasoning": {"effort": "high"}}),
        ({"encrypted_reasoning": False}, {"input": [HI], "reasoning": {"effort": "high"}, "store": False}),
        (
            {"stateless": False, "reasoning_summary": "auto"},
            {"input": [HI], "reasoning": {"effort": "high", "summary": "auto"}},
        ),
    ],
)
def test_what_a_host_does_otherwise_is_an_option(native, body):
    config = ModelConfig(features={"native": {"body": OWN, **native}})
    assert written("Hi", config, reasoning="high") == body


def test_hosts_may_have_members_that_openai_has_not():
    config = ModelConfig(features={"native": {"body": OWN, "seed": "seed", "stop": "stop", "top_k": "top_k"}})
    body = written("Hi", config, seed=4, stop=["a"], top_k=3)
    assert (body["seed"], body["stop"], body["top_k"]) == (4, ["a"], 3)


def test_a_user_says_parts():
    assert items(
        Message.user(
            "a",
            Image(b"x", media_type="image/png"),
            Image("https://a/b.png"),
            Audio(b"x", media_type="audio/wav"),
            Document(b"x", media_type="application/pdf", name="d"),
            Document(b"x", media_type="application/pdf"),
            Document("https://a/b.pdf"),
            Opaque(OWN, "input_image", {"type": "input_image", "file_id": "f"}),
            Opaque("another", "input_image", {}),
        )
    ) == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": "data:image/png;base64,eA=="},
                {"type": "input_image", "image_url": "https://a/b.png"},
                {"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}},
                {"type": "input_file", "filename": "d", "file_data": "data:application/pdf;base64,eA=="},
                {"type": "input_file", "filename": "document", "file_data": "data:application/pdf;base64,eA=="},
                {"type": "input_file", "file_url": "https://a/b.pdf"},
                {"type": "input_image", "file_id": "f"},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (Video(b"x", media_type="video/mp4"), UnsupportedFeatureError),
        (Image("s3://a/b.png"), UnsupportedFeatureError),
        (Image(b"x", media_type="image/bmp"), InvalidRequestError),
        (Audio("https://a/b.wav"), UnsupportedFeatureError),
        (Audio(b"x", media_type="audio/flac"), InvalidRequestError),
        (Document(b"\0"), InvalidRequestError),
    ],
)
def test_media_without_a_place_are_refused_by_their_message(part, error):
    with pytest.raises(error) as caught:
        items(Message.user("a", part))
    assert caught.value.parameter.startswith("messages[0].parts[1]")


def test_bedrock_reads_no_web_addresses():
    with pytest.raises(UnsupportedFeatureError):
        items(Message.user(Image("https://a/b.png")), config=ModelConfig(provider="bedrock"))


def test_calls_and_results_are_items():
    picture = Image(b"x", media_type="image/png")
    made = items(
        Message.user("a"),
        Message.assistant("b", ToolCall("t", "n", {"x": "ä"}), ToolCall("u", "n", None, "{no", "broken")),
        Message.user(ToolResult("t", "2"), ToolResult("u", (Text("a"), picture)), "and?"),
        Message.assistant(ToolCall("v", "n", {})),
        Message.user(ToolResult("v", "no", is_error=True)),
    )
    seen = {"type": "input_image", "image_url": "data:image/png;base64,eA=="}
    assert made == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"type": "function_call", "call_id": "t", "name": "n", "arguments": '{"x":"ä"}'},
        {"type": "function_call", "call_id": "u", "name": "n", "arguments": '{"invalid_json":"{no"}'},
        {"type": "function_call_output", "call_id": "t", "output": "2"},
        {"type": "function_call_output", "call_id": "u", "output": [{"type": "input_text", "text": "a"}, seen]},
        {"role": "user", "content": "and?"},
        {"type": "function_call", "call_id": "v", "name": "n", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "v", "output": "Error: no"},
    ]


def test_calls_of_other_providers_are_brought_into_form():
    first, second = items(
        Message.user("a"), Message.assistant(ToolCall("x" * 80, "näme", {})), Message.user(ToolResult("x" * 80, "2"))
    )[1:]
    assert first["call_id"] == second["call_id"]
    assert len(first["call_id"]) <= 64
    assert first["name"].startswith("n_me")


ANSWERS = [
    [reasoning("Hm", encrypted_content="S"), call('{"a":1}')],
    [reasoning(encrypted_content="S"), message("Hi")],
    [reasoning(content=[{"type": "reasoning_text", "text": "Hm"}], status="completed"), message("Hi")],
    [{"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search"}}, message("Hi")],
    [{"type": "compaction", "id": "c", "encrypted_content": "S"}],
    [call('{"a":1}', namespace="crm"), call("{}", call_id="d")],
    [message("a", phase="commentary"), call("{}"), message("b", phase="final_answer")],
    [message("a"), message("b"), message("c")],
    [message(text_part("x", [{"type": "url_citation", "url": "https://a"}]), "y")],
    [message({"type": "novel", "x": 1}, "y")],
]
OURS = {"message": ("id", "status", "type"), "function_call": ("id", "status")}


def sent_back(item):
    """An item of an answer as it goes back: a message and a call without the ids that nobody stored."""
    kept = {name: value for name, value in item.items() if name not in OURS.get(item["type"], ())}
    if item["type"] == "message":
        kept["content"] = [{name: value for name, value in part.items() if value != []} for part in kept["content"]]
        if len(kept["content"]) == 1 and kept["content"][0].keys() == {"type", "text"}:
            kept["content"] = kept["content"][0]["text"]
    return kept


@pytest.mark.parametrize("output", ANSWERS)
def test_an_answer_goes_back_as_it_came(output):
    turn = BODY.read(answer(*output), KNOWN).message
    assert items(Message.user("Hi"), turn, config=KNOWN)[1:] == [sent_back(item) for item in output]


def test_members_that_are_null_do_not_go_back():
    turn = BODY.read(answer(reasoning(encrypted_content="S", content=None, status=None)), KNOWN).message
    assert items(Message.user("Hi"), turn, config=KNOWN)[1:] == [reasoning(encrypted_content="S")]


def test_a_host_that_looks_for_ids_gets_none():
    config = ModelConfig(features={"native": {"body": OWN, "reasoning_ids": False}})
    turn = BODY.read(answer(reasoning("Hm", encrypted_content="S")), config).message
    summary = [{"type": "summary_text", "text": "Hm"}]
    assert items(turn, config=config) == [{"type": "reasoning", "summary": summary, "encrypted_content": "S"}]


def test_reasoning_from_another_wire_is_written_as_an_item():
    made = items(Message.user("a"), Message.assistant(Thinking("Hm", "S"), Thinking("", "T"), Thinking("So"), "b"))
    summary = [{"type": "summary_text", "text": "Hm"}]
    assert made[1:4] == [
        {"type": "reasoning", "summary": summary, "encrypted_content": "S"},
        {"type": "reasoning", "summary": [], "encrypted_content": "T"},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "So"}]},
    ]


def test_the_result_of_a_custom_tool_and_of_a_programs_call_say_so():
    caller = {"type": "program", "caller_id": "p"}
    custom = {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "SELECT 1"}
    turn = BODY.read(answer(custom, call(caller=caller)), PLAIN).message
    assert items(Message.user("a"), turn, Message.user(ToolResult("c", "1"), ToolResult("call_1", "2")))[1:] == [
        custom,
        {"type": "function_call", "call_id": "call_1", "name": "n", "arguments": "{}", "caller": caller},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "1"},
        {"type": "function_call_output", "call_id": "call_1", "output": "2", "caller": caller},
    ]


def test_system_messages_stand_where_they_are():
    config = ModelConfig(features={"native": {"body": OWN, "system_role": "developer"}})
    assert items(Message.user("a"), Message.system("b"), config=config)[1]["role"] == "developer"


def test_cache_points_mark_what_is_before_them():
    made = written(
        [Message.user(Text("a"), CachePoint(), Text("b"))], system=[Text("s"), CachePoint()],
    )["input"]  # fmt: skip
    marked = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    assert made == [
        {"role": "system", "content": [{"type": "input_text", "text": "s", **marked}]},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "a", **marked}, {"type": "input_text", "text": "b"}],
        },
    ]


def test_items_of_ones_own_stand_where_they_are():
    reference, whole = {"type": "item_reference", "id": "x"}, {"type": "message", "role": "user", "content": "b"}
    approval = {"type": "mcp_approval_response", "approval_request_id": "x", "approve": True}
    parts = [Opaque(OWN, "item_reference", reference), Opaque(OWN, "message", whole)]
    made = items(Message.user("a", *parts, Opaque(OWN, "mcp_approval_response", approval)))
    assert made == [{"role": "user", "content": "a"}, reference, whole, approval]


def test_citations_go_back_with_their_text():
    cited = {"type": "url_citation", "url": "https://a"}
    turn = Message.assistant(Text("x", (Citation(raw=cited), Citation("no raw"))))
    assert items(Message.user("a"), turn)[1]["content"] == [
        {"type": "output_text", "text": "x", "annotations": [cited]}
    ]


def test_references_are_replaced_where_a_host_reads_none():
    schema = {"$defs": {"A": {"type": "string"}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}
    config = ModelConfig(features={"native": {"body": OWN, "inline_refs": True}})
    body = written("Hi", config, tools=[ToolSpec("n", None, schema)], output_type=schema)
    inlined = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert (body["tools"][0]["parameters"], body["text"]["format"]["schema"]) == (inlined, inlined)


@pytest.mark.parametrize("tool", [ToolSpec("a b"), ToolSpec("n", None, {"type": "string"})])
def test_tools_that_everyone_refuses_are_refused(tool):
    with pytest.raises(InvalidRequestError) as caught:
        written("Hi", tools=[tool])
    assert caught.value.parameter.startswith("tools[0]")
