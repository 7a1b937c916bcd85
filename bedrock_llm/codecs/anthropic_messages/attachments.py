"""Images and documents as blocks.

Here: sources and types. Not here: reading of files and sniffing of types (media/), whether the model takes them
(prepare.py). Called by: blocks.

Rule: the wire knows PDF and plain text. Any other text (Markdown, CSV, HTML ...) goes as plain text, as it is; what is
neither is refused.
"""

from __future__ import annotations

import base64

from bedrock_llm import media
from bedrock_llm.codecs.anthropic_messages.carrier import Carrier
from bedrock_llm.codecs.anthropic_messages.schema import IMAGE_TYPES, PDF, PLAIN_TEXT
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Document, Image

__all__ = ["document", "image"]

_TEXTS = ("application/json", "application/xml", "application/csv", "application/xhtml+xml", "application/yaml")


def image(part: Image, carrier: Carrier, where: str) -> dict[str, Json]:
    """An `image` block.

    Raises:
        InvalidRequestError: A type that the wire has not.
        UnsupportedFeatureError: An address that the carrier does not fetch.
    """
    found = _content(part, where)
    if found.data is None:
        return {"type": "image", "source": _address(found.uri or "", carrier, where)}
    media_type = IMAGE_TYPES.get(found.media_type or "")
    if media_type is None:
        raise InvalidRequestError.of(f"{where}.media_type", found.media_type, "one of " + ", ".join(IMAGE_TYPES))
    return {"type": "image", "source": _base64(found.data, media_type)}


def document(part: Document, carrier: Carrier, where: str) -> dict[str, Json]:
    """A `document` block. Errors as `image`."""
    found = _content(part, where)
    block: dict[str, Json] = {"type": "document"}
    if found.data is None:
        block["source"] = _address(found.uri or "", carrier, where)
    elif found.media_type == PDF:
        block["source"] = _base64(found.data, PDF)
    else:
        block["source"] = {"type": "text", "media_type": PLAIN_TEXT, "data": _text(found, where)}
    if part.name is not None:
        block["title"] = part.name
    if part.context is not None:
        block["context"] = part.context
    if part.citations:
        block["citations"] = {"enabled": True}
    return block


def _content(part: media.Media, where: str) -> media.Content:
    """What a part holds; an error names the message, too."""
    try:
        return media.content(part)
    except InvalidRequestError as error:
        text = f"{where}: {error.message}"
        raise InvalidRequestError(text, parameter=where, value=error.value, allowed=error.allowed) from error


def _base64(data: bytes, media_type: str) -> dict[str, Json]:
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode("ascii")}


def _address(uri: str, carrier: Carrier, where: str) -> dict[str, Json]:
    if carrier.fetches and uri.startswith("https://"):
        return {"type": "url", "url": uri}
    text = f"{where} is an address ({uri.partition('?')[0]}), which {carrier.title} does not fetch for this API"
    allowed = "bytes, a Path or a data URL" + (", or an https:// address" if carrier.fetches else "")
    raise UnsupportedFeatureError(f"{text}: give {allowed}", parameter=where, allowed=allowed)


def _text(found: media.Content, where: str) -> str:
    """The text of a document that is no PDF."""
    kind, data = found.media_type or "", found.data or b""
    if not kind.startswith("text/") and kind not in _TEXTS:
        raise InvalidRequestError.of(f"{where}.media_type", found.media_type, f"{PDF}, or a text such as {PLAIN_TEXT}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = f"{where} is {kind}, which goes as text, but it is not UTF-8: {error}"
        raise InvalidRequestError(text, parameter=where, allowed="UTF-8 text") from error
