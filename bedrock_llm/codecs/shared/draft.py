"""A request while it is prepared for a model and a wire.

Here: `Draft`, and the steps that several wires share: each looks at a parameter and the model's facts, and leaves out,
changes or refuses. Not here: messages (conversation.py), what one wire alone wants (its own prepare.py). Called by:
what prepares a request for a wire.

Rule: a tuning knob that the model has not is left out with a warning; what changes the meaning of the request (tools,
pictures, a schema for the answer) is refused. A feature that is not known is taken to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bedrock_llm.codecs.shared.conversation import names_called, settle_messages
from bedrock_llm.codecs.shared.fields import reasoning_fields, reasoning_style, top_k_path
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.history import HistoryRules
from bedrock_llm.messages import CachePoint, Opaque, Part
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = [
    "CALLS",
    "Draft",
    "Step",
    "drop_absent",
    "drop_sampling",
    "settle",
    "settle_reasoning",
    "settle_system",
    "settle_the_rest",
    "settle_tool_choice",
    "settle_tools",
    "specs_of",
    "step",
]

CALLS = "calls in the history"  # stands among the parameters for what only the messages say


class Draft:
    """The request while it is prepared: what changes, and what is to be said about it."""

    def __init__(self, request: Request, config: ModelConfig, wire: str) -> None:
        self.request = request
        self.config = config
        self.wire = wire
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


def settle(
    request: Request, config: ModelConfig, wire: str, steps: Iterable[Step], rules: HistoryRules | None = None
) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request with its messages and parameters settled, and what was left out or repaired. Pure.

    Args:
        request: As the caller made it.
        config: Of the model.
        wire: The name under which provider's own blocks are taken.
        steps: In their order; one whose parameters are not there is passed over.
        rules: What the wire wants of a history; None for what follows from the model alone.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    draft = Draft(request, config, wire)
    messages, repairs = settle_messages(request.messages, config, wire, rules)
    calls = names_called(messages)
    given = request.parameters.keys() | {CALLS} if calls else request.parameters.keys()
    for settling in steps:
        if not given.isdisjoint(settling.about):
            settling.run(draft, calls)
    if draft.changes or messages is not request.messages:
        request = request.with_(messages=messages, **draft.changes)
    return request, (*draft.warnings, *repairs)


def drop_absent(names: Iterable[str], api: str) -> Step:
    """A step that leaves out parameters which the wire has no member for.

    Args:
        names: Of the parameters.
        api: Of the wire, as the warning calls it, e.g. "the Converse API".
    """
    names = tuple(names)

    def drop(draft: Draft, calls: Mapping[str, None]) -> None:
        del calls
        for name in names:
            if draft.get(name) is not None:
                draft.drop(name, f"{api} has no such parameter")

    return step(drop, *names)


def drop_sampling(draft: Draft, calls: Mapping[str, None]) -> None:
    """Sampling knobs that the model takes, alone and together."""
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


def settle_reasoning(draft: Draft, calls: Mapping[str, None]) -> None:
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
    if value is False or not isinstance(style, Mapping):
        return
    if style.get("sampling") is False:
        for name in ("temperature", "top_p"):
            if draft.get(name) is not None:
                draft.drop(name, f"{draft.model} does not take it while it reasons")
    if style.get("style") != "budget":
        return
    why = f"{draft.model} does not take it while it reasons within a budget"
    if draft.get("temperature") not in (None, 1):
        draft.drop("temperature", why)
    if draft.get("top_k") is not None:
        draft.drop("top_k", why)
    if draft.get("tool_choice") not in (None, "auto", "none"):
        draft.drop("tool_choice", why)


def settle_system(draft: Draft, calls: Mapping[str, None]) -> None:
    """System text, if the model takes any; another provider's blocks in it are left out."""
    del calls
    system = draft.get("system")
    if system and draft.lacks("system"):
        text = f"{draft.model} takes no system text; put it into the first user message"
        raise UnsupportedFeatureError(text, parameter="system", allowed="absent for this model")
    if isinstance(system, tuple):
        kept: tuple[Part, ...] = tuple(
            part for part in system if not (isinstance(part, Opaque) and part.provider != draft.wire)
        )
        if len(kept) < len(system):
            text = "blocks of another provider were left out of system"
            draft.warnings.append(ResponseWarning("unsupported", text, "system"))
            draft.changes["system"] = kept or None


def settle_tools(draft: Draft, calls: Mapping[str, None]) -> None:
    """Tools the model and the wire take.

    Raises:
        UnsupportedFeatureError: The model takes none.
    """
    tools = draft.get("tools") or ()
    if (tools or calls) and draft.lacks("tools"):
        where = "tools" if tools else "messages"
        text = f"{draft.model} does not take tools" + ("" if tools else ", and the messages hold tool calls")
        raise UnsupportedFeatureError(text, parameter=where, allowed="no tools and no tool calls for this model")
    kept = [tool for tool in tools if not (isinstance(tool, Opaque) and tool.provider != draft.wire)]
    if len(kept) < len(tools):
        text = "tools of another provider were left out"
        draft.warnings.append(ResponseWarning("unsupported", text, "tools"))
    if draft.lacks("strict_tools") and any(isinstance(tool, ToolSpec) and tool.strict for tool in kept):
        kept = [replace(tool, strict=None) if isinstance(tool, ToolSpec) else tool for tool in kept]
        text = f"strict was left out of the tools: {draft.model} does not take it"
        draft.warnings.append(ResponseWarning("unsupported", text, "tools"))
    if kept != list(tools):
        draft.changes["tools"] = tuple(kept) or None


def specs_of(tools: Iterable[Any] | None) -> list[Any]:
    """The tools less the cache points between them."""
    return [tool for tool in tools or () if not isinstance(tool, CachePoint)]


def settle_tool_choice(draft: Draft, calls: Mapping[str, None]) -> None:
    """A choice that the model has; none where there are no tools."""
    del calls
    choice, tools = draft.get("tool_choice"), specs_of(draft.get("tools"))
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


def settle_the_rest(draft: Draft, calls: Mapping[str, None]) -> None:
    """A schema for the answer, latency and tier."""
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


class Step(NamedTuple):
    """A step, and the parameters without which it has nothing to do; those of the history are always looked at."""

    run: Callable[[Draft, Mapping[str, None]], None]
    about: frozenset[str]


def step(run: Callable[[Draft, Mapping[str, None]], None], *about: str) -> Step:
    """A step about these parameters."""
    return Step(run, frozenset(about))
