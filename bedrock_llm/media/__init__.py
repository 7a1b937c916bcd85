"""What a media part holds: its bytes or its address, and its media type.

Here: `content`, pure. Not here: magic numbers (sniffing.py), reading of files (files.py), what one wire takes
(codecs/). Called by: codecs.

Rule 1: no address is ever fetched; it is handed on, or refused by the wire that cannot take it.
Rule 2: a given media type wins over what the bytes look like, unless they are clearly something of another kind.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.media.sniffing import ZIP, by_suffix, sniff
from bedrock_llm.messages import Audio, Document, Image, Video

__all__ = ["Content", "Media", "content"]

Media: TypeAlias = Image | Document | Audio | Video

_KINDS: dict[type, str] = {Image: "image", Document: "document", Audio: "audio", Video: "video"}
_OF_KIND = {"image": "image/", "audio": "audio/", "video": "video/"}
_TEXT_CHECK_BYTES = 64 * 1024  # enough to tell text from anything else


class Content(NamedTuple):
    """What a part holds.

    Attributes:
        data: The bytes, or None where there is only an address.
        uri: The s3:// or https:// address, or None.
        media_type: e.g. `image/png`, in lower case, without parameters; None where it is neither given nor to be seen.
    """

    data: bytes | None
    uri: str | None
    media_type: str | None


def content(part: Media) -> Content:
    """The bytes or the address of a part, and its media type: as given, or as the bytes or the name show it.

    Args:
        part: Its source is no `Path`; `media.files.load` has read those.

    Raises:
        InvalidRequestError: A data URL cannot be read, the bytes are clearly of another kind (a PDF given as an
            image), or the source is a `Path`.
    """
    source, given = part.source, _bare(part.media_type)
    kind, where = _KINDS[type(part)], f"{type(part).__name__}.source"
    if isinstance(source, str) and not source.startswith("data:"):
        return Content(None, source, given or by_suffix(source.partition("?")[0], kind) or by_suffix(part.name, kind))
    if isinstance(source, str):
        data, said = _data_url(source, where)
        given = given or said
    elif isinstance(source, bytes):
        data = source
    else:
        raise InvalidRequestError.of(where, source, "read before it is sent (bytes, a data URL or an address)")
    seen = sniff(data, kind)
    _check_kind(kind, given, seen, where)
    # A zip file that shows no more than that may still be what its name says.
    told = seen if seen != ZIP else by_suffix(part.name, kind) or seen
    return Content(data, None, given or told or by_suffix(part.name, kind) or _text_type(data, kind))


def _bare(media_type: str | None) -> str | None:
    """`Text/HTML; charset=utf-8` as `text/html`."""
    return media_type.partition(";")[0].strip().lower() or None if media_type else None


def _data_url(url: str, where: str) -> tuple[bytes, str | None]:
    """The bytes and the media type of `data:[type][;base64],...`."""
    head, comma, body = url[5:].partition(",")
    shown = url[:40]
    if not comma:
        raise InvalidRequestError.of(
            where, shown, "a data URL with a comma before its data (data:image/png;base64,...)"
        )
    if head.lower().endswith(";base64"):
        try:
            data = base64.b64decode("".join(unquote_to_bytes(body).decode("ascii").split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequestError.of(where, shown, f"a data URL of valid base64 ({error})") from error
    else:
        data = unquote_to_bytes(body)
    if not data:
        raise InvalidRequestError.of(where, shown, "a data URL that holds something")
    said = _bare(head)
    return data, said if said and "/" in said else None


def _check_kind(kind: str, given: str | None, seen: str | None, where: str) -> None:
    for what, media_type in (("its media type is", given), ("its bytes are", seen)):
        if media_type is not None and not _may_be(kind, media_type):
            allowed = f"of the kind {kind}"
            raise InvalidRequestError(
                f"{where} must be {allowed}; {what} {media_type}", parameter=where, value=media_type, allowed=allowed
            )


def _may_be(kind: str, media_type: str) -> bool:
    """Whether a part of this kind may hold such bytes; `application/...` may be anything."""
    prefix = _OF_KIND.get(kind)
    if prefix is None:
        return not media_type.startswith(tuple(_OF_KIND.values()))
    if media_type.startswith("application/"):
        return media_type not in ("application/pdf", "application/zip") and "officedocument" not in media_type
    return media_type.startswith(prefix)


def _text_type(data: bytes, kind: str) -> str | None:
    """Plain text, where a document is nothing else that can be told."""
    if kind != "document" or b"\0" in data[:_TEXT_CHECK_BYTES]:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "text/plain"
