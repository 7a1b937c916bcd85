"""A whole Converse answer, read.

Here: JSON to `Response`, and the readers of blocks, usage and stop reasons that streams share. Not here: streams
(stream.py), refusals (errors.py). Called by: codec.py, stream.py, the emulator's parser.
Follows: the service model `bedrock-runtime/2023-09-30`, ConverseResponse.

Rule: what is known is read strictly, a wrong type is a `ProtocolError`; what is not known is kept as `Opaque`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

import jiter

from bedrock_llm.codecs.converse.schema import AUDIO_FORMATS, IMAGE_FORMATS, NAME, REQUEST_ID, STOP_REASONS, Json
from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import Audio, Citation, Image, Message, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = [
    "STOP_MISSING",
    "USAGE_MISSING",
    "decode",
    "excerpt_of",
    "read_arguments",
    "read_block",
    "read_citation",
    "read_document",
    "read_media_bytes",
    "read_usage",
    "stop_reason",
]

USAGE_MISSING = ResponseWarning(
    "incomplete", "the answer does not say all of what was used: usage and cost are unknown", "usage"
)
STOP_MISSING = ResponseWarning("incomplete", "the answer does not say why it ended", "stop_reason")

_PLAIN_USAGE = frozenset({"inputTokens", "outputTokens", "totalTokens"})
_EXCERPT_BYTES = 400  # the error cuts it to its own limit after redaction
_MAX_COUNT = 2**53  # beyond it no count of tokens is believed


def decode(body: bytes, headers: Mapping[str, str], family: str | None) -> Response[Any]:
    """A whole answer.

    Args:
        body: As it came, status 200.
        headers: Names in lower case.
        family: Of the model asked; stands on its reasoning.

    Raises:
        ProtocolError: It is no Converse answer.
    """
    data = read_document(body)
    output = data.get("output") if data.__class__ is dict else None
    message = output.get("message") if output.__class__ is dict else None
    content = message.get("content") if message.__class__ is dict else None
    if content.__class__ is not list:
        raise ProtocolError(
            "the service answered with status 200, but its JSON holds no output.message.content",
            excerpt=excerpt_of(body),
        )
    parts = tuple([part for block in content if (part := read_block(block, family)) is not None])
    word = data.get("stopReason")
    usage, usage_warning = read_usage(data.get("usage"))
    reason, stop_warning = stop_reason(word, ToolCall in {part.__class__ for part in parts})
    return Response(
        message=Message("assistant", parts),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=usage,
        warnings=tuple(warning for warning in (stop_warning, usage_warning) if warning is not None),
        raw=data,
        request_id=headers.get(REQUEST_ID),
    )


def read_document(body: bytes) -> Json:
    """The JSON of a body.

    Raises:
        ProtocolError: It is none: empty, HTML, cut, nested too deep, not UTF-8.
    """
    if not body:
        raise ProtocolError("the service answered with status 200 and an empty body")
    try:
        return jiter.from_json(body)
    except ValueError as error:
        raise ProtocolError(f"the service's answer is not JSON: {error}", excerpt=excerpt_of(body)) from error


def excerpt_of(body: bytes) -> str:
    """The start of a body, for an error."""
    return body[:_EXCERPT_BYTES].decode("utf-8", "replace")


def stop_reason(word: Json, has_calls: bool) -> tuple[StopReason, ResponseWarning | None]:
    """What the wire's word means; a tool call decides where the word says a plain end, as some models do.

    Raises:
        ProtocolError: The word is no string.
    """
    if word is None:
        return (StopReason.tool_use if has_calls else StopReason.other), STOP_MISSING
    reason = STOP_REASONS.get(_string(word, "stopReason"), StopReason.other)
    return (StopReason.tool_use if has_calls and reason is StopReason.stop else reason), None


def read_usage(data: Json) -> tuple[Usage, ResponseWarning | None]:
    """The buckets of a usage block: `inputTokens` excludes what a cache gave or took. Warns where a count lacks.

    A required count that is absent is unknown; an absent cache count is 0. Nothing here is fatal.
    """
    if data.__class__ is not dict:
        return Usage(), USAGE_MISSING
    if _PLAIN_USAGE.issuperset(data):  # nothing cached: what most answers say
        taken, given = _count(data.get("inputTokens")), _count(data.get("outputTokens"))
        return Usage(taken, 0, 0, 0, given), (USAGE_MISSING if taken is None or given is None else None)
    written, written_1h = _cache_writes(data)
    usage = Usage(
        input_tokens=_count(data.get("inputTokens")),
        cache_read_tokens=_optional_count(data, "cacheReadInputTokens"),
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        output_tokens=_count(data.get("outputTokens")),
    )
    counts = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, written, written_1h)
    return usage, (USAGE_MISSING if None in counts else None)


def _cache_writes(data: Mapping[str, Json]) -> tuple[int | None, int | None]:
    """Tokens written for 5 minutes and for 1 hour; the sum is `cacheWriteInputTokens`, `cacheDetails` splits it."""
    total, details = _optional_count(data, "cacheWriteInputTokens"), data.get("cacheDetails")
    if not details:
        return total, 0
    by_ttl: dict[str, int] = {}
    for entry in details if isinstance(details, list) else (None,):
        count = _count(entry.get("inputTokens")) if isinstance(entry, dict) else None
        if count is None or not isinstance(entry, dict):
            return total, None
        by_ttl[str(entry.get("ttl"))] = by_ttl.get(str(entry.get("ttl")), 0) + count
    hour = by_ttl.pop("1h", 0)
    if not total or total < hour:
        total = sum(by_ttl.values()) + hour
    return total - hour, hour


def _optional_count(data: Mapping[str, Json], name: str) -> int | None:
    value = data.get(name)
    return 0 if value is None else _count(value)


def _count(value: Json) -> int | None:
    return value if value.__class__ is int and 0 <= value < _MAX_COUNT else None


def read_block(block: Json, family: str | None) -> Part | None:
    """A block of content as a part; None for one that holds nothing.

    Raises:
        ProtocolError: It is no object of one member, or a known member has a wrong type.
    """
    if block.__class__ is not dict:
        raise ProtocolError("a block of the answer is no JSON object", excerpt=repr(block))
    text = block.get("text")
    if text.__class__ is str and text and len(block) == 1:
        return Text(text)  # what most blocks are
    kinds = [kind for kind, value in block.items() if value is not None]
    if len(kinds) > 1:
        kinds = [kind for kind in kinds if kind in _BLOCKS]
    if len(kinds) != 1:
        raise ProtocolError("a block of the answer must hold one kind of content", excerpt=repr(block))
    kind = kinds[0]
    read = _BLOCKS.get(kind)
    return Opaque(NAME, kind, block[kind]) if read is None else read(block[kind], family)


def _string(value: Json, name: str) -> str:
    if value.__class__ is not str:
        raise ProtocolError(f"{name} must be a string", excerpt=repr(value))
    return str(value)


def _object(value: Json, name: str) -> dict[str, Json]:
    if value.__class__ is not dict:
        raise ProtocolError(f"{name} must be an object", excerpt=repr(value))
    return value


def _list(value: Json, name: str) -> list[Json]:
    if value is None:
        return []
    if value.__class__ is not list:
        raise ProtocolError(f"{name} must be a list", excerpt=repr(value))
    return value


def _text(value: Json, family: str | None) -> Part | None:
    del family
    return Text(_string(value, "text")) if value != "" else None


def _tool_use(value: Json, family: str | None) -> Part:
    del family
    call = _object(value, "toolUse")
    if call.get("type") not in (None, "tool_use"):
        return Opaque(NAME, "toolUse", call)
    name, given = _string(call.get("name"), "toolUse.name"), call.get("input")
    arguments = {} if given is None else given
    if arguments.__class__ is dict:
        return ToolCall(_string(call.get("toolUseId"), "toolUse.toolUseId"), name, arguments)
    return read_arguments(
        _string(call.get("toolUseId"), "toolUse.toolUseId"), name, json.dumps(arguments, ensure_ascii=False)
    )


def read_arguments(tool_call_id: str, name: str, text: str) -> ToolCall:
    """A tool call from the text of its arguments; text that is no JSON object is kept, with the error beside it."""
    if not text.strip():
        return ToolCall(tool_call_id, name, {})
    try:
        arguments = jiter.from_json(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        return ToolCall(tool_call_id, name, None, text, f"the arguments are not JSON: {error}")
    if arguments.__class__ is not dict:
        return ToolCall(tool_call_id, name, None, text, "the arguments are not a JSON object")
    return ToolCall(tool_call_id, name, arguments)


def _reasoning(value: Json, family: str | None) -> Part | None:
    content = _object(value, "reasoningContent")
    if content.get("redactedContent") is not None:
        return Thinking("", None, _string(content["redactedContent"], "redactedContent"), family)
    if content.get("reasoningText") is None:
        return Opaque(NAME, "reasoningContent", content)
    words = _object(content["reasoningText"], "reasoningText")
    text, signature = words.get("text") or "", words.get("signature")
    if not text and not signature:
        return None
    return Thinking(
        _string(text, "reasoningText.text"), _string(signature, "signature") if signature else None, None, family
    )


def _cited(value: Json, family: str | None) -> Part | None:
    del family
    content = _object(value, "citationsContent")
    pieces, citations = _list(content.get("content"), "content"), _list(content.get("citations"), "citations")
    if any(piece.__class__ is not dict or set(piece) != {"text"} for piece in pieces):
        return Opaque(NAME, "citationsContent", content)
    text = "".join(_string(piece["text"], "citationsContent.content.text") for piece in pieces)
    return Text(text, tuple(map(read_citation, citations))) if text or citations else None


def read_citation(value: Json) -> Citation:
    """A citation with what all wires know of it, and as it came.

    Raises:
        ProtocolError: It is no object.
    """
    raw = _object(value, "a citation")
    pieces = raw.get("sourceContent")
    texts = [piece.get("text") for piece in pieces if piece.__class__ is dict] if pieces.__class__ is list else []
    cited = "".join(text for text in texts if text.__class__ is str)
    location = raw.get("location")
    web = location.get("web") if location.__class__ is dict else None
    source = raw.get("source") or (web.get("url") if web.__class__ is dict else None)
    title = raw.get("title")
    return Citation(
        cited_text=cited or None,
        title=title if title.__class__ is str else None,
        source=source if source.__class__ is str else None,
        raw=raw,
    )


def _image(value: Json, family: str | None) -> Part:
    del family
    image = _object(value, "image")
    source = _made_media(image, IMAGE_FORMATS)
    return Opaque(NAME, "image", image) if source is None else Image(source[0], media_type=source[1])


def _audio(value: Json, family: str | None) -> Part:
    del family
    audio = _object(value, "audio")
    source = _made_media(audio, AUDIO_FORMATS)
    return Opaque(NAME, "audio", audio) if source is None else Audio(source[0], media_type=source[1])


def _made_media(block: Mapping[str, Json], formats: Mapping[str, tuple[str, ...]]) -> tuple[bytes | str, str] | None:
    """Bytes or s3:// address, and media type, of what a model made; None where it is an error or of another shape."""
    types, source = formats.get(str(block.get("format"))), block.get("source")
    if block.get("error") is not None or types is None or source.__class__ is not dict:
        return None
    if source.get("bytes"):
        return read_media_bytes(source["bytes"]), types[0]
    location = source.get("s3Location")
    uri = location.get("uri") if location.__class__ is dict and len(location) == 1 else None
    return (uri, types[0]) if uri.__class__ is str and uri.startswith("s3://") else None


def read_media_bytes(text: Json) -> bytes:
    """The bytes of a blob.

    Raises:
        ProtocolError: It is not base64.
    """
    try:
        return base64.b64decode(_string(text, "bytes"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(f"media in the answer is not base64: {error}", excerpt=str(text)) from error


_BLOCKS: Mapping[str, Callable[[Json, str | None], Part | None]] = {
    "text": _text,
    "toolUse": _tool_use,
    "reasoningContent": _reasoning,
    "citationsContent": _cited,
    "image": _image,
    "audio": _audio,
}
