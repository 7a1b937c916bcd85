"""The codec that carries a body over plain HTTPS, as Anthropic, OpenAI, Google, Cohere and many hosts take it.

Here: `DirectCodec`, and `Api`, what tells one such API from another. Not here: the bodies (codecs/*/), hosts and keys
(providers/). Called by: factory, models/remote.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import jiter

from bedrock_llm.codecs.base import Codec, Encoded, StreamDecoder
from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.direct.stream import DirectStreamDecoder, LinesDecoder
from bedrock_llm.codecs.shared.fields import merge
from bedrock_llm.codecs.shared.http_errors import described, note_waits, redirected
from bedrock_llm.codecs.shared.reading import USAGE_MISSING, Json, excerpt_of, read_document
from bedrock_llm.codecs.shared.streams import WholeAnswerDecoder
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError, ProtocolError, ProviderError, QuotaExceededError, UnsupportedFeatureError
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["Api", "DirectCodec"]

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream"
_LINES_TYPES = frozenset({"application/x-ndjson", "application/stream+json", "application/jsonl"})
_REQUEST_IDS = (
    *("request-id", "x-request-id", "apim-request-id", "x-goog-request-id", "x-debug-trace-id"),
    "x-amzn-requestid",
)
_AWS_ERROR = "x-amzn-errortype"  # whoever AWS itself turns away is told so in its own form, whatever API was asked
_BOOLEANS = {"true": True, "false": False}


class Api(NamedTuple):
    """What tells one API from another.

    Attributes:
        name: Of the codec, e.g. `openai-chat`.
        whole: What the provider makes a URL of, for a whole answer.
        stream: The same for a stream.
        error_of: The error that a body says, given the body and the HTTP status.
        members: Members of the body that are the API's own (the model's name, that it shall be streamed); they stand
            first.
        framing: How a stream comes where its content type does not say: server-sent events, or lines of JSON.
    """

    name: str
    whole: str
    stream: str
    error_of: Callable[[Json, int | None], ProviderError]
    members: Callable[[Request, ModelConfig, bool], dict[str, Json]]
    framing: Literal["sse", "ndjson"] = "sse"


class DirectCodec(Codec):
    """A body over plain HTTPS.

    Args:
        body: How the model is written to.
        api: Where and around what.
    """

    def __init__(self, body: Body, api: Api) -> None:
        self.body = body
        self.api = api
        self.name = api.name  # type: ignore[misc]  # one class for all such APIs

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as the body and the model take it; what this API has no place for is left out with a warning.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about; or a guardrail is to be kept, and is not
                at this endpoint of Bedrock.
        """
        if request.get("guardrail") is not None and config.provider in _BEDROCK:
            text = f"a guardrail is not applied by Bedrock's {self.name} API; ask with api='converse' or 'invoke'"
            raise UnsupportedFeatureError(
                text, parameter="guardrail", allowed="a request through Converse or InvokeModel"
            )
        dropped = {name: None for name in _CONVERSE_ONLY if request.get(name) is not None}
        if request.get("metadata") is not None and not self.body.takes_metadata:
            dropped["metadata"] = None
        warnings = tuple(
            ResponseWarning("unsupported", f"{name} was left out: the {self.name} API has no such parameter", name)
            for name in dropped
        )
        if dropped:
            request = request.with_(**dropped)
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
        made = {**self.api.members(request, config, stream), **self.body.write(request, config, stream=stream)}
        for name in ("additional_model_request_fields", "extra_body"):
            if extra := request.get(name):
                made = merge(made, extra)
        return Encoded(self.api.stream if stream else self.api.whole, to_bytes(made), _STREAMED if stream else _WHOLE)

    def decode(self, body: bytes, headers: Mapping[str, str], config: ModelConfig) -> Response[Any]:
        """A whole answer (status 200).

        Raises:
            ProtocolError: It is not one.
            ProviderError: It is an error, though it came as a success.
        """
        data = read_document(body)
        response = self.body.read(data, config)
        warnings, usage = response.warnings, response.usage
        if usage.input_tokens is None or usage.output_tokens is None:
            warnings = (*warnings, USAGE_MISSING)
        return response.with_(warnings=warnings, raw=data, request_id=self.request_id(headers))

    def decoder(self, headers: Mapping[str, str], config: ModelConfig) -> StreamDecoder:
        """What reads a streamed answer (status 200); one that came whole is read as such.

        Raises:
            ProtocolError: It is a page for a browser.
        """
        kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
        if kind in _LINES_TYPES or (self.api.framing == "ndjson" and kind != SSE_TYPE):
            return LinesDecoder(self.body.reader(config))
        if kind == JSON_TYPE:
            return WholeAnswerDecoder(lambda body: self.decode(body, headers, config))
        if kind.startswith("text/html"):
            text = f"the service answered with status 200 and {kind}, not with a stream of events"
            raise ProtocolError(text, status=200, request_id=self.request_id(headers))
        return DirectStreamDecoder(self.body.reader(config), lambda body: self.decode(body, headers, config))

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """The provider's id of an answer."""
        return next((headers[name] for name in _REQUEST_IDS if name in headers), None)

    def price_class(self, raw: Any) -> str | None:
        """The service tier that the answer says it was served with, or what the body knows of its prices."""
        own = self.body.price_class(raw)
        if own is not None:
            return own
        fields = raw if raw.__class__ is dict else {}
        usage = fields.get("usage")
        tier = fields.get("service_tier") or (usage.get("service_tier") if usage.__class__ is dict else None)
        return tier if isinstance(tier, str) and tier in _PRICED_TIERS else None

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        """The error for an answer that is not a success. Returned, not raised."""
        excerpt, request_id = excerpt_of(body), self.request_id(headers)
        if status < 400:
            return redirected(status, headers, excerpt, request_id)
        if _AWS_ERROR in headers:
            from bedrock_llm.codecs.shared.aws_errors import from_http  # of this codec's hosts only Bedrock needs it

            return from_http(status, headers, body)
        data = _json(body)
        error = self.api.error_of({} if data is None else data, status)
        if data is None:
            error.args = (described(status, None, excerpt), *error.args[1:])
            error.raw = excerpt or None
        error.status, error.request_id = status, error.request_id or request_id
        note_waits(error, headers)
        if not isinstance(error, QuotaExceededError):  # no wait of seconds helps there, whatever is said
            error.retryable = _BOOLEANS.get(headers.get("x-should-retry", ""), error.retryable)
        return error


_BEDROCK = ("bedrock", "bedrock-mantle")
_CONVERSE_ONLY = ("guardrail", "prompt_variables", "latency")
_PRICED_TIERS = frozenset({"flex", "priority", "batch"})
_WHOLE: Mapping[str, str] = {"content-type": JSON_TYPE, "accept": JSON_TYPE}
_STREAMED: Mapping[str, str] = {"content-type": JSON_TYPE, "accept": SSE_TYPE}


def _json(body: bytes) -> Json:
    try:
        return jiter.from_json(body)
    except ValueError:
        return None
