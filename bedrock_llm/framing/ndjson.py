r"""JSON texts, one on each line: bytes in, texts out.

Here: the decoder, which does not care how the bytes were cut. Not here: reading the JSON (codecs/). Called by: the
codecs of services that stream so (`application/x-ndjson`, `application/stream+json`).

Rule 1: a line ends with \n; a \r before it is blank space, as JSON has it, and blank lines mean nothing.
Rule 2: a byte is copied and looked at a fixed number of times, however it was cut: `_held` keeps the line that has not
        ended, and is not searched again.
Rule 3: a line is bounded. Whole lines that stood before one that is too long are handed out first; the next call
        raises.
"""

from __future__ import annotations

from bedrock_llm.errors import ProtocolError

__all__ = ["NDJSONDecoder"]

MAX_LINE_BYTES = 24 * 1024 * 1024  # as an event-stream payload
_SHOWN_BYTES = 400  # of what is refused; the error cuts it to its own limit after redaction
_BLANKS = b" \t\r"


class NDJSONDecoder:
    """Cuts a stream of bytes into JSON texts.

    Attributes:
        error: What broke the stream, once something did; a codec raises it after the last whole lines are handed on.
    """

    __slots__ = ("_held", "error")

    def __init__(self) -> None:
        self.error: ProtocolError | None = None
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The lines that are now complete, in order, without what is blank; those before one that is too long
            included.

        Raises:
            ProtocolError: A line is longer than 24 MiB. Every later call raises it again.
        """
        if self.error is not None:
            raise _again(self.error)
        if data.__class__ is not bytes:
            data = bytes(data)
        held = self._held
        texts: list[bytes] = []
        end = data.rfind(b"\n")
        if end < 0:
            held += data
        else:
            whole, rest = data[:end], data[end + 1 :]
            if held:
                held += whole
                whole = bytes(held)
                held.clear()
            held += rest
            self._read(whole, texts)
        if len(held) > MAX_LINE_BYTES:
            self._refuse(held)
        if self.error is not None and not texts:
            raise _again(self.error)
        return texts

    def close(self) -> list[bytes]:
        """Say that the body has ended.

        Returns:
            The line that no line end followed, if there is one; it may be cut, which is for its reader to find out.

        Raises:
            ProtocolError: The stream was broken before.
        """
        if self.error is not None:
            raise _again(self.error)
        texts: list[bytes] = []
        self._read(bytes(self._held), texts)
        self._held.clear()
        return texts

    def _read(self, data: bytes, texts: list[bytes]) -> None:
        """Append the texts of whole lines."""
        for line in data.split(b"\n"):
            if len(line) > MAX_LINE_BYTES:
                self._refuse(line)
                return
            text = line.strip(_BLANKS)
            if text:
                texts.append(text)

    def _refuse(self, line: bytes | bytearray) -> None:
        if self.error is None:
            shown = repr(bytes(line[:_SHOWN_BYTES]))[2:-1]
            self.error = ProtocolError(f"a line of the answer is longer than {MAX_LINE_BYTES} bytes", excerpt=shown)
        self._held.clear()


def _again(error: ProtocolError) -> ProtocolError:
    """A fresh copy, so that no traceback grows."""
    return ProtocolError(error.message, excerpt=error.excerpt)
