"""What an answer says beside what the corpus expects.

Here: the fields of expected.jsonl, read from both sides into the same form. Not here: what differs between kinds
(usage, tools of the provider: see `Kind`). Called by: run.py.

An answer that broke off (`complete` is false) is what had arrived of it; an error inside a stream breaks it off,
whatever was said of its end before, and is compared by code and message, as its HTTP status is that of the stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bedrock_llm import LLMError, ProviderError, Response, StopReason, StreamInterruptedError
from tests.replay.corpus import Json, Record
from tests.replay.kinds import Answer, Kind

_CONTENT = ("text", "thinking", "tool_calls", "server_tools", "stop", "usage")
_FURTHER = ("n", "generations")  # what a warning of further choices is about
HINT = " (hint: "  # what the client adds to the provider's own message


class Difference(NamedTuple):
    """A field that is not as expected."""

    field: str
    expected: Any
    got: Any


def differences(record: Record, expected: Mapping[str, Json], answer: Answer, kind: Kind) -> list[Difference]:
    """Every field in which an answer is not what is expected."""
    wanted, got = _wanted(record, expected, kind), _got(record, answer, kind)
    if "usage" in wanted and answer.response is not None:
        got["usage"] = {name: got["usage"][name] for name in wanted["usage"]}
        got["tool_calls"] = _without_ids(got["tool_calls"], wanted["tool_calls"])
    found = [Difference(name, wanted[name], got[name]) for name in wanted if wanted[name] != got[name]]
    return found + [Difference("events", "", fault) for fault in answer.faults]


def content(response: Response[Any] | None) -> Any:
    """What the provider said, without what the path adds: the same however it was asked and cut."""
    if response is None:
        return None
    return response.message, response.stop_reason, response.raw_stop_reason, response.usage, response.raw


def _wanted(record: Record, expected: Mapping[str, Json], kind: Kind) -> dict[str, Any]:
    said: dict[str, Any] = {"error": None}
    if (error := expected["error"]) is not None:
        said["error"] = _error(record, error["status"], kind.code(error), error["message"])
    if record.status >= 400 or (error is not None and not record.streamed):
        return said
    return {
        "complete": error is None and (expected["complete"] or bool(expected.get("done_marker"))),
        **said,
        **({"refused": True} if expected.get("refusal") else {}),
        **({"further choices": True} if len(expected.get("choices") or ()) > 1 else {}),
        "text": expected["text"] + (expected.get("refusal") or ""),
        "thinking": expected["thinking"],
        "tool_calls": _calls(expected["tool_calls"]),
        "server_tools": expected["server_tools"],
        "stop": None if expected["stop"] is None or error is not None else str(expected["stop"]),
        "usage": kind.usage({**(expected.get("metrics") or {}), **(expected["usage"] or {})}),
    }


def _calls(said: list[Json]) -> list[Any]:
    """The calls, but for placeholders without a name. No arguments are empty ones."""
    return [(call["id"], call["name"], _arguments(call["args"])) for call in said if call["name"]]


def _arguments(args: Json) -> Json:
    if isinstance(args, dict):
        return args.get("_unparsed", args)
    return {} if args is None else args


def _without_ids(calls: list[Any], wanted: list[Any]) -> list[Any]:
    """The calls without the ids that are ours, as the wire had none; they differ from all others."""
    if len(calls) != len(wanted) or len({identity for identity, _, _ in calls}) != len(calls):
        return calls
    return [(theirs and ours, *call) for (ours, *call), (theirs, *_) in zip(calls, wanted, strict=True)]


def _got(record: Record, answer: Answer, kind: Kind) -> dict[str, Any]:
    response, error = answer.response, answer.error
    said = {"complete": not isinstance(error, StreamInterruptedError), "error": _raised(record, _origin(error))}
    if response is None:
        nothing = dict.fromkeys((*_CONTENT, "refused", "further choices"))
        return {**said, **nothing}
    return {
        **said,
        "refused": response.stop_reason is StopReason.content_filter,
        "further choices": any(warning.parameter in _FURTHER for warning in response.warnings),
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": [
            (call.id, call.name, call.raw_arguments if call.arguments is None else call.arguments)
            for call in response.tool_calls
        ],
        "server_tools": kind.server_tools(response),
        "stop": response.raw_stop_reason,
        "usage": _usage(response, caches=kind.counts_caches),
    }


def _usage(response: Response[Any], *, caches: bool) -> dict[str, int | None]:
    usage = response.usage
    written = (usage.cache_write_tokens, usage.cache_write_1h_tokens)
    unsaid = None if caches or usage.total_tokens is None else 0
    return {
        "input": usage.input_tokens,
        "input_total": usage.total_input_tokens,
        "output": usage.output_tokens,
        "output_total": None if usage.output_tokens is None else usage.output_tokens + (usage.output_audio_tokens or 0),
        "reasoning": unsaid if usage.reasoning_tokens is None else usage.reasoning_tokens,
        "cache_read": unsaid if usage.cache_read_tokens is None else usage.cache_read_tokens,
        "cache_write": unsaid if None in written else sum(count for count in written if count),
        "total": usage.total_tokens,
    }


def _origin(error: BaseException | None) -> BaseException | None:
    """What broke a stream off: an error inside it; None where it only ended too early."""
    while isinstance(error, StreamInterruptedError):
        error = error.__cause__
    return error


def _raised(record: Record, error: BaseException | None) -> Any:
    if isinstance(error, ProviderError):
        return _error(record, error.status, error.code, error.message.partition(HINT)[0])
    if isinstance(error, LLMError):
        return f"{type(error).__name__}: {error}"
    return None


def _error(record: Record, status: int | None, code: Any, message: str | None) -> dict[str, Any]:
    inside = {"code": None if code is None else str(code), "message": message}
    return {"status": status, **inside} if record.status >= 400 else inside
