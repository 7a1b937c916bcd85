"""Images, audio and documents as parts of a chat completions message.

Here: formats and sources. Not here: reading of files and sniffing of types (media/), whether the model takes them
(prepare.py). Called by: messages.py.
"""

from __future__ import annotations

import base64

from bedrock_llm import media
from bedrock_llm.codecs.openai_chat.schema import AUDIO_FORMATS, IMAGE_TYPES
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Audio, Document, Image, Part

__all__ = ["DOCUMENT_NAME", "media_part"]

DOCUMENT_NAME = "document"  # a file must have a name; it reaches the model, so it is neutral


def media_part(part: Part, where: str, *, fetches: bool) -> dict[str, Json]:
    """A part of the content.

    Args:
        part: An image, a recording or a document.
        where: It stands, for errors.
        fetches: Whether the server reads web addresses.

    Raises:
        UnsupportedFeatureError: The body has no part of this kind, or the server does not read the address.
        InvalidRequestError: A format that is not taken, or bytes that cannot be read.
    """
    if isinstance(part, Image):
        return _image(part, where, fetches=fetches)
    if isinstance(part, Audio):
        return _audio(part, where)
    if isinstance(part, Document):
        return _document(part, where)
    text = f"{where} is {type(part).__name__}, for which this body has no part"
    raise UnsupportedFeatureError(text, parameter=where, allowed="Text, Image, Audio, Document or Opaque")


def _image(part: Image, where: str, *, fetches: bool) -> dict[str, Json]:
    found = _content(part, where)
    if found.data is None:
        return {"type": "image_url", "image_url": {"url": _address(found.uri or "", where, fetches=fetches)}}
    if found.media_type not in IMAGE_TYPES:
        raise InvalidRequestError.of(f"{where}.media_type", found.media_type, "one of " + ", ".join(IMAGE_TYPES))
    return {"type": "image_url", "image_url": {"url": _data_url(found.data, found.media_type)}}


def _audio(part: Audio, where: str) -> dict[str, Json]:
    data, media_type = _bytes(part, where)
    word = AUDIO_FORMATS.get(media_type or "")
    if word is None:
        raise InvalidRequestError.of(f"{where}.media_type", media_type, "one of " + ", ".join(AUDIO_FORMATS))
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(data).decode("ascii"), "format": word}}


def _document(part: Document, where: str) -> dict[str, Json]:
    data, media_type = _bytes(part, where)
    if media_type is None:
        raise InvalidRequestError.of(f"{where}.media_type", None, "given: the bytes do not show what they are")
    return {"type": "file", "file": {"filename": part.name or DOCUMENT_NAME, "file_data": _data_url(data, media_type)}}


def _bytes(part: media.Media, where: str) -> tuple[bytes, str | None]:
    found = _content(part, where)
    if found.data is None:
        text = f"{where} is an address; this body takes recordings and documents as bytes: download it"
        raise UnsupportedFeatureError(text, parameter=where, allowed="bytes, a Path or a data URL")
    return found.data, found.media_type


def _content(part: media.Media, where: str) -> media.Content:
    """What a part holds; an error names the message, too."""
    try:
        return media.content(part)
    except InvalidRequestError as error:
        text = f"{where}: {error.message}"
        raise InvalidRequestError(text, parameter=where, value=error.value, allowed=error.allowed) from error


def _address(uri: str, where: str, *, fetches: bool) -> str:
    if fetches and uri.startswith("https://"):
        return uri
    allowed = "bytes, a Path or a data URL" + (", or an https:// address" if fetches else "")
    text = f"{where} is the address {uri!r}, which is not read there: download it and pass the bytes or a Path"
    raise UnsupportedFeatureError(text, parameter=where, allowed=allowed)


def _data_url(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
