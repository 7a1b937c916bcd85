"""A whole chat completions answer, read.

Here: JSON to `Response`, and the readers of choice, stop reason and usage that streams share. Not here: the parts of
the message (assembly.py), streams (stream.py). Called by: body.py, stream.py.
Follows: OpenAI's CreateChatCompletionResponse; a completion's `text` is taken for a message.

Rule: what is known is read strictly; counts that cannot be believed are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from bedrock_llm.codecs.openai_chat.assembly import Assembly
from bedrock_llm.codecs.openai_chat.schema import FURTHER_CHOICES, STOP_REASONS, options_of
from bedrock_llm.codecs.shared.openai_errors import error_of
from bedrock_llm.codecs.shared.reading import Json, count, stop_reason_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event
from bedrock_llm.messages import Message
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = ["ended", "read_answer", "read_usage", "usage_in", "word_of"]


def read_answer(data: Json, config: ModelConfig) -> Response[Any]:
    """A whole answer.

    Raises:
        ProtocolError: It is none.
        ProviderError: It is an error, though it came as an answer.
    """
    if data.__class__ is dict and data.get("error"):
        raise error_of(data)
    choices = data.get("choices") if data.__class__ is dict else None
    if choices.__class__ is not list or not choices or choices[0].__class__ is not dict:
        raise ProtocolError("the service's answer holds no choices", excerpt=repr(data))
    first = [entry for entry in choices if entry.__class__ is dict and entry.get("index") == 0]
    choice = first[0] if first else choices[0]
    message = choice.get("message")
    if message is None and choice.get("text").__class__ is str:
        message = {"content": choice["text"]}
    if message.__class__ is not dict:
        raise ProtocolError("the service's answer holds no message", excerpt=repr(data))
    assembly, events = Assembly(config.family, options_of(config)), list[Event]()
    assembly.take(message, events)
    word = word_of(choice)
    reason, warning = ended(word, assembly)
    assembly.finish(reason, events)
    return Response(
        message=Message("assistant", tuple(assembly.parts)),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=read_usage(usage_in(data, choice)),
        warnings=(*((warning,) if warning else ()), *((FURTHER_CHOICES,) if len(choices) > 1 else ())),
        raw=data,
    )


def word_of(choice: Mapping[str, Json]) -> str | None:
    """The word for why the answer ended; `stop_reason` beside a `finish_reason` says something else."""
    name = "finish_reason" if "finish_reason" in choice else "stop_reason"
    word = choice.get(name)
    if word is not None and word.__class__ is not str:
        raise ProtocolError(f"{name} must be a string", excerpt=repr(word))
    return word or None


def ended(word: str | None, assembly: Assembly) -> tuple[StopReason, ResponseWarning | None]:
    """Why the answer ended: a refusal in words, or what the word means."""
    reason, warning = stop_reason_of(word, STOP_REASONS, "finish_reason", has_calls=assembly.has_calls)
    return (StopReason.content_filter if assembly.refused else reason), warning


def usage_in(data: Mapping[str, Json], choice: Mapping[str, Json]) -> dict[str, Json] | None:
    """The block of counts, where one is: on top, in Groq's own member, or beside the message."""
    groq = data.get("x_groq")
    for place in (data, groq if groq.__class__ is dict else {}, choice):
        usage = place.get("usage")
        if usage.__class__ is dict and usage:
            return dict(usage)
    return None


def read_usage(data: Mapping[str, Json] | None) -> Usage:
    """The counts in buckets that do not overlap: `prompt_tokens` holds what a cache gave or took, and audio.

    `completion_tokens` holds the reasoning. Some servers count one of these beside, which `total_tokens` shows; a cache
    that gave more than the prompt has must have been counted beside it too.
    """
    if data is None:
        return Usage()
    given, taken = count(data.get("prompt_tokens")), count(data.get("completion_tokens"))
    before, after = _details(data, "prompt_tokens_details"), _details(data, "completion_tokens_details")
    read = _first(before, ("cached_tokens",)) or _first(data, _CACHE_READ)
    written = _first(before, ("cache_write_tokens",)) or _first(data, _CACHE_WRITTEN)
    heard, spoken = _first(before, ("audio_tokens",)), _first(after, ("audio_tokens",))
    reasoning = _first(after, ("reasoning_tokens",))
    kinds = {"reasoning": reasoning, "heard": heard, "cached": read + written}
    total = count(data.get("total_tokens"))
    if data.get("completion_tokens") is None and given is not None and total is not None and total >= given:
        taken = total - given  # a count of nothing may be left out
    beside = _beside(total, given, taken, kinds)
    if taken is not None and "reasoning" in beside:
        taken += reasoning
    inside = sum(kinds[name] for name in ("heard", "cached") if name not in beside)
    return Usage(
        input_tokens=given - inside if given is not None and given >= inside else given,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=taken - spoken if taken is not None and taken >= spoken else taken,
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
        reasoning_tokens=reasoning,
    )


def _beside(total: int | None, given: int | None, taken: int | None, kinds: Mapping[str, int]) -> tuple[str, ...]:
    """Which kinds the total holds beyond prompt and completion: the fewest that make up the difference."""
    if total is None or given is None or taken is None or total <= given + taken:
        return ()
    counted = [name for name, number in kinds.items() if number]
    groups = (group for size in range(1, len(counted) + 1) for group in combinations(counted, size))
    missing = total - given - taken
    return next((group for group in groups if sum(kinds[name] for name in group) == missing), ())


_CACHE_READ = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens")
_CACHE_WRITTEN = ("cache_creation_input_tokens",)


def _details(data: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    details = data.get(name)
    return details if details.__class__ is dict else {}


def _first(data: Mapping[str, Json], names: tuple[str, ...]) -> int:
    """The first of these counts that is there; a bucket that the answer lacks is 0."""
    return next((found for name in names if (found := count(data.get(name)))), 0)
