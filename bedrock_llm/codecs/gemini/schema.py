"""The words of generateContent: names, members, stop reasons, ids of calls, and what differs between its models.

Here: tables, `Options`, and the ids that calls without one get. Not here: reading (decode.py, stream.py) and writing
(encode.py, parts.py) with them. Called by: every file beside it, and the emulator's.
Follows: https://ai.google.dev/api/generate-content, as google-genai 3.4 has it.

Rule 1: a quirk is an option in the feature `native` of the model, never a name in the code.
Rule 2: a `thoughtSignature` goes back on the very part that it came on. It stands in the message in three forms:
        on a thought with words, `Thinking(words, signature)`; on a part of any other kind, `Thinking("", signature)`
        right before that part; on an empty text, where a stream puts what it has no other place for,
        `Thinking("", redacted=signature)`, a part of its own. What has none of these forms stays whole, as `Opaque`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Part, Thinking
from bedrock_llm.response import ResponseWarning, StopReason

__all__ = [
    "DATA_MEMBERS",
    "FAMILY",
    "FIELDS",
    "FUNCTION_NAME",
    "FURTHER_CANDIDATES",
    "MAX_STOPS",
    "MODES",
    "NAME",
    "OWN_ID",
    "PART_MODIFIERS",
    "SIGNATURE",
    "STOP_REASONS",
    "Options",
    "is_seal",
    "kind_of",
    "made_id",
    "options_of",
]

NAME = "gemini"
FAMILY = "gemini"  # of a model that is not known: only this body has such signatures

# The first five also as numbers, which some clients of Vertex AI hand on; above them its two APIs count differently.
STOP_REASONS: Mapping[str, StopReason] = {
    "STOP": StopReason.stop,
    "1": StopReason.stop,
    "MAX_TOKENS": StopReason.length,
    "2": StopReason.length,
    "SAFETY": StopReason.content_filter,
    "3": StopReason.content_filter,
    "RECITATION": StopReason.content_filter,
    "4": StopReason.content_filter,
    "BLOCKLIST": StopReason.content_filter,
    "PROHIBITED_CONTENT": StopReason.content_filter,
    "SPII": StopReason.content_filter,
    "MODEL_ARMOR": StopReason.content_filter,
    "ESCALATION": StopReason.content_filter,
    "PUP_LIMITED_DISABLED": StopReason.content_filter,
    "IMAGE_SAFETY": StopReason.content_filter,
    "IMAGE_PROHIBITED_CONTENT": StopReason.content_filter,
    "IMAGE_RECITATION": StopReason.content_filter,
    "CONTINUATION": StopReason.pause,
    "LANGUAGE": StopReason.error,
    "OTHER": StopReason.error,
    "5": StopReason.error,
    "MALFORMED_FUNCTION_CALL": StopReason.error,
    "UNEXPECTED_TOOL_CALL": StopReason.error,
    "TOO_MANY_TOOL_CALLS": StopReason.error,
    "MISSING_THOUGHT_SIGNATURE": StopReason.error,
    "MALFORMED_RESPONSE": StopReason.error,
    "IMAGE_OTHER": StopReason.error,
    "NO_IMAGE": StopReason.error,
}

FURTHER_CANDIDATES = ResponseWarning("other", "the answer holds further candidates; they stand in raw only", "n")

# Parameter to its member of `generationConfig`, in the order in which they are written.
FIELDS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
MAX_STOPS = 5

MODES: Mapping[str, str] = {"auto": "AUTO", "required": "ANY", "none": "NONE"}

FUNCTION_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")

SIGNATURE = "thoughtSignature"
# A part holds one of these, and may hold some of the others beside it.
DATA_MEMBERS = (
    "functionCall",
    "functionResponse",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
    "text",
)
PART_MODIFIERS = frozenset({"thought", SIGNATURE, "partMetadata", "videoMetadata", "mediaResolution"})

OWN_ID = re.compile(r"gemini-.+-[0-9]+", re.DOTALL)


def made_id(response_id: str | None, number: int) -> str:
    """The id of a call that came without one: of its answer and its place, so that it is the same each time.

    The answer's own id is in it, as calls of two answers in one conversation need two ids. It is never sent.
    """
    return f"gemini-{response_id or 'call'}-{number}"


def kind_of(part: Mapping[str, object]) -> str:
    """What a part holds: the name of its data, or else of what it consists of."""
    for name in DATA_MEMBERS:
        if name in part:
            return name
    return next((name for name in part if name not in PART_MODIFIERS), "thought" if part.get("thought") else SIGNATURE)


def is_seal(part: Part) -> bool:
    """Whether a part is nothing but the signature of the part behind it."""
    return part.__class__ is Thinking and not part.text and part.signature is not None and part.redacted is None


class Options(NamedTuple):
    """What a model's feature `native` says of its way with this body.

    Attributes:
        foreign_seal: The signature that the model wants on the first call of a turn which it did not make itself, as it
            refuses calls without one; None for a model that takes them.
        schema_beside_tools: Whether the model takes a schema for its answer in a request with tools.
    """

    foreign_seal: str | None = None
    schema_beside_tools: bool = True


_PLAIN = Options()


def options_of(config: ModelConfig) -> Options:
    """The options of a model; the defaults where nothing is said."""
    said = config.feature("native")
    if not isinstance(said, Mapping):
        return _PLAIN
    return Options(**{name: said[name] for name in Options._fields if said.get(name) is not None})
