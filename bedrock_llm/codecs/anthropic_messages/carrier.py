"""What differs between those who carry a Messages body: Bedrock here, Anthropic's own API elsewhere.

Here: `Carrier`, and Bedrock's. Not here: what is the same for all (encode.py). Called by: body.py, encode.py, and
whoever carries the body.
Follows: https://docs.claude.com/en/docs/build-with-claude/claude-on-amazon-bedrock; the behaviour of the anthropic
package's Bedrock client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bedrock_llm.codecs.anthropic_messages.schema import DEFAULT_VERSION
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request

__all__ = ["ANTHROPIC", "BEDROCK", "Carrier"]

BETA_HEADER = "anthropic-beta"


class Carrier(NamedTuple):
    """Who carries the body.

    Attributes:
        title: As errors call it.
        fetches: Whether it fetches images and documents from https addresses.
        members: The body's members that are the carrier's own, of a request, the model's facts, and whether the
            answer shall be streamed; they stand first.
    """

    title: str
    fetches: bool
    members: Callable[[Request, ModelConfig, bool], dict[str, Json]]


def _bedrock_members(request: Request, config: ModelConfig, stream: bool) -> dict[str, Json]:
    """The version of the format, and the betas of the header `anthropic-beta`: Bedrock reads them in the body.

    The header itself goes out as well, as the caller set it; the body's list takes its place there. A list in
    `extra_body` replaces both.
    """
    del stream
    members: dict[str, Json] = {"anthropic_version": config.feature("anthropic_version") or DEFAULT_VERSION}
    given = [text for name, text in request.get("extra_headers", {}).items() if name.lower() == BETA_HEADER]
    betas = dict.fromkeys(beta for text in given for part in text.split(",") if (beta := part.strip()))
    if betas:
        members["anthropic_beta"] = list(betas)
    return members


BEDROCK = Carrier("Bedrock", False, _bedrock_members)
ANTHROPIC = Carrier("Anthropic", True, lambda request, config, stream: {})  # all of its own stands in headers
