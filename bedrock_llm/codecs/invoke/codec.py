"""The codec `invoke`: Amazon Bedrock's InvokeModel and InvokeModelWithResponseStream, around a model's native body.

Here: what the operation adds to a body on the way out, and what it adds to the answer. Not here: the bodies
(codecs/*/), URLs and keys (providers/). Called by: factory, models/remote.py.
Follows: the service model `bedrock-runtime/2023-09-30`, InvokeModel and InvokeModelWithResponseStream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bedrock_llm.codecs.base import Codec, Encoded, StreamDecoder
from bedrock_llm.codecs.body import Body, completed
from bedrock_llm.codecs.invoke.headers import counted_in_headers, headers_of, served
from bedrock_llm.codecs.invoke.stream import GUARDRAIL_ACTION, InvokeStreamDecoder
from bedrock_llm.codecs.shared.aws_names import JSON_TYPE, REQUEST_ID, STREAM_TYPE
from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.codecs.shared.reading import USAGE_MISSING, Json, read_document
from bedrock_llm.codecs.shared.streams import WholeAnswerDecoder
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError, ProtocolError
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, StopReason

__all__ = ["InvokeCodec"]

_MODES = {"sync": "SYNCHRONOUS", "async": "ASYNCHRONOUS"}


class InvokeCodec(Codec):
    """InvokeModel around a body.

    Args:
        body: How the model is written to.
    """

    name: ClassVar[str] = "invoke"

    def __init__(self, body: Body) -> None:
        self.body = body

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as the body and the model take it, and what was left out or repaired.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about.
        """
        warnings: tuple[ResponseWarning, ...] = ()
        if request.get("prompt_variables") is not None:
            text = "prompt_variables was left out: only the Converse API fills managed prompts"
            warnings = (ResponseWarning("unsupported", text, "prompt_variables"),)
            request = request.with_(prompt_variables=None)
        prepared, more = self.body.prepare(request, config)
        return prepared, (*warnings, *more)

    def streams(self, request: Request, config: ModelConfig) -> bool:
        """Whether the model streams with the features this request uses. Unknown models do."""
        return self.body.streams(request, config)

    def encode(self, request: Request, config: ModelConfig, *, stream: bool) -> Encoded:
        """A prepared request as bytes; the same request always gives the same bytes.

        Raises:
            InvalidRequestError: It cannot be written on this wire; names the parameter or message.
        """
        headers = headers_of(request, stream=stream)
        made = self.body.write(request, config, stream=stream)
        mode = (request.get("guardrail") or {}).get("stream_processing_mode")
        if stream and mode is not None:
            made["amazon-bedrock-guardrailConfig"] = {"streamProcessingMode": _MODES[mode]}
        for name in ("additional_model_request_fields", "extra_body"):
            if extra := request.get(name):
                made = merge(made, extra)
        return Encoded("invoke-with-response-stream" if stream else "invoke", to_bytes(made), headers)

    def decode(self, body: bytes, headers: Mapping[str, str], config: ModelConfig) -> Response[Any]:
        """A whole answer (status 200); a usage that the body lacks is taken from the headers.

        Raises:
            ProtocolError: It is not one.
        """
        return _whole(self.body, read_document(body), headers, config)

    def decoder(self, headers: Mapping[str, str], config: ModelConfig) -> StreamDecoder:
        """What reads a streamed answer (status 200); one that came whole is read as such.

        Raises:
            ProtocolError: The content type is neither an event stream nor JSON.
        """
        kind = headers.get("content-type", STREAM_TYPE).split(";", 1)[0].strip().lower()
        if kind == STREAM_TYPE:
            return InvokeStreamDecoder(self.body.reader(config), served(headers))
        if kind == JSON_TYPE:
            return WholeAnswerDecoder(lambda body: self.decode(body, headers, config))
        text = f"the service answered with status 200 and {kind or 'no content type'}, not with an event stream"
        raise ProtocolError(text, status=200, request_id=headers.get(REQUEST_ID))

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """The service's id of an answer (`x-amzn-requestid`)."""
        return headers.get(REQUEST_ID)

    def price_class(self, raw: Any) -> str | None:
        """The tier other than `default`, or else the latency, that the answer's headers repeat."""
        fields = raw if raw.__class__ is dict else {}
        tier, latency = (word if isinstance(word := fields.get(name), str) else None for name in _ECHOED)
        return tier if tier not in (None, "default") else latency or tier

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        """The error for an answer that is not a success. Returned, not raised."""
        from bedrock_llm.codecs.shared.aws_errors import from_http  # needed where something failed

        return from_http(status, headers, body)


_ECHOED = ("serviceTier", "latency")


def _whole(body: Body, data: Json, headers: Mapping[str, str], config: ModelConfig) -> Response[Any]:
    response = body.read(data, config)
    warnings = response.warnings
    usage = completed(response.usage, counted_in_headers(headers)) or response.usage
    if usage.input_tokens is None or usage.output_tokens is None:
        warnings = (*warnings, USAGE_MISSING)
    intervened = data.__class__ is dict and data.get(GUARDRAIL_ACTION) == "INTERVENED"
    return response.with_(
        usage=usage,
        warnings=warnings,
        stop_reason=StopReason.content_filter if intervened else response.stop_reason,
        raw={**data, **served(headers)} if data.__class__ is dict else data,
        request_id=headers.get(REQUEST_ID),
    )
