"""Entries of a content as parts.

Here: text, images, recordings and files; anything else stays as it came. Called by: items.py.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.schema import CONTENT_KINDS, IN_CONTENT, NAME
from bedrock_llm.codecs.shared.openai_media import AUDIO_FORMATS
from bedrock_llm.messages import Audio, CachePoint, Citation, Document, Image, Opaque, Part, Text

__all__ = ["parts_of"]

_DATA_URL = re.compile(r"data:([a-z]+/[a-zA-Z0-9.+-]+);base64,(.*)", re.DOTALL)
_AUDIO_TYPES = {word: media_type for media_type, word in reversed(list(AUDIO_FORMATS.items()))}
_NO_DOCUMENTS = ("image/", "audio/", "video/")


def parts_of(content: Any) -> tuple[Part, ...]:
    """The parts of a content: a text, or a list of entries."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(part for entry in content for part in _parts_of(entry))


def _parts_of(entry: Mapping[str, Any]) -> tuple[Part, ...]:
    """A part, and the cache point that an entry may ask for; `Opaque` where a part would not hold all of it."""
    kind = str(entry.get("type"))
    said = {name: value for name, value in entry.items() if value not in (None, [])}
    marked = said.pop("prompt_cache_breakpoint", None) == {"mode": "explicit"}
    if not marked:
        said = {**said, **{name: entry[name] for name in ("prompt_cache_breakpoint",) if entry.get(name)}}
    read = _PARTS.get(kind)
    part = read(said) if read is not None else None
    if part is None:
        return (Opaque(NAME, kind if kind in CONTENT_KINDS else IN_CONTENT, dict(entry)),)
    return (part, CachePoint()) if marked else (part,)


def _text(entry: Mapping[str, Any]) -> Part | None:
    return Text(entry["text"]) if entry.keys() == {"type", "text"} else None


def _output_text(entry: Mapping[str, Any]) -> Part | None:
    if not {"type", "text"} <= entry.keys() <= {"type", "text", "annotations"}:
        return None
    return Text(entry["text"], tuple(map(_citation, entry.get("annotations", ()))))


def _citation(annotation: Mapping[str, Any]) -> Citation:
    """What all annotations share; the rest of it is in `raw`."""
    title = annotation.get("title") or annotation.get("filename")
    return Citation(None, title, annotation.get("url") or annotation.get("file_id"), dict(annotation))


def _image(entry: Mapping[str, Any]) -> Part | None:
    rest = {name: value for name, value in entry.items() if (name, value) != ("detail", "auto")}
    if rest.keys() != {"type", "image_url"}:
        return None
    found, url = _data(rest["image_url"]), rest["image_url"]
    if found is not None:
        return Image(found[1], media_type=found[0])
    return Image(url) if url.startswith("https://") else None


def _audio(entry: Mapping[str, Any]) -> Part | None:
    audio = entry["input_audio"]
    media_type, data = _AUDIO_TYPES.get(audio.get("format")), _bytes(audio.get("data", ""))
    if media_type is None or data is None or entry.keys() != {"type", "input_audio"}:
        return None
    return Audio(data, media_type=media_type)


def _file(entry: Mapping[str, Any]) -> Part | None:
    if entry.keys() == {"type", "file_url"} and entry["file_url"].startswith("https://"):
        return Document(entry["file_url"])
    found = _data(entry.get("file_data", ""))
    if found is None or found[0].startswith(_NO_DOCUMENTS) or entry.keys() != {"type", "filename", "file_data"}:
        return None
    return Document(found[1], media_type=found[0], name=entry["filename"])


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
    "input_text": _text,
    "output_text": _output_text,
    "input_image": _image,
    "input_audio": _audio,
    "input_file": _file,
}
