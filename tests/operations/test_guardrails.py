"""ApplyGuardrail: what is sent, what comes back, and what is refused before sending."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.errors import InvalidRequestError, ProtocolError
from bedrock_llm.messages import Image, Text
from bedrock_llm.operations import (
    GuardrailCoverage,
    GuardrailFinding,
    GuardrailResult,
    GuardrailText,
    GuardrailUsage,
)
from bedrock_llm.operations.guardrails import read_assessment, read_guardrail_result

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32
ARN = "arn:aws:bedrock:us-east-1:123456789012:guardrail/ab12cd"

ANSWER = {
    "usage": {"topicPolicyUnits": 1, "contentPolicyUnits": 2, "wordPolicyUnits": 0, "newUnits": 7},
    "action": "GUARDRAIL_INTERVENED",
    "actionReason": "Guardrail blocked.",
    "outputs": [{"text": "No."}, {"text": None}],
    "assessments": [
        {
            "topicPolicy": {"topics": [{"name": "stocks", "type": "DENY", "action": "BLOCKED", "detected": True}]},
            "contentPolicy": {
                "filters": [
                    {"type": "HATE", "confidence": "SOMEWHAT", "filterStrength": "HIGH", "action": "NONE"},
                ]
            },
            "wordPolicy": {
                "customWords": [{"match": "darn", "action": "BLOCKED"}],
                "managedWordLists": [{"match": "heck", "type": "PROFANITY", "action": "BLOCKED"}],
            },
            "sensitiveInformationPolicy": {
                "piiEntities": [{"match": "a@b.com", "type": "EMAIL", "action": "ANONYMIZED"}],
                "regexes": [{"name": "badge", "match": "B-1", "regex": "B-.", "action": "NONE"}],
            },
            "contextualGroundingPolicy": {
                "filters": [{"type": "GROUNDING", "threshold": 0.75, "score": 0.5, "action": "BLOCKED"}]
            },
            "automatedReasoningPolicy": {"findings": [{"noTranslations": {}}]},
            "tomorrowsPolicy": {"x": 1},
            "invocationMetrics": {
                "guardrailProcessingLatency": 379,
                "usage": {"topicPolicyUnits": 1},
                "guardrailCoverage": {"textCharacters": {"guarded": 10, "total": 12}, "images": None},
            },
            "appliedGuardrailDetails": {
                "guardrailId": "ab12cd",
                "guardrailVersion": "1",
                "guardrailArn": ARN,
                "guardrailOrigin": ["REQUEST", "ACCOUNT_ENFORCED"],
            },
        },
        {"wordPolicy": None},
    ],
    "guardrailCoverage": {"textCharacters": {"guarded": 10, "total": 12}, "images": {"guarded": 0, "total": 1}},
}


def test_every_policys_findings_are_read_and_the_services_words_stay():
    result = read_guardrail_result(json.dumps(ANSWER).encode())
    assert result.intervened
    assert (result.action_reason, result.outputs, result.text) == ("Guardrail blocked.", ("No.",), "No.")
    first, second = result.assessments
    assert first.findings == (
        GuardrailFinding("topic", "DENY", "stocks", action="BLOCKED", detected=True),
        GuardrailFinding("content", "HATE", action="NONE", confidence="SOMEWHAT", strength="HIGH"),
        GuardrailFinding("word", match="darn", action="BLOCKED"),
        GuardrailFinding("managed_word", "PROFANITY", match="heck", action="BLOCKED"),
        GuardrailFinding("pii", "EMAIL", match="a@b.com", action="ANONYMIZED"),
        GuardrailFinding("regex", name="badge", match="B-1", action="NONE"),
        GuardrailFinding("grounding", "GROUNDING", action="BLOCKED", score=0.5, threshold=0.75),
        GuardrailFinding("automated_reasoning", "noTranslations"),
    )
    assert (first.guardrail_id, first.guardrail_version, first.guardrail_arn) == ("ab12cd", "1", ARN)
    assert (first.origins, first.latency_ms) == (("REQUEST", "ACCOUNT_ENFORCED"), 379)
    assert first.coverage == GuardrailCoverage(10, 12, None, None)
    assert first.raw["tomorrowsPolicy"] == {"x": 1}
    assert (second.findings, second.usage, second.coverage) == ((), None, None)
    assert result.usage == GuardrailUsage(topic_policy_units=1, content_policy_units=2, word_policy_units=0)
    assert result.coverage == GuardrailCoverage(10, 12, 0, 1)
    assert result.raw == ANSWER


def test_a_result_goes_to_a_dict_and_back():
    result = read_guardrail_result(json.dumps(ANSWER).encode())
    assert GuardrailResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_what_was_found_is_not_in_the_repr():
    assert "a@b.com" not in repr(read_guardrail_result(json.dumps(ANSWER).encode()))


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (b"", "empty body"),
        (b"<html>", "not JSON"),
        (b"[]", "the answer must be an object"),
        (b"{}", "action must be a string"),
        (b'{"action":"NONE","assessments":{}}', "assessments must be a list"),
        (b'{"action":"NONE","assessments":[{"topicPolicy":{"topics":[1]}}]}', "topics must be an object"),
        (b'{"action":"NONE","assessments":[{"topicPolicy":{"topics":[{"detected":"yes"}]}}]}', "detected must be true"),
        (b'{"action":"NONE","outputs":[{"text":5}]}', "text must be a string"),
    ],
)
def test_an_answer_of_another_shape_is_a_protocol_error(answer, named):
    with pytest.raises(ProtocolError, match=named):
        read_guardrail_result(answer)


def test_the_trace_of_an_answer_holds_assessments_of_the_same_form():
    assessment = read_assessment({"wordPolicy": {"customWords": [{"match": "darn", "action": "BLOCKED"}]}})
    assert assessment.findings == (GuardrailFinding("word", match="darn", action="BLOCKED"),)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from([*ANSWER, *ANSWER["assessments"][0], "filters", "topics", "usage", "text"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_is_read_or_is_a_protocol_error(data):
    try:
        result = read_guardrail_result(json.dumps(data).encode())
    except ProtocolError:
        return
    assert GuardrailResult.from_dict(result.to_dict()) == result


@pytest.mark.anyio
async def test_texts_and_images_are_sent_with_their_qualifiers(emulator, client_of, tmp_path):
    file = tmp_path / "picture.png"
    file.write_bytes(PNG)
    content = ["plain", Text("a part"), GuardrailText("Why?", ("query",)), Image(PNG), Image(file)]
    async with client_of() as client:
        result = await client.bedrock.apply_guardrail(content, identifier=ARN, version=3, source="OUTPUT", scope="full")
    received = emulator.received[-1]
    assert received.path == f"/guardrail/{ARN.replace(':', '%3A').replace('/', '%2F')}/version/3/apply"
    image = {"image": {"format": "png", "source": {"bytes": base64.b64encode(PNG).decode()}}}
    assert json.loads(received.body) == {
        "source": "OUTPUT",
        "content": [
            {"text": {"text": "plain"}},
            {"text": {"text": "a part"}},
            {"text": {"text": "Why?", "qualifiers": ["query"]}},
            image,
            image,
        ],
        "outputScope": "FULL",
    }
    assert not result.intervened
    assert (result.outputs, result.coverage.total_images) == ((), 2)
    assert result.assessments[0].guardrail_version == "3"


@pytest.mark.anyio
async def test_a_guardrail_masks_or_blocks(emulator, client_of):
    async with client_of() as client:
        guard = client.bedrock.apply_guardrail
        masked = await guard("Write to a@b.com.", identifier="ab12", version="DRAFT", source="output")
        emulator.operations.guardrails.denied_words.add("stocks")
        blocked = await guard("Which Stocks?", identifier="ab12", version=1)
    assert (masked.intervened, masked.text) == (True, "Write to {EMAIL}.")
    assert blocked.text == emulator.operations.guardrails.message
    assert [finding.match for finding in blocked.assessments[0].findings] == ["stocks"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("parameter", "arguments"),
    [
        ("identifier", {"identifier": "Not One"}),
        ("identifier", {"identifier": "../../model"}),
        ("version", {"version": "latest"}),
        ("version", {"version": 0}),
        ("version", {"version": True}),
        ("source", {"source": "user"}),
        ("scope", {"scope": "all"}),
        ("content", {"content": []}),
        ("content[1]", {"content": ["a", 5]}),
        ("content[0]", {"content": Image("https://example.com/a.png")}),
        ("content[0]", {"content": Image(b"GIF89a" + b"0" * 20)}),
    ],
)
async def test_what_the_service_would_refuse_is_named_before_sending(emulator, client_of, parameter, arguments):
    async with client_of() as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.bedrock.apply_guardrail(**{"content": "x", "identifier": "ab", "version": 1, **arguments})
    assert caught.value.parameter == parameter
    assert emulator.received == ()


def test_a_qualifier_is_one_that_there_is():
    assert (
        GuardrailText("x", "query")
        == GuardrailText("x", ("query",))
        == GuardrailText.from_dict(GuardrailText("x", ("query",)).to_dict())
    )
    with pytest.raises(InvalidRequestError, match="grounding_source, query, guard_content"):
        GuardrailText("x", ("question",))
