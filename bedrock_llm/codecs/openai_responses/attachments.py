"""Images, audio and documents as parts of a Responses content.

Here: the shape of each. Not here: formats and sources (shared/openai_media.py), whether the model takes them
(prepare.py). Called by: messages.py.
"""

from __future__ import annotations

from bedrock_llm.codecs.shared.openai_media import (
    DOCUMENT_NAME,
    IMAGE_TYPES,
    address_of,
    audio_of,
    content_of,
    data_url,
)
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import Audio, Document, Image, Part

__all__ = ["media_part"]


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
        return {"type": "input_audio", "input_audio": audio_of(part, where)}
    if isinstance(part, Document):
        return _document(part, where, fetches=fetches)
    text = f"{where} is {type(part).__name__}, for which this body has no part"
    raise UnsupportedFeatureError(text, parameter=where, allowed="Text, Image, Audio, Document or Opaque")


def _image(part: Image, where: str, *, fetches: bool) -> dict[str, Json]:
    found = content_of(part, where)
    if found.data is None:
        url = address_of(found.uri or "", where, fetches=fetches)
    else:
        url = data_url(found.data, found.media_type, where, IMAGE_TYPES)
    return {"type": "input_image", "image_url": url}


def _document(part: Document, where: str, *, fetches: bool) -> dict[str, Json]:
    found = content_of(part, where)
    if found.data is None:
        return {"type": "input_file", "file_url": address_of(found.uri or "", where, fetches=fetches)}
    data = data_url(found.data, found.media_type, where)
    return {"type": "input_file", "filename": part.name or DOCUMENT_NAME, "file_data": data}
