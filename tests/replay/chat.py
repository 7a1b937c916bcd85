"""Chat completions, at OpenAI and wherever its shape is spoken, and the text completions before them.

Here: who is asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm import Response
from bedrock_llm.catalog.hosts import hosts
from tests.replay.corpus import Json, Record
from tests.replay.direct import Host, Wire


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """`input` holds what a cache gave and what was heard, `output` the reasoning; where the sums show otherwise, added.

    Hosts have names of their own for what a cache gave: where the corpus does not count it, it is not compared.
    """
    if "input" not in counts:
        return dict.fromkeys(("input_total", "output_total", "total"))
    given, thought, read = counts["input"], counts.get("reasoning", 0), counts.get("cache_read", 0)
    taken = counts["output"] if "output" in counts else counts["total"] - given
    total = counts.get("total", given + taken)
    if thought and total == given + taken + thought:
        taken += thought
    given = max(given + read if read > given else given, total - taken)
    known = {"input_total": given, "output_total": taken, "reasoning": thought, "total": given + taken}
    return {**known, "cache_read": read} if "cache_read" in counts else known


def server_tools(response: Response[Any]) -> list[str]:
    """The wire does not name them."""
    del response
    return []


def host(provider: str, api: str) -> Host:
    """OpenAI's API as `provider` speaks it, with what the catalog knows of that host."""
    row = hosts().get(provider)
    return Host("openai", {"api": api}, {} if row is None else row.under(None, api))


def _host(record: Record) -> Host:
    if record.provider == "bedrock-mantle":
        return Host("bedrock", {"api": "openai", "region": "us-east-1"})
    return host(record.provider, "chat")


def code(error: Mapping[str, Json]) -> Json:
    """The word that says most."""
    return error["code"] or error["type"]


KINDS = (
    *Wire("chat", "openai_chat", _host, usage, server_tools, code=code).kinds(),
    *Wire("completions", None, _host, usage, server_tools, code=code).kinds(),
)
