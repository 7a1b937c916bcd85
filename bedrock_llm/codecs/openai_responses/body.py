"""The body `openai_responses`: the Responses API, at OpenAI and wherever its shape is spoken.

Here: the body's four questions, each answered by the file beside it. Not here: what the carrier adds (`model`,
`stream`; the lines of a stream). Called by: factory, and the codecs that carry bodies.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.openai_responses.decode import read_answer
from bedrock_llm.codecs.openai_responses.encode import body_of
from bedrock_llm.codecs.openai_responses.prepare import prepare
from bedrock_llm.codecs.openai_responses.schema import NAME
from bedrock_llm.codecs.openai_responses.stream import ResponsesReader
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["ResponsesBody"]


class ResponsesBody(Body):
    """Responses. What servers do differently is said by the feature `native` (see `schema.Options`).

    Nothing is stored unless the caller wants it: `store` is false and reasoning comes encrypted, to go back with the
    history. With `previous_response_id`, `conversation` or `background` in `extra_body` neither is sent.
    """

    name: ClassVar[str] = NAME
    takes_metadata: ClassVar[bool] = True

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this body and the model take it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about.
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
            ProviderError: It failed, or is an error, though it came as an answer.
        """
        return read_answer(data, config)

    def reader(self, config: ModelConfig) -> ResponsesReader:
        """What reads a streamed answer."""
        return ResponsesReader(config)
