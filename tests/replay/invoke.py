"""Bedrock's InvokeModel and its stream, with the models' native bodies.

Here: how their records are asked, and how the corpus counts their tokens. Called by: run.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from bedrock_llm import LLMError, ModelConfig, Opaque, Response
from bedrock_llm.catalog.lookup import find
from bedrock_llm.catalog.overrides import Catalog
from bedrock_llm.codecs.shared.aws_names import STREAM_TYPE
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder
from bedrock_llm.testing.emulator.invoke import native_of
from bedrock_llm.testing.emulator.wire import Refusal
from tests.replay.converse import HELLO
from tests.replay.corpus import Json, Record
from tests.replay.kinds import Kind, Question, Way

PROFILES: Mapping[str, str] = {"arn:aws:sagemaker": "palmyra"}  # endpoints that answer in the shape of completions
STAND_IN = "anthropic.claude-sonnet-4-6"  # for a recorded model that nothing is known of: it was refused


def questions(record: Record, way: Way) -> tuple[Question, ...]:
    """The recorded request as the emulator reads it; where that cannot be, a greeting to the same model, or another."""
    recorded = _recorded(record, way)
    refused = recorded if isinstance(recorded, str) else "refused before sending"
    plain = tuple(
        Question(f"bedrock/{model}", "hello", _parameters({"max_tokens": 100}, way), _options(record, model, way), note)
        for model, note in ((record.model, f"{HELLO}: {refused}"), (STAND_IN, f"{HELLO}, to another model: {refused}"))
        if _config(record, model).feature("native") is not None
    )
    return plain if isinstance(recorded, str) else (recorded, *plain)


def _recorded(record: Record, way: Way) -> Question | str:
    """The recorded request, or why there is none to send."""
    if record.asked is None:
        return "request not recorded"
    config = _config(record, record.model)
    if config.feature("native") is None:
        return "model not known"
    try:
        request = native_of(config).parse(record.asked, config)
    except (LLMError, Refusal, LookupError, TypeError, AttributeError, ValueError) as error:
        return f"request cannot be read ({type(error).__name__})"
    name, options = f"bedrock/{record.model}", _options(record, record.model, way)
    note = "as recorded, media cut short" if record.shortened else "as recorded"
    return Question(name, list(request.messages), _parameters(request.parameters, way), options, note)


def _config(record: Record, model: str) -> ModelConfig:
    return find(model, overrides=Catalog.of({model: _row(record, model)}))


def _row(record: Record, model: str) -> dict[str, Any]:
    """What the record says of its model beyond the catalog: an endpoint's profile, or the older of two bodies."""
    profile = next((profile for start, profile in PROFILES.items() if model.startswith(start)), None)
    row: dict[str, Any] = {} if profile is None else {"profile": profile}
    if model == record.model and _is_completion(record):
        row["features"] = {"native": {"body": "anthropic_completions"}}
    return row


def _is_completion(record: Record) -> bool:
    """Whether the text-completion body of the first Claude models was asked for, or else was the answer."""
    if record.asked is not None:
        return "max_tokens_to_sample" in record.asked
    try:
        if not record.headers.get("content-type", "").startswith(STREAM_TYPE):
            return "completion" in json.loads(record.body)
        frames = EventStreamDecoder().feed(record.body)
        return "completion" in json.loads(base64.b64decode(json.loads(frames[0].payload)["bytes"]))
    except (ValueError, LookupError):  # a refusal, say
        return False


def _parameters(parameters: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """`generate` streams inside where no limit is set; a recorded stream must be asked for so."""
    streamed = way.streamed and way.door == "generate"
    return {name: value for name, value in parameters.items() if not (streamed and name == "max_tokens")}


def _options(record: Record, model: str, way: Way) -> dict[str, Any]:
    """The record decides whether the answer is streamed, whatever the catalog knows of the model."""
    row = _row(record, model)
    features = {"streaming": way.streamed, "streaming_with_tools": way.streamed, **row.get("features", {})}
    return {"region": "us-east-1", "api": "invoke", "catalog": {model: {**row, "features": features}}}


def usage(counts: Mapping[str, Json]) -> Mapping[str, int | None]:
    """The body's own count, or else the service's beside it; caches count beside `input`."""
    known = {
        "input": counts.get("input"),
        "output": counts.get("output"),
        "cache_read": counts.get("cache_read", 0),
        "cache_write": counts.get("cache_write", 0),
    }
    if known["input"] is None and known["output"] is None:
        return dict.fromkeys((*known, "total"))
    unknown = known["input"] is None or known["output"] is None
    return {**known, "total": None if unknown else sum(known.values())}


def server_tools(response: Response[Any]) -> list[str]:
    """Calls that the provider makes itself stay its own blocks."""
    parts = response.message.parts
    return [part.data.get("name") for part in parts if isinstance(part, Opaque) and part.kind == "server_tool_use"]


KINDS = (
    Kind(
        "bedrock/invoke",
        (Way("", "generate"), Way("through stream()", "stream")),
        questions,
        usage,
        server_tools,
        counts_caches=False,
    ),
    Kind(
        "bedrock/invoke-stream",
        (
            Way("whole", "stream", streamed=True),
            Way("byte by byte", "stream", "bytes", streamed=True),
            Way("cut at random (seed {seed})", "stream", "random", streamed=True),
            Way("through generate()", "generate", streamed=True),
        ),
        questions,
        usage,
        server_tools,
        counts_caches=False,
    ),
)
