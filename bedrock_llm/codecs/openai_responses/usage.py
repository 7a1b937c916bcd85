"""What a Responses answer counts.

Here: its block of counts as buckets that do not overlap. Called by: decode.py, errors.py, stream.py.
Follows: OpenAI's ResponseUsage.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.codecs.shared.reading import Json, count, optional_count
from bedrock_llm.response import Usage

__all__ = ["read_usage"]


def read_usage(data: Json) -> Usage:
    """The counts; `input_tokens` holds what a cache gave or took, `output_tokens` the reasoning."""
    if data.__class__ is not dict:
        return Usage()
    before, after = _details(data, "input_tokens_details"), _details(data, "output_tokens_details")
    given = count(data.get("input_tokens"))
    read, written = optional_count(before, "cached_tokens"), optional_count(before, "cache_write_tokens")
    inside = (read or 0) + (written or 0)
    return Usage(
        input_tokens=given - inside if given is not None and given >= inside else given,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=count(data.get("output_tokens")),
        reasoning_tokens=optional_count(after, "reasoning_tokens"),
    )


def _details(data: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    details = data.get(name)
    return details if details.__class__ is dict else {}
