"""Anthropic's Messages, and the text completions before them.

Here: who is asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm import Opaque, Response
from tests.replay.corpus import Json, Record
from tests.replay.direct import Host, Wire, model_in_path

_CALLED = ("server_tool_use", "mcp_tool_use")


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """Caches count beside `input`; a completion is not counted at all."""
    names = ("input", "output", "cache_read", "cache_write")
    if "input" not in counts:
        return dict.fromkeys(names[:2])
    return {name: counts.get(name, 0) for name in names}


def server_tools(response: Response[Any]) -> list[str]:
    """Calls that the provider makes itself stay its own blocks."""
    parts = response.message.parts
    return [part.data.get("name") for part in parts if isinstance(part, Opaque) and part.kind in _CALLED]


def _messages(record: Record) -> Host:
    return Host("vertex", {"api": "anthropic"}) if record.provider == "vertex-anthropic" else Host("anthropic")


def _model(record: Record) -> str:
    return model_in_path(record) or record.named


def _completions(record: Record) -> Host:
    del record
    return Host("anthropic", {"api": "completions"})


KINDS = (
    *Wire("messages", "anthropic_messages", _messages, usage, server_tools, _model).kinds(),
    *Wire("complete", "anthropic_completions", _completions, usage, server_tools).kinds(),
)
