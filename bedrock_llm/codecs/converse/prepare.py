"""A request as Converse and the model take it.

Here: which parameters are left out with a warning, which are refused, and the order of the steps. Not here: messages
(conversation.py), cache points (cache.py), writing (encode.py). Called by: codec.py.

Rule: a tuning knob that the model has not is left out with a warning; what changes the meaning of the request (tools,
pictures, a schema for the answer) is refused. A feature that is not known is taken to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bedrock_llm.codecs.converse.cache import place_cache_points
from bedrock_llm.codecs.converse.conversation import names_called, settle_messages
from bedrock_llm.codecs.converse.encode import PROMPT_MARK
from bedrock_llm.codecs.converse.fields import reasoning_fields, reasoning_style, top_k_path
from bedrock_llm.codecs.converse.schema import NAME
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Opaque, Part
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare"]

_NOT_ON_THIS_WIRE = ("seed", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "logprobs")

_CALLS = "calls in the history"  # stands among the parameters for what only the messages say


class _Draft:
    """The request while it is prepared: what changes, and what is to be said about it."""

    def __init__(self, request: Request, config: ModelConfig) -> None:
        self.request = request
        self.config = config
        self.model = config.model or "the model"
        self.changes: dict[str, Any] = {}
        self.warnings: list[ResponseWarning] = []

    def get(self, name: str) -> Any:
        """A parameter as it stands now, or None."""
        return self.changes[name] if name in self.changes else self.request.get(name)

    def drop(self, name: str, why: str) -> None:
        """Leave a parameter out, and say so."""
        self.changes[name] = None
        self.warnings.append(ResponseWarning("unsupported", f"{name} was left out: {why}", name))

    def lacks(self, feature: str) -> bool:
        """Whether the model is known not to have a feature."""
        return self.config.feature(feature) is False


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    draft = _Draft(request, config)
    messages, repairs = settle_messages(request.messages, config)
    calls = names_called(messages)
    given = request.parameters.keys() | {_CALLS} if calls else request.parameters.keys()
    for step in _STEPS:
        if not given.isdisjoint(step.about):
            step.run(draft, calls)
    if draft.changes or messages is not request.messages:
        request = request.with_(messages=messages, **draft.changes)
    request, cached = place_cache_points(request, config)
    return request, (*draft.warnings, *repairs, *cached)


def _drop_what_converse_lacks(draft: _Draft, calls: Mapping[str, None]) -> None:
    del calls
    for name in _NOT_ON_THIS_WIRE:
        if draft.get(name) is not None:
            draft.drop(name, "the Converse API has no such parameter")


def _drop_sampling(draft: _Draft, calls: Mapping[str, None]) -> None:
    del calls
    taken = draft.config.feature("sampling")
    given = [name for name in ("temperature", "top_p") if name in draft.request.parameters]
    for name in given:
        if taken is not None and name not in taken:
            draft.drop(name, f"{draft.model} does not take it")
    if (
        len(given) == 2
        and draft.lacks("temperature_with_top_p")
        and draft.get("temperature") is not None
        and draft.get("top_p") is not None
    ):
        draft.drop("top_p", f"{draft.model} takes temperature or top_p, not both")
    if draft.get("top_k") is not None and top_k_path(draft.config) is None:
        draft.drop("top_k", f"{draft.model} is not known to take it; use additional_model_request_fields if it does")


def _settle_reasoning(draft: _Draft, calls: Mapping[str, None]) -> None:
    """Leave out what the model's way of reasoning has no room for; a budget excludes the other knobs of Claude."""
    del calls
    value = draft.get("reasoning")
    written = reasoning_fields(value, draft.config, draft.get("max_tokens"))
    if written.warning is not None:
        draft.warnings.append(written.warning)
    if written.fields is None:
        draft.changes["reasoning"] = None
        return
    style = reasoning_style(value, draft.config)
    if value is False or not isinstance(style, Mapping) or style.get("style") != "budget":
        return
    why = f"{draft.model} does not take it while it reasons within a budget"
    if draft.get("temperature") not in (None, 1):
        draft.drop("temperature", why)
    if draft.get("top_k") is not None:
        draft.drop("top_k", why)
    if draft.get("tool_choice") not in (None, "auto", "none"):
        draft.drop("tool_choice", why)


def _settle_tools(draft: _Draft, calls: Mapping[str, None]) -> None:
    tools = draft.get("tools") or ()
    if (tools or calls) and draft.lacks("tools"):
        where = "tools" if tools else "messages"
        text = f"{draft.model} does not take tools" + ("" if tools else ", and the messages hold tool calls")
        raise UnsupportedFeatureError(text, parameter=where, allowed="no tools and no tool calls for this model")
    kept = [tool for tool in tools if not (isinstance(tool, Opaque) and tool.provider != NAME)]
    if len(kept) < len(tools):
        text = "tools of another provider were left out"
        draft.warnings.append(ResponseWarning("unsupported", text, "tools"))
    if draft.lacks("strict_tools") and any(isinstance(tool, ToolSpec) and tool.strict for tool in kept):
        kept = [replace(tool, strict=None) if isinstance(tool, ToolSpec) else tool for tool in kept]
        text = f"strict was left out of the tools: {draft.model} does not take it"
        draft.warnings.append(ResponseWarning("unsupported", text, "tools"))
    if kept != list(tools):
        draft.changes["tools"] = tuple(kept) or None
    if draft.get("tool_choice") == "none" and draft.config.family != "claude":
        _offer_no_tools(draft, calls)
    if calls and not _specs(draft.get("tools")) and PROMPT_MARK not in draft.model:
        _offer_tools_of_history(draft, calls)


def _specs(tools: Iterable[Any] | None) -> list[Any]:
    return [tool for tool in tools or () if not isinstance(tool, CachePoint)]


def _offer_no_tools(draft: _Draft, calls: Mapping[str, None]) -> None:
    """Converse has no word for "none": the tools go, unless calls in the history need them there."""
    draft.changes["tool_choice"] = None
    if not calls:
        draft.changes["tools"] = None
    elif draft.get("tools"):
        text = "tool_choice='none' was left out: the history holds tool calls, for which Converse wants the tools"
        draft.warnings.append(ResponseWarning("unsupported", text, "tool_choice"))


def _offer_tools_of_history(draft: _Draft, calls: Mapping[str, None]) -> None:
    """Converse refuses calls in the history without tools: bare ones of the same names stand in."""
    from bedrock_llm.codecs.converse.tools import replayed_name

    draft.changes["tools"] = tuple(ToolSpec(name) for name in dict.fromkeys(map(replayed_name, calls)))
    if draft.config.family == "claude":
        draft.changes["tool_choice"] = "none"
    text = "the history holds tool calls, but no tools were given: Converse wants them, so bare ones were sent"
    draft.warnings.append(ResponseWarning("repaired", text, "tools"))


def _settle_tool_choice(draft: _Draft, calls: Mapping[str, None]) -> None:
    del calls
    choice, tools = draft.get("tool_choice"), _specs(draft.get("tools"))
    taken = draft.config.feature("tool_choice")
    if not tools:
        draft.changes.update({name: None for name in ("tool_choice",) if choice is not None})
    elif taken is not None and choice is not None and choice != "none":
        kind = choice if choice in ("auto", "required") else "tool"
        if kind == "tool" and kind not in taken and "required" in taken and len(tools) == 1:
            draft.changes["tool_choice"] = "required"  # the same, with one tool
        elif kind == "auto" and kind not in taken:
            draft.changes["tool_choice"] = None  # what such a model does anyway
        elif kind not in taken:
            draft.drop("tool_choice", f"{draft.model} takes {', '.join(taken) or 'none'}")


def _settle_parallel_calls(draft: _Draft, calls: Mapping[str, None]) -> None:
    del calls
    parallel = draft.get("parallel_tool_calls")
    if parallel is None or (parallel is False and draft.config.family == "claude" and draft.get("tools")):
        return
    can = draft.config.feature("parallel_tool_calls")
    if not _specs(draft.get("tools")) or parallel is can or (parallel and draft.config.family == "claude"):
        draft.changes["parallel_tool_calls"] = None  # it is so anyway
    else:
        draft.drop("parallel_tool_calls", "Converse has no word for it, and the model none that is known")


def _settle_the_rest(draft: _Draft, calls: Mapping[str, None]) -> None:
    del calls
    if draft.get("output_type") is not None and draft.lacks("structured_output"):
        text = f"{draft.model} takes no schema for its answer; offer a tool with that schema, and choose it"
        raise UnsupportedFeatureError(text, parameter="output_type", allowed="absent for this model")
    if draft.get("latency") == "optimized" and draft.lacks("latency_optimized"):
        draft.drop("latency", f"{draft.model} has no optimized latency")
    tiers, tier = draft.config.feature("service_tiers"), draft.get("service_tier")
    if tiers is not None and tier == "default" and tier not in tiers:
        draft.changes["service_tier"] = None  # it is so anyway
    elif tiers is not None and tier is not None and tier not in tiers:
        draft.drop("service_tier", f"{draft.model} takes {', '.join(tiers) or 'none'}")


def _settle_system(draft: _Draft, calls: Mapping[str, None]) -> None:
    del calls
    system = draft.get("system")
    if system and draft.lacks("system"):
        text = f"{draft.model} takes no system text; put it into the first user message"
        raise UnsupportedFeatureError(text, parameter="system", allowed="absent for this model")
    if isinstance(system, tuple):
        kept: tuple[Part, ...] = tuple(
            part for part in system if not (isinstance(part, Opaque) and part.provider != NAME)
        )
        if len(kept) < len(system):
            text = "blocks of another provider were left out of system"
            draft.warnings.append(ResponseWarning("unsupported", text, "system"))
            draft.changes["system"] = kept or None


class _Step(NamedTuple):
    """A step, and the parameters without which it has nothing to do; those of the history are always looked at."""

    run: Callable[[_Draft, Mapping[str, None]], None]
    about: frozenset[str]


def _step(run: Callable[[_Draft, Mapping[str, None]], None], *about: str) -> _Step:
    return _Step(run, frozenset(about))


_STEPS = (
    _step(_drop_what_converse_lacks, *_NOT_ON_THIS_WIRE),
    _step(_drop_sampling, "temperature", "top_p", "top_k"),
    _step(_settle_reasoning, "reasoning"),
    _step(_settle_system, "system"),
    _step(_settle_tools, "tools", "tool_choice", _CALLS),
    _step(_settle_tool_choice, "tool_choice"),
    _step(_settle_parallel_calls, "parallel_tool_calls"),
    _step(_settle_the_rest, "output_type", "latency", "service_tier"),
)
