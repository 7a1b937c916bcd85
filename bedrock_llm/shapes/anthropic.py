"""Anthropic's Messages shape, read.

Here: its content blocks, tools and cache marks. Not here: telling it from other shapes. Called by: the package beside
it.
Follows: https://docs.claude.com/en/api/messages
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bedrock_llm.messages import (
    CachePoint,
    Citation,
    Document,
    Image,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
)
from bedrock_llm.shapes.fields import ContentReader, Fields, blob, made_result, plain, refuse

__all__ = ["PARTS", "cache_point", "cached", "opaque", "tool"]

WIRE = "anthropic_messages"
FAMILY = "claude"  # thinking in this shape was made by Claude, and by no one else

_SERVER_TOOL = re.compile(r"[a-z_]+_\d{8}")  # e.g. web_search_20250305: the type carries its version's date
_IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def cache_point(fields: Fields) -> CachePoint | None:
    """The cache point that `cache_control` asks for, or None.

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    if not fields.has("cache_control"):
        return None
    control = fields.inner("cache_control")
    control.only("type", "ttl")
    if control.text("type", "'ephemeral'") != "ephemeral":
        raise refuse(control.at("type"), control["type"], "'ephemeral'")
    ttl = control.optional_text("ttl")
    if ttl not in (None, "5m", "1h"):
        raise refuse(control.at("ttl"), ttl, "'5m' or '1h'")
    return CachePoint(ttl)  # type: ignore[arg-type]  # one of the two


def cached(part: Part, mark: CachePoint | None) -> Iterable[Part]:
    """The part, and its cache point after it."""
    return (part,) if mark is None else (part, mark)


def opaque(fields: Fields, content: ContentReader) -> Iterable[Part]:
    """A block that only this API knows, as it came."""
    del content
    return (Opaque(WIRE, fields.text("type"), plain(fields.data)),)


def _text(fields: Fields, content: ContentReader) -> Iterable[Part]:
    """The one kind that OpenAI writes alike."""
    del content
    fields.only("type", "text", "citations", "cache_control", "prompt_cache_breakpoint")
    citations = tuple(_citations(fields))
    mark = CachePoint() if fields.has("prompt_cache_breakpoint") else cache_point(fields)
    return cached(Text(fields.text("text"), citations), mark)


def _citations(fields: Fields) -> Iterable[Citation]:
    for index, entry in enumerate(fields.items("citations")):
        where = f"{fields.where}.citations[{index}]"
        cite = Fields.of(entry, where)
        title = cite.optional_text("document_title") or cite.optional_text("title")
        source = cite.optional_text("url") or cite.optional_text("source")
        yield Citation(cite.optional_text("cited_text"), title, source, plain(entry))


def _image(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "source", "cache_control")
    source = fields.inner("source")
    kind = source.text("type", "'base64', 'url' or 'file'")
    mark = cache_point(fields)
    if kind == "base64":
        source.only("type", "media_type", "data")
        media_type = source.text("media_type", "one of " + ", ".join(_IMAGE_TYPES))
        if not media_type.startswith("image/"):
            raise refuse(source.at("media_type"), media_type, "one of " + ", ".join(_IMAGE_TYPES))
        return cached(Image(blob(source["data"], source.at("data")), media_type=media_type), mark)
    if kind == "url":
        source.only("type", "url")
        return cached(Image(_address(source)), mark)
    if kind == "file":
        return cached(Opaque(WIRE, "image", plain(_unmarked(fields))), mark)
    raise refuse(source.at("type"), kind, "'base64', 'url' or 'file'")


def _document(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "source", "title", "context", "citations", "cache_control")
    source = fields.inner("source")
    kind = source.text("type", "'base64', 'text', 'url', 'content' or 'file'")
    mark = cache_point(fields)
    if kind in ("content", "file"):
        return cached(Opaque(WIRE, "document", plain(_unmarked(fields))), mark)
    cites = bool(fields.inner("citations").flag("enabled")) if fields.has("citations") else False
    said: dict[str, Any] = {"name": fields.optional_text("title"), "context": fields.optional_text("context")}
    if kind == "base64":
        source.only("type", "media_type", "data")
        data, media_type = blob(source["data"], source.at("data")), source.optional_text("media_type")
        return cached(Document(data, media_type=media_type, citations=cites, **said), mark)
    if kind == "text":
        source.only("type", "media_type", "data")
        data, media_type = source.text("data").encode("utf-8", "surrogatepass"), source.optional_text("media_type")
        return cached(Document(data, media_type=media_type or "text/plain", citations=cites, **said), mark)
    if kind == "url":
        source.only("type", "url")
        return cached(Document(_address(source), citations=cites, **said), mark)
    raise refuse(source.at("type"), kind, "'base64', 'text', 'url', 'content' or 'file'")


def _address(source: Fields) -> str:
    url = source.text("url")
    if not url.startswith("https://"):
        raise refuse(source.at("url"), url, "an https:// address")
    return url


def _unmarked(fields: Fields) -> dict[str, Any]:
    """The block without its cache mark, which stands beside it as a part of its own."""
    return {key: value for key, value in fields.data.items() if key != "cache_control"}


def _thinking(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "thinking", "signature")
    return (Thinking(fields.text("thinking"), fields.optional_text("signature"), None, FAMILY),)


def _redacted_thinking(fields: Fields, content: ContentReader) -> Iterable[Part]:
    del content
    fields.only("type", "data")
    # Converse carries the same text as a blob; base64 is the form that `Thinking.redacted` holds everywhere.
    redacted = base64.b64encode(fields.text("data").encode("utf-8", "surrogatepass")).decode("ascii")
    return (Thinking("", None, redacted, FAMILY),)


def _tool_use(fields: Fields, content: ContentReader) -> Iterable[Part]:
    fields.only("type", "id", "name", "input", "caller", "toolset_name", "cache_control")
    direct = not fields.has("toolset_name") and fields["caller"] in (None, {"type": "direct"})
    if not direct:
        return opaque(fields, content)
    arguments = fields.mapping("input") if fields.has("input") else {}
    return cached(ToolCall(fields.text("id"), fields.text("name"), arguments), cache_point(fields))


def _tool_result(fields: Fields, content: ContentReader) -> Iterable[Part]:
    fields.only("type", "tool_use_id", "content", "is_error", "cache_control")
    given = fields["content"] if fields.has("content") else ""
    made = given if isinstance(given, str) else content(given, fields.at("content"))
    mark = cache_point(fields)
    if not isinstance(made, str):
        # A mark inside a result cannot stand there as a part of ours; after the result it covers no less.
        mark = mark or next((part for part in made if isinstance(part, CachePoint)), None)
        made = tuple(part for part in made if not isinstance(part, CachePoint))
    is_error = bool(fields.flag("is_error"))
    result = made_result(fields.text("tool_use_id"), made, is_error, fields.at("content"))
    return cached(result, mark)


PARTS: Mapping[str, Callable[[Fields, ContentReader], Iterable[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "server_tool_use": opaque,
    "search_result": opaque,
    "container_upload": opaque,
    "tool_reference": opaque,
    "compaction": opaque,
}


def tool(fields: Fields) -> dict[str, Any] | Opaque:
    """The fields of a `ToolSpec`, or an `Opaque` for a tool that Anthropic defines (`web_search_20250305` ...).

    Raises:
        InvalidRequestError: Names the key and what is allowed.
    """
    kind = fields["type"]
    if isinstance(kind, str) and _SERVER_TOOL.fullmatch(kind):
        return Opaque(WIRE, kind, plain(_unmarked(fields)))
    if kind not in (None, "custom"):
        raise refuse(
            fields.at("type"), kind, "'function', 'custom', or a tool of Anthropic's such as web_search_20250305"
        )
    fields.only("type", "name", "description", "input_schema", "strict", "cache_control")
    return {
        "name": fields.text("name"),
        "description": fields.optional_text("description"),
        "parameters": fields.mapping("input_schema"),
        "strict": fields.flag("strict"),
    }
