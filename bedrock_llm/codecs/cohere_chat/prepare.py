"""A request as Cohere's chat body takes it.

Here: what this body has no place for, and schemas that it can say in part only. Not here: the steps that wires share
(shared/draft.py), writing (encode.py, tools.py). Called by: body.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bedrock_llm.codecs.cohere_chat.schema import NAME
from bedrock_llm.codecs.cohere_chat.tools import definition
from bedrock_llm.codecs.cohere_chat.turns import open_turns
from bedrock_llm.codecs.shared.cache import place_cache_points
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Draft,
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
from bedrock_llm.codecs.shared.names import replayed_name
from bedrock_llm.codecs.shared.per_model import per_model
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Text
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare"]

_ABSENT = ("min_p", "repetition_penalty", "logprobs", "parallel_tool_calls")
# What this body says of every model that takes it, whatever is known of the model elsewhere.
_OF_THE_BODY = {
    "top_k": "k",
    "images": False,
    "video": False,
    "audio": False,
    "structured_output": False,
    "strict_tools": False,
    "tool_choice": (),
    "tool_result_media": (),
    "reasoning": False,
    "reasoning_in_history": "none",
    "cache_points": (),
    "prefill": False,
}


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: It holds what the body has no place for.
    """
    known = _as_this_body_has_it(config)
    prepared, warnings = settle(request, known, NAME, _STEPS)
    prepared, unmarked = place_cache_points(prepared, known, api="this body", refused_behind=lambda part: False)
    return prepared, (*warnings, *unmarked, *_unsaid(prepared), *_in_part(prepared))


@per_model
def _as_this_body_has_it(config: ModelConfig) -> ModelConfig:
    return replace(config, features={**(config.features or {}), **_OF_THE_BODY})


def _settle_tools(draft: Draft, calls: Mapping[str, None]) -> None:
    """There is no word for "none": the tools go, unless the history holds calls of them."""
    settle_tools(draft, calls)
    if calls and not specs_of(draft.get("tools")):
        draft.changes["tools"] = tuple(ToolSpec(name) for name in dict.fromkeys(map(replayed_name, calls)))
        text = "the history holds tool calls, but no tools were given: Cohere wants them, so bare ones were sent"
        draft.warnings.append(ResponseWarning("repaired", text, "tools"))
    if draft.get("tool_choice") != "none":
        return
    draft.changes["tool_choice"] = None
    if not calls:
        draft.changes["tools"] = None
    else:
        text = "tool_choice='none' was left out: the history holds tool calls, for which Cohere wants the tools"
        draft.warnings.append(ResponseWarning("unsupported", text, "tool_choice"))


def _unsaid(request: Request) -> list[ResponseWarning]:
    """What the model said beside the calls whose results go back now: the body has no place for it."""
    first, turns = open_turns(request.messages)
    return [
        ResponseWarning(
            "repaired", f"the text beside tool calls in messages[{index}] was left out", f"messages[{index}]"
        )
        for index, turn in enumerate(turns, first)
        if turn.role == "assistant" and any(isinstance(part, Text) and part.text.strip(" .") for part in turn.parts)
    ]


def _in_part(request: Request) -> list[ResponseWarning]:
    """Tools whose schemas say more than definitions of arguments can."""
    warnings: list[ResponseWarning] = []
    for index, tool in enumerate(request.get("tools") or ()):
        folded = definition(tool, f"tools[{index}]")[1] if isinstance(tool, ToolSpec) else ()
        if folded:
            text = f"the schema of {tool.name} says more than Cohere's definitions: {', '.join(folded)} stand in words"
            warnings.append(ResponseWarning("unsupported", text, "tools"))
    return warnings


_STEPS = (
    drop_absent(_ABSENT, "Cohere's chat body"),
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(settle_reasoning, "reasoning"),
    step(settle_system, "system"),
    step(_settle_tools, "tools", "tool_choice", CALLS),
    step(settle_tool_choice, "tool_choice"),
    step(settle_the_rest, "output_type", "latency", "service_tier"),
)
