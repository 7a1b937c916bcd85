"""Parts of messages as Converse content blocks.

Here: one writer per kind of part. Not here: media (attachments.py), which parts a model takes (prepare.py, history/),
the rest of the body (encode.py). Called by: encode.
Follows: the service model `bedrock-runtime/2023-09-30`, ContentBlock and ToolResultContentBlock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jiter

from bedrock_llm.codecs.converse.attachments import Attachments
from bedrock_llm.codecs.converse.schema import CITATION_FIELDS, NAME
from bedrock_llm.codecs.converse.tools import cache_point
from bedrock_llm.codecs.shared.names import replayed_id, replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import (
    Audio,
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
    Video,
)

__all__ = ["INVALID_INPUT", "BlockWriter"]

INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
_ERROR_PREFIX = "Error: "  # for models that refuse a result's status


class BlockWriter:
    """Writes the messages of one request.

    Args:
        config: Of the model asked.
    """

    __slots__ = ("_attachments", "_cites", "_json_results", "_status")

    def __init__(self, config: ModelConfig) -> None:
        self._attachments = Attachments()
        self._cites = config.feature("citations") is not False
        self._json_results = config.feature("tool_result_json") is True
        self._status = config.feature("tool_result_status") is not False

    def message(self, message: Message, index: int) -> dict[str, Json]:
        """A message; `index` is its place in the request, for errors.

        Raises:
            InvalidRequestError: It cannot be written on this wire; names the message and what is allowed.
        """
        self._attachments.begin_message()
        return {"role": message.role, "content": self.content(message.parts, f"messages[{index}]")}

    def content(self, parts: Iterable[Part], where: str) -> list[Json]:
        """Parts as blocks; those of another provider are left out. Errors as `message`."""
        blocks = []
        for index, part in enumerate(parts):
            if part.__class__ is Text and not part.citations:
                blocks.append({"text": part.text})  # what most parts are
                continue
            block = _WRITERS[part.__class__](self, part, f"{where}.parts[{index}]")
            if block is not None:
                blocks.append(block)
        return blocks

    def _text(self, part: Text, where: str) -> Json:
        del where
        if not part.citations or not self._cites:
            return {"text": part.text}
        content = {"content": [{"text": part.text}]} if part.text else {}
        return {"citationsContent": {**content, "citations": [_citation(citation) for citation in part.citations]}}

    def _tool_call(self, part: ToolCall, where: str) -> Json:
        del where
        arguments = part.arguments
        if arguments is None:
            arguments = {INVALID_INPUT: part.raw_arguments or ""}
        return {"toolUse": {"toolUseId": replayed_id(part.id), "name": replayed_name(part.name), "input": arguments}}

    def _tool_result(self, part: ToolResult, where: str) -> Json:
        parts = (Text(part.content),) if isinstance(part.content, str) else part.content
        if part.is_error and not self._status:
            parts = (
                (Text(_ERROR_PREFIX), *parts)
                if not parts or not isinstance(parts[0], Text)
                else (Text(_ERROR_PREFIX + parts[0].text), *parts[1:])
            )
        content = [self._result_block(entry, f"{where}.content[{index}]") for index, entry in enumerate(parts)]
        result: dict[str, Json] = {"toolUseId": replayed_id(part.tool_call_id)}
        result["content"] = [block for block in content if block is not None]
        if part.is_error and self._status:
            result["status"] = "error"
        return {"toolResult": result}

    def _result_block(self, part: Part, where: str) -> Json:
        if part.__class__ not in _IN_RESULTS:
            allowed = "a string, Text, Image, Document, Video or Opaque"
            raise InvalidRequestError.of(where, type(part).__name__, allowed)
        if isinstance(part, Text):
            return {"json": _json_object(part.text)} if self._json_results else {"text": part.text}
        return _WRITERS[part.__class__](self, part, where)

    def _thinking(self, part: Thinking, where: str) -> Json:
        del where
        if part.redacted is not None:
            return {"reasoningContent": {"redactedContent": part.redacted}}
        words: dict[str, Json] = {"text": part.text}
        if part.signature is not None:
            words["signature"] = part.signature
        return {"reasoningContent": {"reasoningText": words}}

    def _image(self, part: Image, where: str) -> Json:
        return self._attachments.image(part, where)

    def _document(self, part: Document, where: str) -> Json:
        return self._attachments.document(part, where)

    def _video(self, part: Video, where: str) -> Json:
        return self._attachments.video(part, where)

    def _audio(self, part: Audio, where: str) -> Json:
        return self._attachments.audio(part, where)

    def _cache_point(self, part: CachePoint, where: str) -> Json:
        del where
        return cache_point(part)

    def _opaque(self, part: Opaque, where: str) -> Json:
        del where
        return {part.kind: part.data} if part.provider == NAME else None


def _citation(citation: Citation) -> Mapping[str, Json]:
    """As it came, where it came from this wire; otherwise what all wires know of it."""
    if citation.raw and citation.raw.keys() <= CITATION_FIELDS:
        return citation.raw
    made: dict[str, Json] = {}
    if citation.title is not None:
        made["title"] = citation.title
    if citation.source is not None:
        made["source"] = citation.source
    if citation.cited_text is not None:
        made["sourceContent"] = [{"text": citation.cited_text}]
    return made


def _json_object(text: str) -> Json:
    """A result's text as the object that some models want: itself where it is one, else under `result`."""
    try:
        value = jiter.from_json(text.encode("utf-8"))
    except ValueError:  # a UnicodeEncodeError is one too; the text is refused when the body is encoded
        value = text
    return value if isinstance(value, dict) else {"result": value}


_WRITERS: Mapping[type, Callable[[BlockWriter, Any, str], Json]] = {
    Text: BlockWriter._text,  # noqa: SLF001  # the class's own table
    Image: BlockWriter._image,  # noqa: SLF001
    Document: BlockWriter._document,  # noqa: SLF001
    Video: BlockWriter._video,  # noqa: SLF001
    Audio: BlockWriter._audio,  # noqa: SLF001
    ToolCall: BlockWriter._tool_call,  # noqa: SLF001
    ToolResult: BlockWriter._tool_result,  # noqa: SLF001
    Thinking: BlockWriter._thinking,  # noqa: SLF001
    CachePoint: BlockWriter._cache_point,  # noqa: SLF001
    Opaque: BlockWriter._opaque,  # noqa: SLF001
}
_IN_RESULTS = frozenset({Text, Image, Document, Video, Opaque})
