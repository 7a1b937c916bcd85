"""Content blocks and tools of a Messages body as parts.

Here: one reader per kind of block. Not here: messages and members (parse.py). Called by: parse.py.

Rule: a block that a part would not hold all of is kept whole, as `Opaque`. Its cache mark becomes a `CachePoint` behind
it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.anthropic_messages.schema import NAME, PDF, PLAIN_TEXT, redacted_of
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
    ToolResult,
)
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.testing.emulator.native import Object

__all__ = ["content_of", "tools_of"]

_MARK = "cache_control"
_NEVER_EMPTY = ("citations", "caller", "toolset_name", "is_error", "title", "context")


def content_of(content: str | Iterable[Object], family: str | None) -> tuple[Part, ...]:
    """The parts of a content; each cache mark becomes a point behind its block."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple(part for block in content for part in _parts(block, family))


def _parts(block: Object, family: str | None) -> Iterator[Part]:
    point = _point(block)
    if point is not None or block.get(_MARK) is None:
        block = {name: value for name, value in block.items() if name != _MARK}
    yield _part(block, family)
    if point is not None:
        yield point


def _point(block: Object) -> CachePoint | None:
    """The mark as a point; None where there is none, or it says more than a point can hold."""
    control = block.get(_MARK)
    known = isinstance(control, Mapping) and control.keys() <= {"type", "ttl"} and control.get("type") == "ephemeral"
    return CachePoint(control.get("ttl")) if known and isinstance(control, Mapping) else None


def _part(block: Object, family: str | None) -> Part:
    """A block as a part; as `Opaque` where a part would not hold all of it."""
    kind: str = block["type"]
    read = _READERS.get(kind)
    said = {
        name: value
        for name, value in block.items()
        if name != "type" and not (name in _NEVER_EMPTY and value in (None, [], False))
    }
    part = None if read is None else read(said, family)
    return Opaque(NAME, kind, dict(block)) if part is None else part


def _text(said: Object, family: str | None) -> Part | None:
    del family
    if not said.keys() <= {"text", "citations"}:
        return None
    return Text(said["text"], tuple(map(_citation, said.get("citations") or ())))


def _citation(raw: Object) -> Citation:
    title, source = raw.get("document_title", raw.get("title")), raw.get("url", raw.get("source"))
    return Citation(raw.get("cited_text"), title, source, dict(raw))


def _blob(source: Any) -> bytes | None:
    """The bytes of a source that holds nothing else, in the one form that base64 has for them."""
    if source.keys() != {"type", "media_type", "data"} or source["type"] != "base64":
        return None
    data = base64.b64decode(source["data"])
    return data if base64.b64encode(data).decode("ascii") == source["data"] else None


def _image(said: Object, family: str | None) -> Part | None:
    del family
    source = said["source"]
    if said.keys() != {"source"}:
        return None
    if source["type"] == "url":
        return Image(source["url"]) if source["url"].startswith("https://") else None
    data = _blob(source)
    return None if data is None else Image(data, media_type=source["media_type"])


def _document(said: Object, family: str | None) -> Part | None:
    del family
    source, cites = said["source"], said.get("citations") or {}
    if not said.keys() <= {"source", "title", "context", "citations"} or cites.keys() - {"enabled"}:
        return None
    made: dict[str, Any] = {"name": said.get("title"), "context": said.get("context")}
    made["citations"] = bool(cites.get("enabled"))
    if source["type"] == "url":
        return Document(source["url"], **made) if source["url"].startswith("https://") else None
    if source["type"] == "text" and source.keys() == {"type", "media_type", "data"} and source["data"]:
        return Document(source["data"].encode("utf-8"), media_type=PLAIN_TEXT, **made)
    data = _blob(source)
    return None if data is None else Document(data, media_type=PDF, **made)


def _thinking(said: Object, family: str | None) -> Part | None:
    return Thinking(said["thinking"], said["signature"], None, family)


def _redacted_thinking(said: Object, family: str | None) -> Part | None:
    return Thinking("", None, redacted_of(said["data"]), family)


def _tool_use(said: Object, family: str | None) -> Part | None:
    """A call by the model itself; who called is not told, as that is what a missing caller means."""
    del family
    direct = said.get("caller") in (None, {"type": "direct"})
    if not direct or not said.keys() <= {"id", "name", "input", "caller"}:
        return None
    return ToolCall(said["id"], said["name"], said["input"])


def _tool_result(said: Object, family: str | None) -> Part | None:
    if not said.keys() <= {"tool_use_id", "content", "is_error"}:
        return None
    content = said.get("content")
    is_error = bool(said.get("is_error"))
    if content is None or isinstance(content, str):
        return ToolResult(said["tool_use_id"], content or "", is_error)
    # A mark inside a result has no part of ours; the block keeps it.
    inner = (
        Opaque(NAME, entry["type"], dict(entry)) if entry.get(_MARK) else _part(entry, family) for entry in content
    )
    return ToolResult(said["tool_use_id"], tuple(inner), is_error)


_READERS: Mapping[str, Callable[[Object, str | None], Part | None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}


def tools_of(tools: Iterable[Object]) -> tuple[ToolSpec | Opaque | CachePoint, ...]:
    """The tools, each cache mark as a point behind its tool."""
    made: list[ToolSpec | Opaque | CachePoint] = []
    for tool in tools:
        point = _point(tool)
        plain = {name: value for name, value in tool.items() if name != _MARK or point is None}
        made.append(_tool(plain))
        if point is not None:
            made.append(point)
    return tuple(made)


def _tool(tool: Object) -> ToolSpec | Opaque:
    said = {name: value for name, value in tool.items() if value is not None}
    kind = said.pop("type", "custom")
    if kind != "custom" or not said.keys() <= {"name", "description", "input_schema", "strict"}:
        return Opaque(NAME, kind, dict(tool))
    return ToolSpec(said["name"], said.get("description"), said["input_schema"], said.get("strict"))
