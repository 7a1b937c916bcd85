"""Checks without a guardrail: what is asked of InvokeGuardrailChecks, and what it found.

Here: the values, the body, and how the answer is read. Not here: guardrails that somebody made (guardrails.py).
Called by: door.
Follows: the service model `bedrock-runtime/2023-09-30`, InvokeGuardrailChecks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, ClassVar, NamedTuple

from bedrock_llm.codecs.shared.reading import Json, count, list_of, object_of, string_of
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Text
from bedrock_llm.operations.reading import answer_of, flag, member, number
from bedrock_llm.request import MessagesInput, Request
from bedrock_llm.values import Converter, Value, frozen, many, one

__all__ = ["CheckScore", "Checks", "GuardrailChecksResult", "SensitiveMatch", "checks_body", "read_checks_result"]

CONTENT_CATEGORIES = ("HATE", "INSULTS", "MISCONDUCT", "SEXUAL", "VIOLENCE")
ATTACK_CATEGORIES = ("JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE")
ENTITY_TYPES = (
    "ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER",
    "CREDIT_DEBIT_CARD_CVV", "CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "IP_ADDRESS", "LICENSE_PLATE", "MAC_ADDRESS", "NAME", "PASSWORD", "PHONE",
    "PIN", "SWIFT_CODE", "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER",
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME", "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER", "US_SOCIAL_SECURITY_NUMBER",
    "VEHICLE_IDENTIFICATION_NUMBER",
)  # fmt: skip


@frozen
class CheckScore(Value):
    """How strongly a category was found: `severity_score` from 0 to 1."""

    category: str
    severity_score: float | None = None


@frozen
class SensitiveMatch(Value):
    """A piece of sensitive information.

    Attributes:
        type: e.g. `EMAIL`.
        confidence_score: From 0 to 1.
        begin_offset: Where it begins in its text.
        end_offset: Where it ends.
        message_index: In which message.
        content_index: In which text of that message.
    """

    type: str
    confidence_score: float | None = None
    begin_offset: int | None = None
    end_offset: int | None = None
    message_index: int | None = None
    content_index: int | None = None


@frozen
class GuardrailChecksResult(Value):
    """What the checks found; a check that was not asked for has found nothing.

    Attributes:
        content_filter: A score per category.
        prompt_attack: A score per category.
        sensitive_information: One per piece found.
        truncated: Whether there is more sensitive information than is listed; None where it was not looked for.
        text_units: What was charged, by check: units of text.
        raw: The answer as it came.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "content_filter": many(one(lambda: CheckScore)),
        "prompt_attack": many(one(lambda: CheckScore)),
        "sensitive_information": many(one(lambda: SensitiveMatch)),
    }
    content_filter: tuple[CheckScore, ...] = ()
    prompt_attack: tuple[CheckScore, ...] = ()
    sensitive_information: tuple[SensitiveMatch, ...] = ()
    truncated: bool | None = None
    text_units: Mapping[str, int | None] = field(default_factory=dict, hash=False)
    raw: Any = field(default=None, compare=False, repr=False)


class Checks(NamedTuple):
    """What to look for: True for all that is known, or the names of some; None leaves a check out."""

    content_filter: Iterable[str] | bool | None = None
    prompt_attack: Iterable[str] | bool | None = None
    sensitive_information: Iterable[str] | bool | None = None


class _Check(NamedTuple):
    """A check on the wire: its name, its list, the member of an entry, and the words that we know."""

    name: str
    entries: str
    word: str
    known: tuple[str, ...]


_CHECKS: Mapping[str, _Check] = {
    "content_filter": _Check("contentFilter", "categories", "category", CONTENT_CATEGORIES),
    "prompt_attack": _Check("promptAttack", "categories", "category", ATTACK_CATEGORIES),
    "sensitive_information": _Check("sensitiveInformation", "entities", "type", ENTITY_TYPES),
}


def checks_body(messages: MessagesInput, checks: Checks) -> bytes:
    """The body of InvokeGuardrailChecks.

    Raises:
        InvalidRequestError: No check is asked for, one names what there is not, or a message holds no text.
        UnsupportedFeatureError: A message holds something else than text.
    """
    asked: dict[str, Json] = {}
    for ours, check in _CHECKS.items():
        wanted = _wanted(ours, getattr(checks, ours), check.known)
        if wanted:
            asked[check.name] = {check.entries: [{check.word: name} for name in wanted]}
    if not asked:
        text = f"no check is asked for: give at least one of {', '.join(_CHECKS)}, e.g. content_filter=True"
        raise InvalidRequestError(text, parameter="checks", allowed=", ".join(_CHECKS))
    return to_bytes({"messages": _messages(messages), "checks": asked})


def _wanted(name: str, given: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    if given is None or isinstance(given, bool):
        return known if given else ()
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    made = []
    for word in names:
        upper = word.upper() if isinstance(word, str) else word
        if upper not in known:
            raise InvalidRequestError.of(name, word, f"True, or of {', '.join(known)}")
        made.append(upper)
    return tuple(dict.fromkeys(made))


def _messages(given: MessagesInput) -> list[Json]:
    made = []
    for index, message in enumerate(Request.of(given).messages):
        for part in message.parts:
            if not isinstance(part, Text):
                text = f"messages[{index}] holds a {type(part).__name__}; the checks read text alone"
                raise UnsupportedFeatureError(text, parameter=f"messages[{index}]", allowed="text")
        texts = [{"text": part.text} for part in message.parts if isinstance(part, Text) and part.text]
        if not texts:
            raise InvalidRequestError(f"messages[{index}] holds no text", parameter=f"messages[{index}]")
        made.append({"role": message.role, "content": texts})
    return made


def read_checks_result(body: bytes) -> GuardrailChecksResult:
    """InvokeGuardrailChecks' answer.

    Raises:
        ProtocolError: It is none.
    """
    data = answer_of(body)
    results, usage = object_of(data.get("results"), "results"), member(data, "usage")
    sensitive = member(results, "sensitiveInformation")
    return GuardrailChecksResult(
        content_filter=_scores(results, "contentFilter"),
        prompt_attack=_scores(results, "promptAttack"),
        sensitive_information=tuple(map(_match, list_of(sensitive.get("results"), "results"))),
        truncated=flag(sensitive, "truncated"),
        text_units={
            ours: count(member(usage, check.name).get("textUnits"))
            for ours, check in _CHECKS.items()
            if usage.get(check.name) is not None
        },
        raw=data,
    )


def _scores(results: Mapping[str, Json], name: str) -> tuple[CheckScore, ...]:
    entries = [object_of(entry, name) for entry in list_of(member(results, name).get("results"), name)]
    return tuple(
        CheckScore(string_of(entry.get("category"), "category"), number(entry, "severityScore")) for entry in entries
    )


def _match(value: Json) -> SensitiveMatch:
    entry = object_of(value, "sensitiveInformation")
    places = (count(entry.get(name)) for name in ("beginOffset", "endOffset", "messageIndex", "contentIndex"))
    return SensitiveMatch(string_of(entry.get("type"), "type"), number(entry, "confidenceScore"), *places)
