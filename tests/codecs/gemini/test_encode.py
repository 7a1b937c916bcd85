"""Requests as bodies of generateContent."""

from __future__ import annotations

import pytest

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
from tests.codecs.gemini.objects import model, written

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
SEAL = Thinking("", "s", None, "gemini")


def contents(*messages, config=None):
    body = written(list(messages), *([config] if config else []))
    return body["contents"]


def parts(*given, config=None):
    """The parts of a model's turn behind a user's."""
    return contents(Message.user("hi"), Message.assistant(*given), config=config)[1]["parts"]


def test_a_plain_request_holds_nothing_that_was_not_set():
    assert written("hi") == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_every_parameter_has_its_place_in_a_fixed_order():
    config = model(reasoning={"style": "gemini_level"})
    body = written(
        "hi", config, system="s", max_tokens=5, temperature=0.5, top_p=0.9, top_k=7, stop=["a"], seed=4,
        presence_penalty=0.5, frequency_penalty=-0.5, logprobs=3, output_type=SCHEMA, reasoning="low",
        tools=[ToolSpec("n", "d", SCHEMA)], tool_choice="n", service_tier="flex",
    )  # fmt: skip
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [{"functionDeclarations": [{"name": "n", "description": "d", "parametersJsonSchema": SCHEMA}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["n"]}},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 7,
            "maxOutputTokens": 5,
            "stopSequences": ["a"],
            "seed": 4,
            "presencePenalty": 0.5,
            "frequencyPenalty": -0.5,
            "responseLogprobs": True,
            "logprobs": 3,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
        },
        "serviceTier": "flex",
    }
    assert list(body) == ["contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier"]


@pytest.mark.parametrize(("asked", "members"), [(True, [True]), (False, [False]), (0, [True, 0])])
def test_probabilities_are_asked_for_with_or_without_a_number(asked, members):
    assert list(written("hi", logprobs=asked)["generationConfig"].values()) == members


def test_the_usual_tier_has_the_wires_name():
    assert written("hi", service_tier="default")["serviceTier"] == "standard"


def test_there_are_five_stop_strings_at_most():
    assert written("hi", stop=list("abcde"))["generationConfig"]["stopSequences"] == list("abcde")
    with pytest.raises(InvalidRequestError, match="at most 5"):
        written("hi", stop=list("abcdef"))


def test_leading_system_messages_join_the_instruction_and_blank_ones_are_left_out():
    turns = [Message.system("a", CachePoint()), Message.system(" "), Message.user("hi")]
    body = written(turns, system=[Text("s"), Opaque("gemini", "text", {"text": "o"}), Opaque("converse", "x", {})])
    assert body["systemInstruction"] == {"parts": [{"text": "s"}, {"text": "o"}, {"text": "a"}]}
    assert "systemInstruction" not in written("hi", system=" ")
    with pytest.raises(InvalidRequestError, match=r"messages\[1\] is a system message"):
        written([Message.user("hi"), Message.system("late"), Message.user("and?")])


@pytest.mark.parametrize(
    ("choice", "strict", "config"),
    [
        (None, None, None),
        (None, True, {"mode": "VALIDATED"}),
        ("auto", None, {"mode": "AUTO"}),
        ("auto", True, {"mode": "VALIDATED"}),
        ("required", True, {"mode": "ANY"}),
        ("none", None, {"mode": "NONE"}),
        ("n", None, {"mode": "ANY", "allowedFunctionNames": ["n"]}),
    ],
)
def test_the_choice_among_tools(choice, strict, config):
    body = written("hi", tools=[ToolSpec("n", strict=strict), CachePoint()], tool_choice=choice)
    assert body.get("toolConfig") == (None if config is None else {"functionCallingConfig": config})
    assert body["tools"] == [{"functionDeclarations": [{"name": "n"}]}]


def test_googles_own_tools_stand_in_entries_of_their_own():
    tools = [
        Opaque("gemini", "googleSearch", {}),
        ToolSpec("n", "", {"properties": {}}),
        Opaque("gemini", "functionDeclarations", {"name": "m", "behavior": "BLOCKING"}),
        Opaque("converse", "systemTool", {}),
    ]
    assert written("hi", tools=tools)["tools"] == [
        {
            "functionDeclarations": [
                {"name": "n", "description": "", "parametersJsonSchema": {"type": "object", "properties": {}}},
                {"name": "m", "behavior": "BLOCKING"},
            ]
        },
        {"googleSearch": {}},
    ]
    assert "toolConfig" not in written("hi", tools=tools[:1], tool_choice="auto")


@pytest.mark.parametrize("name", ["1n", "a b", "ä", "n" * 129])
def test_a_tool_needs_a_name_that_the_wire_takes(name):
    with pytest.raises(InvalidRequestError, match="beginning with a letter"):
        written("hi", tools=[ToolSpec(name)])
    assert written("hi", tools=[ToolSpec("ns.a:b-c")])["tools"][0]["functionDeclarations"][0]["name"] == "ns.a:b-c"


def test_arguments_have_names():
    with pytest.raises(InvalidRequestError, match="'object'"):
        written("hi", tools=[ToolSpec("n", None, {"type": "array"})])


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ([SEAL, Text("a")], [{"text": "a", "thoughtSignature": "s"}]),
        ([Text("a"), Thinking("", None, "s")], [{"text": "a"}, {"text": "", "thoughtSignature": "s"}]),
        ([Thinking("a", "s"), Text("b")], [{"text": "a", "thought": True, "thoughtSignature": "s"}, {"text": "b"}]),
        ([Thinking("a")], [{"text": "a", "thought": True}]),
        (
            [SEAL, ToolCall("c", "n", {"x": 1})],
            [{"functionCall": {"id": "c", "name": "n", "args": {"x": 1}}, "thoughtSignature": "s"}],
        ),
        (
            [SEAL, Image(b"x", media_type="image/png")],
            [{"inlineData": {"mimeType": "image/png", "data": "eA=="}, "thoughtSignature": "s"}],
        ),
        # one whose part is gone stands on an empty text
        ([SEAL], [{"text": "", "thoughtSignature": "s"}]),
        ([SEAL, Thinking("", "t")], [{"text": "", "thoughtSignature": signature} for signature in "st"]),
        ([SEAL, Thinking("a")], [{"text": "", "thoughtSignature": "s"}, {"text": "a", "thought": True}]),
        (
            [SEAL, Opaque("gemini", "x", {"x": 1, "thoughtSignature": "t"})],
            [{"text": "", "thoughtSignature": "s"}, {"x": 1, "thoughtSignature": "t"}],
        ),
        ([SEAL, CachePoint(), Opaque("converse", "x", {}), Text("a")], [{"text": "a", "thoughtSignature": "s"}]),
        ([Text("", (Citation(),)), Text("a", (Citation(),))], [{"text": "a"}]),
    ],
)
def test_a_signature_goes_back_on_its_part(given, made):
    assert parts(*given) == made


def test_what_another_model_called_gets_the_signature_that_the_model_wants():
    config = model(native={"body": "gemini", "foreign_seal": "skip"})
    calls = [ToolCall("a", "n", {}), ToolCall("b", "n", {})]
    assert [part.get("thoughtSignature") for part in parts("x", *calls, config=config)] == [None, "skip", None]
    assert [part.get("thoughtSignature") for part in parts(calls[0], SEAL, calls[1], config=config)] == [None, "s"]
    assert "thoughtSignature" not in parts("x", config=config)[0]


def test_ids_that_were_made_here_are_not_sent():
    calls = [ToolCall("gemini-r-0", "n", {}), ToolCall("", "n", {}), ToolCall("call_1", "n", {})]
    assert [part["functionCall"].get("id") for part in parts(*calls)] == [None, None, "call_1"]


def test_calls_of_others_are_brought_into_the_wires_form():
    made = parts(ToolCall("c", "a b", None, "{x", "e"), ToolCall("d", "7up", {}), ToolCall("e", "ns.a", {}))
    assert made[0]["functionCall"]["args"] == {"invalid_json": "{x"}
    assert made[0]["functionCall"]["name"].startswith("a_b_")
    assert [part["functionCall"]["name"] for part in made[1:]] == ["_7up", "ns.a"]


def results(*given, calls=None):
    called = calls or [ToolCall(part.tool_call_id, "n", {}) for part in given]
    return contents(Message.user("hi"), Message.assistant(*called), Message.user(*given))[2]["parts"]


@pytest.mark.parametrize(
    ("content", "is_error", "response"),
    [
        ("22 C", False, {"result": "22 C"}),
        ("", False, {"result": ""}),
        ("no such city", True, {"error": "no such city"}),
        ('{"code": 1}', True, {"error": '{"code": 1}'}),
        (' {"t": 22, "b": [null]}', False, {"t": 22, "b": [None]}),
        ("[1]", False, {"result": "[1]"}),
        ('{"t": NaN}', False, {"result": '{"t": NaN}'}),
        ("{t", False, {"result": "{t"}),
        ((Text("a"), Text("b")), False, {"result": "ab"}),
        ((Opaque("gemini", "response", {"x": 1}),), False, {"x": 1}),
    ],
)
def test_a_result_is_an_object(content, is_error, response):
    assert results(ToolResult("c", content, is_error)) == [
        {"functionResponse": {"id": "c", "name": "n", "response": response}}
    ]


def test_media_of_a_result_stand_beside_its_object():
    made = results(ToolResult("c", (Text("see"), Image(b"x", media_type="image/png"), Opaque("converse", "x", {}))))
    (response,) = (part["functionResponse"] for part in made)
    assert response["response"] == {"result": "see"}
    assert response["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]


def test_a_result_has_the_name_of_the_tool_that_was_called():
    calls = [ToolCall("gemini-r-0", "a", {}), ToolCall("gemini-r-1", "b c", {})]
    made = results(ToolResult("gemini-r-0", "1"), ToolResult("gemini-r-1", "2"), calls=calls)
    names = [part["functionResponse"]["name"] for part in made]
    assert names[0] == "a"
    assert names[1] == parts(*calls)[1]["functionCall"]["name"]
    assert "id" not in made[0]["functionResponse"]


@pytest.mark.parametrize(
    ("part", "made"),
    [
        (Image(b"\x89PNG\r\n\x1a\n"), {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}),
        (Audio(b"x", media_type="audio/wav"), {"inlineData": {"mimeType": "audio/wav", "data": "eA=="}}),
        (Document("data:text/plain;base64,eA=="), {"inlineData": {"mimeType": "text/plain", "data": "eA=="}}),
        (
            Video("https://x/a", media_type="video/mp4"),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/a"}},
        ),
        (Image("https://x/a"), {"fileData": {"fileUri": "https://x/a"}}),
    ],
)
def test_media_go_as_bytes_or_addresses(part, made):
    assert contents(Message.user(part))[0]["parts"] == [made]


def test_what_a_document_is_about_is_said_before_it():
    made = contents(Message.user(Document(b"x", media_type="text/plain", context="a letter")))[0]["parts"]
    assert made[0] == {"text": "a letter"}


def test_what_google_cannot_read_is_refused():
    with pytest.raises(UnsupportedFeatureError, match="which Google does not read"):
        written([Message.user(Image("s3://bucket/a.png"))])
    with pytest.raises(InvalidRequestError, match="do not show what they are"):
        written([Message.user(Audio(b"x"))])
    with pytest.raises(InvalidRequestError, match=r"messages\[0\].parts\[0\]"):
        written([Message.user(Image(b"%PDF-1.4"))])
    with pytest.raises(InvalidRequestError, match="the whole part"):
        written([Message.user(Opaque("gemini", "x", 7))])
