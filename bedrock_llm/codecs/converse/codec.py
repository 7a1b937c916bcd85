"""The codec `converse`: Amazon Bedrock's Converse and ConverseStream.

Here: the codec's seven questions, each answered by the file beside it. Not here: URLs, keys (providers/), any
decision. Called by: factory, models/remote.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bedrock_llm.codecs.base import Codec, Encoded, StreamDecoder
from bedrock_llm.codecs.converse.decode import decode
from bedrock_llm.codecs.converse.encode import encode
from bedrock_llm.codecs.converse.prepare import prepare
from bedrock_llm.codecs.converse.schema import NAME
from bedrock_llm.codecs.converse.stream import ConverseStreamDecoder, WholeAnswerDecoder
from bedrock_llm.codecs.shared.aws_names import JSON_TYPE, REQUEST_ID, STREAM_TYPE
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError, ProtocolError
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["ConverseCodec"]

_WHOLE: Mapping[str, str] = {"content-type": JSON_TYPE, "accept": JSON_TYPE}
_STREAMED: Mapping[str, str] = {"content-type": JSON_TYPE, "accept": STREAM_TYPE}


class ConverseCodec(Codec):
    """Bedrock's Converse API."""

    name: ClassVar[str] = NAME

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as Converse and the model take it, and what was left out or repaired.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about.
        """
        return prepare(request, config)

    def streams(self, request: Request, config: ModelConfig) -> bool:
        """Whether the model streams with the features this request uses. Unknown models do."""
        if config.feature("streaming") is False:
            return False
        return not request.get("tools") or config.feature("streaming_with_tools") is not False

    def encode(self, request: Request, config: ModelConfig, *, stream: bool) -> Encoded:
        """A prepared request as bytes; the same request always gives the same bytes.

        Raises:
            InvalidRequestError: It cannot be written on this wire; names the parameter or message.
        """
        body = encode(request, config, stream=stream)
        return Encoded("converse-stream", body, _STREAMED) if stream else Encoded("converse", body, _WHOLE)

    def decode(self, body: bytes, headers: Mapping[str, str], config: ModelConfig) -> Response[Any]:
        """A whole answer (status 200).

        Raises:
            ProtocolError: It is not one.
        """
        return decode(body, headers, config.family)

    def decoder(self, headers: Mapping[str, str], config: ModelConfig) -> StreamDecoder:
        """What reads a streamed answer (status 200); one that came whole is read as such.

        Raises:
            ProtocolError: The content type is neither an event stream nor JSON.
        """
        kind = headers.get("content-type", STREAM_TYPE).split(";", 1)[0].strip().lower()
        if kind == STREAM_TYPE:
            return ConverseStreamDecoder(config.family)
        if kind == JSON_TYPE:
            return WholeAnswerDecoder(headers, config.family)
        text = f"the service answered with status 200 and {kind or 'no content type'}, not with an event stream"
        raise ProtocolError(text, status=200, request_id=headers.get(REQUEST_ID))

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """The service's id of an answer (`x-amzn-requestid`)."""
        return headers.get(REQUEST_ID)

    def price_class(self, raw: Any) -> str | None:
        """The tier other than `default`, or else the latency, that the answer echoes."""
        fields = raw if raw.__class__ is dict else {}
        tier, latency = _echo(fields, "serviceTier", "type"), _echo(fields, "performanceConfig", "latency")
        return tier if tier not in (None, "default") else latency or tier

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        """The error for an answer that is not a success. Returned, not raised."""
        from bedrock_llm.codecs.shared.aws_errors import from_http  # needed where something failed

        return from_http(status, headers, body)


def _echo(fields: Mapping[str, Any], member: str, name: str) -> str | None:
    value = fields.get(member)
    word = value.get(name) if value.__class__ is dict else None
    return word if isinstance(word, str) else None
