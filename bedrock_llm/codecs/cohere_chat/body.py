"""The body `cohere_chat`: what Cohere's Command R and R+ take.

Here: the body's four questions, each answered by the file beside it. Called by: factory, and the codecs that carry
bodies.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.cohere_chat.decode import BILLED, TOKENS, read_answer
from bedrock_llm.codecs.cohere_chat.encode import body_of
from bedrock_llm.codecs.cohere_chat.prepare import prepare
from bedrock_llm.codecs.cohere_chat.schema import NAME
from bedrock_llm.codecs.cohere_chat.stream import CohereReader
from bedrock_llm.codecs.shared.cohere_bills import class_of_bill
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["CohereChatBody", "direct_body"]


class CohereChatBody(Body):
    """Cohere's chat of version 1.

    Args:
        counts: The blocks of counts that an answer may hold, the one to take first; Bedrock counts what is billed.
    """

    name: ClassVar[str] = NAME

    def __init__(self, counts: tuple[str, ...] = (BILLED, TOKENS)) -> None:
        self.counts = counts

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this body takes it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: It holds what the body has no place for.
        """
        return prepare(request, config)

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object; it is the same streamed or not.

        Raises:
            InvalidRequestError: It cannot be written so; names the parameter or message.
        """
        del config, stream
        return body_of(request)

    def read(self, data: Json, config: ModelConfig) -> Response[Any]:
        """A whole answer.

        Raises:
            ProtocolError: It is none.
        """
        del config
        return read_answer(data, self.counts)

    def reader(self, config: ModelConfig) -> CohereReader:
        """What reads a streamed answer."""
        del config
        return CohereReader(self.counts)

    def price_class(self, raw: Any) -> str | None:
        """A class without prices, where all tokens are counted and the answer bills others."""
        counts_all = self.counts[0] == TOKENS and raw.__class__ is dict
        return class_of_bill(raw.get("meta")) if counts_all else None


def direct_body() -> CohereChatBody:
    """The body as Cohere's own API takes it; there all tokens are counted, as its version 2 counts them."""
    return CohereChatBody((TOKENS, BILLED))
