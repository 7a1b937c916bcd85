"""What Anthropic's own API wants of a Messages body.

Here: the members that may stand there. Not here: the rules of Messages themselves (shape.py, rules.py), headers
(wires/anthropic.py). Called by: wires/anthropic.py.
Follows: https://docs.claude.com/en/api/messages and the beta members that its SDK sends.
"""

from __future__ import annotations

from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.bodies.anthropic_messages.newer import check_newer_blocks, check_newer_members
from bedrock_llm.testing.emulator.bodies.anthropic_messages.rules import check_rules
from bedrock_llm.testing.emulator.bodies.anthropic_messages.shape import MEMBERS, check_shape
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["check_direct"]

_TAKEN = MEMBERS | {
    "metadata", "cache_control", "service_tier", "container", "mcp_servers", "speed", "diagnostics", "inference_geo",
    "user_profile_id", "workspace_id", "compaction", "fallbacks", "fallback_credit_token", "billing_policy", "thread",
}  # fmt: skip


def check_direct(body: Object, config: ModelConfig, *, newer: bool) -> None:
    """Refuse a body as Anthropic's own API does; the first problem is the answer.

    Args:
        body: Without `model` and `stream`.
        config: What is known of the model.
        newer: Whether the request names the version 2026-10-21.

    Raises:
        Invalid: Names the place.
    """
    for name in body:
        if name not in _TAKEN:
            raise Invalid(f"{name}: Extra inputs are not permitted")
    if newer:
        check_newer_members(body)
    check_shape(body)
    if newer:
        check_newer_blocks(body)
    check_rules(body, config)
