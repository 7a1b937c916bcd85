"""Responses, at OpenAI and wherever its shape is spoken.

Here: who is asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from typing import Any

from bedrock_llm import Opaque, Response
from tests.replay.chat import code, host, usage
from tests.replay.corpus import Record
from tests.replay.direct import Host, Wire

_CALL = "_call"


def server_tools(response: Response[Any]) -> list[str]:
    """Calls that the provider makes itself stay its own items; one of a server's tools has the tool's name."""
    kept = [part for part in response.message.parts if isinstance(part, Opaque) and part.kind.endswith(_CALL)]
    return [part.data.get("name") or part.kind.removesuffix(_CALL) for part in kept]


def _host(record: Record) -> Host:
    if record.provider == "bedrock-mantle":
        return Host("bedrock", {"api": "openai-responses", "region": "us-east-1"})
    return host(record.provider, "responses")


KINDS = Wire("responses", "openai_responses", _host, usage, server_tools, code=code).kinds()
