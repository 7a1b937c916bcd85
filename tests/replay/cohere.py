"""Cohere's chat in both versions; and Writer's at the same path, which has OpenAI's shape.

Here: who is asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bedrock_llm import Response
from tests.replay import chat
from tests.replay.corpus import Json, Record
from tests.replay.direct import Host, Wire


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """`input` holds what a cache gave, and not the tokens of images."""
    if "input" not in counts:
        return dict.fromkeys(("input", "output"))
    read = counts.get("cache_read", 0)
    return {"input": counts["input"] - read, "output": counts["output"], "cache_read": read}


def server_tools(response: Response[Any]) -> list[str]:
    """The wire has none."""
    del response
    return []


def _host(record: Record) -> Host:
    if record.path.startswith("/v1/"):
        return Host("cohere", {"api": "v1"}, body="cohere_chat")
    return Host("cohere")


KINDS = Wire("cohere-chat", "cohere_v2", _host, usage, server_tools).kinds()
WRITER = tuple(replace(kind, name=f"writer/{kind.name.replace('chat', 'cohere-chat')}") for kind in chat.KINDS[:2])
