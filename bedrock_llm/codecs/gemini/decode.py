"""A whole answer of generateContent, read.

Here: JSON to `Response`, and the readers of candidates, citations, stop reasons and counts that streams share. Not
here: parts (assembly.py), streams (stream.py), errors (errors.py). Called by: body.py, stream.py.
Follows: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse.

Rule: what is known is read strictly; counts that cannot be believed are unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bedrock_llm.codecs.gemini.assembly import Assembly
from bedrock_llm.codecs.gemini.errors import error_of
from bedrock_llm.codecs.gemini.schema import FURTHER_CANDIDATES, STOP_REASONS
from bedrock_llm.codecs.shared.reading import Json, count, list_of, object_of, optional_count, stop_reason_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event
from bedrock_llm.messages import Citation, Message
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = [
    "Ending",
    "blocked_for",
    "candidates_of",
    "ending_of",
    "parts_of",
    "read_answer",
    "read_citations",
    "read_usage",
    "refuse_errors",
    "word_of",
]

_ANSWERS = frozenset({"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"})


def read_answer(data: Json, family: str) -> Response[Any]:
    """A whole answer.

    Args:
        data: As it came.
        family: Stands on its reasoning and its signatures.

    Raises:
        ProtocolError: It is none.
        ProviderError: It is an error, though it came as a success.
    """
    refuse_errors(data)
    if data.__class__ is not dict or _ANSWERS.isdisjoint(data):
        raise ProtocolError("the service's answer holds no candidates", excerpt=repr(data))
    main, others = candidates_of(data)
    assembly, events = Assembly(family), list[Event]()
    response_id = data.get("responseId")
    assembly.response_id = response_id if response_id.__class__ is str else None
    for part in parts_of(main):
        assembly.take(part, events)
    assembly.finish(read_citations(main), events)
    blocked = None if main else blocked_for(data)
    ending = ending_of(blocked or word_of(main), main, has_calls=assembly.calls > 0, blocked=blocked is not None)
    return Response(
        message=Message("assistant", tuple(assembly.parts)),
        stop_reason=ending.reason,
        raw_stop_reason=ending.word,
        usage=read_usage(data.get("usageMetadata"), main) or Usage(),
        warnings=(*ending.warnings, *((FURTHER_CANDIDATES,) if others else ())),
        raw=data,
    )


def refuse_errors(data: Json) -> None:
    """Raise the error that an answer or a chunk of one says, if it says one."""
    first = data[0] if data.__class__ is list and data else data
    if first.__class__ is dict and first.get("error"):
        raise error_of(data)


def candidates_of(data: Mapping[str, Json]) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """The first candidate, empty where there is none, and the others.

    Raises:
        ProtocolError: They are no list of objects.
    """
    main: dict[str, Json] = {}
    others: list[dict[str, Json]] = []
    for entry in list_of(data.get("candidates"), "candidates"):
        candidate = object_of(entry, "a candidate")
        if candidate.get("index") in (None, 0) and not main:
            main = candidate
        else:
            others.append(candidate)
    return main, others


def parts_of(candidate: Mapping[str, Json]) -> list[Json]:
    """The parts of a candidate; it may have no content, and content may have no parts.

    Raises:
        ProtocolError: They are no list.
    """
    content = candidate.get("content")
    return [] if content is None else list_of(object_of(content, "content").get("parts"), "parts")


def blocked_for(data: Mapping[str, Json]) -> str | None:
    """Why the prompt was blocked, or None."""
    feedback = data.get("promptFeedback")
    reason = feedback.get("blockReason") if feedback.__class__ is dict else None
    return None if reason is None else str(reason)


def word_of(candidate: Mapping[str, Json]) -> str | None:
    """The word for why a candidate ended; a number, which some clients hand on, as its digits.

    Raises:
        ProtocolError: It is neither.
    """
    word = candidate.get("finishReason")
    if word is None or word.__class__ is str:
        return word or None
    if word.__class__ is int:
        return str(word)
    raise ProtocolError("finishReason must be a string", excerpt=repr(word))


class Ending(NamedTuple):
    """Why an answer ended, its own word for it, and what is to be said about it."""

    reason: StopReason
    word: str | None
    warnings: tuple[ResponseWarning, ...]


def ending_of(word: str | None, said: Mapping[str, Json], *, has_calls: bool, blocked: bool) -> Ending:
    """Why an answer ended.

    Args:
        word: As it came.
        said: The candidate's members; an answer that failed may say why in words.
        has_calls: Whether it holds tool calls.
        blocked: Whether it was not even begun: then `word` is why the prompt was blocked.
    """
    if blocked:
        text = f"the prompt was blocked ({word}); there is no answer"
        return Ending(StopReason.content_filter, word, (ResponseWarning("other", text, "messages"),))
    reason, warning = stop_reason_of(word, STOP_REASONS, "finishReason", has_calls=has_calls)
    warnings = () if warning is None else (warning,)
    message = said.get("finishMessage")
    if reason is StopReason.error and message.__class__ is str and message:
        warnings = (*warnings, ResponseWarning("other", f"the answer failed ({word}): {message}", "stop_reason"))
    return Ending(reason, word, warnings)


def read_citations(candidate: Mapping[str, Json]) -> Iterator[Citation]:
    """What a candidate cites: each claim with each source that supports it, and what it recites.

    Raises:
        ProtocolError: The lists have not the form.
    """
    grounding, recited = candidate.get("groundingMetadata"), candidate.get("citationMetadata")
    if grounding.__class__ is dict:
        chunks = list_of(grounding.get("groundingChunks"), "groundingChunks")
        for entry in list_of(grounding.get("groundingSupports"), "groundingSupports"):
            support = object_of(entry, "an entry of groundingSupports")
            for index in list_of(support.get("groundingChunkIndices"), "groundingChunkIndices"):
                if index.__class__ is int and 0 <= index < len(chunks):
                    yield _of_chunk(support, object_of(chunks[index], "an entry of groundingChunks"))
    if recited.__class__ is dict:
        for name in ("citations", "citationSources"):
            for entry in list_of(recited.get(name), name):
                source = object_of(entry, "a citation")
                if source:
                    yield Citation(None, _string(source.get("title")), _string(source.get("uri")), source)


def _of_chunk(support: dict[str, Json], chunk: dict[str, Json]) -> Citation:
    """A source of a claim: its kind (`web`, `retrievedContext`, `maps` ...) is the name of its only member."""
    inner = next((value for value in chunk.values() if value.__class__ is dict), {})
    cited, title, source = (_string(inner.get(name)) for name in ("text", "title", "uri"))
    return Citation(cited, title, source, {"groundingSupport": support, "groundingChunk": chunk})


def _string(value: Json) -> str | None:
    return value if value.__class__ is str else None


def read_usage(data: Json, candidate: Mapping[str, Json]) -> Usage | None:
    """The counts in buckets that do not overlap; None where nothing is counted yet.

    `promptTokenCount` holds what a cache gave, and not what tools gave; `candidatesTokenCount` holds no thoughts. Where
    the sum of all shows that it does, they are not added. Audio has a price of its own and so a bucket of its own;
    pictures, films and documents are input like text.

    Args:
        data: `usageMetadata` as it came.
        candidate: Its members, for the searches that were made.
    """
    if data.__class__ is not dict or all(count(data.get(name)) is None for name in _SUMS):
        return None
    prompt, tools = optional_count(data, "promptTokenCount"), optional_count(data, "toolUsePromptTokenCount")
    made, thought = optional_count(data, "candidatesTokenCount"), optional_count(data, "thoughtsTokenCount")
    cached, total = optional_count(data, "cachedContentTokenCount"), count(data.get("totalTokenCount"))
    heard = _audio(data, "promptTokensDetails") + _audio(data, "toolUsePromptTokensDetails")
    heard = max(heard - _audio(data, "cacheTokensDetails"), 0)
    spoken = _audio(data, "candidatesTokensDetails")
    given = None if prompt is None or tools is None else prompt + tools
    if thought and made is not None and given is not None and total == given + made:
        made -= thought  # they were counted in it
    output = None if made is None or thought is None else made + thought
    return Usage(
        input_tokens=_less(given, (cached or 0) + heard),
        cache_read_tokens=cached,
        output_tokens=_less(output, spoken),
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
        searches=_searches(candidate),
        reasoning_tokens=thought,
    )


_SUMS = ("promptTokenCount", "candidatesTokenCount", "totalTokenCount")


def _less(whole: int | None, inside: int) -> int | None:
    """A sum less what is counted elsewhere; where that is more, it was not in it."""
    return whole - inside if whole is not None and whole >= inside else whole


def _audio(data: Mapping[str, Json], name: str) -> int:
    details = data.get(name)
    entries = details if details.__class__ is list else []
    spoken = [entry for entry in entries if entry.__class__ is dict and entry.get("modality") == "AUDIO"]
    return sum(count(entry.get("tokenCount")) or 0 for entry in spoken)


def _searches(candidate: Mapping[str, Json]) -> int:
    """How many queries were sent to a search; there is a blank one in some lists."""
    grounding = candidate.get("groundingMetadata")
    queries = grounding.get("webSearchQueries") if grounding.__class__ is dict else None
    return sum(query.__class__ is str and bool(query.strip()) for query in queries) if queries.__class__ is list else 0
