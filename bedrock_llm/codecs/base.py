"""The codec seam: how one API is written. Pure: bytes and values in, bytes and values out.

Here: `Codec` and `StreamDecoder`. Not here: hosts and keys (providers/), any wire (the folders beside this file).
Called by: models/remote.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.events import Event
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["Codec", "Encoded", "StreamDecoder"]


class Encoded(NamedTuple):
    """A request on the wire.

    Attributes:
        operation: What the provider makes a URL of, e.g. `converse-stream`.
        body: The JSON body.
        headers: Content type and what the operation itself needs; no keys.
    """

    operation: str
    body: bytes
    headers: Mapping[str, str]


class StreamDecoder(ABC):
    """Reads one streamed answer.

    Attributes:
        complete: Whether the terminal mark was seen: nothing more is waited for.
        answered: Whether the answer is whole, though something may follow it still (usage, say).
        warnings: What the answer gave cause to warn of; known once it is complete.
    """

    complete: bool = False
    answered: bool = False
    warnings: Sequence[ResponseWarning] = ()

    @abstractmethod
    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order.

        Raises:
            ProtocolError: The format is broken.
            LLMError: The provider reported an error inside the stream (the same class as outside).
        """

    @abstractmethod
    def close(self) -> list[Event]:
        """The last events, at the end of the body.

        Raises:
            StreamInterruptedError: The answer was not complete.
        """


class Codec(ABC):
    """How one API is written."""

    name: ClassVar[str]

    @abstractmethod
    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this wire and model take it, and what was left out or repaired."""

    @abstractmethod
    def streams(self, request: Request, config: ModelConfig) -> bool:
        """Whether the model streams with the features this request uses. Unknown models do."""

    @abstractmethod
    def encode(self, request: Request, config: ModelConfig, *, stream: bool) -> Encoded:
        """A prepared request as bytes; the same request always gives the same bytes.

        Raises:
            InvalidRequestError: It cannot be written on this wire; names the parameter or message.
        """

    @abstractmethod
    def decode(self, body: bytes, headers: Mapping[str, str], config: ModelConfig) -> Response[Any]:
        """A whole answer (status 200).

        Raises:
            ProtocolError: It is not one.
        """

    @abstractmethod
    def decoder(self, headers: Mapping[str, str], config: ModelConfig) -> StreamDecoder:
        """What reads a streamed answer (status 200) with these headers.

        Raises:
            ProtocolError: The content type is neither a stream nor JSON.
        """

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """The provider's id of an answer with these headers (names in lower case), or None."""
        return None

    def price_class(self, raw: Any) -> str | None:
        """The service tier or latency that an answer (`Response.raw`) says it was served with, or None."""
        return None

    @abstractmethod
    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        """The error for an answer that is not a success: redirects, 4xx and 5xx. Returned, not raised."""
