"""What is written where, and made harmless on the way.

Here: the two output streams of the command line. Not here: what is said (report, exits and the commands).
Called by: every command.

Rule 1: the answer, and only the answer, goes to stdout; everything else goes to stderr.
Rule 2: on a terminal no control character of foreign text passes but newline and tab. Each one is replaced by its
name, e.g. `<U+001B>`, character by character: an escape sequence loses the character that starts it, and so it does
not matter where a stream was cut. In a pipe or a file the answer stands as the model wrote it: a program that reads
it wants the model's words, and a file that was changed on its way could not be changed back.
Rule 3: what an encoding cannot write (a lone surrogate, a letter on an ASCII terminal) becomes `?`, never an error.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

__all__ = ["AnswerOutput", "ReaderGoneError", "close_output", "note", "prepare_streams", "visible"]

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))  # C0, DEL, C1
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # embeddings, overrides, isolates: they reorder
_NAMES = {code: f"<U+{code:04X}>" for code in (*_CONTROLS, *_BIDI) if chr(code) not in "\n\t"}


class ReaderGoneError(Exception):
    """Whoever read our output has closed it, as `head` does."""


def visible(text: str) -> str:
    """`text` with every control character but newline and tab, and every bidi override, shown by its name."""
    return text.translate(_NAMES)


def prepare_streams() -> None:
    """Make stdout and stderr take any text; a closed one swallows it."""
    for descriptor in (0, 1, 2):
        _occupy(descriptor)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115  # for the whole run
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _occupy(descriptor: int) -> None:
    """Let a closed descriptor lead nowhere; otherwise the next socket gets its number, which libuv does not bear."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def close_output() -> None:
    """Give up stdout once it takes nothing more, so that the flush at the interpreter's end is quiet too."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def note(text: str) -> None:
    """Write a line to stderr, on a terminal or not with its control characters made visible."""
    _write(sys.stderr, visible(text) + "\n")


class AnswerOutput:
    """stdout, for an answer that comes in pieces.

    Attributes:
        wrote: Whether anything was written.
    """

    def __init__(self) -> None:
        self._on_terminal = sys.stdout.isatty()
        self._at_line_start = True
        self.wrote = False

    def write(self, text: str) -> None:
        """Write the next piece at once.

        Raises:
            ReaderGoneError: Nobody reads it.
        """
        if text:
            _write(sys.stdout, visible(text) if self._on_terminal else text)
            self.wrote = True
            self._at_line_start = text.endswith("\n")

    def end_line(self) -> None:
        """Finish the last line, where the text did not."""
        if not self._at_line_start:
            self.write("\n")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error
