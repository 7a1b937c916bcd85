"""The body `gemini`: what Gemini takes, at Google's Gemini API and at Vertex AI.

Here: the body's questions, each answered by the file beside it. Not here: what the carrier adds (the URL with the
model's name and the method, keys, the lines of a stream). Called by: factory, and the codecs that carry bodies.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.gemini.decode import read_answer
from bedrock_llm.codecs.gemini.encode import body_of
from bedrock_llm.codecs.gemini.prepare import prepare
from bedrock_llm.codecs.gemini.schema import FAMILY, NAME
from bedrock_llm.codecs.gemini.stream import GeminiReader
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["GeminiBody"]


class GeminiBody(Body):
    """Google's generateContent and streamGenerateContent. What models do differently is said by the feature `native`
    (see `schema.Options`).
    """

    name: ClassVar[str] = NAME

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this body and the model take it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about.
            InvalidRequestError: A reasoning budget that the model cannot take.
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
        """A whole answer. A prompt that was blocked has an empty one, with a warning.

        Raises:
            ProtocolError: It is none.
            ProviderError: It is an error, though it came as a success.
        """
        return read_answer(data, config.family or FAMILY)

    def reader(self, config: ModelConfig) -> GeminiReader:
        """What reads a streamed answer."""
        return GeminiReader(config.family or FAMILY)
