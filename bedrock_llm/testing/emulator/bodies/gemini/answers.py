"""A `Response` as an answer of generateContent, whole or in chunks.

Here: the shapes of answers. Not here: which answer. Called by: the package.
Follows: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse.

Rule: text and thoughts come in pieces about the size of a token, what is signed comes whole; the counts stand in every
chunk, the reason why the answer ended and what it cites in the last.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.gemini.schema import NAME, OWN_ID, SIGNATURE, is_seal
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Audio, Citation, Document, Image, Opaque, Part, Text, Thinking, ToolCall, Video
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import pieces

__all__ = ["answer", "chunks"]

_HEAD = {"modelVersion": "emulated", "responseId": "emulated"}
_WORDS: Mapping[StopReason, str] = {
    StopReason.length: "MAX_TOKENS",
    StopReason.content_filter: "SAFETY",
    StopReason.pause: "CONTINUATION",
    StopReason.error: "MALFORMED_FUNCTION_CALL",
    StopReason.other: "OTHER",
}


def answer(response: Response[Any]) -> dict[str, Any]:
    """The body of an answer; a refusal that says nothing is a prompt that was blocked.

    Raises:
        InvalidRequestError: It holds what this body has no place for.
    """
    if _blocked(response):
        return _refused(response)
    candidate = {"content": {"parts": list(_parts(response)), "role": "model"}, **_ending(response)}
    return {"candidates": [candidate], "usageMetadata": _usage(response.usage), **_HEAD}


def chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    """The same as the chunks of a stream. Errors as `answer`."""
    if _blocked(response):
        yield _refused(response)
        return
    so_far = _usage(Usage(input_tokens=response.usage.input_tokens, cache_read_tokens=response.usage.cache_read_tokens))
    for part in _parts(response):
        plain = isinstance(part.get("text"), str) and SIGNATURE not in part
        texts = pieces(part["text"]) if plain else ()
        for piece in [{**part, "text": text} for text in texts] if plain else [part]:
            yield {"candidates": [_candidate([piece])], "usageMetadata": so_far, **_HEAD}
    last = {**_candidate([{"text": ""}]), **_ending(response)}
    yield {"candidates": [last], "usageMetadata": _usage(response.usage), **_HEAD}


def _candidate(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"content": {"parts": parts, "role": "model"}, "index": 0}


def _blocked(response: Response[Any]) -> bool:
    return response.stop_reason is StopReason.content_filter and not response.message.parts


def _refused(response: Response[Any]) -> dict[str, Any]:
    feedback = {"blockReason": response.raw_stop_reason or "SAFETY"}
    return {"promptFeedback": feedback, "usageMetadata": _usage(response.usage), **_HEAD}


def _ending(response: Response[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"finishReason": response.raw_stop_reason or _WORDS.get(response.stop_reason, "STOP")}
    cited = [entry for part in response.message.parts if isinstance(part, Text) for entry in part.citations]
    grounded = [entry for entry in cited if "groundingChunk" in entry.raw]
    if grounded:
        made["groundingMetadata"] = _grounding(grounded)
    recited = [_recited(entry) for entry in cited if "groundingChunk" not in entry.raw]
    if recited:
        made["citationMetadata"] = {"citations": recited}
    return {**made, "index": 0}


def _grounding(citations: list[Citation]) -> dict[str, Any]:
    sources: list[Any] = []
    supports: list[dict[str, Any]] = []
    for citation in citations:
        chunk = citation.raw["groundingChunk"]
        if chunk not in sources:
            sources.append(chunk)
        support = {**citation.raw["groundingSupport"], "groundingChunkIndices": [sources.index(chunk)]}
        supports.append(support)
    return {"groundingChunks": sources, "groundingSupports": supports}


def _recited(citation: Citation) -> dict[str, Any]:
    if citation.raw:
        return dict(citation.raw)
    members = {"title": citation.title, "uri": citation.source}
    return {name: value for name, value in members.items() if value is not None}


def _parts(response: Response[Any]) -> Iterator[dict[str, Any]]:
    signature: str | None = None
    for part in response.message.parts:
        if isinstance(part, Thinking) and is_seal(part):
            signature = part.signature
            continue
        made = _part(part)
        yield made if signature is None else {**made, SIGNATURE: signature}
        signature = None


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Thinking):
        if part.redacted is not None:
            return {"text": "", SIGNATURE: part.redacted}
        return {"text": part.text, "thought": True, **({} if part.signature is None else {SIGNATURE: part.signature})}
    if isinstance(part, ToolCall) and part.arguments is not None:
        identity = {} if OWN_ID.fullmatch(part.id) else {"id": part.id}
        return {"functionCall": {**identity, "name": part.name, "args": part.arguments}}
    if isinstance(part, (Image, Audio, Video, Document)) and isinstance(part.source, bytes) and part.media_type:
        data = base64.b64encode(part.source).decode("ascii")
        return {"inlineData": {"mimeType": part.media_type, "data": data}}
    if isinstance(part, Opaque) and part.provider == NAME:
        return dict(part.data)
    raise InvalidRequestError.of("reply", part, "made of Text, Thinking, ToolCall, media given as bytes, and Opaque")


def _usage(usage: Usage) -> dict[str, Any]:
    """The counts as the service says them; those of nothing are left out."""
    read, heard, spoken = usage.cache_read_tokens or 0, usage.input_audio_tokens or 0, usage.output_audio_tokens or 0
    thought = usage.reasoning_tokens or 0
    prompt = (usage.input_tokens or 0) + read + heard + (usage.input_image_tokens or 0)
    made = max((usage.output_tokens or 0) + spoken - thought, 0)
    counts: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": made,
        "thoughtsTokenCount": thought,
        "cachedContentTokenCount": read,
    }
    counts = {name: value for name, value in counts.items() if value}
    for name, audio in (("promptTokensDetails", heard), ("candidatesTokensDetails", spoken)):
        if audio:
            counts[name] = [{"modality": "AUDIO", "tokenCount": audio}]
    return {**counts, "totalTokenCount": prompt + made + thought}
