"""What OpenAI's bodies have in common of images, recordings and documents.

Here: formats, bytes as data URLs, addresses. Not here: reading of files and sniffing of types (media/), where a body
puts them (each codec). Called by: codecs of bodies that OpenAI made, and the emulator.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from bedrock_llm import media
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError

__all__ = ["AUDIO_FORMATS", "DOCUMENT_NAME", "IMAGE_TYPES", "address_of", "audio_of", "content_of", "data_url"]

DOCUMENT_NAME = "document"  # a file must have a name; it reaches the model, so it is neutral
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
AUDIO_FORMATS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def content_of(part: media.Media, where: str) -> media.Content:
    """What a part holds; an error names the message, too.

    Raises:
        InvalidRequestError: It cannot be read.
    """
    try:
        return media.content(part)
    except InvalidRequestError as error:
        text = f"{where}: {error.message}"
        raise InvalidRequestError(text, parameter=where, value=error.value, allowed=error.allowed) from error


def data_url(data: bytes, media_type: str | None, where: str, types: tuple[str, ...] = ()) -> str:
    """Bytes as a data URL.

    Args:
        data: The bytes.
        media_type: Of the bytes.
        where: They stand, for errors.
        types: The only ones that are taken; empty for any.

    Raises:
        InvalidRequestError: The type is not known, or not taken.
    """
    if media_type is None or (types and media_type not in types):
        allowed = "one of " + ", ".join(types) if types else "given: the bytes do not show what they are"
        raise InvalidRequestError.of(f"{where}.media_type", media_type, allowed)
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def address_of(uri: str, where: str, *, fetches: bool) -> str:
    """An address that the server reads.

    Raises:
        UnsupportedFeatureError: It reads none of this kind.
    """
    if fetches and uri.startswith("https://"):
        return uri
    allowed = "bytes, a Path or a data URL" + (", or an https:// address" if fetches else "")
    text = f"{where} is the address {uri!r}, which is not read there: download it and pass the bytes or a Path"
    raise UnsupportedFeatureError(text, parameter=where, allowed=allowed)


def audio_of(part: media.Media, where: str) -> dict[str, str]:
    """A recording: `data` in base64, and its `format`.

    Raises:
        UnsupportedFeatureError: It is an address.
        InvalidRequestError: A format that is not taken.
    """
    found = content_of(part, where)
    if found.data is None:
        text = f"{where} is an address; this body takes recordings as bytes: download it"
        raise UnsupportedFeatureError(text, parameter=where, allowed="bytes, a Path or a data URL")
    word = AUDIO_FORMATS.get(found.media_type or "")
    if word is None:
        raise InvalidRequestError.of(f"{where}.media_type", found.media_type, "one of " + ", ".join(AUDIO_FORMATS))
    return {"data": base64.b64encode(found.data).decode("ascii"), "format": word}
