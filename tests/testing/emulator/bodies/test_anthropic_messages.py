"""Messages bodies from the service's side: read, refused, answered."""

from __future__ import annotations

import collections
import dataclasses
import json

import pytest

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.codecs.anthropic_messages.carrier import BEDROCK
from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.events import empty_response, fold
from bedrock_llm.messages import (
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
from bedrock_llm.testing.emulator.bodies.anthropic_messages import BODY
from bedrock_llm.testing.emulator.validate import Invalid
from tests.shared_data import shared

# As Anthropic's own API, where these addresses are fetched; Bedrock's form is told apart by its version.
CODEC = MessagesBody(BEDROCK._replace(fetches=True))
CLAUDE = ModelConfig(model="anthropic.claude-next", family="claude")
VERSION = "bedrock-2023-05-31"


def normalised(body):
    """A body less what says nothing. The whole list of what two equal bodies may differ in:

    1. a content or system text of one string is a list of one text block;
    2. members that hold nothing are left out: `system: []`, `tools: []`, `citations: null`, `cache_control: null`,
       `content: ""` of a result;
    3. defaults are left out: `is_error: false`, `citations: {"enabled": false}`, `caller: {"type": "direct"}`,
       `type: "custom"` of a tool;
    4. the carrier's own `model`, `stream` and `anthropic_version` are left out.
    """
    body = json.loads(json.dumps(body))
    for name in ("model", "stream", "anthropic_version"):
        body.pop(name, None)
    for name in ("system", "tools"):
        if body.get(name) == []:
            del body[name]
    for tool in body.get("tools", ()):
        if tool.get("type") == "custom":
            del tool["type"]
    if isinstance(body.get("system"), str):
        body["system"] = [{"type": "text", "text": body["system"]}]
    for message in body["messages"]:
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        for block in message["content"]:
            _settle_defaults(block)
            inner = block.get("content") if block["type"] == "tool_result" else None
            for entry in inner if isinstance(inner, list) else ():
                _settle_defaults(entry)
    return body


def _settle_defaults(block):
    defaults = {
        "is_error": (False,),
        "cache_control": (None,),
        "citations": (None, [], {"enabled": False}),
        "caller": ({"type": "direct"},),
    }
    for name, values in defaults.items():
        if block.get(name, block) in values:
            del block[name]
    if block["type"] == "tool_result" and block.get("content") == "":
        del block["content"]


def unnamed(request):
    """What a request holds in `Opaque` and `extra_body`, as kinds and paths."""
    found = collections.Counter()
    groups = [message.parts for message in request.messages] + [request.get("tools", ())]
    for group in groups:
        for part in group:
            inner = part.content if isinstance(part, ToolResult) and not isinstance(part.content, str) else ()
            found.update(f"Opaque {entry.kind}" for entry in (part, *inner) if isinstance(entry, Opaque))
    found.update(f"extra_body {name}" for name in request.get("extra_body", {}))
    return found


def recorded():
    """Every recorded request of this wire that was answered: those of Bedrock and of Anthropic's own API."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    for record in (json.loads(line) for line in lines if '"messages"' in line):
        body = record["request"]["body"]
        ours = record["api"] == "messages" or (
            record["provider"] == "bedrock" and record["api"].startswith("invoke") and record["family"] == "claude"
        )
        if ours and isinstance(body, dict) and "messages" in body and record["response"]["status"] == 200:
            yield record


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    equal, without_name = 0, collections.Counter()
    for record in recorded():
        body = record["request"]["body"]
        said = {name: value for name, value in body.items() if name not in ("model", "stream", "anthropic_version")}
        request = BODY.parse(said, CLAUDE)
        again = CODEC.write(request, CLAUDE, stream=record["streaming"])
        again = merge(again, request.get("extra_body", {}))
        assert normalised(again) == normalised(body), record["id"]
        without_name += unnamed(request)
        equal += 1
    assert equal == 350
    assert without_name == {
        "Opaque bash_code_execution_tool_result": 3,
        "Opaque code_execution_20250522": 1,
        "Opaque code_execution_20260120": 3,
        "Opaque container_upload": 2,
        "Opaque custom": 35,  # tools that are loaded later
        "Opaque image": 1,  # of a file
        "Opaque mcp_tool_use": 1,
        "Opaque server_tool_use": 10,
        "Opaque tool_addition": 4,
        "Opaque tool_reference": 4,
        "Opaque tool_search_tool_bm25_20251119": 8,
        "Opaque tool_search_tool_regex_20251119": 1,
        "Opaque tool_search_tool_result": 2,
        "Opaque web_fetch_20250910": 6,
        "Opaque web_fetch_tool_result": 3,
        "Opaque web_search_20250305": 14,
        "Opaque web_search_tool_result": 2,
        "extra_body cache_control": 1,
        "extra_body container": 2,
        "extra_body mcp_servers": 1,
        "extra_body metadata": 1,
        "extra_body output_config": 2,  # an effort that `reasoning` has no word for
        "extra_body output_format": 9,  # of an older version
        "extra_body service_tier": 1,
        "extra_body thinking": 6,  # whether it is shown
    }


def test_what_bedrock_answered_passes_the_check():
    config = ModelConfig(model="claude", family="claude", features={"leading_assistant": True})
    passed = 0
    for record in recorded():
        if record["provider"] != "bedrock":
            continue
        BODY.check(record["request"]["body"], config, record["streaming"])
        passed += 1
    assert passed == 41


HI = [{"role": "user", "content": "hi"}]
CALL = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}
CITED = {**PDF, "citations": {"enabled": True}}
THOUGHT = {"type": "thinking", "thinking": "t", "signature": "s"}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
MARK = {"cache_control": {"type": "ephemeral"}}
LOOP = [*HI, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]


def user(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def text(words, **more):
    return {"type": "text", "text": words, **more}


def check(config=CLAUDE, /, **members):
    body = {"anthropic_version": VERSION, "max_tokens": 2000, "messages": HI, **members}
    BODY.check({name: value for name, value in body.items() if value is not None}, config, False)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"messages": [*HI, *HI], "max_tokens": 0},  # turns of one role are merged there
        {"messages": [*HI, {"role": "assistant", "content": "Well,"}]},
        {"messages": [*HI, {"role": "assistant", "content": []}]},
        {"messages": LOOP},  # tools need not stand there (since 2025)
        {"messages": [*HI, {"role": "assistant", "content": [THOUGHT, CALL]}, *user(RESULT, PNG, text("a"))],
         "tools": [TOOL], "thinking": BUDGET},
        {"messages": [*HI, {"role": "assistant", "content": [CALL, {**CALL, "id": "t2"}]}, *user(RESULT),
                      *user({**RESULT, "tool_use_id": "t2"})]},
        {"messages": [*HI, {"role": "system", "content": "be brief"}]},
        {"messages": user(text("a"), text(" "), CITED, PNG), "system": [text("a", **MARK)]},
        {"tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "tools": [TOOL],
         "tool_choice": {"type": "tool", "name": "weather"}},
        {"thinking": BUDGET, "temperature": 1, "top_p": 0.95},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        {"anthropic_beta": ["computer-use-2025-11-24"], "context_management": {"edits": []}},
        {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}, "metadata": {"user_id": "u"}},
        {"anthropic_version": "2026-10-21"},
    ],
)  # fmt: skip
def test_what_the_service_takes(members):
    check(**members)


REFUSED = [
    ({"anthropic_version": None}, "anthropic_version: Field required"),
    ({"anthropic_version": "2023-06-01"}, "anthropic_version: Input should be"),
    ({"anthropic_version": "2026-10-21", "temperature": 1}, "temperature: Extra inputs are not permitted"),
    ({"anthropic_version": "2026-10-21", "messages": [*HI, {"role": "assistant", "content": [PDF]}, *HI]},
     "messages.1.content.0: `document` blocks are not allowed in `assistant` messages"),
    ({"anthropic_version": "2026-10-21", "messages": user(text("a", citations=[{"type": "char_location"}]))},
     "must not have `citations`"),
    ({"anthropic_beta": ["no-such-beta"]}, "invalid beta flag"),
    ({"anthropic_beta": "a"}, "anthropic_beta: Input should be a valid list"),
    ({"model": "claude"}, "model: Extra inputs are not permitted"),
    ({"stream": True}, "stream: Extra inputs are not permitted"),
    ({"foo": 1}, "foo: Extra inputs are not permitted"),
    ({"max_tokens": None}, "max_tokens: Field required"),
    ({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
    ({"max_tokens": "many"}, "max_tokens: Input should be a valid integer"),
    ({"temperature": 1.1}, "temperature: range: 0..1"),
    ({"temperature": -0.1}, "temperature: Input should be greater than or equal to 0"),
    ({"top_p": 1.1}, "top_p: must be between 0 and 1"),
    ({"top_p": True}, "top_p: Input should be a valid number"),
    ({"top_k": 1.5}, "top_k: Input should be a valid integer"),
    ({"stop_sequences": ["a", " "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
    ({"stop_sequences": "a"}, "stop_sequences: Input should be a valid list"),
    ({"system": 1}, "system: Input should be a valid list"),
    ({"system": [text("")]}, "system: text content blocks must be non-empty"),
    ({"system": [PNG]}, "can only be in `user` messages"),
    ({"messages": None}, "messages: Field required"),
    ({"messages": "hi"}, "messages: Input should be a valid list"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": ["hi"]}, "messages.0: Input does not match the expected shape."),
    ({"messages": [{"content": "hi"}]}, "messages.0.role: Field required"),
    ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    ({"messages": [{**HI[0], "name": "x"}]}, "messages.0.name: Extra inputs are not permitted"),
    ({"messages": [{"role": "tool", "content": "hi"}]}, 'messages: Unexpected role "tool"'),
    ({"messages": [{"role": "assistant", "content": "hi"}, *HI]}, 'messages: first message must use the "user" role'),
    ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty content"),
    ({"messages": user()}, "messages.0: all messages must have non-empty content"),
    ({"messages": user(text(""), text("a"))}, "messages: text content blocks must be non-empty"),
    ({"messages": user(text(" "))}, "messages: text content blocks must contain non-whitespace text"),
    ({"messages": [*HI, {"role": "assistant", "content": "Well, "}]}, "cannot end with trailing whitespace"),
    ({"messages": user("hi")}, "messages.0.content.0: Input should be a valid dictionary"),
    ({"messages": user({"text": "a"})}, "messages.0.content.0.type: Field required"),
    ({"messages": user({"type": "film"})}, "messages.0.content.0: Input tag 'film' found"),
    ({"messages": user({"type": "text"})}, "messages.0.content.0.text.text: Field required"),
    ({"messages": user({"type": "text", "text": 1})}, "messages.0.content.0.text.text: Input should be a valid string"),
    ({"messages": user(text("a", x=1))}, "messages.0.content.0.text.x: Extra inputs are not permitted"),
    ({"messages": user(CALL)}, "`tool_use` blocks can only be in `assistant` messages"),
    ({"messages": user({**PNG, "source": {"type": "url", "url": "https://h"}})}, "Input tag 'url' found using 'type'"),
    ({"messages": user({**PDF, "source": {"type": "file", "file_id": "f"}})}, "Input tag 'file' found using 'type'"),
    ({"messages": user({**PNG, "source": {**PNG["source"], "media_type": "image/tiff"}})}, "media_type: Input should"),
    ({"messages": user({**PNG, "source": {**PNG["source"], "data": "A"}})}, "source.base64: invalid base64 data"),
    ({"messages": user({**PDF, "source": {**PDF["source"], "media_type": "text/csv"}})}, "'application/pdf'"),
    ({"messages": user({**PDF, "source": {"type": "text", "media_type": "text/plain"}})}, "text.data: Input should"),
    ({"messages": [*HI, {"role": "assistant", "content": [{"type": "thinking", "thinking": "t"}]}, *HI]},
     "messages.1.content.0.thinking.signature: Field required"),
    ({"messages": [*HI, {"role": "assistant", "content": [{**CALL, "id": "a:b"}]}]}, "String should match pattern"),
    ({"messages": LOOP[:2]}, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t"),
    ({"messages": [*LOOP[:2], *HI]}, "messages.1: `tool_use` ids were found without `tool_result` blocks"),
    ({"messages": user(RESULT)}, "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t1"),
    ({"messages": [*LOOP[:2], *user(RESULT, RESULT)]}, "each tool_use must have a single result"),
    ({"messages": [*HI, {"role": "assistant", "content": [CALL, CALL]}, *user(RESULT)]}, "ids must be unique"),
    ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
    ({"tools": [{"name": "a"}]}, "tools.0.custom.input_schema: Field required"),
    ({"tools": [{"input_schema": {}}]}, "tools.0.custom.name: Field required"),
    ({"tools": [{**TOOL, "name": "a b"}]}, "tools.0.custom.name: String should match pattern"),
    ({"tools": [{**TOOL, "input_schema": {}}]}, "tools.0.custom.input_schema.type: Input should be 'object'"),
    ({"tool_choice": {"type": "auto"}}, "`tool_choice` may only be specified while providing `tools`."),
    ({"tools": [TOOL], "tool_choice": {"type": "some"}}, "tool_choice: Input tag 'some' found"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found in provided tools"),
    ({"messages": user(*(text(name, **MARK) for name in "abcde"))}, "A maximum of 4 blocks with cache_control"),
    ({"messages": user(text("a", cache_control={"type": "forever"}))}, "cache_control.type: Input should be"),
    ({"messages": user(text("a", cache_control={"type": "ephemeral", "ttl": "2h"}))}, "ttl: Input should be"),
    ({"messages": user(text("a"), text("", **MARK))}, "cache_control cannot be set for empty text blocks"),
    ({"system": [text("a", **MARK)],
      "messages": user(text("b", cache_control={"type": "ephemeral", "ttl": "1h"}))}, "must not come after a ttl='5m'"),
    ({"thinking": {"type": "deep"}}, "thinking: Input tag 'deep' found"),
    ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
    ({"thinking": {**BUDGET, "budget_tokens": 1023}}, "budget_tokens: Input should be greater than or equal to 1024"),
    ({"thinking": BUDGET, "max_tokens": 1024}, "`max_tokens` must be greater than `thinking.budget_tokens`."),
    ({"thinking": BUDGET, "temperature": 0.5}, "`temperature` may only be set to 1 when thinking is enabled."),
    ({"thinking": BUDGET, "top_k": 5}, "`top_k` must be unset when thinking is enabled."),
    ({"thinking": BUDGET, "top_p": 0.9}, "`top_p` must be greater than or equal to 0.95"),
    ({"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}}, "Thinking may not be enabled when"),
    ({"thinking": BUDGET, "messages": LOOP}, "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`"),
    ({"thinking": BUDGET, "messages": [*HI, {"role": "assistant", "content": "a"}]}, "but found `text`"),
    ({"messages": user(CITED, PDF)}, "citations must be enabled on all or none"),
    ({"messages": user(CITED), "output_config": {"format": {"type": "json_schema", "schema": {}}}}, "not compatible"),
    ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type: Input should be 'json_schema'"),
    ({"output_config": {"format": {"type": "json_schema", "schema": "{}"}}}, "schema: Input should be a valid dict"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "words"), REFUSED)
def test_what_the_service_refuses(members, words):
    with pytest.raises(Invalid) as caught:
        check(**members)
    assert words in caught.value.message


FORMAT = {"format": {"type": "json_schema", "schema": {}}}


@pytest.mark.parametrize(
    ("features", "members", "words"),
    [
        ({"anthropic_version": VERSION}, {"metadata": {}}, "metadata: Extra inputs are not permitted"),
        ({"tools": False}, {"tools": [TOOL]}, "does not support tool use"),
        ({"strict_tools": False}, {"tools": [{**TOOL, "strict": True}]}, "tools.0.custom.strict: Extra inputs"),
        ({"tool_choice": ["auto"]}, {"tools": [TOOL], "tool_choice": {"type": "any"}}, "`tool_choice` of type `any`"),
        ({"images": False}, {"messages": user(PNG)}, "messages.0.content.0: This model does not support image"),
        ({"documents": False}, {"messages": user(PDF)}, "does not support document input"),
        ({"citations": False}, {"messages": user(CITED)}, "does not support citations"),
        ({"structured_output": False}, {"output_config": FORMAT}, "output_config.format: Extra inputs"),
        ({"prefill": False}, {"messages": [*HI, {"role": "assistant", "content": "a"}]}, "assistant message prefill"),
        ({"system_messages": False}, {"messages": [*HI, {"role": "system", "content": "a"}]}, "messages.1.role"),
        ({"sampling": []}, {"temperature": 0}, "`temperature` is deprecated for this model."),
        ({"top_k": False}, {"top_k": 0}, "`top_k` is deprecated for this model."),
        ({"temperature_with_top_p": False}, {"temperature": 0, "top_p": 0}, "cannot both be specified"),
        ({"cache_ttl_1h": False}, {"system": [text("a", cache_control={"type": "ephemeral", "ttl": "1h"})]}, "of 1h"),
        ({"reasoning": False}, {"thinking": BUDGET}, "thinking: Extra inputs are not permitted"),
        ({"reasoning": {"style": "budget"}}, {"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported"),
        ({"reasoning": {"style": "adaptive", "efforts": ["low", "high"]}}, {"output_config": {"effort": "xhigh"}},
         "This model does not support effort level 'xhigh'. Supported levels: high, low."),
    ],
)  # fmt: skip
def test_what_single_models_refuse(features, members, words):
    with pytest.raises(Invalid) as caught:
        check(ModelConfig(family="claude", features=features), **members)
    assert words in caught.value.message


def test_an_answer_may_not_be_asked_to_be_longer_than_the_model_can():
    with pytest.raises(Invalid, match="max_tokens: 2000 > 100, which is the maximum"):
        check(ModelConfig(model="m", max_output_tokens=100))


CITATION = Citation("c", "T", None, {"type": "char_location", "cited_text": "c", "document_title": "T"})
REQUESTS = [
    Request.of("hi", max_tokens=5),
    Request.of("hi", max_tokens=5, temperature=0, top_p=1.0, top_k=3, stop=["x"], system="s"),
    Request.of("hi", max_tokens=5000, reasoning=2048),
    Request.of("hi", max_tokens=5000, reasoning="high", output_type={"type": "object"}),
    Request.of("hi", max_tokens=5, reasoning=False),
    Request.of("hi", max_tokens=5, system=[Text("s"), CachePoint("1h")], tools=[ToolSpec("a"), CachePoint("1h")]),
    Request.of("hi", max_tokens=5, tools=[ToolSpec("a", "d", {"type": "object"}, True)], tool_choice="a",
               parallel_tool_calls=False),
    Request.of("hi", max_tokens=5, tools=[ToolSpec("a", "d", {"type": "object"})], tool_choice="none"),
    Request.of("hi", max_tokens=5, extra_body={"anthropic_beta": ["b"], "thinking": {"display": "omitted"}}),
    Request.of([
        Message.user("a", CachePoint(), Image(b"x", media_type="image/png"),
                     Document(b"%PDF", media_type="application/pdf", name="N", context="C", citations=True),
                     Document(b"words", media_type="text/plain", citations=True)),
        Message.assistant(Thinking("t", "s", None, "claude"), Thinking("", None, "c2VhbA==", "claude"),
                          Text("b", (CITATION,)), ToolCall("t1", "a", {"x": 1}), ToolCall("t2", "a")),
        Message.user(ToolResult("t1", "r"), ToolResult("t2", (Text("r"), Image(b"x", media_type="image/png")), True),
                     CachePoint("5m"), "c"),
        Message.assistant(Opaque("anthropic_messages", "server_tool_use", {"type": "server_tool_use", "id": "s"})),
        Message.user("d"),
        Message.system("e"),
    ], max_tokens=5),
]  # fmt: skip


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_as_it_was(request_):
    made = MessagesBody().write(request_, CLAUDE, stream=False)
    found = BODY.parse(merge(made, request_.get("extra_body", {})), CLAUDE)
    system = request_.get("system")
    tools = [dataclasses.replace(tool, parameters=tool.parameters or {"type": "object", "properties": {}})
             if isinstance(tool, ToolSpec) else tool for tool in request_.get("tools", ())]  # fmt: skip
    assert found == request_.with_(tools=tuple(tools) or None, system=system)


def test_a_version_other_than_the_models_own_stays_in_the_body():
    body = {"anthropic_version": "2026-10-21", "max_tokens": 5, "messages": HI}
    assert BODY.parse(body, CLAUDE).get("extra_body") == {"anthropic_version": "2026-10-21"}
    newer = ModelConfig(family="claude", features={"anthropic_version": "2026-10-21"})
    assert BODY.parse(body, newer) == Request.of("hi", max_tokens=5)


def test_no_tokens_at_all_only_warm_the_cache():
    body = {"anthropic_version": VERSION, "max_tokens": 0, "messages": HI}
    request = BODY.parse(body, CLAUDE)
    assert merge(CODEC.write(request, CLAUDE, stream=False), request.get("extra_body"))["max_tokens"] == 0


CALLED = {"type": "server_tool_use", "id": "s", "name": "n", "input": {"q": 1}}
SERVER = Opaque("anthropic_messages", "server_tool_use", CALLED)
FOUND = Opaque("anthropic_messages", "web_search_tool_result", {"type": "web_search_tool_result", "content": []})
ANSWERS = [
    Response(Message.assistant("Hello there."), usage=Usage(9, 0, 0, 0, 4, searches=0)),
    Response(Message.assistant("cut"), StopReason.length, usage=Usage(9, 1, 2, 3, 4, searches=0)),
    Response(Message.assistant(Text("Hello", (CITATION,))), usage=Usage(9, 0, 0, 0, 4, searches=2, reasoning_tokens=1)),
    Response(
        Message.assistant(Thinking("well", "s", None, "claude"), Thinking("", None, "c2VhbA==", "claude"), "Hm.",
                          ToolCall("t1", "a", {"x": "y" * 30}), ToolCall("t2", "a", {})),
        StopReason.tool_use, usage=Usage(9, 0, 0, 0, 4, searches=0),
    ),
    Response(Message.assistant(SERVER, FOUND, "a"), StopReason.pause, usage=Usage(9, 0, 0, 0, 4, searches=0)),
    Response(Message.assistant("no"), StopReason.content_filter, usage=Usage(9, 0, 0, 0, 4, searches=0)),
]  # fmt: skip


@pytest.mark.parametrize("response", ANSWERS)
def test_both_forms_of_an_answer_are_read_to_what_was_said(response):
    body, reader, events = MessagesBody(), MessagesBody().reader(CLAUDE), []
    whole = body.read(BODY.answer(response), CLAUDE)
    for entry in json.loads(json.dumps(list(BODY.chunks(response)))):
        reader.take(entry, events)
        reader.settle(events)
    assert reader.complete
    assert fold(empty_response(), events) == whole
    assert whole.with_(raw_stop_reason=None) == response
    assert BODY.answer(response) == BODY.answer(response)


def test_text_and_arguments_come_in_pieces():
    kinds = [entry["delta"] for entry in BODY.chunks(ANSWERS[3]) if entry["type"] == "content_block_delta"]
    counted = collections.Counter(delta["type"] for delta in kinds)
    assert counted == {"thinking_delta": 1, "signature_delta": 1, "text_delta": 1, "input_json_delta": 7}
    assert [delta["partial_json"] for delta in kinds if delta["type"] == "input_json_delta"][:2] == ["", '{"x": "yy']


def test_a_stop_sequence_is_told():
    response = Response(Message.assistant("a"), StopReason.stop, "stop_sequence", raw={"stop_sequence": "x"})
    made = BODY.answer(response)
    assert (made["stop_reason"], made["stop_sequence"]) == ("stop_sequence", "x")


@pytest.mark.parametrize("part", [Opaque("converse", "toolUse", {}), Image(b"x", media_type="image/png")])
def test_what_claude_cannot_say_is_refused(part):
    with pytest.raises(InvalidRequestError, match="reply must be made of"):
        BODY.answer(Response(Message.assistant(part)))
