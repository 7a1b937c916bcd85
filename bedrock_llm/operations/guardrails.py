"""What a guardrail found: the values, and how they are read.

Here: ApplyGuardrail's answer, and single assessments, which the trace of a Converse answer holds too. Not here: what is
sent (guardrail_content.py). Called by: door, users.
Follows: the service model `bedrock-runtime/2023-09-30`, ApplyGuardrailResponse and GuardrailAssessment.

Rule: words of the service stay strings, whatever they are; what has no field here is in `raw`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, ClassVar

from bedrock_llm.codecs.shared.reading import Json, count, list_of, object_of, string_of
from bedrock_llm.operations.reading import answer_of, flag, member, number, word, words
from bedrock_llm.values import TUPLE, Converter, Value, frozen, many, one

__all__ = [
    "GuardrailAssessment", "GuardrailCoverage", "GuardrailFinding", "GuardrailResult", "GuardrailUsage",
    "read_assessment", "read_guardrail_result",
]  # fmt: skip

INTERVENED = "GUARDRAIL_INTERVENED"


@frozen
class GuardrailFinding(Value):
    """One thing that one policy looked for.

    Attributes:
        policy: "topic", "content", "word", "managed_word", "pii", "regex", "grounding" or "automated_reasoning".
        type: The service's word for what it is, e.g. `DENY`, `HATE`, `EMAIL`, `GROUNDING`; or None.
        name: Of the topic or the expression, or None.
        match: The text that was found, or None. Not in the repr: it may be what must not be logged.
        action: What was done: `BLOCKED`, `ANONYMIZED`, `NONE`; or None where the policy does not act.
        detected: Whether it was found, or None where the service does not say.
        confidence: `NONE`, `LOW`, `MEDIUM`, `HIGH`; or None.
        strength: How strictly the guardrail filters it, in the same words; or None.
        score: From 0 to 1, or None.
        threshold: The score below which the guardrail acts, or None.
        raw: As it came.
    """

    policy: str
    type: str | None = None
    name: str | None = None
    match: str | None = field(default=None, repr=False)
    action: str | None = None
    detected: bool | None = None
    confidence: str | None = None
    strength: str | None = None
    score: float | None = None
    threshold: float | None = None
    raw: Any = field(default=None, compare=False, repr=False)


@frozen
class GuardrailUsage(Value):
    """Units that were charged, by policy; None where the service does not say.

    A text unit is up to 1,000 characters. Source: https://aws.amazon.com/bedrock/pricing/
    """

    topic_policy_units: int | None = None
    content_policy_units: int | None = None
    content_policy_image_units: int | None = None
    word_policy_units: int | None = None
    sensitive_information_policy_units: int | None = None
    sensitive_information_policy_free_units: int | None = None
    contextual_grounding_policy_units: int | None = None
    automated_reasoning_policy_units: int | None = None
    automated_reasoning_policies: int | None = None


@frozen
class GuardrailCoverage(Value):
    """How much was looked at, of how much; None where the service does not say."""

    guarded_characters: int | None = None
    total_characters: int | None = None
    guarded_images: int | None = None
    total_images: int | None = None


@frozen
class GuardrailAssessment(Value):
    """What one guardrail found.

    Attributes:
        findings: One per thing looked for that the service reports.
        guardrail_id: Which guardrail, or None; one may be enforced by the account or the organisation.
        guardrail_version: Its version.
        guardrail_arn: Its ARN.
        origins: Why it was applied: `REQUEST`, `ACCOUNT_ENFORCED`, `ORGANIZATION_ENFORCED`.
        latency_ms: How long it took.
        usage: What was charged for it, or None.
        coverage: How much was looked at, or None.
        raw: As it came.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "findings": many(one(lambda: GuardrailFinding)),
        "origins": TUPLE,
        "usage": one(lambda: GuardrailUsage),
        "coverage": one(lambda: GuardrailCoverage),
    }
    findings: tuple[GuardrailFinding, ...] = ()
    guardrail_id: str | None = None
    guardrail_version: str | None = None
    guardrail_arn: str | None = None
    origins: tuple[str, ...] = ()
    latency_ms: int | None = None
    usage: GuardrailUsage | None = None
    coverage: GuardrailCoverage | None = None
    raw: Any = field(default=None, compare=False, repr=False)


@frozen
class GuardrailResult(Value):
    """What a guardrail says of a content.

    Attributes:
        action: `NONE` or `GUARDRAIL_INTERVENED`; see `intervened`.
        action_reason: Why, in the service's words, or None.
        outputs: What to show instead of the content, where the guardrail intervened: its message, or the content with
            parts masked.
        assessments: What was found, one per guardrail.
        usage: What was charged.
        coverage: How much was looked at, or None.
        raw: The answer as it came.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "outputs": TUPLE,
        "assessments": many(one(lambda: GuardrailAssessment)),
        "usage": one(lambda: GuardrailUsage),
        "coverage": one(lambda: GuardrailCoverage),
    }
    action: str
    action_reason: str | None = None
    outputs: tuple[str, ...] = ()
    assessments: tuple[GuardrailAssessment, ...] = ()
    usage: GuardrailUsage = GuardrailUsage()
    coverage: GuardrailCoverage | None = None
    raw: Any = field(default=None, compare=False, repr=False)

    @property
    def intervened(self) -> bool:
        """Whether the guardrail blocked or masked something."""
        return self.action == INTERVENED

    @property
    def text(self) -> str:
        """The outputs, joined with nothing between."""
        return "".join(self.outputs)


def read_guardrail_result(body: bytes) -> GuardrailResult:
    """ApplyGuardrail's answer.

    Raises:
        ProtocolError: It is none.
    """
    data = answer_of(body)
    outputs = (word(object_of(entry, "outputs"), "text") for entry in list_of(data.get("outputs"), "outputs"))
    return GuardrailResult(
        action=string_of(data.get("action"), "action"),
        action_reason=word(data, "actionReason"),
        outputs=tuple(text for text in outputs if text is not None),
        assessments=tuple(map(read_assessment, list_of(data.get("assessments"), "assessments"))),
        usage=_usage(data) or GuardrailUsage(),
        coverage=_coverage(data),
        raw=data,
    )


def read_assessment(value: Json) -> GuardrailAssessment:
    """One assessment: of ApplyGuardrail's answer, or of the trace of a Converse answer (`Response.raw`).

    Raises:
        ProtocolError: It is none.
    """
    data = object_of(value, "an assessment")
    metrics, details = member(data, "invocationMetrics"), member(data, "appliedGuardrailDetails")
    return GuardrailAssessment(
        findings=tuple(_findings(data)),
        guardrail_id=word(details, "guardrailId"),
        guardrail_version=word(details, "guardrailVersion"),
        guardrail_arn=word(details, "guardrailArn"),
        origins=words(details, "guardrailOrigin"),
        latency_ms=count(metrics.get("guardrailProcessingLatency")),
        usage=_usage(metrics),
        coverage=_coverage(metrics),
        raw=data,
    )


# Where an assessment lists what was found, and what we call that policy.
_LISTS = (
    ("topicPolicy", "topics", "topic"),
    ("contentPolicy", "filters", "content"),
    ("wordPolicy", "customWords", "word"),
    ("wordPolicy", "managedWordLists", "managed_word"),
    ("sensitiveInformationPolicy", "piiEntities", "pii"),
    ("sensitiveInformationPolicy", "regexes", "regex"),
    ("contextualGroundingPolicy", "filters", "grounding"),
)


def _findings(data: Mapping[str, Json]) -> Iterator[GuardrailFinding]:
    for policy, name, ours in _LISTS:
        for entry in list_of(member(data, policy).get(name), name):
            yield _finding(ours, object_of(entry, name))
    for entry in list_of(member(data, "automatedReasoningPolicy").get("findings"), "findings"):
        kind = next((name for name, value in object_of(entry, "findings").items() if value is not None), None)
        yield GuardrailFinding("automated_reasoning", type=kind, raw=entry)


def _finding(policy: str, data: dict[str, Json]) -> GuardrailFinding:
    return GuardrailFinding(
        policy,
        type=word(data, "type"),
        name=word(data, "name"),
        match=word(data, "match"),
        action=word(data, "action"),
        detected=flag(data, "detected"),
        confidence=word(data, "confidence"),
        strength=word(data, "filterStrength"),
        score=number(data, "score"),
        threshold=number(data, "threshold"),
        raw=data,
    )


_UNITS: Mapping[str, str] = {
    "topic_policy_units": "topicPolicyUnits",
    "content_policy_units": "contentPolicyUnits",
    "content_policy_image_units": "contentPolicyImageUnits",
    "word_policy_units": "wordPolicyUnits",
    "sensitive_information_policy_units": "sensitiveInformationPolicyUnits",
    "sensitive_information_policy_free_units": "sensitiveInformationPolicyFreeUnits",
    "contextual_grounding_policy_units": "contextualGroundingPolicyUnits",
    "automated_reasoning_policy_units": "automatedReasoningPolicyUnits",
    "automated_reasoning_policies": "automatedReasoningPolicies",
}


def _usage(data: Mapping[str, Json]) -> GuardrailUsage | None:
    units = member(data, "usage")
    return GuardrailUsage(**{ours: count(units.get(theirs)) for ours, theirs in _UNITS.items()}) if units else None


def _coverage(data: Mapping[str, Json]) -> GuardrailCoverage | None:
    covered = member(data, "guardrailCoverage")
    if not covered:
        return None
    text, images = member(covered, "textCharacters"), member(covered, "images")
    return GuardrailCoverage(
        count(text.get("guarded")), count(text.get("total")), count(images.get("guarded")), count(images.get("total"))
    )
