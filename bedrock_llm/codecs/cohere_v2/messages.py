"""Messages as Cohere's chat of version 2 has them.

Here: who speaks, content, calls, results, and documents. Not here: which parts a model takes (prepare.py, history/),
the rest of the body (encode.py). Called by: encode.py.
Follows: Cohere's API of version 2, ChatMessageV2.

Rule 1: a single text is a string, anything else a list of blocks.
Rule 2: every tool result is a message of its own, before what else the user's turn holds.
Rule 3: documents of a turn stand beside the conversation; those in a tool result stay there.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from bedrock_llm import media
from bedrock_llm.codecs.cohere_v2.schema import (
    CITED,
    DOCUMENT,
    ERROR_PREFIX,
    IMAGE_TYPES,
    IN_MESSAGE,
    NAME,
    PLAN,
    TEXT_TYPES,
)
from bedrock_llm.codecs.shared.names import replayed_id, replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.writing import to_json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import (
    CachePoint,
    Citation,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

__all__ = ["documents_of", "messages_of", "system_of"]

INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text


def system_of(system: str | Iterable[Part]) -> list[Json]:
    """The system text as the first message; none where there is none."""
    if not system:
        return []
    return [_said("system", (Text(system),) if isinstance(system, str) else system, "system")]


def messages_of(messages: Sequence[Message]) -> list[Json]:
    """The messages.

    Raises:
        InvalidRequestError: One cannot be written so; names it and what is allowed.
    """
    made: list[Json] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if message.role == "assistant":
            made.append(_assistant(message.parts, where))
        else:
            made += _turn(message, where)
    return made


def documents_of(messages: Sequence[Message]) -> list[Json]:
    """The documents of all turns, in their order."""
    made: list[Json] = []
    for index, message in enumerate(messages):
        for place, part in enumerate(message.parts):
            if isinstance(part, Document):
                made.append(_document(part, f"messages[{index}].parts[{place}]"))
            elif isinstance(part, Opaque) and part.provider == NAME and part.kind == DOCUMENT:
                made.append(part.data)
    return made


def _turn(message: Message, where: str) -> list[Json]:
    made: list[Json] = []
    rest: list[Part] = []
    for index, part in enumerate(message.parts):
        if not isinstance(part, ToolResult):
            rest.append(part)
            continue
        if rest:
            made.append(_said(message.role, rest, where))
            rest = []
        made.append(_result(part, f"{where}.parts[{index}]"))
    return [*made, _said(message.role, rest, where)] if rest or not made else made


def _said(role: str, parts: Iterable[Part], where: str) -> dict[str, Json]:
    content, members = _content(parts, where)
    return {"role": role, "content": _joined(content), **members}


def _content(parts: Iterable[Part], where: str) -> tuple[list[Json], dict[str, Json]]:
    """The blocks of a content, and members that stand beside it."""
    content: list[Json] = []
    members: dict[str, Json] = {}
    for index, part in enumerate(parts):
        if isinstance(part, Text):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, Thinking):
            content.append({"type": "thinking", "thinking": part.text})
        elif isinstance(part, Image):
            content.append(_image(part, f"{where}.parts[{index}]"))
        elif isinstance(part, Opaque):
            if part.provider == NAME and part.kind == IN_MESSAGE:
                members.update(part.data)
            elif part.provider == NAME and part.kind not in (PLAN, CITED, DOCUMENT):
                content.append(part.data)
        elif not isinstance(part, (CachePoint, Document)):
            text = f"{where}.parts[{index}] is {type(part).__name__}, for which this body has no place"
            allowed = "Text, Image, text documents and this body's own blocks"
            raise UnsupportedFeatureError(text, parameter=f"{where}.parts[{index}]", allowed=allowed)
    return content, members


def _joined(content: list[Json]) -> Json:
    """A content: the text alone where there is nothing else."""
    if not content:
        return ""
    first = content[0]
    return first["text"] if len(content) == 1 and first.keys() == {"type", "text"} else content


def _assistant(parts: Sequence[Part], where: str) -> dict[str, Json]:
    calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
    own = [part for part in parts if isinstance(part, Opaque) and part.provider == NAME]
    content, members = _content([part for part in parts if not isinstance(part, ToolCall)], where)
    made: dict[str, Json] = {"role": "assistant"}
    plan = "".join(part.data for part in own if part.kind == PLAN)
    if plan:
        made["tool_plan"] = plan
    if calls:
        made["tool_calls"] = calls
    if content or not calls:
        made["content"] = _joined(content)
    cited = [*_citations(parts), *(part.data for part in own if part.kind == CITED)]
    if cited:
        made["citations"] = cited
    return {**made, **members}


def _citations(parts: Iterable[Part]) -> list[Json]:
    """The citations of the texts that came from this wire; where they name a block, it is the one that is sent."""
    made: list[Json] = []
    blocks = [part for part in parts if isinstance(part, (Text, Thinking))]
    for index, part in enumerate(blocks):
        for citation in part.citations if isinstance(part, Text) else ():
            raw = citation.raw
            if _written_here(citation):
                made.append({**raw, "content_index": index} if "content_index" in raw else dict(raw))
    return made


def _written_here(citation: Citation) -> bool:
    raw = citation.raw
    return isinstance(raw.get("sources"), list) and isinstance(raw.get("start"), int)


def _call(part: ToolCall) -> dict[str, Json]:
    arguments: Any = part.arguments
    if arguments is None:
        arguments = {INVALID_INPUT: part.raw_arguments or ""}
    function = {"name": replayed_name(part.name), "arguments": to_json(arguments)}
    return {"id": replayed_id(part.id), "type": "function", "function": function}


def _result(part: ToolResult, where: str) -> dict[str, Json]:
    parts = (Text(part.content),) if isinstance(part.content, str) else part.content
    content: list[Json] = [{"type": "text", "text": ERROR_PREFIX.strip()}] if part.is_error else []
    if part.is_error and parts and isinstance(parts[0], Text):
        parts, content = (Text(ERROR_PREFIX + parts[0].text), *parts[1:]), []
    for index, entry in enumerate(parts):
        if isinstance(entry, Text):
            content.append({"type": "text", "text": entry.text})
        elif isinstance(entry, Document):
            content.append({"type": "document", "document": _document(entry, f"{where}.content[{index}]")})
        elif isinstance(entry, Opaque):
            if entry.provider == NAME:
                own = entry.kind == DOCUMENT
                content.append({"type": "document", "document": entry.data} if own else entry.data)
        else:
            text = f"{where}.content[{index}] is {type(entry).__name__}; a tool result here is text or documents"
            raise UnsupportedFeatureError(text, parameter=where, allowed="Text and text documents")
    return {"role": "tool", "tool_call_id": replayed_id(part.tool_call_id), "content": _joined(content)}


def _image(part: Image, where: str) -> dict[str, Json]:
    found = media.content(part)
    if found.data is not None:
        if found.media_type not in IMAGE_TYPES:
            raise InvalidRequestError.of(f"{where}.media_type", found.media_type, "one of " + ", ".join(IMAGE_TYPES))
        encoded = base64.b64encode(found.data).decode("ascii")
        url = f"data:{found.media_type};base64,{encoded}"
    elif found.uri is not None and found.uri.startswith("https://"):
        url = found.uri
    else:
        text = f"{where} is the address {found.uri!r}, which Cohere does not read: pass the bytes or a Path"
        raise UnsupportedFeatureError(text, parameter=where, allowed="bytes, a Path, or an https:// address")
    return {"type": "image_url", "image_url": {"url": url}}


def _document(part: Document, where: str) -> dict[str, Json]:
    found = media.content(part)
    if found.data is None or found.media_type not in TEXT_TYPES:
        text = f"{where} is {found.media_type or found.uri}; this body takes documents as text"
        raise UnsupportedFeatureError(text, parameter=where, allowed="text, given as bytes or a Path")
    try:
        words = found.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{where} is not UTF-8: {error}", parameter=where, allowed="UTF-8 text") from error
    data = {"title": part.name, "context": part.context, "text": words}
    return {"data": {name: value for name, value in data.items() if value is not None}}
