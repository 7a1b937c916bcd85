"""A request as Cohere's chat of version 2 takes it.

Here: what this body has no place for, what excludes one another in it, and how it is told to reason. Not here: the
steps that wires share (shared/draft.py), writing (encode.py, messages.py). Called by: body.py, encode.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bedrock_llm.codecs.cohere_v2.schema import DOCUMENT, MAX_STOPS, NAME
from bedrock_llm.codecs.shared.cache import place_cache_points
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Draft,
    drop_absent,
    drop_sampling,
    settle,
    settle_system,
    settle_the_rest,
    settle_tool_choice,
    settle_tools,
    step,
)
from bedrock_llm.codecs.shared.per_model import per_model
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Document, Opaque
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare", "thinking_of"]

_ABSENT = ("min_p", "repetition_penalty", "parallel_tool_calls", "latency", "service_tier")
# What this body says of every model that takes it, whatever is known of the model elsewhere.
_OF_THE_BODY: Mapping[str, Any] = {
    "top_k": "k",
    "video": False,
    "audio": False,
    "tool_choice": ("auto", "required"),
    "tool_result_media": ("document",),
    "cache_points": (),
    "prefill": False,
}
_BUDGETS: Mapping[str, int] = {"low": 1024, "medium": 4096, "high": 16384}  # the wire has no levels


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: It holds what the body has no place for, or the model lacks what it is about.
        InvalidRequestError: More stop sequences than are taken.
    """
    known = _as_this_body_has_it(config)
    prepared, warnings = settle(request, known, NAME, _STEPS)
    prepared, unmarked = place_cache_points(prepared, known, api="this body", refused_behind=lambda part: False)
    _refuse_schema_beside_sources(prepared)
    return prepared, (*warnings, *unmarked)


@per_model
def _as_this_body_has_it(config: ModelConfig) -> ModelConfig:
    return replace(config, features={**(config.features or {}), **_OF_THE_BODY})


def thinking_of(value: Any, config: ModelConfig) -> dict[str, Json]:
    """The member `thinking`: a budget in tokens, or off. A level becomes a budget that leaves room for an answer.

    Args:
        value: "low", "medium", "high", a budget, or False.
        config: Of the model.
    """
    if value is False:
        return {"type": "disabled"}
    budget = value if isinstance(value, int) else _BUDGETS[value]
    most = config.max_output_tokens
    if isinstance(value, str) and most is not None:
        budget = min(budget, max(most // 2, 1))
    return {"type": "enabled", "token_budget": budget}


def _settle_thinking(draft: Draft, calls: Mapping[str, None]) -> None:
    """A model that is known not to reason is not told to, nor told not to."""
    del calls
    if not draft.lacks("reasoning"):
        return
    if draft.get("reasoning") is False:
        draft.changes["reasoning"] = None
    elif draft.get("reasoning") is not None:
        draft.drop("reasoning", f"{draft.model} does not reason")


def _settle_strict(draft: Draft, calls: Mapping[str, None]) -> None:
    """Either all schemas are held to, or none."""
    del calls
    tools = draft.get("tools") or ()
    strict = [tool.strict for tool in tools if isinstance(tool, ToolSpec)]
    if any(strict) and not all(strict):
        draft.changes["tools"] = tuple(
            replace(tool, strict=None) if isinstance(tool, ToolSpec) else tool for tool in tools
        )
        text = "strict was left out of the tools: Cohere holds to the schemas of all tools or of none"
        draft.warnings.append(ResponseWarning("unsupported", text, "tools"))


def _settle_logprobs(draft: Draft, calls: Mapping[str, None]) -> None:
    """There are those of the tokens taken, none of the likeliest beside each."""
    del calls
    asked = draft.get("logprobs")
    if isinstance(asked, int) and not isinstance(asked, bool):
        draft.changes["logprobs"] = True
        text = f"logprobs={asked} was sent as True: Cohere tells those of the tokens taken alone"
        draft.warnings.append(ResponseWarning("unsupported", text, "logprobs"))


def _check_stops(draft: Draft, calls: Mapping[str, None]) -> None:
    del calls
    stops = draft.get("stop") or ()
    if not isinstance(stops, str) and len(stops) > MAX_STOPS:
        raise InvalidRequestError.of("stop", stops, f"at most {MAX_STOPS} strings")


def _refuse_schema_beside_sources(request: Request) -> None:
    """Cohere refuses a schema for the answer beside tools or documents."""
    if request.get("output_type") is None:
        return
    parts = [part for message in request.messages for part in message.parts]
    sources = any(isinstance(part, Document) or (isinstance(part, Opaque) and part.kind == DOCUMENT) for part in parts)
    if request.get("tools") or sources:
        text = "Cohere takes no schema for the answer beside tools or documents; offer a tool with that schema instead"
        raise UnsupportedFeatureError(text, parameter="output_type", allowed="absent where tools or documents are")


_STEPS = (
    drop_absent(_ABSENT, "Cohere's chat body"),
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(_check_stops, "stop"),
    step(_settle_logprobs, "logprobs"),
    step(_settle_thinking, "reasoning"),
    step(settle_system, "system"),
    step(settle_tools, "tools", CALLS),
    step(_settle_strict, "tools"),
    step(settle_tool_choice, "tool_choice"),
    step(settle_the_rest, "output_type"),
)
