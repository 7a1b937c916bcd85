"""Images, documents, video and audio as Converse blocks.

Here: formats, sources, document names, and the limits of a message. Not here: reading of files and sniffing of types
(media/), whether the model takes them (prepare.py). Called by: blocks.
Follows: the Bedrock user guide's limits of the Converse API.

Rule: a document's name reaches the model and is part of the cached prefix, so it is neutral and depends on the
request alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bedrock_llm.codecs.converse.schema import (
    AUDIO_FORMATS,
    DOCUMENT_FORMATS,
    IMAGE_FORMATS,
    VIDEO_FORMATS,
    media_types,
)
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Audio, Document, Image, Video

if TYPE_CHECKING:
    from bedrock_llm import media

__all__ = ["Attachments"]

MAX_IMAGES = 20  # in a message
MAX_DOCUMENTS = 5  # in a message
MAX_IMAGE_BYTES = 3_932_160  # 3.75 MB
MAX_DOCUMENT_BYTES = 4_718_592  # 4.5 MB
MAX_VIDEO_BYTES = 18_749_997  # just below 25,000,000 when written as base64
MAX_NAME_CHARS = 200

_IMAGE_WORDS = media_types(IMAGE_FORMATS)
_DOCUMENT_WORDS = media_types(DOCUMENT_FORMATS)
_VIDEO_WORDS = media_types(VIDEO_FORMATS)
_AUDIO_WORDS = media_types(AUDIO_FORMATS)
# The guide allows letters, digits, single spaces, hyphens, parentheses and brackets; the service takes _ as well.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-_()\[\]]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_OWNER = re.compile(r"[0-9]{12}")


class Attachments:
    """Writes the media of one request; knows which document names are taken, and how much a message holds."""

    __slots__ = ("_documents", "_images", "_names")

    def __init__(self) -> None:
        self._names: set[str] = set()
        self.begin_message()

    def begin_message(self) -> None:
        """A new message begins: its limits count from here."""
        self._images = self._documents = 0

    def image(self, part: Image, where: str) -> dict[str, Json]:
        """An `image` block.

        Raises:
            InvalidRequestError: A format, a size or a number that Converse refuses, or an address to be fetched.
        """
        self._images += 1
        _check_count(self._images, MAX_IMAGES, "images", where)
        found = _content(part, where)
        source = _source(found, where, MAX_IMAGE_BYTES, "3.75 MB")
        return {"image": {"format": _word(found.media_type, _IMAGE_WORDS, where), "source": source}}

    def document(self, part: Document, where: str) -> dict[str, Json]:
        """A `document` block, under a name that no other document of the request has. Errors as `image`."""
        self._documents += 1
        _check_count(self._documents, MAX_DOCUMENTS, "documents", where)
        found = _content(part, where)
        word = _word(found.media_type, _DOCUMENT_WORDS, where)
        source = _source(found, where, MAX_DOCUMENT_BYTES, "4.5 MB")
        if part.citations:
            source = _cited_source(found, word, source, where)
        block: dict[str, Json] = {"format": word, "name": self._name(part.name), "source": source}
        if part.context is not None:
            block["context"] = part.context
        if part.citations:
            block["citations"] = {"enabled": True}
        return {"document": block}

    def video(self, part: Video, where: str) -> dict[str, Json]:
        """A `video` block. Errors as `image`."""
        found = _content(part, where)
        source = _source(found, where, MAX_VIDEO_BYTES, "25 MB as base64; put it into S3 and pass its s3:// address")
        return {"video": {"format": _word(found.media_type, _VIDEO_WORDS, where), "source": source}}

    def audio(self, part: Audio, where: str) -> dict[str, Json]:
        """An `audio` block. Errors as `image`."""
        found = _content(part, where)
        return {"audio": {"format": _word(found.media_type, _AUDIO_WORDS, where), "source": _source(found, where)}}

    def _name(self, given: str | None) -> str:
        """The name less a file's suffix, in the allowed letters, or a neutral one; with a number where it is taken."""
        wanted = _NOT_IN_NAMES.sub(" ", _SUFFIX.sub("", given or "")).strip()[:MAX_NAME_CHARS].strip() or "document"
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted[: MAX_NAME_CHARS - 6].strip()} {number}"
        self._names.add(name)
        return name


def _check_count(count: int, limit: int, what: str, where: str) -> None:
    if count > limit:
        allowed = f"at most {limit} {what} in a message"
        raise InvalidRequestError(
            f"{where} is one too many: Converse takes {allowed}", parameter=where, allowed=allowed
        )


def _content(part: media.Media, where: str) -> media.Content:
    """What a part holds; an error names the message, too."""
    try:
        from bedrock_llm import media  # most requests have none

        return media.content(part)
    except InvalidRequestError as error:
        text = f"{where}: {error.message}"
        raise InvalidRequestError(text, parameter=where, value=error.value, allowed=error.allowed) from error


def _word(media_type: str | None, words: Mapping[str, str], where: str) -> str:
    """The wire's word for a media type."""
    word = None if media_type is None else words.get(media_type)
    if word is None:
        raise InvalidRequestError.of(f"{where}.media_type", media_type, "one of " + ", ".join(words))
    return word


def _source(found: media.Content, where: str, limit: int | None = None, shown: str = "") -> dict[str, Json]:
    if found.data is not None:
        if limit is not None and len(found.data) > limit:
            text = f"{where} holds {len(found.data)} bytes; Converse takes at most {shown}"
            raise InvalidRequestError(text, parameter=where, value=len(found.data), allowed=f"at most {shown}")
        return {"bytes": base64.b64encode(found.data).decode("ascii")}
    return {"s3Location": _s3_location(found.uri or "", where)}


def _s3_location(uri: str, where: str) -> dict[str, Json]:
    """`s3://bucket/key`, with the owner of a bucket of another account as `?bucketOwner=123456789012`."""
    if not uri.startswith("s3://"):
        text = f"{where} is a web address; Bedrock fetches none: download it and pass the bytes or a Path, or use s3://"
        raise UnsupportedFeatureError(text, parameter=where, allowed="bytes, a Path, a data URL or an s3:// address")
    address, mark, owner = uri.partition("?bucketOwner=")
    if mark and not _OWNER.fullmatch(owner):
        raise InvalidRequestError.of(f"{where}?bucketOwner", owner, "an AWS account id (12 digits)")
    return {"uri": address, "bucketOwner": owner} if mark else {"uri": uri}


def _cited_source(found: media.Content, word: str, source: dict[str, Json], where: str) -> dict[str, Json]:
    """A source that can be cited: PDF as bytes, plain text as text."""
    allowed = "a PDF or plain text, given as bytes or a Path"
    if found.data is None or word not in ("pdf", "txt"):
        raise InvalidRequestError.of(f"{where} with citations", f"{word} at {found.uri or 'hand'}", allowed)
    if word == "pdf":
        return source
    try:
        return {"text": found.data.decode("utf-8")}
    except UnicodeDecodeError as error:
        text = f"{where} is to be cited as plain text, but it is not UTF-8: {error}"
        raise InvalidRequestError(text, parameter=where, allowed="UTF-8 text") from error
