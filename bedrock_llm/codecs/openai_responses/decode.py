"""A whole Responses answer, read.

Here: JSON to `Response`, and why an answer ended, which streams share. Not here: items (items.py), counts (usage.py),
streams (stream.py). Called by: body.py, stream.py.
Follows: OpenAI's Response object.

Rule: what is known is read strictly; counts that cannot be believed are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.errors import error_of
from bedrock_llm.codecs.openai_responses.items import Between, parts_of
from bedrock_llm.codecs.openai_responses.schema import STOP_REASONS
from bedrock_llm.codecs.openai_responses.usage import read_usage
from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, stop_reason_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import Message, Part
from bedrock_llm.response import Response, ResponseWarning, StopReason

__all__ = ["ended", "failed", "read_answer"]


def read_answer(data: Json, config: ModelConfig) -> Response[Any]:
    """A whole answer.

    Raises:
        ProtocolError: It is none.
        ProviderError: It failed, or is an error, though it came as an answer.
    """
    if data.__class__ is dict and failed(data):
        raise error_of(data)
    output = data.get("output") if data.__class__ is dict else None
    if output.__class__ is not list:
        raise ProtocolError("the service's answer holds no output", excerpt=repr(data))
    between, parts = Between(), list[Part]()
    for item in list_of(output, "output"):
        parts += parts_of(object_of(item, "an item of output"), config.family, between)
    reason, word, warning = ended(data, between)
    return Response(
        message=Message("assistant", tuple(parts)),
        stop_reason=reason,
        raw_stop_reason=word,
        usage=read_usage(data.get("usage")),
        warnings=() if warning is None else (warning,),
        raw=data,
    )


def failed(answer: Mapping[str, Json]) -> bool:
    """Whether the answer is an error."""
    return bool(answer.get("error")) or answer.get("status") == "failed"


def ended(
    answer: Mapping[str, Json], between: Between, mark: str | None = None
) -> tuple[StopReason, str | None, ResponseWarning | None]:
    """Why the answer ended, the wire's word for it, and what is to be said about it.

    The word is the reason why it is incomplete, or else its status.

    Args:
        answer: As it came.
        between: What its items said together.
        mark: The word that a stream's last event has in its name; stands for a status that is not there.

    Raises:
        ProtocolError: The word is no string.
    """
    details = answer.get("incomplete_details")
    reason = details.get("reason") if details.__class__ is dict else None
    word = reason or answer.get("status")
    meant, warning = stop_reason_of(word or mark, STOP_REASONS, "status", has_calls=between.calls > 0)
    if between.refused and meant is StopReason.stop:
        meant = StopReason.content_filter
    return meant, word, warning
