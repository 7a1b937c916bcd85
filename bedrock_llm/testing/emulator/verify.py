"""Who asks: the check of a signature or a bearer token, with AWS's own refusals.

Here: `verify` and `Identity`. A signature is checked as AWS does it: made again from what arrived. Not here: the
algorithm (providers/sigv4.py), the clock (an argument). Called by: service.
Follows: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

from __future__ import annotations

import hmac
import re
from calendar import timegm
from dataclasses import dataclass, field
from hashlib import sha256
from time import gmtime, strftime, strptime
from typing import NamedTuple

from bedrock_llm.providers.sigv4 import canonical_request, signature, string_to_sign, target
from bedrock_llm.testing.emulator.wire import Received, Refusal

__all__ = ["Identity", "verify"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "bedrock"
_MAX_SKEW_S = 300
_AMZ_DATE = "%Y%m%dT%H%M%SZ"
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """The one caller that the emulator knows.

    Attributes:
        access_key_id: Of the AWS keys.
        secret_access_key: Its secret.
        api_key: The Bedrock API key (bearer token).
        session_token: What signed requests must carry beside the keys; None for keys that are not temporary.
        region: The only region whose signatures are taken; None takes any.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    api_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str | None = None


class _Authorization(NamedTuple):
    """An Authorization header, taken apart."""

    access_key_id: str
    scope: tuple[str, ...]
    signed: tuple[str, ...]
    signature: str


def verify(received: Received, identity: Identity, now: float) -> None:
    """Let the request pass if it proves who asks.

    Args:
        received: As it came.
        identity: The caller to expect.
        now: Seconds since the epoch.

    Raises:
        Refusal: It does not; status 403, with the code and the words that AWS uses.
    """
    header = received.header("authorization")
    if not header:
        raise _refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    if header.lower().startswith("bearer "):
        _check_bearer(header[7:].strip(), identity)
        return
    _check_signature(received, _parse(header), identity, now)


def _refused(code: str, message: str) -> Refusal:
    return Refusal(code, message, 403)


def _check_bearer(token: str, identity: Identity) -> None:
    if not hmac.compare_digest(token.encode(), identity.api_key.encode()):
        raise _refused("AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.")


def _parse(header: str) -> _Authorization:
    algorithm, _, rest = header.partition(" ")
    if algorithm != _ALGORITHM:
        raise _refused("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields = {}
    for item in rest.split(","):
        name, _, value = item.strip().partition("=")
        fields[name] = value
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)]
    if missing:
        words = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise _refused("IncompleteSignatureException", words)
    access_key_id, *scope = fields["Credential"].split("/")
    if len(scope) != 4:
        raise _refused("IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements.")
    return _Authorization(access_key_id, tuple(scope), tuple(fields["SignedHeaders"].split(";")), fields["Signature"])


def _check_signature(received: Received, given: _Authorization, identity: Identity, now: float) -> None:
    amz_date = received.header("x-amz-date")
    if amz_date is None:
        words = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        raise _refused("IncompleteSignatureException", words)
    _check_signed_headers(received, given.signed)
    if (
        given.access_key_id != identity.access_key_id
        or received.header("x-amz-security-token") != identity.session_token
    ):
        raise _refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    _check_scope(given.scope, amz_date, identity)
    _check_time(amz_date, now)
    _, region, service, _ = given.scope
    expected = signature(
        identity.secret_access_key,
        string_to_sign(_canonical(received, given.signed), amz_date, region, service),
        region,
        service,
    )
    if not hmac.compare_digest(expected, given.signature):
        raise _refused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )


def _canonical(received: Received, signed: tuple[str, ...]) -> str:
    where = target(received.path + (f"?{received.query}" if received.query else ""))
    headers = [(name, value) for name, value in received.headers if name in signed]
    digest = received.header("x-amz-content-sha256") if "x-amz-content-sha256" in signed else None
    actual = sha256(received.body).hexdigest()
    if digest is not None and digest != actual:
        raise _refused(
            "InvalidSignatureException", "The value of the x-amz-content-sha256 header does not match the body."
        )
    return canonical_request(received.method, where, headers, actual)


def _check_signed_headers(received: Received, signed: tuple[str, ...]) -> None:
    """Host and time must be signed, and so must the session token; a name that did not arrive cannot be signed."""
    if "host" not in signed:
        raise _refused(
            "InvalidSignatureException", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    needed = ["x-amz-date"] + ["x-amz-security-token"] * (received.header("x-amz-security-token") is not None)
    for name in needed:
        if name not in signed:
            raise _refused("InvalidSignatureException", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _check_scope(scope: tuple[str, ...], amz_date: str, identity: Identity) -> None:
    day, region, service, terminator = scope
    problem = None
    if not _REGION.fullmatch(region) or (identity.region is not None and region != identity.region):
        problem = "Credential should be scoped to a valid region. "
    elif service != _SERVICE:
        problem = f"Credential should be scoped to correct service: '{_SERVICE}'. "
    elif terminator != "aws4_request":
        problem = f"Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'."
    elif day != amz_date[:8]:
        problem = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{day}' != '{amz_date[:8]}', from '{amz_date}'."
        )
    if problem is not None:
        raise _refused("InvalidSignatureException", problem)


def _check_time(amz_date: str, now: float) -> None:
    try:
        signed_at = timegm(strptime(amz_date, _AMZ_DATE))
    except ValueError:
        words = f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        raise _refused("IncompleteSignatureException", words) from None
    here = _written(now)
    if signed_at < now - _MAX_SKEW_S:
        bound = _written(now - _MAX_SKEW_S)
        words = f"Signature expired: {amz_date} is now earlier than {bound} ({here} - 5 min.)"
        raise _refused("InvalidSignatureException", words)
    if signed_at > now + _MAX_SKEW_S:
        bound = _written(now + _MAX_SKEW_S)
        words = f"Signature not yet current: {amz_date} is still later than {bound} ({here} + 5 min.)"
        raise _refused("InvalidSignatureException", words)


def _written(timestamp: float) -> str:
    return strftime(_AMZ_DATE, gmtime(timestamp))
