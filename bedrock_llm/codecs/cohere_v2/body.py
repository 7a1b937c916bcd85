"""The body `cohere_v2`: what Cohere's own API takes, `POST /v2/chat`.

Here: the body's four questions, each answered by the file beside it. Not here: what the carrier adds (`model`,
`stream`; the events of a stream). Called by: factory, and the codecs that carry bodies.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.cohere_v2.decode import read_answer
from bedrock_llm.codecs.cohere_v2.encode import body_of
from bedrock_llm.codecs.cohere_v2.prepare import prepare
from bedrock_llm.codecs.cohere_v2.schema import NAME
from bedrock_llm.codecs.cohere_v2.stream import CohereV2Reader
from bedrock_llm.codecs.shared.cohere_bills import class_of_bill
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["CohereV2Body"]


class CohereV2Body(Body):
    """Cohere's chat of version 2."""

    name: ClassVar[str] = NAME

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this body and the model take it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: It holds what the body has no place for, or the model lacks what it is about.
        """
        return prepare(request, config)

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object; it is the same streamed or not.

        Raises:
            InvalidRequestError: It cannot be written so; names the parameter or message.
        """
        del stream
        return body_of(request, config)

    def read(self, data: Json, config: ModelConfig) -> Response[Any]:
        """A whole answer.

        Raises:
            ProtocolError: It is none.
            ProviderError: It is an error, though it came as an answer.
        """
        return read_answer(data, config)

    def reader(self, config: ModelConfig) -> CohereV2Reader:
        """What reads a streamed answer."""
        return CohereV2Reader(config)

    def price_class(self, raw: Any) -> str | None:
        """A class without prices, where the answer bills other counts than it reports."""
        return class_of_bill(raw.get("usage")) if raw.__class__ is dict else None
