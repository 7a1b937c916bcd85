"""The body `cohere_chat`: what Cohere's Command R and R+ take.

Here: the body's four questions, each answered by the file beside it. Called by: factory, and the codecs that carry
bodies.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.cohere_chat.decode import read_answer
from bedrock_llm.codecs.cohere_chat.encode import body_of
from bedrock_llm.codecs.cohere_chat.prepare import prepare
from bedrock_llm.codecs.cohere_chat.schema import NAME
from bedrock_llm.codecs.cohere_chat.stream import CohereReader
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["CohereChatBody"]


class CohereChatBody(Body):
    """Cohere's chat of version 1."""

    name: ClassVar[str] = NAME

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
        return read_answer(data)

    def reader(self, config: ModelConfig) -> CohereReader:
        """What reads a streamed answer."""
        del config
        return CohereReader()
