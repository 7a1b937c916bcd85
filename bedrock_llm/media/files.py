"""Files named by a `Path` in a request, read before it is sent.

Here: regular files only, up to a size, off the event loop. Not here: what the bytes are (the package). Called by:
models/remote.py.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Audio, Document, Image, Message, Part, Text, ToolResult, Video
from bedrock_llm.request import Request

__all__ = ["MAX_FILE_BYTES", "load", "names_files"]

MAX_FILE_BYTES = 25 * 1024 * 1024  # no API takes a larger one inside a request

_REGULAR = "a regular file, not a folder, a device or a pipe"
_MEDIA = frozenset({Image, Document, Audio, Video})


def names_files(request: Request) -> bool:
    """Whether a part names a file by `Path`."""
    for message in request.messages:
        for part in message.parts:
            if part.__class__ is not Text and _names_file(part):
                return True
    return False


async def load(request: Request) -> Request:
    """The request with the bytes of every file that it names by `Path`; the same object where it names none.

    A part without a name gets the file's.

    Raises:
        InvalidRequestError: A file is missing, unreadable, empty, too large, or not a regular file (a folder, a
            device, a pipe); names the part and the file.
    """
    if not names_files(request):
        return request
    import anyio.to_thread

    messages = await anyio.to_thread.run_sync(_load_all, request.messages)
    return replace(request, messages=messages)


def _names_file(part: Any) -> bool:
    kind = part.__class__
    if kind in _MEDIA:
        return isinstance(part.source, Path)
    if kind is not ToolResult or isinstance(part.content, str):
        return False
    return any(map(_names_file, part.content))


def _load_all(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(
        Message(message.role, _loaded(message.parts, f"messages[{index}].parts"))
        if any(map(_names_file, message.parts))
        else message
        for index, message in enumerate(messages)
    )


def _loaded(parts: tuple[Part, ...], where: str) -> tuple[Part, ...]:
    made: list[Part] = []
    for index, part in enumerate(parts):
        place = f"{where}[{index}]"
        if isinstance(part, ToolResult) and not isinstance(part.content, str):
            made.append(replace(part, content=_loaded(part.content, f"{place}.content")))
        elif isinstance(part, (Image, Document, Audio, Video)) and isinstance(part.source, Path):
            data = _read(part.source, f"{place}.source")
            made.append(replace(part, source=data, name=part.name or part.source.name))
        else:
            made.append(part)
    return tuple(made)


def _read(path: Path, where: str) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # before opening: to open a device may already do something
            raise _refused(where, path, _REGULAR)
        # Without O_NONBLOCK the opening of a pipe would wait for a writer; a regular file does not care.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _refused(where, path, f"a file that can be read ({error})") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # it may have been changed since
            raise _refused(where, path, _REGULAR)
        try:
            data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise _refused(where, path, f"a file that can be read ({error})") from error
    if not data:
        raise _refused(where, path, "a file that is not empty")
    if len(data) > MAX_FILE_BYTES:
        raise _refused(where, path, f"a file of at most {MAX_FILE_BYTES // 1024 // 1024} MiB; put a larger one into S3")
    return data


def _refused(where: str, path: Path, allowed: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{where} must be {allowed}, not {path}", parameter=where, value=str(path), allowed=allowed
    )
