"""ApplyGuardrail and InvokeGuardrailChecks, by simple rules.

Here: `Guardrails`, which finds words and addresses. Not here: judgement. Called by: table.
Follows: the service model `bedrock-runtime/2023-09-30`.

A guardrail blocks the words it was told to, and masks e-mail addresses. The checks find a category where the text says
its name, `ignore previous instructions` as an attack, and e-mail addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.testing.emulator.operations.call import OperationCall
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["Guardrails"]

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ATTACK = re.compile(r"ignore (?:all )?(?:previous|prior) instructions", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+")
_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_FILTERS = ("SEXUAL", "VIOLENCE", "HATE", "INSULTS", "PROMPT_ATTACK", "MISCONDUCT")
_UNIT_CHARACTERS = 1000
_FOUND = 0.9
_MATCHES = 100  # of sensitive information, listed at most


class Guardrails:
    """What every guardrail here does.

    Attributes:
        denied_words: Words that are blocked, in lower case.
        message: What is shown instead.
    """

    def __init__(self) -> None:
        self.denied_words: set[str] = {"forbidden"}
        self.message: str = "Sorry, this cannot be answered."

    def apply(self, call: OperationCall) -> dict[str, Any]:
        """ApplyGuardrail's answer."""
        identifier, version = call.names["identifier"], call.names["version"]
        if not _IDENTIFIER.fullmatch(identifier) or not _VERSION.fullmatch(version):
            raise Invalid("The guardrail identifier or version provided in the request does not exist.")
        texts = [block["text"]["text"] for block in call.body["content"] if block.get("text")]
        images = sum(1 for block in call.body["content"] if block.get("image"))
        words = sorted({word for text in texts for word in self.denied_words if word in text.lower()})
        emails = [found for text in texts for found in _EMAIL.findall(text)]
        usage, coverage = _usage(texts, images), _coverage(texts, images)
        answer: dict[str, Any] = {
            "usage": usage,
            "action": "GUARDRAIL_INTERVENED" if words or emails else "NONE",
            "outputs": self._outputs(texts, words, emails),
            "assessments": [
                {
                    **_found(words, emails, full=call.body.get("outputScope") == "FULL"),
                    "invocationMetrics": {
                        "guardrailProcessingLatency": 1,
                        "usage": usage,
                        "guardrailCoverage": coverage,
                    },
                    "appliedGuardrailDetails": {
                        "guardrailId": identifier.rpartition("/")[2],
                        "guardrailVersion": version,
                        "guardrailOrigin": ["REQUEST"],
                        "guardrailOwnership": "SELF",
                    },
                }
            ],
            "guardrailCoverage": coverage,
        }
        if words or emails:
            answer["actionReason"] = "Guardrail blocked." if words else "Guardrail masked."
        return answer

    def _outputs(self, texts: list[str], words: list[str], emails: list[str]) -> list[dict[str, str]]:
        if words:
            return [{"text": self.message}]
        return [{"text": _EMAIL.sub("{EMAIL}", text)} for text in texts] if emails else []

    def check(self, call: OperationCall) -> dict[str, Any]:
        """InvokeGuardrailChecks' answer."""
        checks = {name: asked for name, asked in call.body["checks"].items() if asked is not None}
        if not checks:
            raise Invalid("At least one check must be specified.")
        texts = [block["text"] for message in call.body["messages"] for block in message["content"]]
        results: dict[str, Any] = {}
        if "contentFilter" in checks:
            results["contentFilter"] = {"results": list(_scores(checks["contentFilter"], texts))}
        if "promptAttack" in checks:
            attacked = _FOUND if any(map(_ATTACK.search, texts)) else 0.0
            names = [entry["category"] for entry in checks["promptAttack"]["categories"]]
            results["promptAttack"] = {"results": [{"category": name, "severityScore": attacked} for name in names]}
        if "sensitiveInformation" in checks:
            types = {entry["type"] for entry in checks["sensitiveInformation"]["entities"]}
            found = list(_emails(call.body["messages"])) if "EMAIL" in types else []
            results["sensitiveInformation"] = {"results": found[:_MATCHES], "truncated": len(found) > _MATCHES}
        return {"results": results, "usage": {name: {"textUnits": _units(texts)} for name in checks}}


def _units(texts: list[str]) -> int:
    return max(1, -(-sum(map(len, texts)) // _UNIT_CHARACTERS))


def _usage(texts: list[str], images: int) -> dict[str, int]:
    units = _units(texts) if texts else 0
    return {
        "topicPolicyUnits": 0,
        "contentPolicyUnits": units,
        "contentPolicyImageUnits": images,
        "wordPolicyUnits": units,
        "sensitiveInformationPolicyUnits": units,
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits": 0,
    }


def _coverage(texts: list[str], images: int) -> dict[str, Any]:
    characters = sum(map(len, texts))
    coverage: dict[str, Any] = {"textCharacters": {"guarded": characters, "total": characters}}
    if images:
        coverage["images"] = {"guarded": images, "total": images}
    return coverage


def _found(words: list[str], emails: list[str], *, full: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if words:
        custom = [{"match": word, "action": "BLOCKED", "detected": True} for word in words]
        found["wordPolicy"] = {"customWords": custom, "managedWordLists": []}
    if emails:
        entities = [{"match": mail, "type": "EMAIL", "action": "ANONYMIZED", "detected": True} for mail in emails]
        found["sensitiveInformationPolicy"] = {"piiEntities": entities, "regexes": []}
    if full:
        nothing = {"action": "NONE", "confidence": "NONE", "filterStrength": "HIGH", "detected": False}
        found["contentPolicy"] = {"filters": [{"type": name, **nothing} for name in _FILTERS]}
    return found


def _scores(asked: Mapping[str, Any], texts: list[str]) -> Iterator[dict[str, Any]]:
    for entry in asked["categories"]:
        name = entry["category"]
        found = any(name.lower() in text.lower() for text in texts)
        yield {"category": name, "severityScore": _FOUND if found else 0.0}


def _emails(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for index, message in enumerate(messages):
        for place, block in enumerate(message["content"]):
            for found in _EMAIL.finditer(block["text"]):
                where = {"beginOffset": found.start(), "endOffset": found.end()}
                indexes = {"messageIndex": index, "contentIndex": place}
                yield {"type": "EMAIL", "confidenceScore": _FOUND, **where, **indexes}
