"""What to do about Bedrock's refusals.

Here: one table from error code, and text where the code says too little, to advice; the catalog is asked for names that
look like a wrong one. Not here: the classes of errors (codecs/). Called by: bedrock.py.
"""

from __future__ import annotations

from typing import NamedTuple

from bedrock_llm.catalog.lookup import nearest, without_geo
from bedrock_llm.errors import AuthenticationError, PermissionDeniedError, ProviderError

__all__ = ["CLOCK_CODES", "STALE_CODES", "advice"]

_SKEWED = "RequestTimeTooSkewed RequestExpired RequestInTheFuture"
_UNSIGNED = "InvalidSignatureException SignatureDoesNotMatch"
_EXPIRED = "ExpiredTokenException ExpiredToken TokenRefreshRequired"
_UNKNOWN = "UnrecognizedClientException InvalidClientTokenId"
CLOCK_CODES = frozenset(f"{_SKEWED} {_UNSIGNED}".split())  # this machine's clock may be off
STALE_CODES = frozenset(f"{_EXPIRED} {_UNKNOWN}".split())  # other credentials may be accepted
_PROFILE_PREFIX = {"us": "us", "eu": "eu", "ap": "apac"}  # by the first part of the region


class _Hint(NamedTuple):
    codes: frozenset[str]
    fragments: tuple[str, ...]  # of the message in lower case; none for any message
    text: str


def _hint(codes: str, fragments: tuple[str, ...], text: str) -> _Hint:
    return _Hint(frozenset(codes.split()), fragments, text)


_HINTS = (
    _hint(
        "ValidationException",
        ("on-demand throughput",),
        "{model} is served only through an inference profile: ask for {profile}, or for the ARN of a profile",
    ),
    _hint(
        "ValidationException",
        ("model identifier is invalid",),
        "check the id {model} and that it is offered in {region}; newer models are reached through an inference "
        "profile such as {profile}",
    ),
    _hint(
        "ValidationException",
        ("data retention mode",),
        "{model} needs another data retention mode of the account (control plane, PUT /data-retention, in {region})",
    ),
    _hint(
        "AccessDeniedException",
        ("invoketool",),
        "the built-in tools of {model} in {region} need the IAM permission bedrock:InvokeTool",
    ),
    _hint(
        "AccessDeniedException",
        ("api key", "bearer token"),
        "the Bedrock API key (api_key= or AWS_BEARER_TOKEN_BEDROCK) is wrong, has expired, or is not for {region}",
    ),
    _hint(
        "AccessDeniedException",
        (),
        "{model} in {region} needs the IAM permissions bedrock:InvokeModel and "
        "bedrock:InvokeModelWithResponseStream, and the account's access to that model",
    ),
    _hint("ResourceNotFoundException", (), "check that {model} exists in {region} and is not at its end of life"),
    _hint(
        "MPAgreementBeingCreated",
        (),
        "the Marketplace subscription for {model} in {region} is being made; try again in a few minutes",
    ),
    _hint(
        _UNKNOWN,
        (),
        "the access key is unknown in {region}; check it, and that temporary keys come with their session token",
    ),
    _hint(
        _EXPIRED,
        (),
        "the temporary credentials for {region} have expired and no newer ones were found; sign in again, for "
        "instance with `aws sso login`, or pass credentials= that refresh themselves",
    ),
    _hint(
        _SKEWED,
        (),
        "this machine's clock is off by more than five minutes; set it",
    ),
    _hint(
        _UNSIGNED,
        ("signature expired", "not yet current"),
        "this machine's clock is off by more than five minutes; set it",
    ),
    _hint(
        _UNSIGNED,
        (),
        "the secret does not belong to the access key id, the keys are not for {region}, or something on the way "
        "changed the request",
    ),
    _hint("MissingAuthenticationTokenException", (), "the key did not reach {region}; a proxy may have removed it"),
)


def advice(error: ProviderError, model: str, region: str, arn_region: str | None) -> str | None:
    """What the caller can do, or None where the provider's own words are all there is to say.

    Args:
        error: As the codec made it.
        model: The model id that was asked for.
        region: The region asked, or words for where it is not known.
        arn_region: The region inside the model's ARN, or None.
    """
    text = _matching(error)
    if text is None:
        return None
    said = text.format(model=model, region=region, profile=_profile(model, region))
    if arn_region is not None and arn_region != region:
        said += f"; the ARN is of {arn_region}, the request went to {region}"
    return said


def _profile(model: str, region: str) -> str:
    """An inference profile to ask for: the model's, or, where the id has no vendor, that of the most like known one."""
    name = model.rsplit("/", 1)[-1]
    if "." not in name:
        name = next(iter(nearest(name, 1)), "<vendor>.<model>")
    return f"{_PROFILE_PREFIX.get(region.split('-', maxsplit=1)[0], 'global')}.{without_geo(name)}"


def _matching(error: ProviderError) -> str | None:
    message = error.message.lower()
    for hint in _HINTS:
        if error.code in hint.codes and (not hint.fragments or any(part in message for part in hint.fragments)):
            return hint.text
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return "{model} was asked for in {region}; check that these keys may use it there"
    return None
