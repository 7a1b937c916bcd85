"""Bedrock's operations beside answers: counting, guardrails, asynchronous invocations, and what the account can reach.

`client.bedrock` is the door (door.py). One file here for each job: the values and bodies of an operation, who sends it
and tries again (caller.py), the control plane (control_plane.py).
"""

from bedrock_llm.operations.account import FoundationModel, InferenceProfile
from bedrock_llm.operations.checks import CheckScore, GuardrailChecksResult, SensitiveMatch
from bedrock_llm.operations.door import BedrockOperations
from bedrock_llm.operations.guardrail_content import GuardrailText
from bedrock_llm.operations.guardrails import (
    GuardrailAssessment,
    GuardrailCoverage,
    GuardrailFinding,
    GuardrailResult,
    GuardrailUsage,
)
from bedrock_llm.operations.invocations import AsyncInvocation

__all__ = [
    "AsyncInvocation",
    "BedrockOperations",
    "CheckScore",
    "FoundationModel",
    "GuardrailAssessment",
    "GuardrailChecksResult",
    "GuardrailCoverage",
    "GuardrailFinding",
    "GuardrailResult",
    "GuardrailText",
    "GuardrailUsage",
    "InferenceProfile",
    "SensitiveMatch",
]
