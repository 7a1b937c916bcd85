"""The words of the chat completions body: names, formats, stop reasons, and what differs between those who serve it.

Here: tables, `Options`, and when a schema can be held to. Not here: reading (decode.py, stream.py) and writing
(encode.py) with them. Called by: every file beside it, and the emulator.
Follows: OpenAI's Chat Completions API, and what its other servers do otherwise.

Rule: a quirk is an option in the feature `native` of the model, never a name in the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.response import ResponseWarning, StopReason

__all__ = [
    "AUDIO_FORMATS",
    "DONE",
    "FIELDS",
    "FURTHER_CHOICES",
    "IMAGE_TYPES",
    "NAME",
    "REASONING_FIELDS",
    "STOP_REASONS",
    "UNNAMED",
    "Options",
    "holds_strictly",
    "options_of",
]

NAME = "openai_chat"
DONE = "[DONE]"
UNNAMED = "answer"  # a schema must have a name; one without a title has this

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

FURTHER_CHOICES = ResponseWarning("other", "the answer holds further choices; they stand in raw only", "n")

IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
AUDIO_FORMATS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}

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


class Options(NamedTuple):
    """What a model's feature `native` says of its way with this body. The defaults are OpenAI's.

    Attributes:
        fields: Parameter to its member, as `FIELDS`; None for one that is not taken. In the feature each stands under
            the parameter's name, e.g. `"max_tokens": "max_completion_tokens"`, `"seed": false`.
        required: The word for `tool_choice="required"`, e.g. "any".
        system_role: The role of system text: "system" or "developer".
        reasoning_history: How reasoning goes back in the history: the name of a member of the assistant's message
            ("reasoning_content", "reasoning"), "thinking" for a part of its content, or None for not at all.
        reasoning_with_calls: Whether it goes back only in turns that hold tool calls.
        think_tags: Names of the tags that enclose reasoning inside the text of an answer.
        tool_call_id_length: Ids of tool calls have exactly this many letters and digits; None for any id.
        inline_refs: Whether references inside JSON schemas are replaced by what they refer to.
    """

    fields: Mapping[str, str | None] = FIELDS
    required: str = "required"
    system_role: str = "system"
    reasoning_history: str | None = None
    reasoning_with_calls: bool = False
    think_tags: tuple[str, ...] = ()
    tool_call_id_length: int | None = None
    inline_refs: bool = False

    @property
    def reasoning_fields(self) -> tuple[str, ...]:
        """Where an answer's reasoning may stand, the likeliest first."""
        own = self.reasoning_history
        return REASONING_FIELDS if own in (None, "thinking", *REASONING_FIELDS[:1]) else (str(own), *REASONING_FIELDS)


_PLAIN = Options()


def options_of(config: ModelConfig) -> Options:
    """The options of a model; where nothing is said, OpenAI's own way."""
    said = config.feature("native")
    if not isinstance(said, Mapping) or said.keys() <= {"body"}:
        return _PLAIN
    own = {name: said[name] or None for name in FIELDS if name in said}
    others = {name: said[name] for name in Options._fields if name != "fields" and said.get(name) is not None}
    if "think_tags" in others:
        others["think_tags"] = tuple(others["think_tags"])
    return Options(fields={**FIELDS, **own}, **others)


def holds_strictly(schema: Json) -> bool:
    """Whether every object in it names all of its members as required and allows no others, as strict output wants."""
    if isinstance(schema, list):
        return all(map(holds_strictly, schema))
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        required = schema.get("required") or ()
        if schema.get("additionalProperties") is not False or not properties.keys() <= set(required):
            return False
    elif schema.get("type") == "object":
        return False
    return all(map(holds_strictly, schema.values()))
