"""One HTTP exchange with a provider: sent once, read, and its error made fit to be shown.

Here: `exchange`, for the operations that are no answer of a model, and `clean`, which takes secrets out of an error.
Not here: what is written and read, when to try again (operations/). Called by: remote.py, counting.py, operations/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from bedrock_llm.codecs.shared.aws_names import JSON_TYPE, REQUEST_ID
from bedrock_llm.errors import LLMError, PermissionDeniedError, ProtocolError, ProviderError, UsageError, redact
from bedrock_llm.providers.base import Provider
from bedrock_llm.redaction import redact_within
from bedrock_llm.transports.base import TIMEOUTS, HTTPCall, Transport

__all__ = ["Operation", "Wire", "clean", "exchange", "explain"]

T = TypeVar("T")

_SENT: Mapping[str, str] = {"content-type": JSON_TYPE, "accept": JSON_TYPE}
_ASKED: Mapping[str, str] = {"accept": JSON_TYPE}


class Wire(NamedTuple):
    """What carries an exchange: who asks, over what, and the clock that signatures go by (seconds since the epoch)."""

    provider: Provider
    transport: Transport
    now: Callable[[], float]


class Operation(NamedTuple):
    """One call of an operation.

    Attributes:
        name: As the service calls it, e.g. `ApplyGuardrail`.
        method: e.g. `POST`.
        url: Absolute, percent-encoded.
        body: JSON, or nothing.
        permission: The IAM permission that it needs.
    """

    name: str
    method: str
    url: str
    body: bytes = b""
    permission: str = ""


async def exchange(wire: Wire, operation: Operation, read: Callable[[bytes], T]) -> T:
    """Send once, and read the answer's body.

    Raises:
        ConfigurationError: There are no credentials, or no region.
        LLMError: The service refused (as its codecs say it), the way there failed, or `read` did.
    """
    credentials = None
    try:
        credentials = await wire.provider.credentials()
        headers = _SENT if operation.body else _ASKED
        call = HTTPCall(operation.method, operation.url, headers, operation.body, TIMEOUTS.get())
        reply = await wire.transport.send(wire.provider.authorize(call, credentials, wire.now()))
        if reply.status != 200:
            from bedrock_llm.codecs.shared.aws_errors import from_http  # needed where something failed

            raise from_http(reply.status, reply.headers, reply.body)
        try:
            return read(reply.body)
        except ProtocolError as error:
            error.request_id = error.request_id or reply.headers.get(REQUEST_ID)
            raise
    except LLMError as error:
        clean(error, () if isinstance(error, UsageError) else wire.provider.secrets(credentials), wire.now)
        raise explain(error, wire.provider, operation.name, operation.permission) from error.__cause__


def clean(error: LLMError, secrets: Iterable[str], now: Callable[[], float]) -> None:
    """Take the secrets out of all that an error says, and make the time to come again a wait; changes the error."""
    if isinstance(error, ProviderError) and error.retry_after_s is None and error.retry_at_s is not None:
        error.retry_after_s = max(0.0, error.retry_at_s - now())
    if isinstance(error, UsageError):  # our own words
        return
    known = tuple(secrets)
    error.args = (redact(error.message, known), *error.args[1:])
    error.request_id = error.request_id and redact(error.request_id, known)
    if isinstance(error, ProtocolError) and error.excerpt:
        error.excerpt = redact(error.excerpt, known)
    elif isinstance(error, ProviderError):
        error.raw, error.code = redact_within(error.raw, known), redact_within(error.code, known)


def explain(error: LLMError, provider: Provider, name: str, permission: str) -> LLMError:
    """The same error, with what to do about it: about keys as for any request, about rights what this operation needs.

    Args:
        error: As the service's answer was read.
        provider: Who was asked.
        name: The operation's.
        permission: The IAM permission that it needs.
    """
    error.provider = error.provider or provider.name
    if not isinstance(error, ProviderError) or error.status not in (401, 403):
        return error
    if not isinstance(error, PermissionDeniedError):
        return provider.explain(error, name)
    if permission and permission not in error.message:
        error.args = (f"{error.message} (hint: {name} needs the IAM permission {permission})", *error.args[1:])
    return error
