"""`additionalModelRequestFields`: what Converse has no member for and each model family names in its own way.

Here: reasoning, top_k and Claude's tool choice, written and, for the emulator, read back; `merge`. Not here: what the
caller puts there (encode.py merges it over), which parameters are dropped (prepare.py). Called by: encode, prepare, the
emulator's parser.

Rule: writing and reading are the same table looked at from two sides; a style is a row of `_STYLES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = [
    "Written",
    "claude_tool_choice",
    "merge",
    "model_fields",
    "read_fields",
    "reasoning_fields",
    "reasoning_style",
    "top_k_path",
]

# Our own rough equals of levels and budgets, for models that take only the other one.
_BUDGETS: Mapping[str, int] = {"low": 1024, "medium": 4096, "high": 16384}
_LEVELS_UP_TO: tuple[tuple[float, str], ...] = ((2048, "low"), (8192, "medium"), (float("inf"), "high"))
_EFFORT_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

# Families that are known to us where the catalog has no row: the path of top_k.
_TOP_K_OF_FAMILY: Mapping[str, str] = {"claude": "top_k", "nova": "inferenceConfig.topK"}

# Style to the fields of an effort word; see the table in docs/reference.
_STYLES: Mapping[str, Callable[[str], dict[str, Json]]] = {
    "adaptive": lambda effort: {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}},
    "nova": lambda effort: {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}},
    "reasoning_effort": lambda effort: {"reasoning_effort": effort},
    "reasoning.effort": lambda effort: {"reasoning": {"effort": effort}},
    "reasoning_config": lambda effort: {"reasoning_config": effort},
    "gemini_level": lambda effort: {"thinkingConfig": {"thinkingLevel": effort.upper(), "includeThoughts": True}},
}


class Written(NamedTuple):
    """What a parameter becomes.

    Attributes:
        fields: For `additionalModelRequestFields`; None where the model takes nothing of the kind.
        warning: What was changed or left out, or None.
    """

    fields: dict[str, Json] | None
    warning: ResponseWarning | None = None


def merge(under: Mapping[str, Json], over: Mapping[str, Json]) -> dict[str, Json]:
    """`over` laid over `under`: objects are merged member by member, everything else is replaced."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def reasoning_style(value: Any, config: ModelConfig) -> Mapping[str, Any] | bool | None:
    """How the model is told to think: a feature row, False for never, None for not known.

    A Claude that the catalog lacks takes a budget where one is given and an effort otherwise: the two ways that
    Claude models have.
    """
    feature = config.feature("reasoning")
    if feature is None and config.family == "claude":
        budget = isinstance(value, int) and not isinstance(value, bool)
        return {"style": "budget" if budget else "adaptive", "off": {"thinking": {"type": "disabled"}}}
    return feature  # type: ignore[no-any-return]  # features are JSON


def reasoning_fields(value: Any, config: ModelConfig, max_tokens: int | None) -> Written:
    """The fields for `reasoning`.

    Args:
        value: "low", "medium", "high", a budget in tokens, or False.
        config: Of the model.
        max_tokens: As the caller set it; a budget must stay below.

    Raises:
        InvalidRequestError: A budget that the model cannot take.
    """
    style = reasoning_style(value, config)
    if value is False:
        return _off(style, config)
    if not isinstance(style, Mapping):
        known = "does not reason" if style is False else "is not known to reason; use additional_model_request_fields"
        return Written(None, _left_out("reasoning", f"{config.model} {known}"))
    if style.get("style") == "budget":
        return _budget(value, style, config.max_output_tokens if max_tokens is None else max_tokens)
    if style.get("style") == "gemini_budget":
        return _gemini_budget(value, style, max_tokens)
    write = _STYLES.get(str(style.get("style")))
    if write is None:
        return Written(None, _left_out("reasoning", f"the reasoning style {style.get('style')!r} is not known"))
    return _effort(value, style, write)


def _left_out(parameter: str, why: str) -> ResponseWarning:
    return ResponseWarning("unsupported", f"{parameter} was left out: {why}", parameter)


def _off(style: Mapping[str, Any] | bool | None, config: ModelConfig) -> Written:
    if style is False:
        return Written({})
    if not isinstance(style, Mapping):
        return Written(None, _left_out("reasoning", f"how {config.model} is told not to reason is not known"))
    off = style.get("off")
    if isinstance(off, Mapping) and style.get("default_on") is not False:
        return Written(dict(off))
    if style.get("default_on") is False:
        return Written({})
    return Written(None, _left_out("reasoning", f"{config.model} cannot be told not to reason"))


def _budget(value: str | int, style: Mapping[str, Any], max_tokens: int | None) -> Written:
    least = int(style.get("min_budget") or 1)
    if isinstance(value, int):
        if value < least or (max_tokens is not None and value >= max_tokens):
            below = "" if max_tokens is None else f" and below max_tokens ({max_tokens})"
            raise InvalidRequestError.of("reasoning", value, f"a budget of at least {least} tokens{below}")
        budget = value
    else:
        budget = max(_BUDGETS[value], least)
        if max_tokens is not None and budget >= max_tokens:
            budget = max(least, max_tokens // 2)
            if budget >= max_tokens:
                text = f"max_tokens ({max_tokens}) leaves no room for the smallest budget ({least} tokens)"
                return Written(None, _left_out("reasoning", text))
    return Written({"thinking": {"type": "enabled", "budget_tokens": budget}})


def _gemini_budget(value: str | int, style: Mapping[str, Any], max_tokens: int | None) -> Written:
    """A budget of Gemini's; it is a part of `max_tokens`, but may be as large: then nothing may be left to say."""
    least, most = int(style.get("min_budget") or 1), style.get("max_budget")
    if isinstance(value, int):
        if value < least or (most is not None and value > most):
            upper = "" if most is None else f" and at most {most}"
            raise InvalidRequestError.of("reasoning", value, f"a budget of at least {least}{upper} tokens")
        budget = value
    else:
        half = _BUDGETS[value] if max_tokens is None else max_tokens // 2
        budget = max(min(_BUDGETS[value], half, *(() if most is None else (int(most),))), least)
    return Written({"thinkingConfig": {"thinkingBudget": budget, "includeThoughts": True}})


def _effort(value: str | int, style: Mapping[str, Any], write: Callable[[str], dict[str, Json]]) -> Written:
    word = value if isinstance(value, str) else next(word for limit, word in _LEVELS_UP_TO if value <= limit)
    efforts = style.get("efforts") or ()
    nearest = word if not efforts or word in efforts else min(efforts, key=lambda effort: _distance(effort, word))
    if nearest == value:
        return Written(write(nearest))
    text = f"reasoning={value!r} was sent as {nearest!r}: the model takes {', '.join(efforts) or 'a level'}"
    return Written(write(nearest), ResponseWarning("unsupported", text, "reasoning"))


def _distance(effort: str, word: str) -> tuple[int, bool]:
    """How far apart two words are; of two as near, the stronger first."""
    if effort not in _EFFORT_ORDER:
        return len(_EFFORT_ORDER), False
    steps = _EFFORT_ORDER.index(effort) - _EFFORT_ORDER.index(word)
    return abs(steps), steps < 0


def top_k_path(config: ModelConfig) -> str | None:
    """Where the model takes top_k, as a dotted path; None where it takes none, or none is known."""
    feature = config.feature("top_k")
    if feature is None:
        return _TOP_K_OF_FAMILY.get(config.family or "")
    return feature if isinstance(feature, str) else None


def claude_tool_choice(request: Request, config: ModelConfig) -> dict[str, Json] | None:
    """Claude's own tool choice, for what Converse's has no word: no tool at all, or one call at a time.

    Converse refuses a request with both, so this one replaces `toolConfig.toolChoice`.
    """
    choice, parallel = request.get("tool_choice"), request.get("parallel_tool_calls")
    if config.family != "claude" or not request.get("tools") or (choice != "none" and parallel is not False):
        return None
    if choice == "none":
        return {"type": "none"}
    words = {None: "auto", "auto": "auto", "required": "any"}
    field: dict[str, Json] = {"type": words[choice]} if choice in words else {"type": "tool", "name": choice}
    return {**field, "disable_parallel_tool_use": True}


def model_fields(request: Request, config: ModelConfig) -> dict[str, Json]:
    """All of `additionalModelRequestFields`; what the caller put there wins.

    Raises:
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    fields: dict[str, Json] = {}
    reasoning, top_k = request.get("reasoning"), request.get("top_k")
    if reasoning is not None:
        fields = reasoning_fields(reasoning, config, request.get("max_tokens")).fields or {}
    path = top_k_path(config) if top_k is not None else None
    if path is not None:
        fields = merge(fields, _at(path, top_k))
    choice = claude_tool_choice(request, config)
    if choice is not None:
        fields["tool_choice"] = choice
    own = request.get("additional_model_request_fields")
    return fields if own is None else merge(fields, own)


def _at(path: str, value: Json) -> dict[str, Json]:
    """`{"a": {"b": value}}` of the path `a.b`."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return value  # type: ignore[no-any-return]  # a path has at least one name


def read_fields(fields: Mapping[str, Json], config: ModelConfig) -> tuple[dict[str, Any], dict[str, Json]]:
    """The parameters that these fields say for this model, and the fields that say none of them.

    Args:
        fields: `additionalModelRequestFields` as it came.
        config: Of the model; where it does not tell how the model is spoken to, fields stay fields.
    """
    parameters: dict[str, Any] = {}
    rest = dict(fields)
    for said, written in _candidates(rest, config):
        if written and not parameters.keys() & said.keys() and _holds(rest, written):
            parameters.update(said)
            rest = _without(rest, written)
    return parameters, rest


def _candidates(fields: Mapping[str, Json], config: ModelConfig) -> list[tuple[dict[str, Any], dict[str, Json]]]:
    """Parameters that might have been said, with the fields they would have become."""
    found: list[tuple[dict[str, Any], dict[str, Json]]] = []
    told = [_look(fields, path) for path in ("thinking.budget_tokens", "thinkingConfig.thinkingBudget")]
    budgets = [budget for budget in told if budget.__class__ is int and budget > 0]
    for value in (*budgets, "low", "medium", "high", False):
        try:
            written = reasoning_fields(value, config, None)
        except InvalidRequestError:
            continue
        if written.warning is None:
            found.append(({"reasoning": value}, written.fields or {}))
    path = top_k_path(config)
    top_k = _look(fields, path) if path else None
    if path and top_k.__class__ is int:
        found.append(({"top_k": top_k}, _at(path, top_k)))
    return found + (_claude_candidates(fields) if config.family == "claude" else [])


def _claude_candidates(fields: Mapping[str, Json]) -> list[tuple[dict[str, Any], dict[str, Json]]]:
    choice = fields.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, Mapping) else None
    words = {"auto": None, "any": "required", "tool": _look(fields, "tool_choice.name")}
    found: list[tuple[dict[str, Any], dict[str, Json]]] = [({"tool_choice": "none"}, {"tool_choice": {"type": "none"}})]
    if kind in words:
        said: dict[str, Any] = {
            "parallel_tool_calls": False,
            **({} if kind == "auto" else {"tool_choice": words[kind]}),
        }
        name = {"name": words[kind]} if kind == "tool" else {}
        found.append((said, {"tool_choice": {"type": kind, **name, "disable_parallel_tool_use": True}}))
    return found


def _look(fields: Json, path: str) -> Json:
    """What stands at a dotted path, or None."""
    for name in path.split("."):
        fields = fields.get(name) if isinstance(fields, Mapping) else None
    return fields


def _holds(fields: Json, part: Json) -> bool:
    """Whether all of `part` stands in `fields`, value for value."""
    if isinstance(part, Mapping) and isinstance(fields, Mapping):
        return all(name in fields and _holds(fields[name], value) for name, value in part.items())
    return bool(fields == part)


def _without(fields: Mapping[str, Json], part: Mapping[str, Json]) -> dict[str, Json]:
    """`fields` less `part`; an object left empty goes too."""
    left: dict[str, Json] = {}
    for name, value in fields.items():
        taken = part.get(name)
        kept = _without(value, taken) if isinstance(taken, Mapping) and isinstance(value, Mapping) else value
        if name not in part or (isinstance(taken, Mapping) and kept):
            left[name] = kept
    return left
