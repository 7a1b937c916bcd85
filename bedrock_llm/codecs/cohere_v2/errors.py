"""Errors of Cohere's API, as ours: the body of a refusal, and what a stream tells at its end.

Here: which class a status means, and what the texts tell apart. Not here: headers (whoever carries the body). Called
by: decode.py, stream.py, and the codec that carries the body.
Follows: https://docs.cohere.com/reference/errors: `{"id", "message"}` and the status; there are no codes.
"""

from __future__ import annotations

import re

from bedrock_llm.codecs.shared.http_errors import class_of_status
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import (
    ContextWindowExceededError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
)

__all__ = ["error_of"]

_IN_A_STREAM = 500  # what an error inside an answer would have been outside
_OVERFLOW = ("too many tokens", "context length", "context window", "maximum number of tokens")
_SPENT = re.compile(r"(/|per|a|this) ?month|monthly|billing", re.IGNORECASE)  # a trial key's calls, a limit on spending


def error_of(data: Json, status: int | None = None) -> ProviderError:
    """The error that `{"message": ...}` says. Returned, not raised.

    Args:
        data: The body, read; anything else makes an error that says so.
        status: HTTP status; None inside an answer.
    """
    fields = data if data.__class__ is dict else {}
    said = fields.get("message") or fields.get("error")
    text = said.strip() if isinstance(said, str) else ""
    status = _IN_A_STREAM if status is None else status
    kind = class_of_status(status)
    if kind is RejectedRequestError and any(words in text.lower() for words in _OVERFLOW):
        kind = ContextWindowExceededError
    if kind is RateLimitError and _SPENT.search(text):
        kind = QuotaExceededError
    made = kind(text or f"the service reported an error ({status}) and said nothing more", raw=data, status=status)
    made.retryable = kind.default_retryable
    identity = fields.get("id")
    made.request_id = identity if isinstance(identity, str) else None
    return made
