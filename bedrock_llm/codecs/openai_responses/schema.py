"""The words of the Responses body: names, stop reasons, kinds of items, and what differs between those who serve it.

Here: tables, `Options`, and a model's facts as this body has them. Not here: reading (decode.py, stream.py) and writing
(encode.py) with them. Called by: every file beside it, and the emulator.
Follows: OpenAI's Responses API, and what its other servers do otherwise.

Rule: a quirk is an option in the feature `native` of the model, never a name in the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason

__all__ = [
    "CALL_MEMBERS",
    "CONTENT_KINDS",
    "CUSTOM_CALL",
    "ENCRYPTED",
    "FIELDS",
    "FREE_TEXT",
    "FUNCTION_CALL",
    "IN_CALL",
    "IN_CONTENT",
    "LOGPROBS",
    "MESSAGE",
    "MESSAGE_MEMBERS",
    "NAME",
    "REASONING",
    "STOP_REASONS",
    "Options",
    "facts_of",
    "includes",
    "options_of",
    "stores_nothing",
]

NAME = "openai_responses"

STOP_REASONS: Mapping[str, StopReason] = {
    "completed": StopReason.stop,
    "max_output_tokens": StopReason.length,
    "max_messages": StopReason.length,
    "content_filter": StopReason.content_filter,
    "queued": StopReason.pause,
    "in_progress": StopReason.pause,
    "steered": StopReason.other,
    "incomplete": StopReason.other,
    "cancelled": StopReason.error,
}

MESSAGE = "message"
REASONING = "reasoning"
FUNCTION_CALL = "function_call"
CUSTOM_CALL = "custom_tool_call"

# Kinds of `Opaque` that are no item of their own: members of the call or result before it, and a part of a content that
# has no name in any table. An `Opaque` of kind `message` without a content holds members of the message before it.
IN_CALL = "call"
IN_CONTENT = "content"
CONTENT_KINDS = frozenset(
    {"input_text", "input_image", "input_file", "input_audio", "output_text", "output_audio", "refusal", "text"}
)

# Members that go back with a message and with a call, beside those that our parts hold.
MESSAGE_MEMBERS = ("phase", "agent")
CALL_MEMBERS = ("namespace", "caller", "agent")

FREE_TEXT = "the input of a custom tool is a text of its own, not JSON"  # the error beside such a call's input

# Entries of `include`.
ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"

# Parameter to its member of the body; None where only some servers have one. Without a member of its own, top_k stands
# where the model's feature `top_k` says.
FIELDS: Mapping[str, str | None] = {
    "max_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": None,
    "min_p": None,
    "stop": None,
    "seed": None,
    "presence_penalty": None,
    "frequency_penalty": None,
    "repetition_penalty": None,
    "parallel_tool_calls": "parallel_tool_calls",
    "metadata": "metadata",
    "service_tier": "service_tier",
}

_STATEFUL = ("previous_response_id", "conversation", "background")  # each needs the service to keep what was said


class Options(NamedTuple):
    """What a model's feature `native` says of its way with this body. The defaults are OpenAI's.

    Attributes:
        fields: Parameter to its member, as `FIELDS`; None for one that is not taken. In the feature each stands under
            the parameter's name, e.g. `"seed": "seed"`, `"parallel_tool_calls": false`.
        system_role: The role of system messages: "system" or "developer".
        stateless: Whether the service is asked to store nothing, where the caller does not say otherwise.
        encrypted_reasoning: Whether reasoning can be asked for in its encrypted form, which may go back.
        reasoning_ids: Whether reasoning goes back with its id; some hosts look for it, and do not find what was not
            stored.
        reasoning_summary: The summary to ask for beside `reasoning`: "auto", "concise", "detailed"; None for none.
        inline_refs: Whether references inside JSON schemas are replaced by what they refer to.
    """

    fields: Mapping[str, str | None] = FIELDS
    system_role: str = "system"
    stateless: bool = True
    encrypted_reasoning: bool = True
    reasoning_ids: bool = True
    reasoning_summary: str | None = None
    inline_refs: bool = False


_PLAIN = Options()


def _member(name: str, said: Any) -> str | None:
    """What a feature says of a parameter: its member, true for the usual one, false for none."""
    return (FIELDS[name] or name) if said is True else said or None


def options_of(config: ModelConfig) -> Options:
    """The options of a model; where nothing is said, OpenAI's own way."""
    said = config.feature("native")
    if not isinstance(said, Mapping) or said.keys() <= {"body"}:
        return _PLAIN
    own = {name: _member(name, said[name]) for name in FIELDS if name in said}
    others = {name: said[name] for name in Options._fields if name != "fields" and said.get(name) is not None}
    return Options(fields={**FIELDS, **own}, **others)


def facts_of(config: ModelConfig, options: Options) -> ModelConfig:
    """The model's facts where the body itself decides.

    It takes system messages anywhere, images and documents in results, cache points only in what is said, and has one
    way to be told how much to reason.
    """
    features: dict[str, Any] = dict(config.features or {})
    features["cache_points"] = tuple(place for place in features.get("cache_points") or () if place != "tools")
    for name, usual in (("system_messages", True), ("tool_result_media", ("image", "document"))):
        if features.get(name) is None:
            features[name] = usual
    if options.fields["top_k"] is not None:
        features["top_k"] = options.fields["top_k"]
    reasoning = features.get("reasoning")
    if reasoning is None:
        features["reasoning"] = {"style": "reasoning.effort"}
    elif isinstance(reasoning, Mapping) and reasoning.get("style") == "reasoning_effort":
        off = reasoning.get("off")
        effort = off.get("reasoning_effort") if isinstance(off, Mapping) else None
        told = {"reasoning": {"effort": effort}} if effort is not None else off
        features["reasoning"] = {**reasoning, "style": "reasoning.effort", "off": told}
    return replace(config, features=features)


def stores_nothing(request: Request, options: Options) -> bool:
    """Whether the service is asked to store nothing: so it is, unless the caller says what wants a store."""
    said = {**request.get("additional_model_request_fields", {}), **request.get("extra_body", {})}
    if "store" in said:
        return said["store"] is False
    return options.stateless and not any(said.get(name) for name in _STATEFUL)


def includes(request: Request, config: ModelConfig, options: Options) -> list[str]:
    """What the answer shall include: reasoning that can go back, where nothing is stored; and probabilities."""
    reasons = isinstance(config.feature("reasoning"), Mapping) or request.get("reasoning") not in (None, False)
    sealed = reasons and options.encrypted_reasoning and stores_nothing(request, options)
    asked = request.get("logprobs")
    likely = asked is not None and asked is not False
    return [entry for entry, wanted in ((ENCRYPTED, sealed), (LOGPROBS, likely)) if wanted]
