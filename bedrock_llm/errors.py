"""Every error this package raises.

Whose fault it was is in the branch; whether trying again can help is in `.retryable`.

    LLMError
    ├── UsageError
    │   ├── ConfigurationError
    │   │   ├── MissingCredentialsError
    │   │   ├── MissingExtraError
    │   │   └── UnknownModelError
    │   ├── InvalidRequestError
    │   │   ├── UnsupportedFeatureError
    │   │   └── ContextTooLongError
    │   └── BudgetExceededError
    ├── TransportError
    │   ├── ConnectionFailedError
    │   ├── RequestTimeoutError
    │   └── StreamInterruptedError
    ├── ProviderError
    │   ├── AuthenticationError
    │   ├── PermissionDeniedError
    │   ├── NotFoundError
    │   ├── RejectedRequestError
    │   │   └── ContextWindowExceededError
    │   ├── RateLimitError
    │   ├── QuotaExceededError
    │   ├── OverloadedError
    │   └── ServerError
    ├── ProtocolError
    ├── ToolRoundsExceededError
    ├── OutputValidationError
    └── CallCancelledError

Here: the tree. Not here: the redaction of secrets (redaction.py), the mapping from a wire (that codec) or an HTTP
library (that transport) to these classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bedrock_llm.redaction import redact as redact  # noqa: PLC0414  # the layers above take it from here
from bedrock_llm.redaction import shown

if TYPE_CHECKING:
    from bedrock_llm.request import Request
    from bedrock_llm.response import Attempt, Response, Usage

__all__ = [
    "AuthenticationError", "BudgetExceededError", "CallCancelledError", "ConfigurationError",
    "ConnectionFailedError", "ContextTooLongError", "ContextWindowExceededError", "InvalidRequestError", "LLMError",
    "MissingCredentialsError", "MissingExtraError", "NotFoundError", "OutputValidationError", "OverloadedError",
    "PermissionDeniedError", "ProtocolError", "ProviderError", "QuotaExceededError", "RateLimitError",
    "RejectedRequestError", "RequestTimeoutError", "ServerError", "StreamInterruptedError",
    "ToolRoundsExceededError", "TransportError", "UnknownModelError", "UnsupportedFeatureError", "UsageError",
]  # fmt: skip

Phase = Literal["connect", "pool", "first_event", "idle", "total"]
Billed = Literal["no", "maybe", "yes"]

EXCERPT_CHARS = 200  # how much of a broken answer an error may show


class LLMError(Exception):
    """Anything that went wrong with a call.

    Attributes:
        retryable: Whether sending the same request again can help.
        retry_after_s: Seconds the server asked us to wait, or None.
        provider: Name of the provider, or None where none was reached.
        model: The model's name as it was asked for.
        request_id: The provider's id for the failed request.
        status: HTTP status, or None.
        attempts: One `Attempt` per request that was sent.
        partial: A `Response` folded from what had arrived, or None.
        usage: The `Usage` the provider had reported so far, or None.
        request: The `Request` that failed, or None where none was made.
    """

    default_retryable: ClassVar[bool] = False

    def __init__(  # noqa: PLR0913  # an error carries what is known of the call
        self,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        provider: str | None = None,
        model: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        partial: Response[Any] | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable: bool = self.default_retryable if retryable is None else retryable
        self.retry_after_s = retry_after_s
        self.provider = provider
        self.model = model
        self.request_id = request_id
        self.status = status
        self.attempts: tuple[Attempt, ...] = ()
        self.partial = partial
        self.usage = usage
        self.request: Request | None = None

    @property
    def message(self) -> str:
        """What happened, in a sentence or two."""
        return str(self.args[0]) if self.args else ""

    @property
    def billed(self) -> Billed:
        """Whether the provider may charge for the request that failed so."""
        return "no"


class UsageError(LLMError):
    """Your side: nothing was sent."""


class ConfigurationError(UsageError):
    """A client, a key, a region or an option is not usable as given."""


class MissingCredentialsError(ConfigurationError):
    """No credentials were found; the message names what to set."""


class MissingExtraError(ConfigurationError):
    """An optional dependency is not installed; the message gives the pip line."""

    def __init__(self, message: str, *, extra: str | None = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.extra = extra

    @classmethod
    def needing(cls, extra: str, purpose: str) -> MissingExtraError:
        """The error for `purpose`, which needs `extra`."""
        return cls(f"{purpose} needs an extra: pip install 'bedrock-llm[{extra}]'", extra=extra)


class UnknownModelError(ConfigurationError, ValueError):
    """No provider fits the model's name; `.nearest` holds names that do."""

    def __init__(self, message: str, *, nearest: tuple[str, ...] = (), **context: Any) -> None:
        super().__init__(message, **context)
        self.nearest = nearest


class InvalidRequestError(UsageError):
    """A message or a parameter is wrong.

    Attributes:
        parameter: Its name, e.g. `temperature` or `messages[2].content`.
        value: What was given (None where it might hold a secret).
        allowed: What is allowed, in words.
    """

    def __init__(
        self,
        message: str,
        *,
        parameter: str | None = None,
        value: object = None,
        allowed: str | None = None,
        **context: Any,
    ) -> None:
        super().__init__(message, **context)
        self.parameter = parameter
        self.value = value
        self.allowed = allowed

    @classmethod
    def of(cls, parameter: str, value: object, allowed: str) -> InvalidRequestError:
        """The usual form: `temperature must be a number from 0 to 1, not 7`."""
        words = f"{parameter} must be {allowed}, not {redact(shown(value))}"
        return cls(words, parameter=parameter, value=value, allowed=allowed)

    def __reduce__(self) -> Any:
        kept = self.value is None or isinstance(self.value, (str, bytes, int, float))  # anything else may not pickle
        return type(self), self.args, {**self.__dict__, "value": self.value if kept else shown(self.value)}


class UnsupportedFeatureError(InvalidRequestError):
    """The chosen model or wire does not have what the request asks for."""


class ContextTooLongError(InvalidRequestError):
    """The conversation cannot be made to fit the window; found before sending.

    Attributes:
        tokens: Input tokens counted or estimated.
        window: Input tokens that may be used.
        source: How `tokens` was found: exact, provider or estimate.
    """

    def __init__(
        self,
        message: str,
        *,
        tokens: int | None = None,
        window: int | None = None,
        source: str | None = None,
        **context: Any,
    ) -> None:
        super().__init__(message, **context)
        self.tokens = tokens
        self.window = window
        self.source = source


class BudgetExceededError(UsageError):
    """The call could cost more than is left of its budget."""


class TransportError(LLMError):
    """The way between: no complete answer came.

    Attributes:
        sent: Whether the request may have reached the server (and may be billed).
    """

    default_retryable = True

    def __init__(self, message: str, *, sent: bool = True, **context: Any) -> None:
        super().__init__(message, **context)
        self.sent = sent

    @property
    def billed(self) -> Billed:
        """No if the request was never sent; otherwise nobody can know."""
        return "maybe" if self.sent else "no"


class ConnectionFailedError(TransportError):
    """No connection, or it broke before an answer came."""


class RequestTimeoutError(TransportError):
    """A deadline passed.

    Attributes:
        phase: Which one: connect, pool, first_event, idle or total.
        after_s: Its length in seconds.
    """

    def __init__(self, message: str, *, phase: Phase = "total", after_s: float | None = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.phase = phase
        self.after_s = after_s


class StreamInterruptedError(TransportError):
    """The answer broke off; `.partial` is what had arrived. Never retried once the caller has seen an event."""


class ProviderError(LLMError):
    """They answered no.

    Attributes:
        code: The provider's own error code, or None.
        raw: The error body as it came (JSON or text), or None.
        retry_at_s: When the server asked us to come again, in seconds since the epoch, where it gave a date and not its
            own time; or None.
        server_date_s: When they answered by their own clock (seconds since the epoch), or None.
    """

    def __init__(self, message: str, *, code: str | None = None, raw: Any = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.code = code
        self.raw = raw
        self.retry_at_s: float | None = None
        self.server_date_s: float | None = None

    @property
    def billed(self) -> Billed:
        """A refusal is free; a failure on their side (408, 424, 5xx) may not be."""
        return "maybe" if self.status in (408, 424) or (self.status or 0) >= 500 else "no"


class AuthenticationError(ProviderError):
    """The key, the signature or the token was not accepted (401)."""


class PermissionDeniedError(ProviderError):
    """Known, but not allowed (403)."""


class NotFoundError(ProviderError):
    """No such model or resource there (404)."""


class RejectedRequestError(ProviderError):
    """The request was refused as invalid (400, 413, 422)."""


class ContextWindowExceededError(RejectedRequestError):
    """The provider found the input longer than the model's window."""


class RateLimitError(ProviderError):
    """Too many requests or tokens for now (429)."""

    default_retryable = True


class QuotaExceededError(ProviderError):
    """A quota or the balance is used up; waiting seconds will not help (402)."""


class OverloadedError(ProviderError):
    """The service has no capacity just now (503, 529)."""

    default_retryable = True


class ServerError(ProviderError):
    """They failed (500 and its like)."""

    default_retryable = True


class ProtocolError(LLMError):
    """They broke their own format.

    Attributes:
        excerpt: Up to 200 characters of what came, redacted.
    """

    def __init__(self, message: str, *, excerpt: str | None = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.excerpt: str | None = None if excerpt is None else redact(excerpt[: 10 * EXCERPT_CHARS])[:EXCERPT_CHARS]

    @property
    def billed(self) -> Billed:
        """An answer was made, if not one we can read."""
        return "maybe"


class ToolRoundsExceededError(LLMError):
    """`run_tools` reached its limit of rounds; `.partial` is the last answer."""


class OutputValidationError(LLMError):
    """No valid structured output came; `.partial` is the last answer."""

    @property
    def billed(self) -> Billed:
        """The answer came whole; only its content did not fit."""
        return "yes"


class CallCancelledError(LLMError):
    """Tells observers, and only them, that a call was cancelled or its stream left early.

    Attributes:
        abandoned: True where the caller left the stream (early `break`, `aclose`); False for a cancelled task.
    """

    def __init__(self, message: str, *, abandoned: bool = False, **context: Any) -> None:
        super().__init__(message, **context)
        self.abandoned = abandoned

    @property
    def billed(self) -> Billed:
        """The provider may go on generating."""
        return "maybe"


def interrupted(error: LLMError, partial: Response[Any] | None, *, retryable: bool) -> LLMError:
    """The error for an answer that broke after its first event; what had arrived rides on it.

    A deadline and a broken format stay what they are. A cut connection and an error inside the stream become
    `StreamInterruptedError`; raise that from `error`.
    """
    usage = None if partial is None else partial.usage
    if isinstance(error, (RequestTimeoutError, ProtocolError)) or not isinstance(
        error, (TransportError, ProviderError)
    ):
        error.partial, error.usage = partial, usage
        return error
    text = error.message if isinstance(error, StreamInterruptedError) else f"the answer broke off: {error.message}"
    return StreamInterruptedError(
        text,
        retryable=retryable,
        retry_after_s=error.retry_after_s,
        provider=error.provider,
        model=error.model,
        request_id=error.request_id,
        status=error.status,
        partial=partial,
        usage=usage,
    )
