"""What holds for Claude beyond its facts, through Converse and through its own body."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import AWSCredentials, ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Document, Message, Thinking, ToolCall, ToolResult
from bedrock_llm.models.claude import ClaudeImplementation
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.request import Request
from bedrock_llm.transports.choose import default_transport

BUDGET = {"style": "budget", "efforts": [], "min_budget": 1024, "off": {}, "default_on": False}
EFFORT = {"style": "adaptive", "efforts": ["low", "medium", "high"], "off": {}, "default_on": False}
CALL, RESULT = ToolCall("t", "f", {}), ToolResult("t", "r")
SEALED, PLAIN = Thinking("t", "s", None, "claude"), Thinking("t", None, None, "claude")
PDF = Document(b"%PDF-1.7", media_type="application/pdf")
CITED = Document(b"%PDF-1.7", media_type="application/pdf", citations=True)
BOTH = pytest.mark.parametrize("api", ["converse", "invoke"])


def claude(api="converse", **features):
    codec = ConverseCodec() if api == "converse" else InvokeCodec(MessagesBody())
    provider = BedrockProvider(region="us-east-1", credentials=AWSCredentials("AKIAIOSFODNN7EXAMPLE", "example"))
    config = ModelConfig(provider="bedrock", model="anthropic.claude-x", family="claude", features=features)
    return ClaudeImplementation(config, codec=codec, provider=provider, transport=default_transport(None))


def prepare(model, messages, **parameters):
    prepared, warnings = model.prepare(Request.of(messages, **parameters))
    return prepared, [warning.parameter for warning in warnings]


def loop(*parts):
    return [Message.user("a"), Message.assistant(*parts), Message.user(RESULT)]


@BOTH
@pytest.mark.parametrize(
    ("messages", "style", "kept"),
    [
        (loop(CALL), BUDGET, False),
        (loop(PLAIN, CALL), BUDGET, False),
        (loop(Thinking("t", "s", None, "nova"), CALL), BUDGET, False),
        ([Message.user("a"), Message.assistant("Well,")], BUDGET, False),
        (loop(SEALED, CALL), BUDGET, True),
        (loop(Thinking("", None, "c2VhbA==", "claude"), CALL), BUDGET, True),
        ([*loop(CALL), Message.assistant("b"), Message.user("c")], BUDGET, True),
        ([Message.user("a")], BUDGET, True),
        (loop(CALL), EFFORT, True),
    ],
)
def test_a_budget_needs_a_turn_that_begins_with_thought(api, messages, style, kept):
    model = claude(api, reasoning=style)
    prepared, told = prepare(model, messages, reasoning=2048, max_tokens=4000, tools=[ToolSpec("f")])
    assert (prepared.get("reasoning") is not None, told.count("reasoning")) == (kept, int(not kept or style is EFFORT))


@BOTH
@pytest.mark.parametrize(("top_p", "kept"), [(0.9, None), (0.95, 0.95)])
def test_a_small_top_p_is_left_out_beside_a_budget(api, top_p, kept):
    prepared, told = prepare(claude(api, reasoning=BUDGET), "hi", reasoning=2048, max_tokens=4000, top_p=top_p)
    assert (prepared.get("top_p"), told) == (kept, [] if kept else ["top_p"])
    assert prepare(claude(api, reasoning=BUDGET), "hi", top_p=top_p)[0].get("top_p") == top_p


@BOTH
def test_documents_are_cited_all_or_none(api):
    with pytest.raises(InvalidRequestError, match="some documents and not of others"):
        prepare(claude(api), [Message.user("a", CITED), Message.assistant("b"), Message.user("c", PDF)])
    assert prepare(claude(api), [Message.user("a", CITED)])[1] == []
    assert prepare(claude(api), [Message.user("a", PDF)], output_type={"type": "object"})[1] == []
    prepare(claude(api, citations=False), [Message.user("a", CITED, PDF)])  # left out before that


@BOTH
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"output_type": {"type": "object"}}, "output_type"),
        ({"tools": [ToolSpec("f")], "tool_choice": "f"}, "tool_choice"),
    ],
)
def test_citations_do_not_go_with_an_answer_of_a_fixed_form(api, parameters, named):
    with pytest.raises(UnsupportedFeatureError) as caught:
        prepare(claude(api), [Message.user("a", CITED)], **parameters)
    assert caught.value.parameter == named


def tool(name, properties, required=(), *, strict=True):
    return ToolSpec(name, None, {"type": "object", "properties": properties, "required": list(required)}, strict)


TEXT = {"type": "string"}
MANY = [tool(f"f{number}", {}) for number in range(21)]
OPTIONAL = {f"a{number}": TEXT for number in range(25)}
UNIONS = {f"a{number}": {"type": ["string", "null"]} for number in range(17)}


@BOTH
@pytest.mark.parametrize(
    ("tools", "words"),
    [
        (MANY, "21 strict tools; Claude takes 20"),
        ([tool("f", OPTIONAL)], "25 optional arguments of strict tools; Claude takes 24"),
        ([tool("f", dict(list(OPTIONAL.items())[:13])), tool("g", {"in": {"type": "object", "properties": OPTIONAL}})],
         "39 optional arguments"),
        ([tool("f", UNIONS, UNIONS)], "17 arguments of several types"),
    ],
)  # fmt: skip
def test_strict_tools_have_limits(api, tools, words):
    with pytest.raises(InvalidRequestError, match=words) as caught:
        prepare(claude(api), "hi", tools=tools)
    assert caught.value.parameter == "tools"
    loose = [ToolSpec(entry.name, None, entry.parameters, None) for entry in tools]
    assert prepare(claude(api), "hi", tools=loose)[1] == []
    prepare(claude(api, strict_tools=False), "hi", tools=tools)  # strict was left out before that


NODE = {
    "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
    "type": "object",
    "properties": {"node": {"$ref": "#/$defs/Node"}},
}
TWICE = {
    "$defs": {"Leaf": TEXT},
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/Leaf"}, "b": {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}]}},
    "required": ["a", "b"],
}
ROOT = {"type": "object", "properties": {"self": {"$ref": "#"}}}


@BOTH
@pytest.mark.parametrize("schema", [NODE, ROOT])
def test_a_schema_that_refers_to_itself_is_refused(api, schema):
    for parameters in ({"output_type": schema}, {"tools": [ToolSpec("f", None, schema, True)]}):
        with pytest.raises(UnsupportedFeatureError, match="refers to itself") as caught:
            prepare(claude(api), "hi", **parameters)
        assert caught.value.parameter in parameters
    assert prepare(claude(api), "hi", tools=[ToolSpec("f", None, schema)])[1] == []


@BOTH
def test_a_schema_may_be_referred_to_more_than_once(api):
    assert prepare(claude(api), "hi", output_type=TWICE, tools=[ToolSpec("f", None, TWICE, True)])[1] == []
