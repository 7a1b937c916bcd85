"""Parts of contents as parts of ours.

Here: text, signatures, media, calls and results; anything else stays as it came. Not here: messages (parse.py). Called
by: parse.py.

Rule: a part of ours is made only where it holds all of what came.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bedrock_llm.codecs.gemini.schema import NAME, SIGNATURE, kind_of, made_id
from bedrock_llm.messages import Audio, Document, Image, Opaque, Part, Text, Thinking, ToolCall, ToolResult, Video

__all__ = ["PartReader"]

Read = tuple[Part, ...] | None
_MEDIA: Mapping[str, type[Image | Audio | Video]] = {"image": Image, "audio": Audio, "video": Video}
_OF_CALL = frozenset({"id", "name", "args"})
_OF_RESPONSE = frozenset({"id", "name", "response", "parts"})


class PartReader:
    """Reads the parts of one conversation.

    Args:
        family: Of the model; stands on its reasoning.
    """

    def __init__(self, family: str) -> None:
        self._family = family
        self._made = 0
        self._open: list[ToolCall] = []

    def model(self, part: Mapping[str, Any]) -> tuple[Part, ...]:
        """A part of the model's turn."""
        kind = kind_of(part)
        read = _MODEL.get(kind)
        found = read(self, part) if read is not None else None
        return (Opaque(NAME, kind, dict(part)),) if found is None else found

    def user(self, part: Mapping[str, Any]) -> tuple[Part, ...]:
        """A part of the user's turn, or of the system's."""
        kind = kind_of(part)
        read = _USER.get(kind) if part.keys() == {kind} else None
        found = read(self, part) if read is not None else None
        return (Opaque(NAME, kind, dict(part)),) if found is None else found

    def _sealed(self, part: Mapping[str, Any], read: Read) -> Read:
        """What was read, behind the signature of it."""
        signature = part.get(SIGNATURE)
        return read if read is None or not signature else (Thinking("", signature, None, self._family), *read)

    def _text(self, part: Mapping[str, Any]) -> Read:
        text, signature = part["text"], part.get(SIGNATURE) or None
        if not part.keys() <= {"text", "thought", SIGNATURE}:
            return None
        if part.get("thought"):
            return (Thinking(text, signature, None, self._family),) if text else None
        if not text and signature:
            return (Thinking("", None, signature, self._family),)
        return self._sealed(part, (Text(text),))

    def _call(self, part: Mapping[str, Any]) -> Read:
        call = part["functionCall"]
        if not part.keys() <= {"functionCall", SIGNATURE} or not call.keys() <= _OF_CALL:
            return None
        made = ToolCall(call.get("id") or made_id(None, self._made), call["name"], dict(call.get("args") or {}))
        self._made += 1
        self._open.append(made)
        return self._sealed(part, (made,))

    def _response(self, part: Mapping[str, Any]) -> Read:
        """A result: of the call with its id, or of the first call of its name that none has answered."""
        given = part["functionResponse"]
        waiting = (call for call in self._open if call.name == given["name"])
        found = next((call for call in waiting if given.get("id") in (None, "", call.id)), None)
        if found is None or not given.keys() <= _OF_RESPONSE:
            return None
        self._open.remove(found)
        beside: list[Part] = []
        for entry in given.get("parts") or ():
            beside += self.user(entry)
        return (_result(found.id, given["response"], beside),)

    def _plain_text(self, part: Mapping[str, Any]) -> Read:
        return (Text(part["text"]),)

    def _signed_bytes(self, part: Mapping[str, Any]) -> Read:
        return self._sealed(part, self._bytes(part)) if part.keys() <= {"inlineData", SIGNATURE} else None

    def _bytes(self, part: Mapping[str, Any]) -> Read:
        found = part["inlineData"]
        data = _decoded(found.get("data", ""))
        if data is None or found.keys() != {"mimeType", "data"} or "/" not in found["mimeType"]:
            return None
        kind: str = found["mimeType"]
        return (_MEDIA.get(kind.partition("/")[0], Document)(data, media_type=kind),)

    def _address(self, part: Mapping[str, Any]) -> Read:
        found = part["fileData"]
        uri, kind = found["fileUri"], found.get("mimeType") or ""
        if not uri.startswith("https://") or "/" not in kind or not found.keys() <= {"mimeType", "fileUri"}:
            return None
        return (_MEDIA.get(kind.partition("/")[0], Document)(uri, media_type=kind),)


def _result(identity: str, response: Mapping[str, Any], beside: Iterable[Part]) -> ToolResult:
    """What a tool gave back: a text, an object as its JSON, or a failure."""
    said = response.get("result")
    plain = response.keys() == {"result"} and isinstance(said, str)
    failed = response.keys() == {"error"} and isinstance(response["error"], str)
    if failed:
        text: str | None = response["error"]
    elif plain and isinstance(said, str):
        text = None if _is_object(said) else said  # a text that is an object would be sent as that
    else:
        text = json.dumps(response, ensure_ascii=False)
    parts = tuple(beside)
    if text is None:
        return ToolResult(identity, (Opaque(NAME, "response", dict(response)), *parts), is_error=failed)
    if not parts:
        return ToolResult(identity, text, is_error=failed)
    return ToolResult(identity, (*((Text(text),) if text else ()), *parts), is_error=failed)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _decoded(text: str) -> bytes | None:
    """The bytes of base64 in either alphabet; None where it is none, or holds nothing."""
    standard = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


_READERS = Mapping[str, Callable[[PartReader, Mapping[str, Any]], Read]]
_MODEL: _READERS = {
    "text": PartReader._text,  # noqa: SLF001  # the class's own table
    "functionCall": PartReader._call,  # noqa: SLF001
    "inlineData": PartReader._signed_bytes,  # noqa: SLF001
}
_USER: _READERS = {
    "text": PartReader._plain_text,  # noqa: SLF001
    "functionResponse": PartReader._response,  # noqa: SLF001
    "inlineData": PartReader._bytes,  # noqa: SLF001
    "fileData": PartReader._address,  # noqa: SLF001
}
