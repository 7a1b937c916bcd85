"""What the APIs of other makers have in common: a key in a header, a body, an envelope around the answer.

Here: `Wire`, the seam, and what it does for all of them; `Envelope`. Not here: any API (the files beside this one),
paths (table.py), bodies (bodies/), which answer (answer.py, script.py). Called by: service.

Rule 1: a code of AWS's means nothing here; what is refused by a body's rules keeps its status and its words.
Rule 2: an answer says which model it was asked of, and no two answers have one id.
"""

from __future__ import annotations

import hmac
import json
import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.faults import BROKE, Fault, FaultKind, Manner
from bedrock_llm.testing.emulator.native import NativeBody, Object
from bedrock_llm.testing.emulator.validate import Invalid
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal, json_answer

__all__ = ["Envelope", "Wire", "compact", "named_frame"]

_KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")
_BEARER = "bearer "
_AWS = "Exception"
_STOP_SEQUENCE = "stop_sequence"


class Envelope(NamedTuple):
    """What stands around an answer.

    Attributes:
        model: As it was asked for.
        identity: 32 hexadecimal digits of this answer alone.
        created_s: Seconds since the epoch.
        body: The request's.
    """

    model: str
    identity: str
    created_s: int
    body: Object


def compact(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def named_frame(event: Object) -> bytes:
    """One server-sent event that has its type for a name too."""
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + compact(event) + b"\n\n"


class Wire(ABC):
    """One API, seen from the service's side.

    Attributes:
        provider: Whose rows of the catalog tell what a model takes.
        body: The file of `bodies/` that knows its bodies.
        carried: Members of a body that are not the model's.
        statuses: Statuses that this API has another one for.
        faults: What `Emulator.fail` makes it say: a status and the words.
        says: Matches a frame that holds a piece of the answer, and not its end.
        knows_stop_sequences: Whether an answer tells that a stop sequence ended it.
    """

    provider: ClassVar[str]
    body: ClassVar[str]
    carried: ClassVar[frozenset[str]] = frozenset({"model", "stream"})
    statuses: ClassVar[Mapping[int, int]] = {}
    faults: ClassVar[Mapping[FaultKind, tuple[int, str]]]
    says: ClassVar[re.Pattern[bytes]]
    knows_stop_sequences: ClassVar[bool] = False

    def check_key(self, received: Received, api_key: str) -> None:
        """Let the request pass if it holds the key, in any of the headers in which keys are sent.

        Raises:
            Refusal: It does not.
        """
        given = [value for name in _KEY_HEADERS if (value := received.header(name))]
        bearer = received.header("authorization") or ""
        if bearer.lower().startswith(_BEARER):
            given.append(bearer[len(_BEARER) :].strip())
        if not any(hmac.compare_digest(key.encode(), api_key.encode()) for key in given):
            raise self.stranger(given[0] if given else None)

    @abstractmethod
    def stranger(self, key: str | None) -> Refusal:
        """What is said to a request with a wrong key, or with None. Returned, not raised."""

    def check_body(self, body: Any) -> Object:
        """The body, if it is an object.

        Raises:
            Invalid: It is not.
        """
        if not isinstance(body, dict):
            raise Invalid("The body is no JSON object.")
        return body

    def model_of(self, body: Object) -> str:
        """The model that a body names.

        Raises:
            Invalid: It names none.
        """
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise Invalid("you must provide a model parameter")
        return model

    def wants_stream(self, body: Object) -> bool:
        """Whether a body asks for a stream."""
        return body.get("stream") is True

    def read(self, body: Object, config: ModelConfig, received: Received, *, stream: bool) -> Request:
        """The request that a body says.

        Raises:
            Refusal: The service would not take it.
            InvalidRequestError: A parameter has a value that no request can have.
        """
        native = self._native()
        said = {name: value for name, value in body.items() if name not in self.carried}
        self.check(native, said, config, received, stream=stream)
        return native.parse(said, config)

    def check(self, native: NativeBody, said: Object, config: ModelConfig, received: Received, *, stream: bool) -> None:
        """Refuse what the service would not take; a hook for rules that the body's file does not have.

        Raises:
            Refusal: Names the place.
        """
        del received
        native.check(said, config, stream)

    def too_long(self, tokens: int, limit: int) -> Refusal:
        """What is said to input beyond the model's window. Returned, not raised."""
        return Invalid(f"prompt is too long: {tokens} tokens > {limit} maximum")

    @abstractmethod
    def counted(self, tokens: int) -> dict[str, Any]:
        """The answer to a question for the tokens of an input."""

    def count(self, tokens: int, envelope: Envelope) -> Answer:
        """The tokens of an input, as an answer."""
        return self._told(json_answer(self.counted(tokens)), envelope)

    def whole(self, response: Response[Any], envelope: Envelope) -> Answer:
        """A whole answer."""
        made = self._native().answer(self._own_word(response))
        return self._told(json_answer(self.dressed(made, envelope)), envelope)

    def streamed(self, response: Response[Any], envelope: Envelope, delay_s: float) -> Answer:
        """The same as a stream."""
        objects = self._native().chunks(self._own_word(response))
        frames = tuple(self.frames(self.events(objects, envelope)))
        answer = Answer(200, {"content-type": "text/event-stream; charset=utf-8"}, frames, delay_s=delay_s)
        return self._told(answer, envelope)

    @abstractmethod
    def dressed(self, made: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """A body's answer with its id, its model and its time."""

    def events(self, objects: Iterable[dict[str, Any]], envelope: Envelope) -> Iterator[dict[str, Any]]:
        """A body's stream with the same."""
        return (self.dressed(made, envelope) for made in objects)

    def frames(self, events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
        """A stream as it is sent."""
        return map(self.frame, events)

    def frame(self, event: dict[str, Any]) -> bytes:
        """One event of a stream, as it is sent."""
        return b"data: " + compact(event) + b"\n\n"

    def named(self, identity: str) -> dict[str, str]:
        """The headers that name an answer; `identity` as in `Envelope`."""
        del identity
        return {}

    def limits(self, now_s: int) -> dict[str, str]:
        """The headers that tell what may still be asked; in seconds since the epoch."""
        del now_s
        return {}

    @abstractmethod
    def error(self, refusal: Refusal, identity: str) -> dict[str, Any]:
        """The body of a refusal; its status is this API's own already."""

    def refused(self, refusal: Refusal) -> Answer:
        """The answer to a request that is turned away."""
        identity, status = uuid.uuid4().hex, self.statuses.get(refusal.status, refusal.status)
        code = "" if refusal.code.endswith(_AWS) else refusal.code
        known = Refusal(code, refusal.message, status, extra=refusal.extra)
        answer = json_answer(self.error(known, identity), status)
        return answer.with_(headers={**answer.headers, **self.named(identity), **refusal.headers}, names_itself=True)

    @property
    def manner(self) -> Manner:
        """How this API says what goes wrong."""
        return Manner(self._fault, self._begun, self._damaged, self.broken, self._failed)

    def broken(self, begun: tuple[bytes, ...]) -> bytes:
        """The event by which a stream reports an error, given those that went before."""
        del begun
        return self.frame(self.error(Refusal("", BROKE, 500), uuid.uuid4().hex))

    def waiting(self, wait_s: float) -> dict[str, str]:
        """The headers that ask to wait."""
        return {"retry-after": f"{wait_s:g}"}

    def _fault(self, fault: Fault) -> Answer:
        status, message = self.faults[fault.kind]
        wait = fault.retry_after_s
        return self.refused(Refusal("", message, status, headers={} if wait is None else self.waiting(wait)))

    def _failed(self) -> Answer:
        return self.refused(Refusal("", BROKE, 500))

    def _begun(self, frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
        said = [index for index, frame in enumerate(frames) if self.says.search(frame)]
        return frames[: said[(len(said) - 1) // 2] + 1] if said else ()

    def _damaged(self, frame: bytes) -> bytes:
        """The frame with its JSON cut in two."""
        end = len(frame) - len(frame.rstrip())
        text = frame.rstrip()
        return text[: len(text) - max(1, (len(text) - text.find(b"{")) // 2)] + frame[len(frame) - end :]

    def _native(self) -> NativeBody:
        body: NativeBody = import_module(f"bedrock_llm.testing.emulator.bodies.{self.body}").BODY
        return body

    def _own_word(self, response: Response[Any]) -> Response[Any]:
        """Without the word of the emulator's rules for a stop sequence, where this API has none."""
        if response.raw_stop_reason != _STOP_SEQUENCE or self.knows_stop_sequences:
            return response
        return response.with_(raw_stop_reason=None)

    def _told(self, answer: Answer, envelope: Envelope) -> Answer:
        headers = {**answer.headers, **self.named(envelope.identity), **self.limits(envelope.created_s)}
        return answer.with_(headers=headers, names_itself=True)
