"""Bedrock's Converse and ConverseStream.

Here: how their records are asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm import LLMError, Opaque, Response
from bedrock_llm.catalog.lookup import find
from bedrock_llm.testing.emulator.parse import parse_converse
from tests.replay.corpus import Json, Record
from tests.replay.kinds import Kind, Question, Way

STAND_IN = "us.amazon.nova-lite-v1:0"  # for a recorded model id that the client would not send
HELLO = "with a greeting"


def questions(record: Record, way: Way) -> tuple[Question, ...]:
    """The recorded request as the emulator reads it; where that cannot be, a greeting to the same model, or another."""
    recorded = _recorded(record, way)
    refused = recorded if isinstance(recorded, str) else "refused before sending"
    plain = tuple(
        Question(f"bedrock/{model}", "hello", _parameters({"max_tokens": 100}, way), _options(model, way), note)
        for model, note in ((record.model, f"{HELLO}: {refused}"), (STAND_IN, f"{HELLO}, to another model: {refused}"))
    )
    return plain if isinstance(recorded, str) else (recorded, *plain)


def _recorded(record: Record, way: Way) -> Question | str:
    """The recorded request, or why there is none to send."""
    if record.asked is None:
        return "request not recorded"
    try:
        request = parse_converse(record.asked, find(record.model))
    except (LLMError, LookupError, TypeError, AttributeError, ValueError) as error:
        return f"request cannot be read ({type(error).__name__})"
    name, options = f"bedrock/{record.model}", _options(record.model, way)
    note = "as recorded, media cut short" if record.shortened else "as recorded"
    return Question(name, list(request.messages), _parameters(request.parameters, way), options, note)


def _parameters(parameters: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """`generate` streams inside where no limit is set; a recorded stream must be asked for so."""
    streamed = way.streamed and way.door == "generate"
    return {name: value for name, value in parameters.items() if not (streamed and name == "max_tokens")}


def _options(model: str, way: Way) -> dict[str, Any]:
    """The record decides whether the answer is streamed, whatever the catalog knows of the model."""
    features = {"streaming": way.streamed, "streaming_with_tools": way.streamed}
    return {"region": "us-east-1", "catalog": {model: {"features": features}}}


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """Converse counts what a cache gave or took beside `input`; without a usage block nothing is known."""
    if not counts:
        return dict.fromkeys(("input", "output", "cache_read", "cache_write", "total"))
    known = {
        "input": counts.get("input"),
        "output": counts.get("output"),
        "cache_read": counts.get("cache_read", 0),
        "cache_write": counts.get("cache_write", 0),
    }
    unknown = known["input"] is None or known["output"] is None
    return {**known, "total": None if unknown else counts.get("total", sum(known.values()))}


def server_tools(response: Response[Any]) -> list[str]:
    """Calls that the service makes itself stay its own blocks."""
    parts = response.message.parts
    return [part.data.get("name") for part in parts if isinstance(part, Opaque) and part.kind == "toolUse"]


KINDS = (
    Kind(
        "bedrock/converse",
        (Way("", "generate"), Way("through stream()", "stream")),
        questions,
        usage,
        server_tools,
    ),
    Kind(
        "bedrock/converse-stream",
        (
            Way("whole", "stream", streamed=True),
            Way("byte by byte", "stream", "bytes", streamed=True),
            Way("cut at random (seed {seed})", "stream", "random", streamed=True),
            Way("through generate()", "generate", streamed=True),
        ),
        questions,
        usage,
        server_tools,
    ),
)
