"""A request as Ollama's chat takes it.

Here: what this body has no place for, and how it is told to reason. Not here: the steps that wires share
(shared/draft.py), writing (encode.py). Called by: body.py, encode.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bedrock_llm.codecs.ollama_chat.schema import LEVELS, NAME
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
    specs_of,
    step,
)
from bedrock_llm.codecs.shared.per_model import per_model
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare", "think_of"]

_ABSENT = ("parallel_tool_calls", "latency", "service_tier")
# What this body says of every model that takes it, whatever is known of the model elsewhere.
_OF_THE_BODY: Mapping[str, Any] = {
    "top_k": "options.top_k",
    "documents": False,
    "video": False,
    "audio": False,
    "tool_choice": (),
    "strict_tools": False,
    "tool_result_media": (),
    "cache_points": (),
}


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: It holds what the body has no place for, or the model lacks what it is about.
    """
    known = _as_this_body_has_it(config)
    prepared, warnings = settle(request, known, NAME, _STEPS)
    prepared, unmarked = place_cache_points(prepared, known, api="this body", refused_behind=lambda part: False)
    return prepared, (*warnings, *unmarked)


@per_model
def _as_this_body_has_it(config: ModelConfig) -> ModelConfig:
    return replace(config, features={**(config.features or {}), **_OF_THE_BODY})


def think_of(value: Any, config: ModelConfig) -> Json:
    """The member `think`: a level for models that are known to have them, else on or off.

    Args:
        value: "low", "medium", "high", a budget in tokens, or False.
        config: Of the model.
    """
    if value is False:
        return False
    style = config.feature("reasoning")
    levels = style.get("efforts") if isinstance(style, Mapping) else None
    return value if isinstance(value, str) and levels and value in LEVELS and value in levels else True


def _settle_think(draft: Draft, calls: Mapping[str, None]) -> None:
    """A model that is known not to reason is not told to; how much it shall is told where it can be."""
    del calls
    value = draft.get("reasoning")
    if draft.lacks("reasoning"):
        if value is False:
            draft.changes["reasoning"] = None
        else:
            draft.drop("reasoning", f"{draft.model} does not reason")
    elif value is not False and think_of(value, draft.config) is True:
        text = f"reasoning={value!r} was sent as on: how much {draft.model} reasons cannot be told here"
        draft.warnings.append(ResponseWarning("unsupported", text, "reasoning"))


def _settle_no_tools(draft: Draft, calls: Mapping[str, None]) -> None:
    """To call none is said by offering none."""
    del calls
    if draft.get("tool_choice") == "none" and specs_of(draft.get("tools")):
        draft.changes.update(tools=None, tool_choice=None)


_STEPS = (
    drop_absent(_ABSENT, "Ollama's chat body"),
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(_settle_think, "reasoning"),
    step(settle_system, "system"),
    step(settle_tools, "tools", CALLS),
    step(_settle_no_tools, "tool_choice"),
    step(settle_tool_choice, "tool_choice"),
    step(settle_the_rest, "output_type"),
)
