"""A whole Converse answer, read.

Here: JSON to `Response`, and the readers of blocks and usage that streams share. Not here: streams
(stream.py), refusals (shared/aws_errors.py). Called by: codec.py, stream.py, nova.py, the emulator's parser.
Follows: the service model `bedrock-runtime/2023-09-30`, ConverseResponse.

Rule: what is known is read strictly, a wrong type is a `ProtocolError`; what is not known is kept as `Opaque`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from bedrock_llm.codecs.converse.schema import AUDIO_FORMATS, IMAGE_FORMATS, NAME, STOP_REASONS
from bedrock_llm.codecs.shared.aws_names import REQUEST_ID
from bedrock_llm.codecs.shared.reading import (
    USAGE_MISSING,
    Json,
    count,
    excerpt_of,
    list_of,
    object_of,
    optional_count,
    read_arguments,
    read_document,
    stop_reason_of,
    string_of,
)
from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import Audio, Citation, Image, Message, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, ResponseWarning, Usage

__all__ = ["NO_CONTENT", "decode", "read_block", "read_citation", "read_media_bytes", "read_parts", "read_usage"]

NO_CONTENT = "the service answered with status 200, but its JSON holds no output.message.content"

_PLAIN_USAGE = frozenset({"inputTokens", "outputTokens", "totalTokens"})


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
    parts = read_parts(data, family)
    if parts is None:
        raise ProtocolError(NO_CONTENT, excerpt=excerpt_of(body))
    word = data.get("stopReason")
    usage, usage_warning = read_usage(data.get("usage"))
    has_calls = ToolCall in {part.__class__ for part in parts}
    reason, stop_warning = stop_reason_of(word, STOP_REASONS, "stopReason", has_calls=has_calls)
    return Response(
        message=Message("assistant", parts),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=usage,
        warnings=tuple(warning for warning in (stop_warning, usage_warning) if warning is not None),
        raw=data,
        request_id=headers.get(REQUEST_ID),
    )


def read_parts(data: Json, family: str | None) -> tuple[Part, ...] | None:
    """The parts of an answer's message; None where it holds none to be read.

    Raises:
        ProtocolError: A block has a wrong type.
    """
    output = data.get("output") if data.__class__ is dict else None
    message = output.get("message") if output.__class__ is dict else None
    content = message.get("content") if message.__class__ is dict else None
    if content.__class__ is not list:
        return None
    return tuple([part for block in content if (part := read_block(block, family)) is not None])


def read_usage(data: Json) -> tuple[Usage, ResponseWarning | None]:
    """The buckets of a usage block: `inputTokens` excludes what a cache gave or took. Warns where a count lacks.

    A required count that is absent is unknown; an absent cache count is 0. Nothing here is fatal.
    """
    if data.__class__ is not dict:
        return Usage(), USAGE_MISSING
    if _PLAIN_USAGE.issuperset(data):  # nothing cached: what most answers say
        taken, given = count(data.get("inputTokens")), count(data.get("outputTokens"))
        return Usage(taken, 0, 0, 0, given), (USAGE_MISSING if taken is None or given is None else None)
    written, written_1h = _cache_writes(data)
    usage = Usage(
        input_tokens=count(data.get("inputTokens")),
        cache_read_tokens=optional_count(data, "cacheReadInputTokens"),
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        output_tokens=count(data.get("outputTokens")),
    )
    counts = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, written, written_1h)
    return usage, (USAGE_MISSING if None in counts else None)


def _cache_writes(data: Mapping[str, Json]) -> tuple[int | None, int | None]:
    """Tokens written for 5 minutes and for 1 hour; the sum is `cacheWriteInputTokens`, `cacheDetails` splits it."""
    total, details = optional_count(data, "cacheWriteInputTokens"), data.get("cacheDetails")
    if not details:
        return total, 0
    by_ttl: dict[str, int] = {}
    for entry in details if isinstance(details, list) else (None,):
        tokens = count(entry.get("inputTokens")) if isinstance(entry, dict) else None
        if tokens is None or not isinstance(entry, dict):
            return total, None
        by_ttl[str(entry.get("ttl"))] = by_ttl.get(str(entry.get("ttl")), 0) + tokens
    hour = by_ttl.pop("1h", 0)
    if not total or total < hour:
        total = sum(by_ttl.values()) + hour
    return total - hour, hour


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


def _text(value: Json, family: str | None) -> Part | None:
    del family
    return Text(string_of(value, "text")) if value != "" else None


def _tool_use(value: Json, family: str | None) -> Part:
    del family
    call = object_of(value, "toolUse")
    if call.get("type") not in (None, "tool_use"):
        return Opaque(NAME, "toolUse", call)
    name, given = string_of(call.get("name"), "toolUse.name"), call.get("input")
    arguments = {} if given is None else given
    if arguments.__class__ is dict:
        return ToolCall(string_of(call.get("toolUseId"), "toolUse.toolUseId"), name, arguments)
    return read_arguments(
        string_of(call.get("toolUseId"), "toolUse.toolUseId"), name, json.dumps(arguments, ensure_ascii=False)
    )


def _reasoning(value: Json, family: str | None) -> Part | None:
    content = object_of(value, "reasoningContent")
    if content.get("redactedContent") is not None:
        return Thinking("", None, string_of(content["redactedContent"], "redactedContent"), family)
    if content.get("reasoningText") is None:
        return Opaque(NAME, "reasoningContent", content)
    words = object_of(content["reasoningText"], "reasoningText")
    text, signature = words.get("text") or "", words.get("signature")
    if not text and not signature:
        return None
    return Thinking(
        string_of(text, "reasoningText.text"), string_of(signature, "signature") if signature else None, None, family
    )


def _cited(value: Json, family: str | None) -> Part | None:
    del family
    content = object_of(value, "citationsContent")
    pieces, citations = list_of(content.get("content"), "content"), list_of(content.get("citations"), "citations")
    if any(piece.__class__ is not dict or set(piece) != {"text"} for piece in pieces):
        return Opaque(NAME, "citationsContent", content)
    text = "".join(string_of(piece["text"], "citationsContent.content.text") for piece in pieces)
    return Text(text, tuple(map(read_citation, citations))) if text or citations else None


def read_citation(value: Json) -> Citation:
    """A citation with what all wires know of it, and as it came.

    Raises:
        ProtocolError: It is no object.
    """
    raw = object_of(value, "a citation")
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
    image = object_of(value, "image")
    source = _made_media(image, IMAGE_FORMATS)
    return Opaque(NAME, "image", image) if source is None else Image(source[0], media_type=source[1])


def _audio(value: Json, family: str | None) -> Part:
    del family
    audio = object_of(value, "audio")
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
        return base64.b64decode(string_of(text, "bytes"), validate=True)
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
