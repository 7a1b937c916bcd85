"""A model behind an API: codec + provider + transport.

Here: how the three are put together for one request, and how their errors get the context they lack. Not here: what
any of the three does. Called by: flow (through the base), factory (makes it).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bedrock_llm.codecs.base import Codec, StreamDecoder
from bedrock_llm.config import ModelConfig, ParameterRule
from bedrock_llm.errors import (
    InvalidRequestError,
    LLMError,
    TransportError,
    UsageError,
    interrupted,
)
from bedrock_llm.events import Event, empty_response, events_of, fold
from bedrock_llm.media.files import load, names_files
from bedrock_llm.models.base import PROGRESS, BaseModelImplementation, EventStream
from bedrock_llm.models.exchange import Wire, clean
from bedrock_llm.parameters import check_parameters
from bedrock_llm.providers.base import Provider
from bedrock_llm.redaction import names_secret
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, TokenCount
from bedrock_llm.transports.base import TIMEOUTS, HTTPCall, ReplyStream, Transport

if TYPE_CHECKING:
    from bedrock_llm.tokens.counter import TokenCounter

__all__ = ["RemoteModel", "RemoteStream"]

STREAM_INSIDE_ABOVE_TOKENS = 4096  # a longer answer may be silent for longer than proxies and sockets like
MAX_ERROR_BYTES = 1024 * 1024  # an error body is read no further


class RemoteModel(BaseModelImplementation):
    """A model behind an API.

    Args:
        config: What is known of the model; `config.model` is the name that is sent.
        codec: How the API is written.
        provider: Where it is, and who asks.
        transport: What carries the bytes.
        counter: What counts tokens; None for an estimating one, made when it is first asked for.
        base_model: The model behind a name that does not tell it, where somebody said; for operations that need it.
        owns_transport: Whether `aclose` closes the transport too.
        now: Seconds since the epoch, for signatures.
    """

    def __init__(  # noqa: PLR0913  # what a remote model is put together of, all keywords
        self,
        config: ModelConfig,
        *,
        codec: Codec,
        provider: Provider,
        transport: Transport,
        counter: TokenCounter | None = None,
        base_model: str | None = None,
        owns_transport: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.codec: Codec = codec
        self.provider: Provider = provider
        self.transport: Transport = transport
        self.base_model: str | None = base_model
        self._counter = counter
        self._owns_transport = owns_transport
        self._now = now

    @property
    def counter(self) -> TokenCounter:
        """What counts tokens for this model."""
        if self._counter is None:
            from bedrock_llm.tokens.counter import TokenCounter

            self._counter = TokenCounter()
        return self._counter

    @property
    def wire(self) -> Wire:
        """What carries operations beside answers."""
        return Wire(self.provider, self.transport, self._now)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config.provider}/{self.config.model}, {self.codec.name})"

    async def generate_text(self, messages: Any, **parameters: Any) -> Response[Any]:
        """Answer a conversation, without the client's retry, fitting and observers."""
        request = Request.of(messages, **parameters)
        self.validate_parameters(**request.parameters)
        prepared, warnings = self.prepare(request)
        response = await self.answer(prepared)
        return response.with_(warnings=(*warnings, *response.warnings))

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, estimated; see `count_request` for the bound."""
        return self.counter.count_text(text, self.config).tokens

    async def count_request(self, request: Request) -> TokenCount:
        """Input tokens of a request, tools and system text included."""
        return self.counter.count_request(request, self.config)

    async def count_at_provider(self, request: Request) -> TokenCount:
        """Input tokens of a prepared request, as the provider's own API counts them; sent once."""
        from bedrock_llm.models.counting import count_at_provider  # few programs ask

        return await count_at_provider(self, request)

    def validate_parameters(self, **parameters: Any) -> None:
        """Refuse what this model cannot take: wrong types, and values outside its range where it is known."""
        self._check_rules(check_parameters(parameters))

    def validate_request(self, request: Request) -> None:
        """The same for a request, whose types were checked when it was made."""
        self._check_rules(request.parameters)

    def _check_rules(self, checked: Mapping[str, Any]) -> None:
        for name, rule in (self.config.parameter_rules or {}).items():
            if name in checked or rule.required:
                _check_rule(name, checked.get(name), rule)
        limit = self.config.max_output_tokens
        if limit is not None and checked.get("max_tokens", 0) > limit:
            allowed = f"at most {limit} for {self.config.model}"
            raise InvalidRequestError.of("max_tokens", checked["max_tokens"], allowed)

    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this wire and model take it, and what was left out or repaired."""
        if request.get("tools"):
            from bedrock_llm.output import with_schemas

            request = with_schemas(request)
        prepared, warnings = self.codec.prepare(request, self.config)
        config = self.config
        if config.source is None and config.family is None and config.context_window is None and config.prices is None:
            text = f"{self.config.model} is not in the catalog: it is sent as it is, unchecked, and its cost is unknown"
            warnings = (*warnings, ResponseWarning("unknown_model", text))
        return prepared, warnings

    async def answer(self, request: Request) -> Response[Any]:
        """Answer a prepared request; a long answer is streamed inside, so that silence is noticed."""
        if self._streams_inside(request):
            return await self._folded(request)
        credentials, call = await self._call(request, stream=False)
        try:
            reply = await self.transport.send(call)
            if reply.status != 200:
                raise self.codec.decode_error(reply.status, reply.headers, reply.body)
            return self.codec.decode(reply.body, reply.headers, self.config)
        except LLMError as error:
            raise self._with_context(error, credentials, request) from error.__cause__

    def answer_stream(self, request: Request) -> EventStream:
        """Answer a prepared request event by event."""
        if not self.codec.streams(request, self.config):
            return _WholeStream(self, request)
        return RemoteStream(self, request)

    def price_class(self, request: Request, response: Response[Any]) -> str | None:
        """As the answer says it was served, or else as asked for."""
        return self.codec.price_class(response.raw) or super().price_class(request, response)

    async def recover(self, error: LLMError) -> bool:
        """Reload credentials or learn the clock offset, where that is what the provider complained of."""
        return await self.provider.recover(error)

    async def aclose(self) -> None:
        """Close the transport, unless it belongs to somebody else."""
        if self._owns_transport:
            await self.transport.aclose()

    def _streams_inside(self, request: Request) -> bool:
        limit = request.get("max_tokens")
        long = limit is None or limit > STREAM_INSIDE_ABOVE_TOKENS
        return long and self.codec.streams(request, self.config)

    async def _folded(self, request: Request) -> Response[Any]:
        stream = RemoteStream(self, request)
        events: list[Event] = []
        try:
            while batch := await stream.next_batch():
                events.extend(batch)
        except LLMError as error:
            if not events:
                raise
            raise interrupted(error, fold(empty_response(), events), retryable=error.retryable) from error
        except BaseException:
            progress = PROGRESS.get()
            if progress is not None and events:
                progress.partial = fold(empty_response(), events).with_(request_id=stream.request_id)
            raise
        finally:
            await stream.aclose()
        response = fold(empty_response(), events)
        return response.with_(request_id=stream.request_id, warnings=tuple(stream.warnings))

    async def _call(self, request: Request, *, stream: bool) -> tuple[Any, HTTPCall]:
        """The signed call, and the credentials that signed it."""
        if names_files(request):
            request = await load(request)
        encoded = self.codec.encode(request, self.config, stream=stream)
        credentials = await self.provider.credentials()
        headers = encoded.headers
        extra = request.get("extra_headers")
        if extra is not None:
            headers = {**headers, **extra}
        url = self.provider.url(self.config.model or "", encoded.operation)
        call = HTTPCall("POST", url, headers, encoded.body, TIMEOUTS.get())
        return credentials, self.provider.authorize(call, credentials, self._now())

    def _with_context(self, error: LLMError, credentials: Any, request: Request) -> LLMError:
        """`error`, knowing whom it is about and holding no secret."""
        error.provider = error.provider or self.config.provider
        error.model = error.model or self.config.model
        own = (value for name, value in request.get("extra_headers", {}).items() if names_secret(name))
        secrets = () if isinstance(error, UsageError) else (*self.provider.secrets(credentials), *own)
        clean(error, secrets, self._now)
        return self.provider.explain(error, self.config.model or "")


class RemoteStream(EventStream):
    """A streamed answer from an API. Nothing is sent before the first `next_batch`."""

    def __init__(self, model: RemoteModel, request: Request) -> None:
        self._model = model
        self._request = request
        self._credentials: Any = None
        self._reply: ReplyStream | None = None
        self._decoder: StreamDecoder | None = None
        self._ended = False
        self._started = False

    async def next_batch(self) -> Sequence[Event]:
        """The events that the next bytes complete; empty at the end."""
        if self._ended:
            return ()
        try:
            if self._reply is None:
                await self._open()
            reply, decoder = self._reply, self._decoder
            assert reply is not None  # opened just before
            assert decoder is not None
            while not decoder.complete and (data := await reply.read()):
                if events := decoder.feed(data):
                    if decoder.complete:
                        self.warnings = decoder.warnings
                    if not self._started:
                        self._started = True
                        reply.started()
                    return events
            return await self._end(reply, decoder)
        except LLMError as error:
            if isinstance(error, TransportError) and self._decoder is not None and self._decoder.answered:
                return await self._end(self._reply, self._decoder)  # nothing of the answer is missing
            await self.aclose()
            raise self._explained(error) from error.__cause__
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Free the connection."""
        complete = not self._ended and self._decoder is not None and self._decoder.complete
        self._ended = True
        if self._reply is not None:
            await (self._reply.finish() if complete else self._reply.aclose())

    async def _open(self) -> None:
        model = self._model
        self._credentials, call = await model._call(self._request, stream=True)  # noqa: SLF001  # one module, one job
        reply = self._reply = await model.transport.open(call)
        self.status = reply.status
        self.request_id = model.codec.request_id(reply.headers)
        if reply.status != 200:
            raise model.codec.decode_error(reply.status, reply.headers, await _error_body(reply))
        self._decoder = model.codec.decoder(reply.headers, model.config)

    async def _end(self, reply: ReplyStream | None, decoder: StreamDecoder) -> Sequence[Event]:
        """The last events, if the terminal mark or the end of the body leaves any."""
        self._ended = True
        events = decoder.close()
        self.warnings = decoder.warnings
        if reply is not None:
            await reply.finish()
        return events

    def _explained(self, error: LLMError) -> LLMError:
        error.request_id = error.request_id or self.request_id
        return self._model._with_context(error, self._credentials, self._request)  # noqa: SLF001  # one module, one job


class _WholeStream(EventStream):
    """An answer that comes whole, made into events: for models that do not stream what is asked."""

    def __init__(self, model: RemoteModel, request: Request) -> None:
        self._model = model
        self._request = request
        self._asked = False

    async def next_batch(self) -> Sequence[Event]:
        """All events at once; then none."""
        if self._asked:
            return ()
        self._asked = True
        response = await self._model.answer(self._request)
        self.request_id, self.status, self.warnings = response.request_id, 200, response.warnings
        return events_of(response)

    async def aclose(self) -> None:
        """Nothing is held."""
        self._asked = True


async def _error_body(reply: ReplyStream) -> bytes:
    body = b""
    while len(body) < MAX_ERROR_BYTES and (data := await reply.read()):
        body += data
    return body


def _check_rule(name: str, value: Any, rule: ParameterRule) -> None:
    if value is None:
        if rule.required:
            raise InvalidRequestError.of(name, value, "set: the model needs it")
        return
    if rule.allowed is not None and value not in rule.allowed:
        raise InvalidRequestError.of(name, value, "one of " + ", ".join(map(repr, rule.allowed)))
    low, high = rule.minimum, rule.maximum
    if isinstance(value, (int, float)) and ((low is not None and value < low) or (high is not None and value > high)):
        ends = [f"{word} {end:g}" for word, end in (("from", low), ("to", high)) if end is not None]
        raise InvalidRequestError.of(name, value, " ".join(ends))
