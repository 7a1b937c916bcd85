"""A whole answer of Ollama's chat, read.

Here: JSON to `Response`, and the readers of stop reason and counts that streams share. Not here: the parts of the
message (assembly.py), streams (stream.py). Called by: body.py, stream.py.
Follows: Ollama's API, api.ChatResponse.

Rule: a count that the answer lacks is unknown, as older servers leave out that of a prompt which they had kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.ollama_chat.assembly import Assembly
from bedrock_llm.codecs.ollama_chat.errors import error_of
from bedrock_llm.codecs.ollama_chat.schema import STOP_REASONS
from bedrock_llm.codecs.shared.reading import Json, count, stop_reason_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, StreamInterruptedError
from bedrock_llm.events import Event
from bedrock_llm.messages import Message
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = ["ended", "read_answer", "read_usage"]


def read_answer(data: Json, config: ModelConfig) -> Response[Any]:
    """A whole answer.

    Raises:
        ProtocolError: It is none.
        ProviderError: It is an error, though it came as an answer.
        StreamInterruptedError: It says that it is not done.
    """
    if data.__class__ is dict and data.get("error"):
        raise error_of(data)
    if data.__class__ is not dict or data.get("message").__class__ is not dict:
        raise ProtocolError("the service's answer holds no message", excerpt=repr(data))
    if data.get("done") is False:
        raise StreamInterruptedError("the answer says of itself that it is not done")
    assembly, events = Assembly(config.family), list[Event]()
    assembly.take(data["message"], events)
    assembly.finish(events)
    word = data.get("done_reason")
    reason, warning = ended(word, has_calls=assembly.calls > 0)
    return Response(
        message=Message("assistant", tuple(assembly.parts)),
        stop_reason=reason,
        raw_stop_reason=word or None,
        usage=read_usage(data),
        warnings=() if warning is None else (warning,),
        raw=data,
    )


def ended(word: Json, *, has_calls: bool) -> tuple[StopReason, ResponseWarning | None]:
    """Why the answer ended; the wire says a plain stop beside tool calls.

    Raises:
        ProtocolError: The word is no string.
    """
    return stop_reason_of(word or None, STOP_REASONS, "done_reason", has_calls=has_calls)


def read_usage(data: Mapping[str, Json]) -> Usage:
    """The counts of an answer: the prompt with what was kept of it, and what was written, reasoning included."""
    return Usage(
        input_tokens=count(data.get("prompt_eval_count")),
        output_tokens=count(data.get("eval_count")),
    )
