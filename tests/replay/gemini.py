"""Google's generateContent, with a key and at Vertex.

Here: who is asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm import Opaque, Response
from tests.replay.corpus import Json, Record
from tests.replay.direct import Host, Wire, model_in_path


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """`output` holds no reasoning, unless the sum of all shows that it does; `input` lacks what tools gave."""
    if "total" not in counts:
        return dict.fromkeys(("output_total", "total"))
    taken, thought, total = counts.get("output", 0), counts.get("reasoning", 0), counts["total"]
    inside = bool(thought) and total == counts.get("input", 0) + taken
    return {
        "output_total": taken if inside else taken + thought,
        "cache_read": counts.get("cache_read", 0),
        "reasoning": thought,
        "total": total,
    }


def server_tools(response: Response[Any]) -> list[str]:
    """Code that was run for the model, and calls that the provider made."""
    kept = [part for part in response.message.parts if isinstance(part, Opaque)]
    named = {"executableCode": lambda data: "code_execution", "toolCall": lambda data: data["toolCall"]["toolType"]}
    return [named[part.kind](part.data) for part in kept if part.kind in named]


def _host(record: Record) -> Host:
    return Host("vertex" if record.provider == "vertex" else "google")


KINDS = Wire("gemini", "gemini", _host, usage, server_tools, model_in_path).kinds()
