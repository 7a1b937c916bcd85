"""The body of the Messages API.

Here: the body's questions, each answered by the file beside it. Not here: frames, headers and URLs (whoever carries
it). Called by: factory, the codecs that carry bodies.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bedrock_llm.codecs.anthropic_messages.carrier import ANTHROPIC, BEDROCK, Carrier
from bedrock_llm.codecs.anthropic_messages.decode import read
from bedrock_llm.codecs.anthropic_messages.encode import body_of
from bedrock_llm.codecs.anthropic_messages.prepare import prepare
from bedrock_llm.codecs.anthropic_messages.schema import NAME
from bedrock_llm.codecs.anthropic_messages.stream import MessagesReader
from bedrock_llm.codecs.body import Body, EventReader
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["MessagesBody", "direct_body"]


class MessagesBody(Body):
    """Claude's own body.

    Args:
        carrier: Who carries it; Bedrock's InvokeModel unless said otherwise.
    """

    name: ClassVar[str] = NAME

    def __init__(self, carrier: Carrier = BEDROCK) -> None:
        self.carrier = carrier

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this body and the model take it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about.
            InvalidRequestError: A reasoning budget that the model cannot take.
        """
        return prepare(request, config)

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object; the same request always gives the same members in the same order.

        Raises:
            InvalidRequestError: It cannot be written so; names the parameter or message.
        """
        return body_of(request, config, self.carrier, stream=stream)

    def read(self, data: Json, config: ModelConfig) -> Response[Any]:
        """A whole answer.

        Raises:
            ProtocolError: It is none.
            ProviderError: It is an error, though it came as a success.
        """
        return read(data, config.family)

    def reader(self, config: ModelConfig) -> EventReader:
        """What reads a streamed answer."""
        return MessagesReader(config.family)


def direct_body() -> MessagesBody:
    """The body as Anthropic's own API takes it, and whoever speaks like it."""
    return MessagesBody(ANTHROPIC)
