"""What reaches the emulator and what leaves it, as values.

Here: `Received`, `Answer`, `Refusal`, and the plain answers made of them. Not here: HTTP (app.py), what is said
(answer.py, encode.py). Called by: every file of the emulator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

__all__ = ["Answer", "Ending", "Received", "Refusal", "json_answer"]

Ending = Literal["whole", "cut", "stall", "silence"]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came.

    Attributes:
        method: e.g. `POST`.
        path: Percent-encoded, as it stood in the request line.
        query: What stood behind the `?`, without it.
        headers: Names in lower case, values as they came, in their order.
        body: The whole body.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first header of this name (in lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and how it ends.

    Attributes:
        status: HTTP status.
        headers: Names in lower case.
        chunks: The body, one write each.
        ending: "whole"; "cut" (the connection closes before the body is complete); "stall" (nothing comes after the
            chunks until the client leaves); "silence" (not even headers come).
        delay_s: Seconds before each chunk.
        names_itself: Whether its headers hold its id already; AWS's answers get one on the way out.
    """

    status: int
    headers: Mapping[str, str]
    chunks: tuple[bytes, ...] = ()
    ending: Ending = "whole"
    delay_s: float = 0
    names_itself: bool = False

    def with_(self, **changes: Any) -> Answer:
        """A copy with some fields changed."""
        return replace(self, **changes)


class Refusal(Exception):
    """The service says no.

    Attributes:
        code: e.g. `ValidationException`.
        message: As the service words it.
        status: HTTP status.
        headers: Beside the usual ones.
        extra: Members of the error beside its message.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}
        self.extra = extra or {}

    def answer(self) -> Answer:
        """The refusal as the service writes it: the code in a header, the message in the body."""
        headers = {
            "x-amzn-errortype": f"{self.code}:http://internal.amazon.com/coral/com.amazon.bedrock/",
            **self.headers,
        }
        return json_answer({"message": self.message, **self.extra}, self.status, headers)


def json_answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body, its length stated."""
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    stated = {"content-type": "application/json", "content-length": str(len(data))}
    return Answer(status, {**stated, **(headers or {})}, (data,))
