"""What the emulated service does with a request, from its bytes to the answer's bytes.

Here: the order of the steps, and the state that they share. Not here: each step (the files beside this one), what is
other makers' (wires/), HTTP (app.py), the socket (server.py). Called by: app, Emulator.

    route > who asks > JSON > the rules > a `Request` > a fault, or the script, or the rules of answer.py > the wire

Rule 1: a refusal and a fault take nothing from the script, and a refusal takes no fault.
Rule 2: a step says no by raising `Refusal`; the wire that was asked over writes it.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

from jiter import from_json

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.messages import Message
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.answer import answer_by_rule
from bedrock_llm.testing.emulator.encode import Extras, converse_body, stream_frames
from bedrock_llm.testing.emulator.facts import check_features, check_window
from bedrock_llm.testing.emulator.faults import Fault, Faults, apply_fault
from bedrock_llm.testing.emulator.invoke import chunk_frames, echoed_headers, invoke_answer, native_of, with_headers
from bedrock_llm.testing.emulator.operations import Operations
from bedrock_llm.testing.emulator.parse import parse_converse
from bedrock_llm.testing.emulator.script import Script
from bedrock_llm.testing.emulator.usage import Meter
from bedrock_llm.testing.emulator.validate import Body, Invalid, validate
from bedrock_llm.testing.emulator.verify import Identity, verify
from bedrock_llm.testing.emulator.view import view_of
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal, json_answer
from bedrock_llm.testing.emulator.wires import Envelope, WireCall, wire_call
from bedrock_llm.tokens.estimate import estimate

__all__ = ["Facts", "Service"]

_STREAMING = ("converse-stream", "invoke-with-response-stream")
_ROUTE = re.compile(rf"/model/(?P<model>[^/]+)/(?P<operation>converse|invoke|{'|'.join(_STREAMING)})")
_STREAM_TYPE = "application/vnd.amazon.eventstream"
_REGION = "us-east-1"
_REMEMBERED = 10_000  # requests; an emulator may run for days
_UNSCRIPTED = "This answer will not be finished, because a fault was asked for."


class Facts(Protocol):
    """Tells what is known of a model: of Bedrock's, unless `provider` names whose it is."""

    def __call__(self, model: str, /, *, provider: str = ...) -> ModelConfig: ...


class _Asked(NamedTuple):
    """A request that the service takes.

    Attributes:
        model: As it stands in the path.
        body: What the rules look at: the body of Converse, or the same of a native one.
        request: As parsed.
        stream: Whether a stream was asked for.
        at: When it came, in seconds since the epoch.
        input_tokens: What the model reads.
        write: Makes the answer of a response and the milliseconds it took.
        spoil: The answer as a fault leaves it.
    """

    model: str
    body: Body
    request: Request
    stream: bool
    at: float
    input_tokens: int
    write: Callable[[Response[Any], int], Answer]
    spoil: Callable[[Fault, Answer], Answer]


_Read: TypeAlias = "tuple[Body, Request, Callable[[Response[Any], int], Answer]]"


class Service:
    """The emulated service: what it was told to do, and what it has seen.

    Attributes:
        requests: Every request that was authenticated and valid, in order; those answered with a fault included.
        received: Every request as it came, refused ones included.
        script: The answers to give.
        faults: The faults to come.
        delay_s: Seconds between the pieces of a streamed answer.
        use_tools: Whether the answers without a script call a tool where the prompt names it.
        operations: What is beside answers: counting, guardrails, invocations, lists.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        clock: Callable[[], float],
        facts: Facts,
        delay_s: float = 0,
        use_tools: bool = True,
    ) -> None:
        self.identity = identity
        self.requests: deque[Request] = deque(maxlen=_REMEMBERED)
        self.received: deque[Received] = deque(maxlen=_REMEMBERED)
        self.script: Script = Script()
        self.faults: Faults = Faults()
        self.delay_s = delay_s
        self.use_tools = use_tools
        self.clock = clock
        self._facts = facts
        self._meter = Meter()
        self.operations: Operations = Operations(facts, self._meter.input_tokens, identity.region or _REGION)

    def handle(self, received: Received) -> Answer:
        """Answer a request."""
        self.received.append(received)
        try:
            call = wire_call(received)
            if call is not None:
                return self._over(call, received)
            beside = self.operations.find(received, self.clock())
            if beside is not None:
                return self._beside(received, beside)
            asked = self._read(received)
            self.requests.append(asked.request)
            return self._answer(asked)
        except Refusal as refusal:
            return refusal.answer()

    def _over(self, call: WireCall, received: Received) -> Answer:
        """An answer over another maker's wire. Whom AWS does not know, AWS turns away, in its own form."""
        if call.hosted:
            verify(received, self.identity, self.clock())
        try:
            asked = self._read_over(call, received)
            if not call.counts:
                self.requests.append(asked.request)
                return self._answer(asked)
            made, fault = asked.write(Response(message=Message.assistant()), 0), self.faults.take()
            return made if fault is None else asked.spoil(fault, made)
        except Refusal as refusal:
            return call.wire.refused(refusal)

    def _read_over(self, call: WireCall, received: Received) -> _Asked:
        wire, now = call.wire, self.clock()
        if not call.hosted:
            wire.check_key(received, self.identity.api_key)
        body = wire.check_body(_json(received.body))
        model = wire.model_of(body) if call.model is None else call.model
        stream = wire.wants_stream(body) if call.stream is None else call.stream
        known = self._facts(model) if call.hosted else self._facts(model, provider=wire.provider)
        config = replace(known, model=model)
        with _refusing():
            request = wire.read(body, config, received, stream=stream)
        tokens, limit = self._meter.input_tokens(request, config), config.context_window
        if limit is not None and tokens > limit:
            raise wire.too_long(tokens, limit)
        envelope = Envelope(model, uuid.uuid4().hex, int(now), body)

        def write(response: Response[Any], took_ms: int) -> Answer:
            del took_ms
            if call.counts:
                return wire.count(tokens, envelope)
            return wire.streamed(response, envelope, self.delay_s) if stream else wire.whole(response, envelope)

        def spoil(fault: Fault, answer: Answer) -> Answer:
            if call.hosted and fault.kind == "expired_token":
                return apply_fault(fault, answer, stream=stream)  # that is AWS's to say
            return apply_fault(fault, answer, stream=stream, manner=wire.manner)

        return _Asked(model, view_of(request), request, stream, now, tokens, write, spoil)

    def _beside(self, received: Received, answer: Callable[[], Answer]) -> Answer:
        """An operation beside answers: the same keys, the same faults."""
        verify(received, self.identity, self.clock())
        made, fault = answer(), self.faults.take()
        return made if fault is None else apply_fault(fault, made, stream=False)

    def _read(self, received: Received) -> _Asked:
        route = _ROUTE.fullmatch(received.path)
        if received.method != "POST" or route is None:
            raise Refusal("UnknownOperationException", "The requested operation is not recognized by the service.", 404)
        now = self.clock()
        verify(received, self.identity, now)
        model, operation = unquote(route["model"]), route["operation"]
        config, body = replace(self._facts(model), model=model), _json(received.body)
        stream = operation in _STREAMING
        read = self._read_native if operation.startswith("invoke") else self._read_converse
        view, request, write = read(received, body, config, stream=stream)
        input_tokens = self._meter.input_tokens(request, config)
        check_window(input_tokens, config)
        spoil = partial(apply_fault, stream=stream)
        return _Asked(model, view, request, stream, now, input_tokens, write, spoil)

    def _read_converse(self, received: Received, body: Any, config: ModelConfig, *, stream: bool) -> _Read:
        del received
        body = validate(body, config.model or "", stream=stream)
        check_features(body, config, stream=stream)
        with _refusing():
            request = parse_converse(body, config)

        def write(response: Response[Any], took_ms: int) -> Answer:
            extras = Extras(took_ms, _additional(body, response), _echoed(body))
            if not stream:
                return json_answer(converse_body(response, extras))
            return self._streamed(stream_frames(response, extras))

        return body, request, write

    def _read_native(self, received: Received, body: Any, config: ModelConfig, *, stream: bool) -> _Read:
        native = native_of(config)
        if not isinstance(body, dict):
            raise Invalid("The body is no JSON object.")
        native.check(body, config, stream)
        with _refusing():
            request = with_headers(native.parse(body, config), received, body)
        echoed = echoed_headers(received)

        def write(response: Response[Any], took_ms: int) -> Answer:
            if not stream:
                return invoke_answer(native.answer(response), response.usage, took_ms, echoed)
            return self._streamed(chunk_frames(native.chunks(response), response, took_ms), echoed)

        return view_of(request), request, write

    def _streamed(self, frames: tuple[bytes, ...], headers: Mapping[str, str] | None = None) -> Answer:
        return Answer(200, {"content-type": _STREAM_TYPE, **(headers or {})}, frames, delay_s=self.delay_s)

    def _answer(self, asked: _Asked) -> Answer:
        fault = self.faults.take()
        if fault is None:
            return self._write(asked, self._scripted(asked) or self._by_rule(asked))
        ready = self.script.peek() or Response(message=Message.assistant(_UNSCRIPTED))
        return asked.spoil(fault, self._write(asked, ready))

    def _scripted(self, asked: _Asked) -> Response[Any] | None:
        try:
            return self.script.take(asked.request)
        except Exception as error:
            message = f"The scripted answer failed: {type(error).__name__}: {error}"
            raise Refusal("InternalServerException", message, 500) from error

    def _by_rule(self, asked: _Asked) -> Response[Any]:
        return answer_by_rule(asked.body, estimate, use_tools=self.use_tools)

    def _write(self, asked: _Asked, response: Response[Any]) -> Answer:
        measured = self._meter.measure(asked.model, asked.body, asked.input_tokens, response)
        return asked.write(measured, max(1, round((self.clock() - asked.at) * 1000)))


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What cannot be read is refused as the service refuses it."""
    try:
        yield
    except LLMError as error:
        raise Invalid(error.message) from error


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        raise Refusal("SerializationException", f"The body is not JSON: {error}") from error


def _echoed(body: Body) -> dict[str, Any]:
    """What the service repeats from the request."""
    return {name: body[name] for name in ("performanceConfig", "serviceTier") if body.get(name)}


def _additional(body: Body, response: Response[Any]) -> dict[str, Any] | None:
    """The model's own fields that the request asks for; an answer keeps them in `raw`. A missing one is left out."""
    asked = [path.split("/")[1] for path in body.get("additionalModelResponseFieldPaths") or ()]
    own = response.raw if isinstance(response.raw, Mapping) else {}
    return {name: own[name] for name in asked if name in own} or None
