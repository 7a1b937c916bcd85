"""What the emulator does wrong on demand.

Here: `Faults`, the list of faults to come, and the table of what each does to an answer that was ready; `Manner`, how a
wire says it, and Converse's. Not here: the answers (encode.py), how a connection is cut or held (app.py), other wires'
manners (wires/). Called by: service.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.testing.emulator.encode import exception_frame
from bedrock_llm.testing.emulator.wire import Answer, Refusal

__all__ = ["BROKE", "Fault", "FaultKind", "Faults", "Manner", "apply_fault"]

FaultKind: TypeAlias = Literal[
    "throttle",
    "server_error",
    "overloaded",
    "not_ready",
    "expired_token",
    "access_denied",
    "not_found",
    "stream_exception",
    "cut",
    "disconnect",
    "stall",
    "bad_crc",
]
_KINDS = get_args(FaultKind)
_FRAMES_OF_ONE_PIECE = 5  # messageStart, one delta, contentBlockStop, messageStop, metadata
BROKE = "The model stopped in the middle of its answer."
"""What a stream says that breaks off."""


class Fault(NamedTuple):
    """One fault to come; `retry_after_s` is what the service asks the client to wait, or None."""

    kind: FaultKind
    retry_after_s: float | None = None


class Faults:
    """Faults in the order they were asked for."""

    def __init__(self) -> None:
        self._coming: deque[Fault] = deque()

    def __len__(self) -> int:
        return len(self._coming)

    def add(self, kind: FaultKind, times: int = 1, retry_after_s: float | None = None) -> None:
        """Let the next `times` requests fail so.

        Raises:
            InvalidRequestError: There is no such fault, or `times` is not a whole number from 1.
        """
        if kind not in _KINDS:
            raise InvalidRequestError.of("fail", kind, "one of " + ", ".join(_KINDS))
        if times.__class__ is not int or times < 1:
            raise InvalidRequestError.of("times", times, "a whole number from 1")
        self._coming.extend([Fault(kind, retry_after_s)] * times)

    def clear(self) -> None:
        """Forget the faults to come."""
        self._coming.clear()

    def take(self) -> Fault | None:
        """The next fault, or None."""
        return self._coming.popleft() if self._coming else None


_REFUSALS: Mapping[str, tuple[str, str, int]] = {
    "throttle": ("ThrottlingException", "Too many requests, please wait before trying again.", 429),
    "server_error": (
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
        500,
    ),
    "overloaded": ("ServiceUnavailableException", "Bedrock is unable to process your request.", 503),
    "not_ready": (
        "ModelNotReadyException",
        "The model is not ready to serve inference requests. Try your request again.",
        429,
    ),
    "expired_token": ("ExpiredTokenException", "The security token included in the request is expired", 403),
    "access_denied": ("AccessDeniedException", "You don't have access to the model with the specified model ID.", 403),
    "not_found": ("ResourceNotFoundException", "Could not resolve the model from the model identifier.", 404),
}


class Manner(NamedTuple):
    """How a wire says what goes wrong.

    Attributes:
        refused: The answer to a request that is turned away, given one of the kinds that have a status.
        begun: Of a stream's frames about the first half: the start and at least one piece, never the end.
        damaged: One frame, so that it cannot be read.
        broken: The frame by which a stream reports an error, given those that went before.
        failed: The answer in place of a whole one that broke off.
    """

    refused: Callable[[Fault], Answer]
    begun: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    damaged: Callable[[bytes], bytes]
    broken: Callable[[tuple[bytes, ...]], bytes]
    failed: Callable[[], Answer]


def _refused(fault: Fault) -> Answer:
    code, message, status = _REFUSALS[fault.kind]
    wait = fault.retry_after_s
    headers = {} if wait is None else {"x-amz-retry-after": str(round(wait * 1000))}
    return Refusal(code, message, status, headers=headers).answer()


def _begun(frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if len(frames) < _FRAMES_OF_ONE_PIECE:
        return frames[:1]
    return frames[: (len(frames) - 3) // 2 + 1]


def _damaged(frame: bytes) -> bytes:
    """The frame with one bit of its last checksum turned over."""
    return frame[:-1] + bytes([frame[-1] ^ 1])


def _broken(_begun: tuple[bytes, ...]) -> bytes:
    extra = {"originalStatusCode": 500, "originalMessage": BROKE}
    return exception_frame("modelStreamErrorException", BROKE, extra)


def _failed() -> Answer:
    extra = {"originalStatusCode": 500, "resourceName": "emulator"}
    return Refusal("ModelErrorException", BROKE, 424, extra=extra).answer()


_CONVERSE = Manner(_refused, _begun, _damaged, _broken, _failed)


def apply_fault(fault: Fault, answer: Answer, *, stream: bool, manner: Manner = _CONVERSE) -> Answer:
    """The answer as the fault leaves it.

    Args:
        fault: What shall go wrong.
        answer: The answer that was ready.
        stream: Whether its chunks are a stream's frames.
        manner: How the wire says it; by default as Converse.
    """
    if fault.kind in _REFUSALS:
        return manner.refused(fault)
    return (_STREAM_FAULTS if stream else _BODY_FAULTS)[fault.kind](answer, manner)


def _stream_exception(answer: Answer, manner: Manner) -> Answer:
    begun = manner.begun(answer.chunks)
    return answer.with_(chunks=(*begun, manner.broken(begun)))


def _bad_crc(answer: Answer, manner: Manner) -> Answer:
    begun = manner.begun(answer.chunks) or answer.chunks[:1]
    return answer.with_(chunks=(*begun[:-1], manner.damaged(begun[-1]), *answer.chunks[len(begun) :]))


def _half(answer: Answer) -> tuple[bytes, ...]:
    body = b"".join(answer.chunks)
    return (body[: len(body) // 2],)


def _not_json(answer: Answer, _manner: Manner) -> Answer:
    (half,) = _half(answer)
    return answer.with_(chunks=(half,), headers={**answer.headers, "content-length": str(len(half))})


# "cut" of a stream is the quiet kind: the body ends properly, only the answer does not; "disconnect" tears it off.
_STREAM_FAULTS: Mapping[str, Callable[[Answer, Manner], Answer]] = {
    "stream_exception": _stream_exception,
    "cut": lambda answer, manner: answer.with_(chunks=manner.begun(answer.chunks)),
    "disconnect": lambda answer, manner: answer.with_(chunks=manner.begun(answer.chunks), ending="cut"),
    "stall": lambda answer, manner: answer.with_(chunks=manner.begun(answer.chunks), ending="stall"),
    "bad_crc": _bad_crc,
}
_BODY_FAULTS: Mapping[str, Callable[[Answer, Manner], Answer]] = {
    "stream_exception": lambda answer, manner: manner.failed(),
    "cut": lambda answer, manner: answer.with_(chunks=_half(answer), ending="cut"),
    "disconnect": lambda answer, manner: answer.with_(chunks=(), ending="cut"),
    "stall": lambda answer, manner: answer.with_(chunks=(), ending="silence"),
    "bad_crc": _not_json,
}
