"""Logs calls through the standard library; no prompt and no answer unless asked.

Here: `LoggingObserver`. Not here: handlers and levels of the application, which a library never sets.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from bedrock_llm.errors import CallCancelledError, LLMError
from bedrock_llm.observers.base import ModelObserver
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, Response

__all__ = ["LoggingObserver"]


class LoggingObserver(ModelObserver):
    """One line when a call begins (debug), one when it ends (info, or warning), one per retry (warning).

    Each record carries `call_id` and its figures as attributes (`extra=`), for structured handlers.

    Args:
        logger: Where to log; None for the logger `bedrock_llm`.
        content: Whether prompts and answers are logged too, at debug level. They may hold personal data.
    """

    reads_only: ClassVar[bool] = True

    def __init__(self, logger: logging.Logger | None = None, *, content: bool = False) -> None:
        self._log = logger or logging.getLogger("bedrock_llm")
        self._content = content

    def on_request_start(self, request: Request) -> None:
        """Log that a call begins."""
        extra = {"call_id": request.call_id, "messages": len(request.messages)}
        self._log.debug("call %s started: %d messages", request.call_id, len(request.messages), extra=extra)
        if self._content:
            self._log.debug("call %s asks: %s", request.call_id, [message.text for message in request.messages])

    def on_request_complete(self, response: Response[Any]) -> None:
        """Log how a call ended."""
        call_id = response.request.call_id if response.request else None
        usage = response.usage
        extra = {
            "call_id": call_id,
            "model": response.model,
            "stop_reason": response.stop_reason.value,
            "input_tokens": usage.total_input_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": None if response.cost is None else str(response.cost),
            "latency_s": response.latency_s,
            "attempts": len(response.attempts),
            "request_id": response.request_id,
        }
        text = "call %s to %s: %s, %s tokens in, %s out, cost %s, %s s, %d attempt(s)"
        figures = (
            extra["stop_reason"],
            _known(usage.total_input_tokens),
            _known(usage.output_tokens),
            _known(extra["cost_usd"]),
        )
        latency = None if response.latency_s is None else f"{response.latency_s:.2f}"
        times = (_known(latency), len(response.attempts))
        self._log.info(text, call_id, response.model, *figures, *times, extra=extra)
        for warning in response.warnings:
            self._log.warning("call %s: %s", call_id, _line(warning.message), extra={"call_id": call_id})
        if self._content:
            self._log.debug("call %s answers: %s", call_id, _line(response.text))

    def on_error(self, error: LLMError | Exception) -> None:
        """Log why a call has no answer."""
        request = getattr(error, "request", None)
        call_id = request.call_id if request else None
        level = logging.INFO if isinstance(error, CallCancelledError) else logging.WARNING
        name, attempts = type(error).__name__, len(getattr(error, "attempts", ()))
        extra = {"call_id": call_id, "error_type": name, "attempts": attempts}
        self._log.log(level, "call %s failed: %s: %s", call_id, name, _line(error), extra=extra)

    def on_retry(self, attempt: Attempt) -> None:
        """Log that an attempt failed and another follows."""
        error = attempt.error
        text = "attempt %d to %s failed, trying again: %s: %s"
        self._log.warning(text, attempt.number, attempt.model, type(error).__name__, _line(error))


def _line(text: object) -> str:
    """Words of others on one line, control characters escaped: they forge no record and steer no terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


def _known(value: object) -> object:
    return "unknown" if value is None else value
