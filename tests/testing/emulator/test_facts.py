"""What single models refuse, by their facts; a fact that is not known forbids nothing."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.catalog.lookup import find
from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.facts import check_features, check_window
from bedrock_llm.testing.emulator.wire import Refusal
from tests.shared_data import shared
from tests.testing.emulator.converse_bodies import (
    CALL,
    GOOD,
    POINT,
    RESULT,
    TOOLS,
    assistant,
    called,
    document,
    image,
    said,
    user,
)

PREFILLED = said(user("a"), assistant("{"))
LEADING = said(assistant("a"), user("b"))
SIGNED = {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}}
UNSIGNED = {"reasoningContent": {"reasoningText": {"text": "t"}}}
CITED = document(citations={"enabled": True})
MEDIA_RESULT = {"toolResult": {"toolUseId": "t1", "content": [image()]}}


def thinking(**more):
    return {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}, **more}


RULES = [
    ({"streaming": False}, said(), True, "doesn't support the ConverseStream operation"),
    ({"tools": False}, said(toolConfig=TOOLS), False, "This model doesn't support tool use."),
    ({"streaming_with_tools": False}, said(toolConfig=TOOLS), True, "doesn't support tool use in streaming mode"),
    ({"system": False}, said(system=[{"text": "a"}]), False, "doesn't support system messages"),
    (
        {"system_messages": False},
        said(user("a"), {"role": "system", "content": [{"text": "b"}]}),
        False,
        "messages with the role system",
    ),
    ({"images": False}, said(user(image())), False, "doesn't support the image content block"),
    ({"documents": False}, said(user("a", document())), False, "doesn't support documents"),
    ({"video": False}, GOOD["an object in S3"], False, "doesn't support the video content block"),
    (
        {"audio": False},
        said(user({"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}})),
        False,
        "the audio content block",
    ),
    ({"citations": False}, said(user("a", CITED)), False, "doesn't support citations"),
    ({"structured_output": False}, GOOD["a schema"], False, "doesn't support the outputConfig.textFormat field"),
    ({"strict_tools": False}, GOOD["a tool"], False, "doesn't support the toolSpec.strict field"),
    ({"tool_result_status": False}, called(), False, "doesn't support the toolResult.status field"),
    ({"prefill": False}, PREFILLED, False, "does not support assistant message prefill"),
    ({"temperature_with_top_p": False}, GOOD["every inference setting"], False, "cannot both be specified"),
    ({"latency_optimized": False}, GOOD["tier, latency, guardrail"], False, "Latency performance configuration"),
    (
        {"sampling": ["top_p"]},
        said(inferenceConfig={"temperature": 1}),
        False,
        "`temperature` is deprecated for this model",
    ),
    ({"sampling": []}, said(inferenceConfig={"topP": 1}), False, "`top_p` is deprecated for this model"),
    ({"tool_choice": ["auto"]}, GOOD["any tool"], False, "doesn't support the toolConfig.toolChoice.any field"),
    ({"tool_choice": ["auto", "required"]}, GOOD["a tool forced"], False, "toolConfig.toolChoice.tool field"),
    (
        {"tool_result_beside": "nothing"},
        said(user("a"), assistant(CALL), user(RESULT, "b"), toolConfig=TOOLS),
        False,
        "messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn.",
    ),
    (
        {"tool_result_beside": "text_image"},
        said(user("a"), assistant(CALL), user(RESULT, "b", document()), toolConfig=TOOLS),
        False,
        "cannot be provided in the same turn",
    ),
    ({"tool_result_media": ["document"]}, called(result=MEDIA_RESULT), False, "the image block in the toolResult"),
    (
        {"service_tiers": ["default"]},
        said(serviceTier={"type": "flex"}),
        False,
        "The service tier flex is not supported",
    ),
    (
        {"reasoning_in_history": "none"},
        said(user("a"), assistant(SIGNED, "b"), user("c")),
        False,
        "the reasoningContent block",
    ),
    (
        {"reasoning_in_history": "signed"},
        said(user("a"), assistant(UNSIGNED, "b"), user("c")),
        False,
        "signature: Field required",
    ),
]


@pytest.mark.parametrize(("features", "body", "stream", "message"), RULES)
def test_what_the_model_is_known_not_to_take_is_refused(features, body, stream, message):
    with pytest.raises(Refusal) as caught:
        check_features(body, ModelConfig(features=features), stream=stream)
    assert (caught.value.status, caught.value.code) == (400, "ValidationException")
    assert message in caught.value.message


@pytest.mark.parametrize(("features", "body", "stream", "message"), RULES)
def test_where_nothing_is_known_everything_is_taken(features, body, stream, message):
    check_features(body, ModelConfig(), stream=stream)


@pytest.mark.parametrize(
    ("features", "body"),
    [
        ({"leading_assistant": True}, LEADING),
        ({"prefill": True}, PREFILLED),
        ({"tool_choice": []}, said(toolConfig={**TOOLS, "toolChoice": {"auto": {}}})),
        (
            {"tool_result_beside": "text_image"},
            said(user("a"), assistant(CALL), user(RESULT, "b", image()), toolConfig=TOOLS),
        ),
        ({"tool_result_media": ["image"]}, called(result=MEDIA_RESULT)),
        ({"cache_points": ["system", "messages"]}, GOOD["four cache points"]),
        ({"reasoning_in_history": "signed"}, said(user("a"), assistant(SIGNED, "b"), user("c"))),
        ({"reasoning_in_history": "any"}, said(user("a"), assistant(UNSIGNED, "b"), user("c"))),
        ({"service_tiers": ["flex"]}, said(serviceTier={"type": "flex"})),
        ({"sampling": ["temperature"]}, said(inferenceConfig={"temperature": 1})),
    ],
)
def test_what_the_model_is_known_to_take_is_taken(features, body):
    check_features(body, ModelConfig(features=features), stream=False)


@pytest.mark.parametrize("features", [{}, {"leading_assistant": False}])
def test_the_first_turn_is_the_users_unless_the_model_is_known_to_take_another(features):
    with pytest.raises(Refusal, match="A conversation must start with a user message"):
        check_features(LEADING, ModelConfig(features=features), stream=False)


@pytest.mark.parametrize(
    ("places", "body"),
    [
        (["messages"], said(system=[{"text": "a"}, POINT])),
        (["system"], said(user("a", POINT))),
        ([], said(toolConfig={"tools": [*TOOLS["tools"], POINT]})),
    ],
)
def test_a_cache_point_where_the_model_has_none_is_access_denied(places, body):
    with pytest.raises(Refusal, match="did not allow prompt caching") as caught:
        check_features(body, ModelConfig(features={"cache_points": places}), stream=False)
    assert (caught.value.status, caught.value.code) == (403, "AccessDeniedException")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            said(**thinking(additionalModelRequestFields={"thinking": {"type": "enabled"}})),
            "greater than or equal to 1024",
        ),
        (
            said(**thinking(inferenceConfig={"maxTokens": 1024})),
            "`max_tokens` must be greater than `thinking.budget_tokens`",
        ),
        (said(**thinking(inferenceConfig={"temperature": 0.5})), "`temperature` may only be set to 1"),
        (said(**thinking(toolConfig={**TOOLS, "toolChoice": {"any": {}}})), "when tool_choice forces tool use"),
        (said(user("a"), assistant("b ")), "cannot end with trailing whitespace"),
    ],
)
def test_claude_has_rules_of_its_own(body, message):
    with pytest.raises(Refusal, match=message):
        check_features(body, ModelConfig(family="claude"), stream=False)
    check_features(body, ModelConfig(family="other"), stream=False)


def test_a_good_budget_of_thinking_is_taken():
    body = said(**thinking(inferenceConfig={"maxTokens": 2048, "temperature": 1}))
    check_features(body, ModelConfig(family="claude"), stream=False)


def test_more_output_than_the_model_has_is_refused():
    config = ModelConfig(max_output_tokens=100)
    check_features(said(inferenceConfig={"maxTokens": 100}), config, stream=False)
    with pytest.raises(Refusal, match="exceeds the model limit of 100"):
        check_features(said(inferenceConfig={"maxTokens": 101}), config, stream=False)


def test_more_input_than_the_window_is_refused():
    check_window(10, ModelConfig(context_window=10))
    check_window(10, ModelConfig())
    with pytest.raises(Refusal, match=r"Input is too long for requested model\."):
        check_window(11, ModelConfig(context_window=10))


def test_every_recorded_request_that_was_answered_is_taken_by_its_models_facts():
    taken = 0
    for line in shared("corpus/interactions.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        body = record["request"].get("body")
        if (
            record["api"] in ("converse", "converse-stream")
            and record["response"]["status"] == 200
            and body is not None
        ):
            check_features(body, find(record["model"]), stream=record["streaming"])
            taken += 1
    assert taken == 199
