"""What Bedrock does with a request, from its bytes to the answer's bytes.

Here: the order of the steps, and the state that they share. Not here: each step (the files beside this one), HTTP
(app.py), the socket (server.py). Called by: app, Emulator.

    route > who asks > JSON > the rules > a `Request` > a fault, or the script, or the rules of answer.py > the wire

Rule 1: a refusal and a fault take nothing from the script, and a refusal takes no fault.
Rule 2: a step says no by raising `Refusal`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
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
from bedrock_llm.testing.emulator.faults import Faults, apply_fault
from bedrock_llm.testing.emulator.parse import parse_converse
from bedrock_llm.testing.emulator.script import Script
from bedrock_llm.testing.emulator.usage import Meter
from bedrock_llm.testing.emulator.validate import Body, Invalid, validate
from bedrock_llm.testing.emulator.verify import Identity, verify
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal, json_answer
from bedrock_llm.tokens.estimate import estimate

__all__ = ["Service"]

_ROUTE = re.compile(r"/model/(?P<model>[^/]+)/(?P<operation>converse|converse-stream)")
_STREAM_TYPE = "application/vnd.amazon.eventstream"
_REMEMBERED = 10_000  # requests; an emulator may run for days
_UNSCRIPTED = "This answer will not be finished, because a fault was asked for."


class _Asked(NamedTuple):
    """A request that the service takes; `at` is when it came, in seconds since the epoch."""

    model: str
    body: Body
    request: Request
    stream: bool
    at: float
    input_tokens: int


class Service:
    """The emulated service: what it was told to do, and what it has seen.

    Attributes:
        requests: Every request that was authenticated and valid, in order; those answered with a fault included.
        received: Every request as it came, refused ones included.
        script: The answers to give.
        faults: The faults to come.
        delay_s: Seconds between the pieces of a streamed answer.
        use_tools: Whether the answers without a script call a tool where the prompt names it.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        clock: Callable[[], float],
        facts: Callable[[str], ModelConfig],
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

    def handle(self, received: Received) -> Answer:
        """Answer a request."""
        self.received.append(received)
        try:
            asked = self._read(received)
            self.requests.append(asked.request)
            return self._answer(asked)
        except Refusal as refusal:
            return refusal.answer()

    def _read(self, received: Received) -> _Asked:
        route = _ROUTE.fullmatch(received.path)
        if received.method != "POST" or route is None:
            raise Refusal("UnknownOperationException", "The requested operation is not recognized by the service.", 404)
        now = self.clock()
        verify(received, self.identity, now)
        model, stream = unquote(route["model"]), route["operation"] == "converse-stream"
        body = validate(_json(received.body), model, stream=stream)
        config = self._facts(model)
        check_features(body, config, stream=stream)
        try:
            request = parse_converse(body, config)
        except LLMError as error:
            raise Invalid(error.message) from error
        input_tokens = self._meter.input_tokens(request, config)
        check_window(input_tokens, config)
        return _Asked(model, body, request, stream, now, input_tokens)

    def _answer(self, asked: _Asked) -> Answer:
        fault = self.faults.take()
        if fault is None:
            return self._write(asked, self._scripted(asked) or self._by_rule(asked))
        ready = self.script.peek() or Response(message=Message.assistant(_UNSCRIPTED))
        return apply_fault(fault, self._write(asked, ready), stream=asked.stream)

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
        took_ms = max(1, round((self.clock() - asked.at) * 1000))
        extras = Extras(took_ms, _additional(asked.body, measured), _echoed(asked.body))
        if not asked.stream:
            return json_answer(converse_body(measured, extras))
        return Answer(200, {"content-type": _STREAM_TYPE}, stream_frames(measured, extras), delay_s=self.delay_s)


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
