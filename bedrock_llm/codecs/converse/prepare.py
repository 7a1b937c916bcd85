"""A request as Converse and the model take it.

Here: which parameters are left out with a warning, which are refused, and the order of the steps. Not here: messages
(conversation.py), cache points (cache.py), writing (encode.py). Called by: codec.py, nova.py.

Rule: a tuning knob that the model has not is left out with a warning; what changes the meaning of the request (tools,
pictures, a schema for the answer) is refused. A feature that is not known is taken to be there.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.codecs.converse.cache import place_cache_points
from bedrock_llm.codecs.converse.encode import PROMPT_MARK
from bedrock_llm.codecs.converse.schema import NAME
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Draft,
    Step,
    drop_absent,
    drop_sampling,
    settle,
    settle_reasoning,
    settle_system,
    settle_the_rest,
    settle_tool_choice,
    settle_tools,
    specs_of,
    step,
)
from bedrock_llm.config import ModelConfig
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare", "steps_of"]

_NOT_ON_THIS_WIRE = ("seed", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "logprobs")


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    request, warnings = settle(request, config, NAME, _STEPS)
    request, cached = place_cache_points(request, config)
    return request, (*warnings, *cached)


def _settle_tools(draft: Draft, calls: Mapping[str, None]) -> None:
    settle_tools(draft, calls)
    if draft.get("tool_choice") == "none" and draft.config.family != "claude":
        _offer_no_tools(draft, calls)
    if calls and not specs_of(draft.get("tools")) and PROMPT_MARK not in draft.model:
        _offer_tools_of_history(draft, calls)


def _offer_no_tools(draft: Draft, calls: Mapping[str, None]) -> None:
    """Converse has no word for "none": the tools go, unless calls in the history need them there."""
    draft.changes["tool_choice"] = None
    if not calls:
        draft.changes["tools"] = None
    elif draft.get("tools"):
        text = "tool_choice='none' was left out: the history holds tool calls, for which Converse wants the tools"
        draft.warnings.append(ResponseWarning("unsupported", text, "tool_choice"))


def _offer_tools_of_history(draft: Draft, calls: Mapping[str, None]) -> None:
    """Converse refuses calls in the history without tools: bare ones of the same names stand in."""
    from bedrock_llm.codecs.shared.names import replayed_name

    draft.changes["tools"] = tuple(ToolSpec(name) for name in dict.fromkeys(map(replayed_name, calls)))
    if draft.config.family == "claude":
        draft.changes["tool_choice"] = "none"
    text = "the history holds tool calls, but no tools were given: Converse wants them, so bare ones were sent"
    draft.warnings.append(ResponseWarning("repaired", text, "tools"))


def _settle_parallel_calls(draft: Draft, calls: Mapping[str, None]) -> None:
    del calls
    parallel = draft.get("parallel_tool_calls")
    if parallel is None or (parallel is False and draft.config.family == "claude" and draft.get("tools")):
        return
    can = draft.config.feature("parallel_tool_calls")
    if not specs_of(draft.get("tools")) or parallel is can or (parallel and draft.config.family == "claude"):
        draft.changes["parallel_tool_calls"] = None  # it is so anyway
    else:
        draft.drop("parallel_tool_calls", "Converse has no word for it, and the model none that is known")


def steps_of(api: str) -> tuple[Step, ...]:
    """The steps that settle the parameters; `api` is what the warnings call the wire."""
    return (
        drop_absent(_NOT_ON_THIS_WIRE, api),
        step(drop_sampling, "temperature", "top_p", "top_k"),
        step(settle_reasoning, "reasoning"),
        step(settle_system, "system"),
        step(_settle_tools, "tools", "tool_choice", CALLS),
        step(settle_tool_choice, "tool_choice"),
        step(_settle_parallel_calls, "parallel_tool_calls"),
        step(settle_the_rest, "output_type", "latency", "service_tier"),
    )


_STEPS = steps_of("the Converse API")
