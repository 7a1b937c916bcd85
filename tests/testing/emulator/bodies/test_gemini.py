"""generateContent from the service's side: read, refused, answered."""

from __future__ import annotations

import collections
import json
import re

import pytest

from bedrock_llm.codecs.gemini import GeminiBody
from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.events import empty_response, fold
from bedrock_llm.messages import (
    Audio,
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
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.gemini import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.shared_data import shared

CODEC = GeminiBody()
BUDGET = {"style": "gemini_budget", "off": {"thinkingConfig": {"thinkingBudget": 0}}}
BUDGETED = ModelConfig(model="gemini-budget", family="gemini", features={"reasoning": BUDGET})
LEVELLED = ModelConfig(
    model="gemini-level", family="gemini", features={"reasoning": {"style": "gemini_level"}, "top_k": "x"}
)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}

# The caller's own JSON, in which a name is no member of a message.
FREE = {"args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema", "responseSchema"}
SCHEMAS = {"parameters": "parametersJsonSchema", "responseSchema": "responseJsonSchema"}
TYPE_NUMBERS = ["type_unspecified", "string", "number", "integer", "boolean", "array", "object", "null"]


def normalised(body):
    """A body less what says nothing. The whole list of what two equal bodies may differ in:

    1. names of members are in camel case;
    2. a role that is absent is the user's; the role of `systemInstruction` means nothing; its parts are a list, a blank
       text in it says nothing;
    3. members of the body and of `generationConfig` that hold nothing are left out;
    4. each tool of Google's own stands in an entry of its own, behind the one of all functions;
    5. `parameters` and `responseSchema` are JSON schemas, with the names of types in lower case;
    6. base64 is of the usual alphabet; the level of thinking is in capitals.
    """
    body = {name: value for name, value in renamed(body).items() if value not in (None, [], {})}
    if "systemInstruction" in body:
        parts = body["systemInstruction"]["parts"]
        parts = [part for part in (parts if isinstance(parts, list) else [parts]) if part.get("text", "x").strip()]
        body["systemInstruction"] = {"parts": parts}
        if not parts:
            del body["systemInstruction"]
    for content in body["contents"]:
        content.setdefault("role", "user")
    if "tools" in body:
        body["tools"] = split_tools(body["tools"])
    settings = body.get("generationConfig", {})
    body["generationConfig"] = {name: value for name, value in settings.items() if value not in (None, [], {})}
    return json.loads(json.dumps(body))


def renamed(value, name=""):
    if isinstance(value, list):
        return [renamed(entry) for entry in value]
    if isinstance(value, str) and name in ("data", "thoughtSignature"):
        return value.replace("-", "+").replace("_", "/").rstrip("=")
    if isinstance(value, str) and name == "thinkingLevel":
        return value.upper()
    if not isinstance(value, dict):
        return value
    made = {}
    for own, entry in value.items():
        camel = re.sub("_(.)", lambda found: found[1].upper(), own)
        if camel in SCHEMAS:
            made[SCHEMAS[camel]] = lowered(entry)
        else:
            made[camel] = entry if camel in FREE else renamed(entry, camel)
    return made


def lowered(schema):
    """A schema with the names of its types in lower case."""
    made = {}
    for own, value in schema.items():
        name = own if own.startswith("$") else re.sub("_(.)", lambda found: found[1].upper(), own)
        if name == "type":
            made[name] = TYPE_NUMBERS[value] if isinstance(value, int) else value.lower()
        elif name == "properties":
            made[name] = {key: lowered(entry) for key, entry in value.items()}
        else:
            made[name] = lowered(value) if name == "items" else value
    return made


def split_tools(tools):
    declared = [entry for tool in tools for entry in tool.get("functionDeclarations", ())]
    others = [{name: value} for tool in tools for name, value in tool.items() if name != "functionDeclarations"]
    return [{"functionDeclarations": declared}, *others] if declared else others


def unnamed(request):
    """What a request holds in `Opaque` and `extra_body`, as kinds and paths."""
    found = collections.Counter()
    for group in [*(message.parts for message in request.messages), request.get("tools", ())]:
        for part in group:
            inner = part.content if isinstance(part, ToolResult) and not isinstance(part.content, str) else ()
            found.update(f"Opaque {entry.kind}" for entry in (part, *inner) if isinstance(entry, Opaque))
    for name, value in request.get("extra_body", {}).items():
        names = [f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [name]
        found.update(f"extra_body {path}" for path in names)
    return found


def recorded():
    """Every recorded request of this wire."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    for record in (json.loads(line) for line in lines if '"gemini"' in line):
        if record["api"] == "gemini" and isinstance(record["request"]["body"], dict):
            yield record


def config_of(body):
    """A model that is told to reason as this body does it."""
    thinking = renamed(body).get("generationConfig", {}).get("thinkingConfig", {})
    return LEVELLED if "thinkingLevel" in thinking else BUDGETED


def shape_of(value):
    """A body whose media were cut when it was recorded: base64 less than whole is no base64."""
    if isinstance(value, dict):
        return {name: "" if name == "data" else shape_of(entry) for name, entry in value.items()}
    return [shape_of(entry) for entry in value] if isinstance(value, list) else value


def test_recorded_bodies_are_read_and_written_to_the_same_body():
    equal, without_name = 0, collections.Counter()
    for record in recorded():
        body = record["request"]["body"]
        config = config_of(body)
        request = BODY.parse(body, config)
        again = merge(CODEC.write(request, config, stream=record["streaming"]), request.get("extra_body", {}))
        said, written = normalised(body), normalised(again)
        if record["request"].get("media_stripped"):
            said, written = shape_of(said), shape_of(written)
        assert written == said, record["id"]
        without_name += unnamed(request)
        equal += 1
    assert equal == 346
    assert without_name == {
        "Opaque codeExecution": 5,
        "Opaque codeExecutionResult": 2,
        "Opaque executableCode": 2,
        "Opaque fileData": 3,  # at gs:// or without a type
        "Opaque fileSearch": 2,
        "Opaque googleSearch": 26,
        "Opaque thought": 2,  # without words
        "Opaque toolCall": 2,
        "Opaque toolResponse": 2,
        "Opaque urlContext": 1,
        "extra_body generationConfig.responseMimeType": 14,  # JSON without a schema, or plain text
        "extra_body generationConfig.responseModalities": 49,
        "extra_body generationConfig.thinkingConfig": 5,  # whether it is shown
        "extra_body toolConfig.functionCallingConfig": 7,  # one of several functions
        "extra_body toolConfig.includeServerSideToolInvocations": 14,
    }


def test_what_google_answered_passes_the_check():
    passed = 0
    for record in recorded():
        if record["response"]["status"] == 200:
            BODY.check(record["request"]["body"], ModelConfig(), record["streaming"])
            passed += 1
    assert passed == 337


def written(request, config=BUDGETED):
    """The body as it is sent."""
    return merge(CODEC.write(request, config, stream=False), request.get("extra_body", {}))


SEAL = Thinking("", "seal", None, "gemini")
ROUND = [
    Request.of("Hi"),
    Request.of(
        "Hi",
        system="s",
        max_tokens=5,
        temperature=0.5,
        top_p=1,
        top_k=7,
        stop=["a", "b"],
        seed=4,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        logprobs=3,
        reasoning=700,
        service_tier="flex",
        tools=[ToolSpec("n", "d", SCHEMA), ToolSpec("m"), Opaque("gemini", "googleSearch", {})],
        tool_choice="n",
        output_type={**SCHEMA, "title": "City"},
        extra_body={"cachedContent": "c", "generationConfig": {"candidateCount": 1}},
    ),
    Request.of("Hi", tools=[ToolSpec("n", None, SCHEMA, True)], logprobs=True),
    Request.of("Hi", tools=[ToolSpec("n", None, SCHEMA)], tool_choice="required", logprobs=False, reasoning=False),
    Request.of(
        "Hi",
        system=[Text("a"), Text("b")],
        tools=[ToolSpec("n"), Opaque("gemini", "functionDeclarations", {"name": "m", "behavior": "BLOCKING"})],
        tool_choice="none",
    ),
    Request.of(
        "Hi",
        tools=[ToolSpec("n"), ToolSpec("m")],
        tool_choice="required",
        extra_body={"toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["n", "m"]}}},
    ),
    Request.of(
        [
            Message.user(
                "a",
                Image(b"x", media_type="image/png"),
                Audio(b"x", media_type="audio/wav"),
                Video("https://x/y", media_type="video/mp4"),
                Document(b"x", media_type="application/pdf"),
                Opaque("gemini", "fileData", {"fileData": {"fileUri": "gs://b/k", "mimeType": "image/png"}}),
            ),
            Message.assistant(
                Thinking("Hm", "dGhl", None, "gemini"),
                "b",
                SEAL,
                ToolCall("t", "n", {"x": [1]}),
                ToolCall("u", "n", {}),
            ),
            Message.user(
                ToolResult("t", "2"), ToolResult("u", (Text("a"), Image(b"x", media_type="image/png"))), "and?"
            ),
            Message.assistant(
                SEAL, Text("c"), Thinking("", None, "dWs=", "gemini"), SEAL, Image(b"x", media_type="image/png")
            ),
            Message.user("d"),
            Message.assistant(ToolCall("gemini-call-2", "m", {}), ToolCall("gemini-call-3", "m", {})),
            Message.user(ToolResult("gemini-call-2", "no", True), ToolResult("gemini-call-3", '{"y": 1}')),
            Message.assistant(Opaque("gemini", "executableCode", {"executableCode": {"code": "1"}})),
            Message.user("e"),
        ]
    ),
]


@pytest.mark.parametrize("request_", ROUND)
def test_what_the_body_writes_is_taken_and_read_as_the_request_that_it_was(request_):
    body = written(request_)
    BODY.check(body, BUDGETED, False)
    assert BODY.parse(body, BUDGETED) == request_
    assert written(BODY.parse(body, BUDGETED)) == body


def test_a_level_of_thinking_is_read_in_any_case():
    body = {"contents": [HI], "generation_config": {"thinking_config": {"thinking_level": "low"}}}
    assert BODY.parse(body, LEVELLED).get("reasoning") is None  # it does not say that it shall be shown
    body["generation_config"]["thinking_config"]["include_thoughts"] = True
    assert BODY.parse(body, LEVELLED) == Request.of("Hi", reasoning="low")


def test_results_are_found_by_their_names_where_there_are_no_ids():
    calls = [{"functionCall": {"name": name}} for name in "ab"]
    results = [{"functionResponse": {"name": name, "response": {"result": name}}} for name in "ba"]
    body = {"contents": [HI, {"role": "model", "parts": calls}, {"parts": results}]}
    BODY.check(body, BUDGETED, False)
    answers = BODY.parse(body, BUDGETED).messages[2].parts
    assert [(answer.tool_call_id, answer.content) for answer in answers] == [
        ("gemini-call-1", "b"), ("gemini-call-0", "a"),
    ]  # fmt: skip


def test_a_text_that_is_an_object_stays_a_text():
    response = {"result": '{"a": 1}'}
    parts = [{"functionResponse": {"name": "n", "response": response}}]
    body = {"contents": [HI, {"role": "model", "parts": [CALL]}, {"role": "user", "parts": parts}]}
    request = BODY.parse(body, BUDGETED)
    assert request.messages[2].parts[0].content == (Opaque("gemini", "response", response),)
    assert written(request)["contents"][2]["parts"] == parts


def test_what_no_part_of_ours_holds_is_kept_whole():
    odd = [
        {"text": "a", "partMetadata": {"b": 1}},
        {"fileData": {"fileUri": "https://x/y"}},
        {"inlineData": {"mimeType": "image/png", "data": "eA==", "displayName": "a"}},
        {"functionResponse": {"name": "n", "response": {}}},  # of no call
        {"text": "a", "thoughtSignature": "c2Vl"},  # in the user's turn
    ]
    request = BODY.parse({"contents": [{"parts": odd}]}, BUDGETED)
    assert [part.data for part in request.messages[0].parts] == odd
    assert written(request)["contents"][0]["parts"] == odd


HI = {"role": "user", "parts": [{"text": "Hi"}]}
CALL = {"functionCall": {"name": "n", "args": {}}}
RESULT = {"functionResponse": {"name": "n", "response": {"result": "1"}}}
FUNCTION = {"functionDeclarations": [{"name": "n"}]}
MODEL = {"role": "model", "parts": [CALL]}


def settings(**members):
    return {"contents": [HI], "generationConfig": members}


def part(value, role="user"):
    return {"contents": [HI, {"role": role, "parts": [value]}]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "contents is not specified"),
        ({"contents": []}, "contents is not specified"),
        ({"contents": ["x"]}, "an object is expected"),
        ({"contents": [HI], "messages": []}, 'Unknown name "messages"'),
        ({"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]}, "valid role: user, model"),
        ({"contents": [{"role": "user", "parts": []}]}, "must not be empty"),
        ({"contents": [{"role": "user", "parts": {}}]}, "a list is expected"),
        ({"contents": [HI], "tools": {}}, "a list is expected"),
        (part({}), "required oneof field 'data'"),
        (part({"text": "a", "inlineData": {}}), "already set"),
        (part({"text": 7}), "Invalid value"),
        (part({"odd": 7}), 'Unknown name "odd"'),
        (part({"inlineData": {"mimeType": "image/png"}}), "data: must be specified"),
        (part({"functionCall": {"name": "n", "args": []}}, "model"), "Struct"),
        ({"contents": [HI], "systemInstruction": {"parts": [{}]}}, "required oneof field"),
        ({"contents": [HI], "systemInstruction": "s"}, "an object is expected"),
        (settings(top_q=1), 'Unknown name "topQ" at'),
        (settings(temperature=3), "temperature"),
        (settings(topP=True), "topP"),
        (settings(maxOutputTokens=0), "maxOutputTokens"),
        (settings(stopSequences="a"), "a list is expected"),
        (settings(stopSequences=list("abcdef")), "at most 5"),
        (settings(logprobs=2), "response_logprobs is not"),
        (settings(thinkingConfig={"thinkingBudget": 1, "thinkingLevel": "LOW"}), "only one of thinking budget"),
        (settings(responseSchema={}, responseJsonSchema={}, responseMimeType="application/json"), "Only one of"),
        (settings(responseJsonSchema={}), "not application/json"),
        ({"contents": [HI], "tools": [{"odd": {}}]}, 'Unknown name "odd"'),
        ({"contents": [HI], "tools": [{"functionDeclarations": [{}]}]}, "Invalid function name"),
        ({"contents": [HI], "tools": [{"functionDeclarations": [{"name": "a b"}]}]}, "Invalid function name"),
        ({"contents": [HI], "tools": [FUNCTION, FUNCTION]}, "Duplicate"),
        ({"contents": [HI], "tools": [{"functionDeclarations": [
            {"name": "n", "parameters": {}, "parametersJsonSchema": {}}]}]}, "only one of"),
        ({"contents": [HI], "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "without function_declarations"),
        ({"contents": [HI], "toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}, "TYPE_ENUM"),
        ({"contents": [HI], "tools": [FUNCTION], "toolConfig": {"functionCallingConfig": {
            "allowedFunctionNames": ["n"]}}}, "mode is ANY"),
        ({"contents": [HI], "tools": [FUNCTION], "toolConfig": {"functionCallingConfig": {
            "mode": "ANY", "allowedFunctionNames": ["m"]}}}, "must be among"),
        ({"contents": [MODEL]}, "comes immediately after a user turn"),
        ({"contents": [HI, MODEL, HI]}, "number of function response parts"),
        ({"contents": [HI, {"role": "model", "parts": [{"text": "a"}]}, {"role": "user", "parts": [RESULT]}]},
         "immediately after a function call turn"),
        (part({"functionResponse": {"name": "n"}}), "response: must be specified"),
        ({"contents": [HI, MODEL, {"role": "user", "parts": [
            {"functionResponse": {"name": "m", "response": {"a": 1}}}]}]}, "are not those of the calls"),
    ],
)  # fmt: skip
def test_what_everyone_refuses_is_refused(body, words):
    with pytest.raises(Refusal, match=words) as caught:
        BODY.check(body, ModelConfig(), False)
    assert (caught.value.code, caught.value.status) == ("INVALID_ARGUMENT", 400)


@pytest.mark.parametrize(
    ("features", "body", "stream"),
    [
        ({"streaming": False}, {"contents": [HI]}, True),
        ({"tools": False}, {"contents": [HI], "tools": [FUNCTION]}, False),
        ({"system": False}, {"contents": [HI], "systemInstruction": {"parts": [{"text": "s"}]}}, False),
        ({"structured_output": False}, settings(responseMimeType="application/json"), False),
        ({"images": False}, part({"inlineData": {"mimeType": "image/png", "data": "eA=="}}), False),
        ({"documents": False}, part({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://a/b"}}), False),
        ({"native": {"schema_beside_tools": False}},
         {**settings(responseMimeType="application/json"), "tools": [FUNCTION]}, False),
        ({"native": {"foreign_seal": "x"}}, {"contents": [HI, MODEL, {"role": "user", "parts": [RESULT]}]}, False),
        ({"reasoning": False}, settings(thinkingConfig={"thinkingBudget": 5}), False),
        ({"reasoning": {"style": "gemini_budget"}}, settings(thinkingConfig={"thinkingLevel": "LOW"}), False),
        ({"reasoning": {"style": "gemini_budget", "min_budget": 128, "max_budget": 200}},
         settings(thinkingConfig={"thinkingBudget": 100}), False),
        ({"reasoning": {"style": "gemini_budget", "min_budget": 128}}, settings(thinkingConfig={"thinkingBudget": 0}),
         False),
    ],
)  # fmt: skip
def test_what_a_model_is_known_not_to_take_is_refused(features, body, stream):
    with pytest.raises(Refusal):
        BODY.check(body, ModelConfig(features=features), stream)
    BODY.check(body, ModelConfig(), stream)


def test_more_tokens_than_the_model_gives_are_refused():
    with pytest.raises(Refusal, match="from 1 to 9"):
        BODY.check(settings(maxOutputTokens=10), ModelConfig(max_output_tokens=9), False)


def test_calls_need_signatures_only_since_the_user_spoke():
    config = ModelConfig(features={"native": {"foreign_seal": "x"}})
    old = [HI, MODEL, {"role": "user", "parts": [RESULT]}, {"role": "model", "parts": [{"text": "a"}]}, HI]
    BODY.check({"contents": old}, config, False)
    sealed = {"role": "model", "parts": [{**CALL, "thoughtSignature": "c2Vl"}, CALL]}
    BODY.check({"contents": [HI, sealed, {"role": "user", "parts": [RESULT, RESULT]}]}, config, False)


def test_a_conversation_from_elsewhere_is_taken_by_a_model_that_wants_signatures():
    config = ModelConfig(family="gemini", features={"native": {"foreign_seal": "skip"}})
    call = ToolCall("toolu_1", "n", {})
    turns = [Message.user("a"), Message.assistant(Thinking("x", "y", None, "claude"), call)]
    request = Request.of([*turns, Message.user(ToolResult("toolu_1", "1"))], tools=[ToolSpec("n")])
    prepared, warnings = CODEC.prepare(request, config)
    assert [warning.kind for warning in warnings] == ["repaired"]
    BODY.check(CODEC.write(prepared, config, stream=False), config, False)


COUNTS = Usage(3, 4, None, None, 5, 0, 0, None, 0, None, 0)
ANSWERS = [
    Response(Message.assistant("You said hi, so I say hi."), StopReason.stop, usage=COUNTS),
    Response(
        Message.assistant(
            Thinking("Let me see.", family="gemini"), "I look.", SEAL, ToolCall("t", "n", {"a": [1, "ä"]}),
            ToolCall("gemini-emulated-1", "n", {}),
        ),
        StopReason.tool_use,
        usage=Usage(3, 4, None, None, 5, 1, 2, None, 0, None, 2),
    ),
    Response(
        Message.assistant(
            Thinking("Hm.", "aG0=", None, "gemini"), SEAL, "Signed text.", Thinking("", None, "dWs=", "gemini"),
            Image(b"x", media_type="image/png"), Opaque("gemini", "executableCode", {"executableCode": {"code": "1"}}),
        ),
        StopReason.stop,
        usage=COUNTS,
    ),
    Response(
        Message.assistant(
            Text("cited", (
                Citation(None, "A", "https://a", {
                    "groundingSupport": {"segment": {"text": "cited"}, "groundingChunkIndices": [0]},
                    "groundingChunk": {"web": {"uri": "https://a", "title": "A"}},
                }),
                Citation(None, "B", "https://b", {"title": "B", "uri": "https://b"}),
            ))
        ),
        StopReason.stop,
        usage=COUNTS,
    ),
    Response(Message.assistant("cut"), StopReason.length, usage=COUNTS),
    Response(Message.assistant("no"), StopReason.content_filter, usage=COUNTS),
    Response(Message("assistant", ()), StopReason.content_filter, usage=COUNTS),
    Response(Message("assistant", ()), StopReason.stop, usage=COUNTS),
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_forms_of_an_answer_say_what_it_was(answer):
    config = ModelConfig(family="gemini")
    whole = CODEC.read(BODY.answer(answer), config)
    reader, events = CODEC.reader(config), []
    for chunk in BODY.chunks(answer):
        reader.take(chunk, events)
        reader.settle(events)
    reader.end(events)
    assert fold(empty_response(), events).with_(warnings=tuple(reader.warnings)) == whole
    assert (whole.message, whole.stop_reason, whole.usage) == (answer.message, answer.stop_reason, answer.usage)


def test_a_citation_without_a_raw_form_has_its_title_and_source():
    said = Response(Message.assistant(Text("a", (Citation("x", "T", "https://t"),))), usage=COUNTS)
    cited = {"citations": [{"title": "T", "uri": "https://t"}]}
    assert BODY.answer(said)["candidates"][0]["citationMetadata"] == cited


@pytest.mark.parametrize(
    "part_", [Image("https://x/y"), ToolCall("t", "n", None, "{", "e"), Opaque("converse", "x", {})]
)
def test_what_the_wire_cannot_answer_is_told(part_):
    with pytest.raises(InvalidRequestError, match="reply"):
        BODY.answer(Response(Message.assistant(part_)))
