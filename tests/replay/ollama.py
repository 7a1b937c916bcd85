"""Ollama's own chat.

Here: who is asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm import Response
from tests.replay.corpus import Json, Record
from tests.replay.direct import Host, Wire


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """What was read and what was written; a prompt that was kept from before is not counted again."""
    return {"input_total": counts.get("input"), "output_total": counts.get("output")}


def server_tools(response: Response[Any]) -> list[str]:
    """The wire has none."""
    del response
    return []


def _host(record: Record) -> Host:
    del record
    return Host("ollama")


KINDS = Wire("ollama-chat", "ollama_chat", _host, usage, server_tools).kinds()
