"""Media types, told from the first bytes or from a file's name.

Here: tables of magic numbers and suffixes. Not here: what is given beside the bytes (the package). Called by: the
package.
Follows: https://mimesniff.spec.whatwg.org, RFC 9639 (FLAC), RFC 3533 (Ogg), ISO/IEC 14496-12 (`ftyp`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

__all__ = ["ZIP", "by_suffix", "sniff"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAD_BYTES = 512
ZIP = "application/zip"

# What the bytes begin with, and the type that says.
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"fLaC", "audio/flac"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),  # ASF, which WMV files are
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
)
# The brand of an ISO base media file (`ftyp`), by its first letters.
_BRANDS: tuple[tuple[bytes, str], ...] = (
    (b"M4A", "audio/m4a"),
    (b"M4B", "audio/m4a"),
    (b"qt  ", "video/quicktime"),
    (b"3g", "video/3gpp"),
)
_SUFFIXES: Mapping[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": _WORD,
    ".xls": "application/vnd.ms-excel",
    ".xlsx": _EXCEL,
    ".html": "text/html",
    ".htm": "text/html",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/opus",
    ".m4a": "audio/m4a",
    ".aac": "audio/aac",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".flv": "video/x-flv",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".wmv": "video/x-ms-wmv",
    ".3gp": "video/3gpp",
}
_SAME_BOX: Mapping[str, str] = {  # files that hold film or sound alike
    "video/mp4": "audio/mp4",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/x-matroska",
}


def sniff(data: bytes, kind: str) -> str | None:
    """The media type that the bytes show, or None.

    Args:
        data: The whole file.
        kind: What it is given as ("image", "document", "audio", "video"): decides where a file may hold film or sound.
    """
    head = data[:_HEAD_BYTES]
    found = _by_start(head) or _by_box(head) or _office(data, head) or _markup(head)
    if found is None and kind == "audio":  # of anything else the bits could be chance: UTF-16 begins like a frame
        return _by_frame(head)
    return _SAME_BOX.get(found, found) if found and kind == "audio" else found


def by_suffix(name: str | None, kind: str) -> str | None:
    """The media type that a file's name shows, or None."""
    found = _SUFFIXES.get(PurePosixPath(name).suffix.lower()) if name else None
    return _SAME_BOX.get(found, found) if found and kind == "audio" else found


def _by_start(head: bytes) -> str | None:
    return next((media_type for start, media_type in _STARTS if head.startswith(start)), None)


def _by_box(head: bytes) -> str | None:
    """Files whose first bytes only name a box: RIFF, Ogg, ISO base media, EBML."""
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[:4] == b"OggS":
        return "video/ogg" if b"\x80theora" in head else "audio/ogg"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return next((media_type for start, media_type in _BRANDS if brand.startswith(start)), "video/mp4")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    return None


def _office(data: bytes, head: bytes) -> str | None:
    """Word and Excel: zip files with a folder of that name, or, of old, OLE files with a stream of that name."""
    if head[:4] == b"PK\x03\x04":
        if b"word/document.xml" in data:
            return _WORD
        return _EXCEL if b"xl/workbook.xml" in data else ZIP
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        if "WordDocument".encode("utf-16-le") in data:
            return "application/msword"
        return "application/vnd.ms-excel" if "Workbook".encode("utf-16-le") in data else None
    return None


def _by_frame(head: bytes) -> str | None:
    """MPEG audio without a tag: a frame's sync bits, with a layer for MP3 and without one for AAC."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if head[1] & 0x18 != 0x08 and head[1] & 0x06 else None


def _markup(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower()
    return "text/html" if start.startswith((b"<!doctype html", b"<html")) else None
