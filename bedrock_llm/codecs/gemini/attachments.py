"""Images, documents, recordings and films as parts.

Here: bytes and addresses. Not here: reading of files and sniffing of types (media/), whether the model takes them
(prepare.py). Called by: parts.py.
Follows: https://ai.google.dev/api/caching#Blob and FileData.
"""

from __future__ import annotations

import base64

from bedrock_llm import media
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError

__all__ = ["media_part"]

_READ_THERE = ("https://", "gs://")


def media_part(part: media.Media, where: str) -> dict[str, Json]:
    """A part of the content: `inlineData` of bytes, `fileData` of an address.

    Args:
        part: What is sent.
        where: It stands, for errors.

    Raises:
        UnsupportedFeatureError: An address that Google does not read.
        InvalidRequestError: Bytes whose type is not known, or that cannot be read.
    """
    try:
        found = media.content(part)
    except InvalidRequestError as error:
        text = f"{where}: {error.message}"
        raise InvalidRequestError(text, parameter=where, value=error.value, allowed=error.allowed) from error
    if found.data is not None:
        if found.media_type is None:
            raise InvalidRequestError.of(f"{where}.media_type", None, "given: the bytes do not show what they are")
        data = base64.b64encode(found.data).decode("ascii")
        return {"inlineData": {"mimeType": found.media_type, "data": data}}
    uri = found.uri or ""
    if not uri.startswith(_READ_THERE):
        text = f"{where} is an address ({uri.partition('?')[0]}), which Google does not read"
        allowed = "bytes, a Path, a data URL or an https:// address"
        raise UnsupportedFeatureError(f"{text}: give {allowed}", parameter=where, allowed=allowed)
    typed = {} if found.media_type is None else {"mimeType": found.media_type}
    return {"fileData": {**typed, "fileUri": uri}}
