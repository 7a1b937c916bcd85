"""What Bedrock wants of a Messages body beyond what Anthropic wants of it.

Here: the members that may stand there, the version and the betas, and no addresses. Not here: the rules of Messages
themselves (shape.py, rules.py). Called by: the package.
Follows: https://docs.claude.com/en/docs/build-with-claude/claude-on-amazon-bedrock, and recorded traffic.
"""

from __future__ import annotations

from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.bodies.anthropic_messages.newer import check_newer_blocks, check_newer_members
from bedrock_llm.testing.emulator.bodies.anthropic_messages.rules import check_rules
from bedrock_llm.testing.emulator.bodies.anthropic_messages.shape import MEMBERS, blocks, check_shape
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["check"]

_OLD, _NEW = "bedrock-2023-05-31", "2026-10-21"
_GUARDRAIL = "amazon-bedrock-guardrailConfig"
_TAKEN = MEMBERS | {"anthropic_version", "anthropic_beta", _GUARDRAIL}
# Only models that know the new version have these.
_LATER = frozenset({"metadata", "cache_control", "service_tier", "container", "mcp_servers", "speed", "diagnostics"})
_BETAS = frozenset(
    {
        "compact-2026-01-12", "compact-2026-09-04", "computer-use-2024-10-22", "computer-use-2025-01-24",
        "computer-use-2025-11-24", "context-1m-2025-08-07", "context-management-2025-06-27",
        "dev-full-thinking-2025-05-14", "effort-2025-11-24", "fallback-credit-2026-06-01",
        "fine-grained-tool-streaming-2025-05-14", "inline-tools-2026-09-15", "interleaved-thinking-2025-05-14",
        "mid-conversation-effort-2026-08-01", "mid-conversation-output-config-2026-07-01",
        "mid-conversation-tool-changes-2026-07-01", "output-128k-2025-02-19", "per-message-effort-2026-07-01",
        "per-turn-control-2026-07-01", "thinking-binding-controls-2026-08-01", "thinking-display-updates-2026-08-18",
        "token-efficient-tools-2025-02-19", "tool-examples-2025-10-29", "tool-search-tool-2025-10-19",
    }
)  # fmt: skip


def check(body: Object, config: ModelConfig, stream: bool) -> None:
    """Refuse a body as the service does; the first problem is the answer.

    Raises:
        Invalid: Names the place.
    """
    del stream
    older = config.feature("anthropic_version") == body.get("anthropic_version") == _OLD
    taken = _TAKEN if older else _TAKEN | _LATER
    for name in body:
        if name not in taken:
            raise Invalid(f"{name}: Extra inputs are not permitted")
    _version(body)
    _betas(body)
    check_shape(body)
    _sources(body)
    if body["anthropic_version"] == _NEW:
        check_newer_blocks(body)
    check_rules(body, config)


def _version(body: Object) -> None:
    version = body.get("anthropic_version")
    if version is None:
        raise Invalid("anthropic_version: Field required")
    if version not in (_OLD, _NEW):
        raise Invalid(f"anthropic_version: Input should be '{_OLD}' or '{_NEW}'")
    if version == _NEW:
        check_newer_members(body)


def _betas(body: Object) -> None:
    betas = body.get("anthropic_beta")
    if betas is None:
        return
    if not isinstance(betas, list) or not all(isinstance(beta, str) for beta in betas):
        raise Invalid("anthropic_beta: Input should be a valid list")
    if any(beta not in _BETAS for beta in betas):
        raise Invalid("invalid beta flag")


def _sources(body: Object) -> None:
    """Nothing is fetched, and there are no files."""
    for where, block, _ in blocks(body):
        kind = block["type"]
        if kind in ("image", "document") and block["source"]["type"] in ("url", "file"):
            found, expected = block["source"]["type"], "'base64'" if kind == "image" else "'base64', 'content', 'text'"
            raise Invalid(
                f"{where}.{kind}.source: Input tag '{found}' found using 'type' does not match any of the expected "
                f"tags: {expected}"
            )
