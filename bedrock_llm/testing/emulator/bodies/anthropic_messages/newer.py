"""What the version 2026-10-21 of Messages no longer takes, whoever carries the body.

Here: two rules. Not here: which version a request names (bedrock.py, direct.py). Called by: those two.
"""

from __future__ import annotations

from bedrock_llm.testing.emulator.bodies.anthropic_messages.shape import blocks
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["check_newer_blocks", "check_newer_members"]


def check_newer_members(body: Object) -> None:
    """Refuse the members that are gone.

    Raises:
        Invalid: Names the member.
    """
    for name in ("temperature", "top_p", "top_k"):
        if body.get(name) is not None:
            raise Invalid(f"{name}: Extra inputs are not permitted")


def check_newer_blocks(body: Object) -> None:
    """Refuse blocks in a turn that is not theirs. The body has its shape.

    Raises:
        Invalid: Names the place.
    """
    for where, block, role in blocks(body):
        if block["type"] == "document" and role == "assistant":
            raise Invalid(f"{where}: `document` blocks are not allowed in `assistant` messages")
        if block["type"] == "text" and role == "user" and block.get("citations"):
            raise Invalid(f"{where}: `text` blocks in `user` messages must not have `citations`")
