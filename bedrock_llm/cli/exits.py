"""How a command ends: its exit code, and the one or two lines that say why.

Here: two tables. Not here: the errors themselves (errors.py). Called by: main.

    0    an answer
    1    the provider refused, the way there failed, or the answer was cut
    2    usage: options, input, no credentials, unknown model
    130  Ctrl-C (128 + SIGINT, as shells report it)
    141  nobody reads the output any more (128 + SIGPIPE, likewise)
"""

from __future__ import annotations

from bedrock_llm.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRequestError,
    LLMError,
    MissingCredentialsError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    StreamInterruptedError,
    UnknownModelError,
    UsageError,
)

__all__ = ["FAILED", "INTERRUPTED", "READER_GONE", "USAGE", "code_of", "lines_of"]

FAILED = 1
USAGE = 2
INTERRUPTED = 130
READER_GONE = 141

_MESSAGE_CHARS = 1_000  # of a provider's words; an HTML page is not a message

_TOLD = ("(hint: ", "`bedrock-llm emulate`")  # how a message shows that it says what to do itself

_DEMO = "to see it work without an account: bedrock-llm demo, or in a clone make demo"
_MODELS = "`bedrock-llm models` lists the models that are known"

# The first class that fits decides; a class that is absent explains itself.
_NEXT_STEPS: tuple[tuple[type[LLMError], str], ...] = (
    (UnknownModelError, _MODELS),
    (MissingCredentialsError, _DEMO),
    (InvalidRequestError, "see: bedrock-llm ask --help"),
    (AuthenticationError, "check the keys in the environment (a bearer token beats them) and this machine's clock"),
    (PermissionDeniedError, "check that this account may use the model in this region (Bedrock console: model access)"),
    (NotFoundError, f"check the model's id and the region (--region); {_MODELS}"),
    (RateLimitError, "wait a little and ask again, or ask another model or region"),
    (OverloadedError, "wait a little and ask again, or ask another model or region"),
    (RequestTimeoutError, "ask again, with a longer --timeout where you had set one"),
    (StreamInterruptedError, "what stands above is not the whole answer; ask again"),
    (ConnectionFailedError, "check the network, the region (--region) and the address (--endpoint-url)"),
)


def code_of(error: LLMError) -> int:
    """The exit code for an error: whether it was the caller's side or not."""
    return USAGE if isinstance(error, UsageError) else FAILED


def lines_of(error: LLMError) -> list[str]:
    """What went wrong, and what to do next, each in one line."""
    lines = [f"error: {_one_line(error.message) or type(error).__name__}{_circumstances(error)}"]
    if not any(told in error.message for told in _TOLD):
        lines += [step for kind, step in _NEXT_STEPS if isinstance(error, kind)][:1]
    return lines


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _MESSAGE_CHARS else joined[: _MESSAGE_CHARS - 3] + "..."


def _circumstances(error: LLMError) -> str:
    known: list[str] = []
    if len(error.attempts) > 1:
        known.append(f"{len(error.attempts)} attempts")
    if error.request_id and error.request_id not in error.message:
        known.append(f"request id {error.request_id}")
    return f" ({', '.join(known)})" if known else ""
