"""The Responses body, as the emulator takes and writes it."""

from __future__ import annotations

import collections
import json

import pytest

from bedrock_llm.codecs.openai_responses import ResponsesBody
from bedrock_llm.codecs.shared.fields import merge
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
)
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.openai_responses import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.openai_responses.wire import folded, records

GPT = ModelConfig(
    provider="openai", model="gpt", family="gpt", features={"reasoning": {"style": "reasoning_effort", "efforts": []}}
)
PLAIN = ModelConfig()
OWN = "openai_responses"
SCHEMA = {"type": "object", "properties": {}}
HI = {"role": "user", "content": "Hi"}
CALL = {"type": "function_call", "call_id": "t", "name": "n", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "t", "output": "2"}
FUNCTION = {"type": "function", "name": "n", "parameters": SCHEMA}
SEALED = {"id": "rs", "type": "reasoning", "summary": [], "encrypted_content": "S"}


def written(request, config=GPT):
    """The body as a client sends it, less what its carrier adds."""
    made = merge(ResponsesBody().write(request, config, stream=False), request.get("extra_body", {}))
    return json.loads(json.dumps(made))


def full(value):
    """A value less members that are null or hold nothing, at any depth."""
    if isinstance(value, list):
        return [full(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {name: full(entry) for name, entry in value.items() if entry not in (None, [], {})}


def normalised(body):
    """A body less what says nothing. The whole list of what two equal bodies may differ in:

    1. members that are null or hold nothing are left out; an assistant's message that says nothing is none;
    2. an input that is a text is a message of the user, a content of a single text is the text;
    3. an item without a type is a message, and a message needs none;
    4. the arguments of a call are compared by their value; those that are no JSON object stand in one;
    5. an image's detail is `auto` unless it says otherwise;
    6. a tool without parameters has those of no arguments, one with a blank description has none;
    7. a schema has a name, and says whether it is held to strictly.
    """
    made = {name: value for name, value in json.loads(json.dumps(body)).items() if value not in (None, [], {}, "")}
    given = made.pop("input", [])
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    said = [_item(item if item.get("type") == "additional_tools" else full(item)) for item in items]
    made["input"] = [item for item in said if item.get("role") != "assistant" or item.get("content")]
    for tool in made.get("tools", ()):
        if tool["type"] == "function" and tool.keys() <= {"type", "name", "description", "parameters", "strict"}:
            tool["parameters"] = tool.get("parameters") or SCHEMA
            for name in ("description", "strict"):
                if tool.get(name) in (None, ""):
                    tool.pop(name, None)
    form = made.get("text", {}).get("format") or {}
    if "schema" in form:
        form.pop("strict", None)
        form.setdefault("name", "answer")
    return {**made, **{name: full(made[name]) for name in ("reasoning",) if name in made}}


def _item(item):
    if item.get("type") == "message":
        del item["type"]
    for name in ("content", "output"):
        entries = item.get(name) if isinstance(item.get(name), list) else []
        for entry in entries:
            if entry.get("detail") == "auto":
                del entry["detail"]
        if len(entries) == 1 and entries[0].keys() == {"type", "text"} and item.get("type") != "reasoning":
            item[name] = entries[0]["text"]
    if item.get("type") == "function_call":
        try:
            read = json.loads(item["arguments"] or "{}")
        except ValueError:
            read = None
        item["arguments"] = read if isinstance(read, dict) else {"invalid_json": item["arguments"]}
    return item


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    found, unnamed, refused = collections.Counter(), set(), []
    for record, expected in records(lambda record: record["api"] == "responses"):
        body = record["request"]["body"]
        if not isinstance(body, dict):
            continue
        body = {name: value for name, value in body.items() if name not in ("model", "stream", "stream_options")}
        config = ModelConfig(model=record["model"], family=record["family"])
        try:
            request = BODY.parse(body, config)
        except InvalidRequestError as error:  # no client of ours could send it
            refused.append((expected["error"]["status"], error.parameter))
            with pytest.raises(Refusal):
                BODY.check(body, config, record["streaming"])
            continue
        assert normalised(written(request, config)) == normalised(body), record["id"]
        if not expected["error"]:
            BODY.check(body, config, record["streaming"])
        unnamed |= request.get("extra_body", {}).keys()
        found[record["provider"]] += 1
    print(f"{found} recorded bodies are equal; without a name of ours: {sorted(unnamed)}; refused: {refused}")
    assert sum(found.values()) > 380
    assert set(refused) <= {(400, "temperature")}
    assert unnamed.isdisjoint({"tools", "temperature", "top_p", "max_output_tokens", "input", "instructions"})


ROUND = [
    Request.of("Hi"),
    Request.of(
        "Hi",
        system="s",
        max_tokens=5,
        temperature=0.5,
        top_p=1,
        logprobs=3,
        reasoning="high",
        metadata={"a": "b"},
        service_tier="flex",
        tools=[ToolSpec("n", "d", SCHEMA, True), Opaque(OWN, "web_search", {"type": "web_search"})],
        tool_choice="n",
        parallel_tool_calls=False,
        output_type={**SCHEMA, "title": "City"},
        extra_body={"user": "u", "text": {"verbosity": "low"}, "reasoning": {"summary": "auto"}},
    ),
    Request.of("Hi", tools=[ToolSpec("n", None, SCHEMA)], tool_choice="required", logprobs=True),
    Request.of("Hi", tool_choice="none", output_type=SCHEMA),
    Request.of("Hi", extra_body={"store": True}),
    Request.of("Hi", extra_body={"store": None}),
    Request.of("Hi", extra_body={"previous_response_id": "r"}),
    Request.of("Hi", extra_body={"previous_response_id": "r", "store": False}),
    Request.of("Hi", extra_body={"include": ["web_search_call.action.sources"]}),
    Request.of("Hi", extra_body={"include": None}),
    Request.of(
        [
            Message.user(
                "a",
                Image(b"x", media_type="image/png"),
                Image("https://a/b.png"),
                CachePoint(),
                Audio(b"x", media_type="audio/wav"),
                Document(b"x", media_type="application/pdf", name="d"),
                Document("https://a/b.pdf"),
                Opaque(OWN, "input_file", {"type": "input_file", "file_id": "f"}),
            ),
            Message.assistant(
                Thinking("Hm", "S", None, "gpt"), "b", ToolCall("t", "n", {"x": [1]}), ToolCall("u", "n", {})
            ),
            Message.user(ToolResult("t", "2"), ToolResult("u", (Text("a"), Text("b"))), "and?"),
            Message.user("still there?"),
            Message.system("later"),
            Message.assistant("c", Opaque(OWN, "message", {"phase": "commentary"}), Text("d")),
            Message.assistant("e"),
            Message.user("f"),
        ]
    ),
    Request.of(
        [
            Message.user("a"),
            Message.assistant(
                Thinking("", "S", None, "gpt"),
                Opaque(OWN, "reasoning", SEALED),
                Opaque(OWN, "web_search_call", {"type": "web_search_call", "id": "ws", "status": "completed"}),
                Text("x", (Citation(None, "A", "https://a", {"url": "https://a", "title": "A"}),)),
                ToolCall("t", "n", {}),
                Opaque(OWN, "call", {"namespace": "crm", "caller": {"type": "direct"}}),
                ToolCall("u", "sql", None, "SELECT 1", "the input of a custom tool is a text of its own, not JSON"),
                Opaque(OWN, "call", {"type": "custom_tool_call"}),
            ),
            Message.user(ToolResult("t", "1"), ToolResult("u", "2")),
        ]
    ),
]


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_read_as_the_request_that_it_was(request_):
    body = written(request_)
    BODY.check(body, GPT, False)
    assert BODY.parse(body, GPT) == request_
    assert written(BODY.parse(body, GPT)) == body


def test_a_summary_that_the_client_asks_for_is_not_the_callers():
    native = {"body": OWN, "reasoning_summary": "auto"}
    config = ModelConfig(features={"native": native, "reasoning": {"style": "reasoning.effort"}})
    for request in (
        Request.of("Hi", reasoning="low"),
        Request.of("Hi", reasoning="low", extra_body={"reasoning": {"summary": None}}),
        Request.of("Hi", reasoning="low", extra_body={"reasoning": {"summary": "detailed"}}),
    ):
        assert BODY.parse(written(request, config), config) == request


def test_an_input_may_be_a_text():
    assert BODY.parse({"input": "Hi", "store": False}, PLAIN) == Request.of("Hi")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "must be provided"),
        ({"input": []}, "must be provided"),
        ({"input": 7}, "expected a string"),
        ({"input": ["x"]}, "JSONObject"),
        ({"input": [{"role": "bot", "content": "a"}]}, "role"),
        ({"input": [{"role": "user"}]}, "content"),
        ({"input": [{"role": "user", "content": 7}]}, "expected a string"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "text"),
        ({"input": [{"role": "user", "content": [{"text": "a"}]}]}, "type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "image_url"),
        ({"input": [HI, RESULT]}, "No tool call found"),
        ({"input": [HI, CALL]}, "No tool output found"),
        ({"input": [HI, {**CALL, "name": None}, RESULT]}, "name"),
        ({"input": [HI, CALL, {**RESULT, "output": None}]}, "output"),
        ({"input": [HI, {"type": "reasoning", "id": "rs"}]}, "summary"),
        ({"input": [HI, {**SEALED, "encrypted_content": None}], "store": False}, "not persisted"),
        ({"input": "a", "temperature": 3}, "temperature"),
        ({"input": "a", "top_p": True}, "top_p"),
        ({"input": "a", "max_output_tokens": 0}, "max_output_tokens"),
        ({"input": "a", "top_logprobs": 21}, "top_logprobs"),
        ({"input": "a", "stop": ["a"]}, "Unknown parameter: 'stop'"),
        ({"input": "a", "max_tokens": 5}, "Unknown parameter: 'max_tokens'"),
        ({"input": "a", "tools": {}}, "tools"),
        ({"input": "a", "tools": [FUNCTION, FUNCTION]}, "twice"),
        ({"input": "a", "tools": [{**FUNCTION, "name": "a b"}]}, "does not match"),
        ({"input": "a", "tools": [{**FUNCTION, "parameters": {"type": "string"}}]}, "object"),
        (
            {"input": "a", "tools": [{**FUNCTION, "strict": True, "parameters": {**SCHEMA, "properties": {"u": {}}}}]},
            "Missing 'u'",
        ),
        ({"input": "a", "tool_choice": "required"}, "require 'tools'"),
        ({"input": "a", "tools": [FUNCTION], "tool_choice": {"type": "function", "name": "m"}}, "not found"),
    ],
)
def test_what_everyone_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words):
        BODY.check(body, PLAIN, False)


@pytest.mark.parametrize(
    "body",
    [
        {"previous_response_id": "r", "input": [RESULT]},
        {"conversation": "c"},
        {"prompt": {"id": "p"}},
        {"input": [HI, {"type": "item_reference", "id": "x"}]},
        {"input": [HI, SEALED, CALL, RESULT], "store": False},
    ],
)
def test_what_the_service_knows_of_before_need_not_be_said(body):
    BODY.check(body, PLAIN, False)
    assert normalised(written(BODY.parse(body, PLAIN), PLAIN)) == normalised(body)


@pytest.mark.parametrize(
    ("features", "body", "stream"),
    [
        ({"streaming": False}, {"input": "a"}, True),
        ({"tools": False}, {"input": "a", "tools": [FUNCTION]}, False),
        ({"streaming_with_tools": False}, {"input": "a", "tools": [FUNCTION]}, True),
        ({"system": False}, {"input": "a", "instructions": "s"}, False),
        ({"structured_output": False}, {"input": "a", "text": {"format": {"type": "json_schema"}}}, False),
        ({"reasoning": False}, {"input": "a", "include": ["reasoning.encrypted_content"]}, False),
        (
            {"images": False},
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            False,
        ),
        ({"sampling": []}, {"input": "a", "temperature": 1}, False),
        ({"tool_choice": ["auto"]}, {"input": "a", "tools": [FUNCTION], "tool_choice": "required"}, False),
    ],
)
def test_what_a_model_is_known_not_to_take_is_refused(features, body, stream):
    with pytest.raises(Refusal):
        BODY.check(body, ModelConfig(features=features), stream)
    BODY.check(body, ModelConfig(), stream)


def test_more_tokens_than_the_model_gives_are_refused():
    with pytest.raises(Refusal, match="limit of 9"):
        BODY.check({"input": "a", "max_output_tokens": 10}, ModelConfig(max_output_tokens=9), False)


CITED = Citation(None, "A", "https://a", {"type": "url_citation", "url": "https://a", "title": "A"})
ITEM = {"id": "rs", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}], "encrypted_content": "S"}
COUNTED = Usage(3, 4, 2, None, 5, reasoning_tokens=2)
ANSWERS = [
    Response(Message.assistant("You said hi, so I say hi."), StopReason.stop, usage=COUNTED),
    Response(Message.assistant(Text("a b", (CITED,)), Text("c")), StopReason.stop, usage=COUNTED),
    Response(
        Message.assistant(
            Thinking("Hm", "S", None, "gpt"),
            Opaque(OWN, "reasoning", ITEM),
            "I look.",
            Opaque(OWN, "message", {"phase": "commentary"}),
            ToolCall("t", "n", {"a": [1, "ä"]}),
            ToolCall("u", "m", {}),
            Opaque(OWN, "call", {"namespace": "crm"}),
        ),
        StopReason.tool_use,
        usage=COUNTED,
    ),
    Response(
        Message.assistant(Opaque(OWN, "web_search_call", {"type": "web_search_call", "id": "ws"}), "Found."),
        StopReason.stop,
        usage=COUNTED,
    ),
    Response(Message.assistant("cut"), StopReason.length, usage=COUNTED),
    Response(Message.assistant("no"), StopReason.content_filter, usage=COUNTED),
    Response(Message.assistant("odd"), StopReason.other, "steered", usage=COUNTED),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    whole = ResponsesBody().read(BODY.answer(answer), GPT)
    streamed = folded(list(BODY.chunks(answer)), GPT)
    assert whole == streamed
    assert (whole.message, whole.stop_reason, whole.usage) == (answer.message, answer.stop_reason, answer.usage)


def test_thinking_alone_is_an_item_with_a_summary():
    answer = Response(Message.assistant(Thinking("Let me see.", "S"), "a"), usage=COUNTED)
    whole = ResponsesBody().read(BODY.answer(answer), GPT)
    assert whole == folded(list(BODY.chunks(answer)), GPT)
    assert (whole.thinking, whole.text) == ("Let me see.", "a")
    assert whole.message.parts[0] == Thinking("Let me see.", "S", None, "gpt")


def test_events_are_counted_and_the_last_holds_the_answer():
    events = list(BODY.chunks(ANSWERS[0]))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["response"] == BODY.answer(ANSWERS[0])


def test_what_has_no_place_in_an_answer_is_refused():
    with pytest.raises(InvalidRequestError):
        BODY.answer(Response(Message.assistant(Image(b"x", media_type="image/png"))))
