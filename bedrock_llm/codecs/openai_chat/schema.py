"""The words of the chat completions body: names, formats, stop reasons, and what differs between those who serve it.

Here: tables and `Options`. Not here: reading (decode.py, stream.py) and writing
(encode.py) with them. Called by: every file beside it, and the emulator.
Follows: OpenAI's Chat Completions API, and what its other servers do otherwise.

Rule: a quirk is an option in the feature `native` of the model, never a name in the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.response import ResponseWarning, StopReason

__all__ = [
    "DETAILS",
    "DONE",
    "FIELDS",
    "FURTHER_CHOICES",
    "IN_MESSAGE",
    "NAME",
    "REASONING_FIELDS",
    "STOP_REASONS",
    "Options",
    "options_of",
]

NAME = "openai_chat"
DONE = "[DONE]"

STOP_REASONS: Mapping[str, StopReason] = {
    "stop": StopReason.stop,
    "eos": StopReason.stop,
    "eos_token": StopReason.stop,
    "end_turn": StopReason.stop,
    "stop_sequence": StopReason.stop,
    "tool_calls": StopReason.tool_use,
    "tool_call": StopReason.tool_use,
    "tool_use": StopReason.tool_use,
    "function_call": StopReason.tool_use,
    "length": StopReason.length,
    "max_tokens": StopReason.length,
    "model_length": StopReason.length,
    "content_filter": StopReason.content_filter,
    "refusal": StopReason.content_filter,
    "error": StopReason.error,
    "insufficient_system_resource": StopReason.error,
}

# The kind of an `Opaque` that holds members of the message itself.
IN_MESSAGE = "message"

FURTHER_CHOICES = ResponseWarning("other", "the answer holds further choices; they stand in raw only", "n")

# Parameter to its member of the body; None where only some servers have one. Without a member of its own, top_k stands
# where the model's feature `top_k` says.
FIELDS: Mapping[str, str | None] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": None,
    "min_p": None,
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "repetition_penalty": None,
    "logprobs": "logprobs",
    "parallel_tool_calls": "parallel_tool_calls",
}

# Where reasoning stands beside the content of an answer; some servers say it in both.
REASONING_FIELDS = ("reasoning", "reasoning_content")
DETAILS = "reasoning_details"  # reasoning in entries, sealed ones among them, which go back as they came
_NO_FIELD = (None, "thinking", DETAILS, REASONING_FIELDS[0])


class Options(NamedTuple):
    """What a model's feature `native` says of its way with this body. The defaults are OpenAI's.

    Attributes:
        fields: Parameter to its member, as `FIELDS`; None for one that is not taken. In the feature each stands under
            the parameter's name, e.g. `"max_tokens": "max_completion_tokens"`, `"seed": false`.
        required: The word for `tool_choice="required"`, e.g. "any".
        system_role: The role of system text: "system" or "developer".
        reasoning_history: How reasoning goes back in the history: the name of a member of the assistant's message
            ("reasoning_content", "reasoning"), "reasoning_details" for those as they came (and words without any as
            `reasoning`), "thinking" for a part of its content, or None for not at all.
        reasoning_with_calls: Whether it goes back only in turns that hold tool calls.
        think_tags: Names of the tags that enclose reasoning inside the text of an answer.
        tool_call_id_length: Ids of tool calls have exactly this many letters and digits; None for any id.
        inline_refs: Whether references inside JSON schemas are replaced by what they refer to.
        ends_unmarked: Whether a stream may end with its body alone, without a finish reason and without `[DONE]`. Where
            it may, an answer that was cut cannot be told from one that is whole.

    `stream_options` beside these is read by whoever carries the body: false where the server refuses that member.
    """

    fields: Mapping[str, str | None] = FIELDS
    required: str = "required"
    system_role: str = "system"
    reasoning_history: str | None = None
    reasoning_with_calls: bool = False
    think_tags: tuple[str, ...] = ()
    tool_call_id_length: int | None = None
    inline_refs: bool = False
    ends_unmarked: bool = False

    @property
    def reasoning_fields(self) -> tuple[str, ...]:
        """Where an answer's reasoning may stand, the likeliest first."""
        own = self.reasoning_history
        return REASONING_FIELDS if own in _NO_FIELD else (str(own), *REASONING_FIELDS)


_PLAIN = Options()


def _member(name: str, said: Any) -> str | None:
    """What a feature says of a parameter: its member, true for the usual one, false for none."""
    return (FIELDS[name] or name) if said is True else said or None


def options_of(config: ModelConfig) -> Options:
    """The options of a model; where nothing is said, OpenAI's own way.

    They stand in the feature `native` itself where this is the model's body, and under this body's name in it where the
    model has several.
    """
    native = config.feature("native")
    if not isinstance(native, Mapping) or native.keys() <= {"body"}:
        return _PLAIN
    said = {**(native if native.get("body") in (None, NAME) else {}), **(native.get(NAME) or {})}
    own = {name: _member(name, said[name]) for name in FIELDS if name in said}
    others = {name: said[name] for name in Options._fields if name != "fields" and said.get(name) is not None}
    if "think_tags" in others:
        others["think_tags"] = tuple(others["think_tags"])
    return Options(fields={**FIELDS, **own}, **others)
