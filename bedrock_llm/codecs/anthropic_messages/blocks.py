"""Parts of messages as content blocks.

Here: one writer per kind of part. Not here: media (attachments.py), which parts a model takes (prepare.py, history/),
the rest of the body (encode.py). Called by: encode.
Follows: https://docs.claude.com/en/api/messages, the content of input messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bedrock_llm.codecs.anthropic_messages.attachments import document, image
from bedrock_llm.codecs.anthropic_messages.carrier import Carrier
from bedrock_llm.codecs.anthropic_messages.schema import NAME, sealed_data_of
from bedrock_llm.codecs.anthropic_messages.tools import mark
from bedrock_llm.codecs.shared.names import replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
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

__all__ = ["INVALID_INPUT", "BlockWriter", "written_here"]

INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
_LOCATION = "_location"  # how the types of this wire's citations end
_NEVER_MARKED = frozenset({"thinking", "redacted_thinking"})


def written_here(citation: Citation) -> bool:
    """Whether a citation came from this wire, and so can go back."""
    kind = citation.raw.get("type")
    return isinstance(kind, str) and kind.endswith(_LOCATION)


def _markable(block: Mapping[str, Json]) -> bool:
    return block["type"] not in _NEVER_MARKED and (block["type"] != "text" or bool(block.get("text")))


class BlockWriter:
    """Writes the messages of one request.

    Args:
        carrier: Of the body.
    """

    __slots__ = ("_carrier",)

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def message(self, message: Message, index: int) -> dict[str, Json]:
        """A message; `index` is its place in the request, for errors.

        Raises:
            InvalidRequestError: It cannot be written on this wire; names the message and what is allowed.
        """
        return {"role": message.role, "content": self.content(message.parts, f"messages[{index}]")}

    def content(self, parts: Iterable[Part], where: str) -> list[dict[str, Json]]:
        """Parts as blocks; a cache point marks the block before it, and blocks of another provider are left out."""
        blocks: list[dict[str, Json]] = []
        for index, part in enumerate(parts):
            if part.__class__ is Text and not part.citations:
                blocks.append({"type": "text", "text": part.text})  # what most parts are
            elif isinstance(part, CachePoint):
                mark(blocks, part, _markable)
            else:
                block = _WRITERS[part.__class__](self, part, f"{where}.parts[{index}]")
                if block is not None:
                    blocks.append(block)
        return blocks

    def _text(self, part: Text, where: str) -> Json:
        del where
        cited = [citation.raw for citation in part.citations if written_here(citation)]
        block: dict[str, Json] = {"type": "text", "text": part.text}
        return {**block, "citations": cited} if cited else block

    def _image(self, part: Image, where: str) -> Json:
        return image(part, self._carrier, where)

    def _document(self, part: Document, where: str) -> Json:
        return document(part, self._carrier, where)

    def _tool_call(self, part: ToolCall, where: str) -> Json:
        del where
        arguments = part.arguments
        if arguments is None:
            arguments = {INVALID_INPUT: part.raw_arguments or ""}
        # Ids may hold what names may hold; those of other providers may hold more.
        return {
            "type": "tool_use",
            "id": replayed_name(part.id),
            "name": replayed_name(part.name),
            "input": arguments,
        }

    def _tool_result(self, part: ToolResult, where: str) -> Json:
        block: dict[str, Json] = {"type": "tool_result", "tool_use_id": replayed_name(part.tool_call_id)}
        if isinstance(part.content, str):
            block["content"] = part.content
        else:
            inner = [self._in_result(entry, f"{where}.content[{place}]") for place, entry in enumerate(part.content)]
            block["content"] = [entry for entry in inner if entry is not None]
        if part.is_error:
            block["is_error"] = True
        return block

    def _in_result(self, part: Part, where: str) -> Json:
        if part.__class__ not in _IN_RESULTS:
            raise InvalidRequestError.of(where, type(part).__name__, "a string, Text, Image, Document or Opaque")
        return _WRITERS[part.__class__](self, part, where)

    def _thinking(self, part: Thinking, where: str) -> Json:
        del where
        if part.redacted is not None:
            return {"type": "redacted_thinking", "data": sealed_data_of(part.redacted)}
        block: dict[str, Json] = {"type": "thinking", "thinking": part.text}
        return block if part.signature is None else {**block, "signature": part.signature}

    def _film_or_sound(self, part: Audio | Video, where: str) -> Json:
        text = f"{where} is a part of kind {part.tag}, which the Messages API has no block for"
        raise UnsupportedFeatureError(text, parameter=where, allowed="text, images and documents")

    def _opaque(self, part: Opaque, where: str) -> Json:
        if part.provider != NAME:
            return None
        if not isinstance(part.data, Mapping):
            raise InvalidRequestError.of(f"{where}.data", part.data, "a mapping: the whole block")
        return {"type": part.kind, **part.data}


_WRITERS: Mapping[type, Callable[[BlockWriter, Any, str], Json]] = {
    Text: BlockWriter._text,  # noqa: SLF001  # the class's own table
    Image: BlockWriter._image,  # noqa: SLF001
    Document: BlockWriter._document,  # noqa: SLF001
    Audio: BlockWriter._film_or_sound,  # noqa: SLF001
    Video: BlockWriter._film_or_sound,  # noqa: SLF001
    ToolCall: BlockWriter._tool_call,  # noqa: SLF001
    ToolResult: BlockWriter._tool_result,  # noqa: SLF001
    Thinking: BlockWriter._thinking,  # noqa: SLF001
    Opaque: BlockWriter._opaque,  # noqa: SLF001
}
_IN_RESULTS = frozenset({Text, Image, Document, Opaque})
