"""The shape of Bedrock's Converse, read as boto3 takes it (bytes raw) or as its JSON has it (bytes in base64).

Here: its content blocks and tools. Not here: telling it from other shapes, the wire itself (codecs/converse/). Called
by: the package beside it.
Follows: the service model `bedrock-runtime/2023-09-30`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Citation,
    Document,
    Image,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    Video,
)
from bedrock_llm.shapes.fields import ContentReader, Fields, blob, made_result, missing, plain, refuse

__all__ = ["FORMATS", "part", "tool"]

WIRE = "converse"

FORMATS: Mapping[str, Mapping[str, str]] = {
    "image": {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"},
    "document": {
        "pdf": "application/pdf",
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "html": "text/html",
        "txt": "text/plain",
        "md": "text/markdown",
    },
    "video": {
        "mkv": "video/x-matroska",
        "mov": "video/quicktime",
        "mp4": "video/mp4",
        "webm": "video/webm",
        "flv": "video/x-flv",
        "mpeg": "video/mpeg",
        "mpg": "video/mpg",
        "wmv": "video/x-ms-wmv",
        "three_gp": "video/3gpp",
    },
    "audio": {
        "mp3": "audio/mpeg",
        "opus": "audio/opus",
        "wav": "audio/wav",
        "aac": "audio/aac",
        "flac": "audio/flac",
        "mp4": "audio/mp4",
        "ogg": "audio/ogg",
        "mkv": "audio/x-matroska",
        "mka": "audio/mka",
        "x-aac": "audio/x-aac",
        "m4a": "audio/m4a",
        "mpeg": "audio/x-mpeg",
        "mpga": "audio/mpga",
        "pcm": "audio/pcm",
        "webm": "audio/webm",
    },
}
"""Format word to media type, per kind of block."""


def part(fields: Fields, content: ContentReader) -> Iterable[Part]:
    """A content block: a dict whose one key names its kind. A kind we do not know is kept as it came.

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    known = ", ".join(_PARTS)
    if len(fields.data) != 1:
        keys = ", ".join(fields.data) or "none"
        allowed = f"a dict with a type (OpenAI, Anthropic), or with exactly one of the keys {known} (Converse)"
        raise InvalidRequestError(
            f"{fields.where} must be {allowed}; its keys are: {keys}", parameter=fields.where, allowed=allowed
        )
    kind = next(iter(fields.data))
    read = _PARTS.get(kind)
    if read is not None:
        return (read(fields, content),)
    if not isinstance(fields[kind], Mapping):  # every block but text is a structure; this is a key written wrong
        raise refuse(fields.at(kind), fields[kind], f"absent; the keys are {known}")
    return (_opaque(fields, kind),)


def _opaque(fields: Fields, kind: str) -> Opaque:
    return Opaque(WIRE, kind, plain(fields[kind]))


def _text(fields: Fields, content: ContentReader) -> Part:
    del content
    return Text(fields.text("text"))


def _image(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("image")
    block.only("format", "source", "error")
    if block.has("error"):
        return _opaque(fields, "image")
    media_type = _media_type(block, "image")
    return Image(_source(block), media_type=media_type)


def _video(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("video")
    block.only("format", "source")
    media_type = _media_type(block, "video")
    return Video(_source(block), media_type=media_type)


def _audio(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("audio")
    block.only("format", "source", "error")
    if block.has("error"):
        return _opaque(fields, "audio")
    media_type = _media_type(block, "audio")
    return Audio(_source(block), media_type=media_type)


def _document(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("document")
    block.only("format", "name", "source", "context", "citations")
    source = block.inner("source")
    if source.has("content"):
        return _opaque(fields, "document")
    cites = bool(block.inner("citations").flag("enabled")) if block.has("citations") else False
    media_type = _media_type(block, "document") if block.has("format") else None
    if source.has("text"):
        source.only("text")
        given: bytes | str = source.text("text").encode("utf-8", "surrogatepass")
        media_type = media_type or "text/plain"
    else:
        given = _source(block)
    name, context = block.optional_text("name"), block.optional_text("context")
    return Document(given, media_type=media_type, name=name, context=context, citations=cites)


def _media_type(block: Fields, kind: str) -> str:
    formats = FORMATS[kind]
    allowed = "one of " + ", ".join(formats)
    word = block.text("format", allowed)
    if word not in formats:
        raise refuse(block.at("format"), word, allowed)
    return formats[word]


def _source(block: Fields) -> bytes | str:
    """Bytes, or the s3:// address with the bucket's owner as its query."""
    source = block.inner("source")
    source.only("bytes", "s3Location")
    if source.has("bytes"):
        return blob(source["bytes"], source.at("bytes"))
    if not source.has("s3Location"):
        raise missing(source.at("bytes"), "bytes or base64, or s3Location instead")
    location = source.inner("s3Location")
    location.only("uri", "bucketOwner")
    uri = location.text("uri", "an s3:// address")
    if not uri.startswith("s3://"):
        raise refuse(location.at("uri"), uri, "an s3:// address")
    owner = location.optional_text("bucketOwner")
    return uri if owner is None else f"{uri}?bucketOwner={owner}"


def _tool_use(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("toolUse")
    block.only("toolUseId", "name", "input", "type")
    if block["type"] not in (None, "tool_use"):
        return _opaque(fields, "toolUse")
    given = block.mapping("input") if block.has("input") else {}
    return ToolCall(block.text("toolUseId"), block.text("name"), given)


def _tool_result(fields: Fields, content: ContentReader) -> Part:
    block = fields.inner("toolResult")
    block.only("toolUseId", "content", "status", "type")
    if block.has("type"):
        return _opaque(fields, "toolResult")
    status = block["status"]
    if status not in (None, "success", "error"):
        raise refuse(block.at("status"), status, "'success' or 'error'")
    parts = content(block.items("content"), block.at("content"))
    return made_result(block.text("toolUseId"), parts, status == "error", block.at("content"))


def _reasoning(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("reasoningContent")
    block.only("reasoningText", "redactedContent")
    if block.has("redactedContent"):
        data = blob(block["redactedContent"], block.at("redactedContent"))
        return Thinking("", None, base64.b64encode(data).decode("ascii"))
    words = block.inner("reasoningText")
    words.only("text", "signature")
    return Thinking(words.optional_text("text") or "", words.optional_text("signature"))


def _cache_point(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("cachePoint")
    block.only("type", "ttl")
    if block.text("type", "'default'") != "default":
        raise refuse(block.at("type"), block["type"], "'default'")
    ttl = block.optional_text("ttl")
    if ttl not in (None, "5m", "1h"):
        raise refuse(block.at("ttl"), ttl, "'5m' or '1h'")
    return CachePoint(ttl)  # type: ignore[arg-type]  # one of the two


def _citations(fields: Fields, content: ContentReader) -> Part:
    del content
    block = fields.inner("citationsContent")
    block.only("content", "citations")
    texts = []
    for index, entry in enumerate(block.items("content")):
        where = f"{block.where}.content[{index}]"
        if not isinstance(entry, Mapping) or set(entry) != {"text"} or not isinstance(entry["text"], str):
            raise refuse(where, entry, "a dict with the key text")
        texts.append(entry["text"])
    cites = [_citation(entry, f"{block.where}.citations[{n}]") for n, entry in enumerate(block.items("citations"))]
    return Text("".join(texts), tuple(cites))


def _citation(entry: Any, where: str) -> Citation:
    cite = Fields.of(entry, where)
    quoted = [piece.get("text") for piece in cite.items("sourceContent") if isinstance(piece, Mapping)]
    location = cite["location"]
    web = location.get("web") if isinstance(location, Mapping) else None
    url = web.get("url") if isinstance(web, Mapping) else None
    source = cite.optional_text("source") or (url if isinstance(url, str) else None)
    cited = "".join(text for text in quoted if isinstance(text, str))
    return Citation(cited or None, cite.optional_text("title"), source, plain(entry))


def _kept(kind: str) -> Callable[[Fields, ContentReader], Part]:
    return lambda fields, _content: _opaque(fields, kind)


_PARTS: Mapping[str, Callable[[Fields, ContentReader], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "video": _video,
    "audio": _audio,
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "cachePoint": _cache_point,
    "citationsContent": _citations,
    # What has no name of ours is kept as it came; `json` is a result's content that is no text.
    **{kind: _kept(kind) for kind in ("guardContent", "searchResult", "json", "toolAddition", "toolRemoval")},
}


def tool(fields: Fields) -> dict[str, Any] | Opaque | CachePoint:
    """The fields of a `ToolSpec`, a cache point, or an `Opaque` for a tool that the service runs.

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    if len(fields.data) != 1 or not fields.has("toolSpec", "cachePoint", "systemTool"):
        keys = ", ".join(fields.data) or "none"
        allowed = (
            "a dict with type and function (OpenAI), name and input_schema (Anthropic), "
            "or one of toolSpec, systemTool and cachePoint (Converse)"
        )
        message = f"{fields.where} must be {allowed}; its keys are: {keys}"
        raise InvalidRequestError(message, parameter=fields.where, allowed=allowed)
    if fields.has("cachePoint"):
        mark = _cache_point(fields, lambda _content, _where: ())
        assert isinstance(mark, CachePoint)  # what the function makes
        return mark
    if fields.has("systemTool"):
        return _opaque(fields, "systemTool")
    spec = fields.inner("toolSpec")
    spec.only("name", "description", "inputSchema", "strict")
    schema = spec.inner("inputSchema")
    schema.only("json")
    return {
        "name": spec.text("name"),
        "description": spec.optional_text("description"),
        "parameters": schema.mapping("json"),
        "strict": spec.flag("strict"),
    }
