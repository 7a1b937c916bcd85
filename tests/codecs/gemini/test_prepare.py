"""What is left out, repaired or refused before a request goes to generateContent."""

from __future__ import annotations

import pytest

from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
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
from tests.codecs.gemini.objects import model, prepared

TOOL = ToolSpec("n")
SEAL = Thinking("", "s", None, "gemini")


def told(warnings):
    return [(warning.kind, warning.parameter) for warning in warnings]


@pytest.mark.parametrize("name", ["min_p", "repetition_penalty"])
def test_what_the_wire_has_no_member_for_is_left_out(name):
    body, warnings = prepared("hi", **{name: 0.5})
    assert (body.keys(), told(warnings)) == ({"contents"}, [("unsupported", name)])


def test_several_calls_at_once_are_always_allowed():
    assert prepared("hi", tools=[TOOL], parallel_tool_calls=True)[1] == ()
    assert told(prepared("hi", tools=[TOOL], parallel_tool_calls=False)[1]) == [("unsupported", "parallel_tool_calls")]
    assert prepared("hi", parallel_tool_calls=False)[1] == ()


def test_top_k_is_taken_unless_the_model_is_known_not_to():
    assert prepared("hi", top_k=3)[0]["generationConfig"] == {"topK": 3}
    assert told(prepared("hi", model(top_k=False), top_k=3)[1]) == [("unsupported", "top_k")]


def test_cache_points_are_left_out():
    body, warnings = prepared([Message.user("a", CachePoint())], system=[Text("s"), CachePoint()], cache=True)
    assert body["contents"] == [{"role": "user", "parts": [{"text": "a"}]}]
    assert {warning.parameter for warning in warnings} <= {"cache"}


def test_a_choice_needs_functions():
    search = Opaque("gemini", "googleSearch", {})
    assert prepared("hi", tools=[search], tool_choice="auto")[1] == ()
    assert told(prepared("hi", tools=[search], tool_choice="required")[1]) == [("unsupported", "tool_choice")]
    assert prepared("hi", tools=[search, TOOL], tool_choice="required")[1] == ()


def test_a_schema_beside_tools_is_refused_where_the_model_takes_one_of_both():
    config = model(native={"body": "gemini", "schema_beside_tools": False})
    with pytest.raises(UnsupportedFeatureError, match="not both"):
        prepared("hi", config, tools=[TOOL], output_type={"type": "object"})
    prepared("hi", config, output_type={"type": "object"})
    prepared("hi", tools=[TOOL], output_type={"type": "object"})


@pytest.mark.parametrize(
    ("features", "messages", "parameters"),
    [
        ({"tools": False}, "hi", {"tools": [TOOL]}),
        ({"system": False}, "hi", {"system": "s"}),
        ({"images": False}, [Message.user(Image(b"x", media_type="image/png"))], {}),
        ({"structured_output": False}, "hi", {"output_type": {"type": "object"}}),
    ],
)
def test_what_the_model_lacks_is_refused(features, messages, parameters):
    with pytest.raises(UnsupportedFeatureError):
        prepared(messages, model(**features), **parameters)


def test_turns_are_merged_and_the_first_is_the_users():
    body, warnings = prepared([Message.assistant("a"), Message.assistant("b"), Message.user("c"), Message.user("d")])
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]
    assert {kind for kind, _ in told(warnings)} == {"repaired"}
    body, _ = prepared([Message.assistant("a"), Message.user("c")], model(leading_assistant=True))
    assert [content["role"] for content in body["contents"]] == ["model", "user"]


def test_results_stand_in_one_turn_in_the_order_of_the_calls():
    calls = [ToolCall("gemini-r-0", "a", {}), ToolCall("gemini-r-1", "b", {})]
    turns = [
        Message.user("hi"),
        Message.assistant(*calls),
        Message.user(ToolResult("gemini-r-1", "2")),
        Message.user(ToolResult("gemini-r-0", "1"), "and?"),
    ]
    body, _ = prepared(turns)
    parts = body["contents"][2]["parts"]
    assert [part["functionResponse"]["name"] for part in parts[:2]] == ["a", "b"]
    assert parts[2] == {"text": "and?"}


def test_several_rounds_of_calls_without_ids_need_no_repair():
    turns = [Message.user("hi")]
    for answer in ("r1", "r2"):
        call = ToolCall(f"gemini-{answer}-0", "n", {})
        turns += [Message.assistant(SEAL, call), Message.user(ToolResult(call.id, "1"))]
    assert prepared(turns)[1] == ()


def test_media_of_a_result_move_beside_it_unless_the_model_takes_them_inside():
    image = Image(b"x", media_type="image/png")
    call = ToolCall("c", "n", {})
    turns = [Message.user("hi"), Message.assistant(call), Message.user(ToolResult("c", ("see", image)))]
    body, warnings = prepared(turns)
    assert any("inlineData" in part for part in body["contents"][2]["parts"])
    assert warnings
    body, warnings = prepared(turns, model(tool_result_media=["image"]))
    assert "parts" in body["contents"][2]["parts"][0]["functionResponse"]
    assert warnings == ()


def test_the_models_own_pictures_stay_in_its_turn_and_a_document_needs_no_word():
    turns = [
        Message.user(Document(b"x", media_type="text/plain")),
        Message.assistant(SEAL, Image(b"x", media_type="image/png")),
        Message.user("more"),
    ]
    body, warnings = prepared(turns)
    assert warnings == ()
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == "s"


def test_reasoning_goes_back_to_its_own_family_only():
    turns = [
        Message.user("a"),
        Message.assistant(Thinking("x", "claude-seal", None, "claude"), SEAL, "b", Thinking("y", family="gemini")),
        Message.user("c"),
    ]
    sent = [{"text": "b", "thoughtSignature": "s"}, {"text": "y", "thought": True}]
    for config in (model(), model(None)):
        body, warnings = prepared(turns, config)
        assert body["contents"][1]["parts"] == sent
        assert told(warnings) == [("repaired", "messages[1]")]


def test_a_model_that_reads_signatures_only_is_not_sent_its_own_summaries_and_nobody_is_warned():
    signed = model(reasoning_in_history="signed")
    turns = [Message.user("a"), Message.assistant(Thinking("y", family="gemini"), SEAL, "b"), Message.user("c")]
    body, warnings = prepared(turns, signed)
    assert body["contents"][1]["parts"] == [{"text": "b", "thoughtSignature": "s"}]
    assert warnings == ()
    foreign = [Message.user("a"), Message.assistant(Thinking("y", family="claude"), "b"), Message.user("c")]
    assert told(prepared(foreign, signed)[1]) == [("repaired", "messages[1]")]
    alone = [Message.user("a"), Message.assistant(Thinking("y", family="gemini")), Message.user("c")]
    assert told(prepared(alone, signed)[1])


def test_hidden_reasoning_of_another_family_does_not_become_a_signature():
    turns = [Message.user("a"), Message.assistant(Thinking("", "seal", None, "claude"), " ", "b"), Message.user("c")]
    assert prepared(turns)[0]["contents"][1]["parts"] == [{"text": "b"}]


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        # a repair leaves blank texts out, but not those that are signed
        ([SEAL, "\n", ToolCall("c", "n", {})],
         [{"text": "\n", "thoughtSignature": "s"}, {"functionCall": {"id": "c", "name": "n", "args": {}}}]),
        ([" ", SEAL, "a", ToolCall("c", "n", {})],
         [{"text": "a", "thoughtSignature": "s"}, {"functionCall": {"id": "c", "name": "n", "args": {}}}]),
        ([ToolCall("c", "n", {}), SEAL],
         [{"functionCall": {"id": "c", "name": "n", "args": {}}}, {"text": "", "thoughtSignature": "s"}]),
    ],
)  # fmt: skip
def test_a_repair_does_not_separate_a_signature_from_its_part(given, parts):
    turns = [Message.user("hi"), Message.assistant(*given), Message.user(ToolResult("c", "1"))]
    assert prepared(turns)[0]["contents"][1]["parts"] == parts


def test_a_signature_without_a_part_does_not_join_the_next_turn():
    turns = [Message.user("a"), Message.assistant("b", SEAL), Message.assistant("c"), Message.user("d")]
    body, _ = prepared(turns)
    assert body["contents"][1]["parts"] == [{"text": "b"}, {"text": "", "thoughtSignature": "s"}, {"text": "c"}]


def test_citations_have_no_place_and_only_those_of_others_are_told():
    own = Citation(None, "A", "https://a", {"groundingSupport": {}, "groundingChunk": {}})
    turns = [Message.user("a"), Message.assistant(Text("b", (own,)), Text("", (own,))), Message.user("c")]
    body, warnings = prepared(turns)
    assert (body["contents"][1]["parts"], warnings) == ([{"text": "b"}], ())
    turns[1] = Message.assistant(Text("b", (Citation("x", raw={"type": "char_location"}),)))
    assert told(prepared(turns)[1]) == [("repaired", "messages[1]")]
    document = Message.user(Document(b"x", media_type="text/plain", citations=True))
    assert told(prepared([document])[1]) == [("unsupported", "messages[0]")]


@pytest.mark.parametrize(
    ("style", "value", "config", "kinds"),
    [
        ({"style": "gemini_budget"}, "low", {"thinkingBudget": 1024, "includeThoughts": True}, []),
        ({"style": "gemini_budget"}, 700, {"thinkingBudget": 700, "includeThoughts": True}, []),
        ({"style": "gemini_budget", "max_budget": 8000}, "high", {"thinkingBudget": 8000, "includeThoughts": True}, []),
        ({"style": "gemini_budget", "off": {"thinkingConfig": {"thinkingBudget": 0}}}, False,
         {"thinkingBudget": 0}, []),
        ({"style": "gemini_level"}, "high", {"thinkingLevel": "HIGH", "includeThoughts": True}, []),
        ({"style": "gemini_level", "efforts": ["low", "high"]}, "medium",
         {"thinkingLevel": "HIGH", "includeThoughts": True}, ["unsupported"]),
        ({"style": "gemini_level"}, 1000, {"thinkingLevel": "LOW", "includeThoughts": True}, ["unsupported"]),
    ],
)  # fmt: skip
def test_reasoning_is_told_in_budgets_or_levels(style, value, config, kinds):
    body, warnings = prepared("hi", model(reasoning=style), reasoning=value)
    assert body["generationConfig"] == {"thinkingConfig": config}
    assert [warning.kind for warning in warnings] == kinds


def test_a_budget_for_a_word_leaves_room_to_answer_and_a_budget_out_of_range_is_refused():
    config = model(reasoning={"style": "gemini_budget", "min_budget": 128, "max_budget": 1000})
    body, _ = prepared("hi", config, reasoning="high", max_tokens=600)
    assert body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 300
    for value in (127, 1001):
        with pytest.raises(InvalidRequestError, match="at least 128 and at most 1000"):
            prepared("hi", config, reasoning=value)
    assert told(prepared("hi", reasoning="low")[1]) == [("unsupported", "reasoning")]
