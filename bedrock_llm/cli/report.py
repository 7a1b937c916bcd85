"""An answer as lines for a reader and as one JSON object for a program.

Here: formatting, pure. Not here: where it is written (terminal). Called by: ask, demo, models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from bedrock_llm.response import Attempt, Cost, Response, StopReason, Usage

__all__ = ["attempt_text", "cost_text", "json_line", "remarks", "response_object", "seconds_text", "usage_lines"]

_UNKNOWN = "unknown"


def usage_lines(response: Response[Any]) -> list[str]:
    """Tokens, cost, attempts and times, a line each; what is not known says so."""
    attempts = response.attempts
    count = str(len(attempts)) if attempts else _UNKNOWN
    refused = "".join(f"; {attempt_text(attempt)}" for attempt in attempts if attempt.error is not None)
    first = seconds_text(response.first_event_s)
    return [
        f"tokens:   {_tokens_text(response.usage)}",
        f"cost:     {cost_text(response.cost)}",
        f"attempts: {count}{refused}",
        f"time:     {first} to the first token, {seconds_text(response.latency_s)} in all",
    ]


def _tokens_text(usage: Usage) -> str:
    named = [
        f"{usage.total_input_tokens if usage.total_input_tokens is not None else _UNKNOWN} in",
        f"{usage.output_tokens if usage.output_tokens is not None else _UNKNOWN} out",
    ]
    parts = {
        "read from the cache": usage.cache_read_tokens,
        "written to the cache": (usage.cache_write_tokens or 0) + (usage.cache_write_1h_tokens or 0),
        "of reasoning": usage.reasoning_tokens,
    }
    shown = [f"{count} {what}" for what, count in parts.items() if count]
    return ", ".join(named) + (f" (with {', '.join(shown)})" if shown else "")


def cost_text(cost: Cost | None) -> str:
    """`0.000546 USD`, `at least ...` for a lower bound, or that no price is known."""
    if cost is None:
        return f"{_UNKNOWN} (no price is known for this model)"
    return f"{'at least ' if cost.lower_bound else ''}{cost} {cost.currency}"


def attempt_text(attempt: Attempt) -> str:
    """One attempt in a line: its number, and what the server said where it failed."""
    status = f" (HTTP {attempt.status})" if attempt.status else ""
    if attempt.error is None:
        return f"attempt {attempt.number}: answered{status}"
    return f"attempt {attempt.number}: {type(attempt.error).__name__}{status}: {' '.join(str(attempt.error).split())}"


def seconds_text(seconds: float | None) -> str:
    """`0.12 s`, or that it is not known."""
    return _UNKNOWN if seconds is None else f"{seconds:.2f} s"


_ENDINGS = {
    StopReason.length: "the answer was cut at its maximum length; -o max_tokens=... allows more",
    StopReason.content_filter: "the provider's content filter stopped or changed the answer",
    StopReason.pause: "the model paused its turn; the answer is not finished",
    StopReason.error: "the provider reports that the answer ended in an error",
}


def remarks(response: Response[Any]) -> list[str]:
    """What a reader of the text alone would miss: warnings, tool calls, an end that is not the model's own."""
    lines = [f"warning: {warning.message}" for warning in response.warnings]
    for call in response.tool_calls:
        arguments = call.raw_arguments if call.arguments is None else json.dumps(call.arguments, ensure_ascii=False)
        lines.append(f"note: the model asks for the tool {call.name} with {arguments}")
    if response.stop_reason in _ENDINGS:
        word = f" ({response.raw_stop_reason})" if response.raw_stop_reason else ""
        lines.append(f"note: {_ENDINGS[response.stop_reason]}{word}")
    return lines


def response_object(response: Response[Any]) -> dict[str, Any]:
    """The answer as JSON-able data, every key always there; what is not known is null, money is a string."""
    usage = {**_plain(response.usage), "total_input_tokens": response.usage.total_input_tokens}
    return {
        "text": response.text,
        "thinking": response.thinking or None,
        "tool_calls": _plain(response.tool_calls),
        "usage": {**usage, "total_tokens": response.usage.total_tokens},
        "cost": _plain(response.cost),
        "model": response.model,
        "provider": response.provider,
        "stop_reason": response.stop_reason.value,
        "raw_stop_reason": response.raw_stop_reason,
        "warnings": _plain(response.warnings),
        "attempts": _plain(response.attempts),
        "request_id": response.request_id,
        "latency_s": response.latency_s,
        "first_event_s": response.first_event_s,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def json_line(value: Any) -> str:
    """`value` as one line of ASCII JSON: any encoding can write it, and no terminal can be moved by it."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
