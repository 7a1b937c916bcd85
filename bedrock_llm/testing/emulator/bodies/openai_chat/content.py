"""Entries of a content as parts.

Here: text, images, recordings and files; anything else stays as it came. Called by: parse.py.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import NAME
from bedrock_llm.codecs.shared.openai_media import AUDIO_FORMATS
from bedrock_llm.messages import Audio, Document, Image, Opaque, Part, Text

__all__ = ["part_of"]

_DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,(.*)", re.DOTALL)
_AUDIO_TYPES = {word: media_type for media_type, word in reversed(list(AUDIO_FORMATS.items()))}


def part_of(entry: Mapping[str, Any]) -> Part:
    """A part; `Opaque` where a part would not hold all of it."""
    kind = str(entry.get("type"))
    read = _PARTS.get(kind)
    part = read(entry) if read is not None else None
    return Opaque(NAME, kind, dict(entry)) if part is None else part


def _text(entry: Mapping[str, Any]) -> Part | None:
    return Text(entry["text"]) if entry.keys() == {"type", "text"} else None


def _image(entry: Mapping[str, Any]) -> Part | None:
    image = entry["image_url"]
    if entry.keys() != {"type", "image_url"} or not isinstance(image, Mapping) or image.keys() != {"url"}:
        return None
    found = _data(image["url"])
    if found is not None:
        return Image(found[1], media_type=found[0])
    return Image(image["url"]) if image["url"].startswith("https://") else None


def _audio(entry: Mapping[str, Any]) -> Part | None:
    audio = entry["input_audio"]
    media_type, data = _AUDIO_TYPES.get(audio.get("format")), _bytes(audio.get("data", ""))
    if media_type is None or data is None or entry.keys() != {"type", "input_audio"}:
        return None
    return Audio(data, media_type=media_type)


def _file(entry: Mapping[str, Any]) -> Part | None:
    file = entry["file"]
    found = _data(file.get("file_data", ""))
    if found is None or file.keys() != {"filename", "file_data"} or entry.keys() != {"type", "file"}:
        return None
    return Document(found[1], media_type=found[0], name=file["filename"])


def _data(url: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a data URL; None where it is none."""
    match = _DATA_URL.fullmatch(url)
    data = None if match is None else _bytes(match[2])
    return None if match is None or data is None else (match[1], data)


def _bytes(text: str) -> bytes | None:
    """The bytes, if this is the one way in which base64 writes them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if data and base64.b64encode(data).decode("ascii") == text else None


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], Part | None]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
}
