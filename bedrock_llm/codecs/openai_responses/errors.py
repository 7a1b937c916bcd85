"""Errors of the Responses API: in a refusal, in an answer that failed, in an event.

Here: where each of them stands. Not here: which class a code has (shared/openai_errors.py). Called by: decode.py,
stream.py, and whoever carries the body.
Follows: OpenAI's ResponseError, ResponseFailedEvent and ResponseErrorEvent.
"""

from __future__ import annotations

from bedrock_llm.codecs.openai_responses.usage import read_usage
from bedrock_llm.codecs.shared import openai_errors
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import ProviderError

__all__ = ["error_of"]


def error_of(data: Json, status: int | None = None) -> ProviderError:
    """The error that a body or an event says. Returned, not raised.

    Args:
        data: It, read: the body of a refusal, an answer whose status is `failed`, or an event that holds such an answer
            or is an error itself.
        status: HTTP status; None inside a stream or an answer.
    """
    answer = data.get("response") if data.__class__ is dict else None
    said = answer if answer.__class__ is dict else data
    error = openai_errors.error_of(_without_type(said), status)
    error.raw = data
    if said.__class__ is dict and said.get("usage").__class__ is dict:
        error.usage = read_usage(said["usage"])
    return error


def _without_type(said: Json) -> Json:
    """An answer less what describes it: what it is called is not the error's type."""
    if said.__class__ is dict and "output" in said:
        return {"error": said.get("error") or {}}
    return said
