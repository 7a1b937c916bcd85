"""Where AWS keys, region and base URL are looked up. The only module that reads the environment.

Here: the order of the lookups, and one small class per form of `credentials=`. Not here: when to ask again
(credential_store.py), what a region or a URL may look like (endpoints.py), signing (sigv4.py). Called by: bedrock.py,
credential_store.py.

Order for keys: `credentials=`, `api_key=`, then of the environment AWS_BEARER_TOKEN_BEDROCK, AWS_ACCESS_KEY_ID with its
secret, and at last boto3's default chain (profiles, SSO, roles, container, instance). A `profile=` asks for that
profile's keys and passes the two of the environment over; AWS_AUTH_SCHEME_PREFERENCE with sigv4 first passes the bearer
token over. Blank variables count as unset.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

from bedrock_llm.config import AWSCredentials, CredentialsSource, check_secret
from bedrock_llm.errors import ConfigurationError, LLMError, MissingCredentialsError, redact

__all__ = [
    "BearerToken", "Held", "Source", "choose_source", "find_base_url", "find_ca_bundle", "find_region", "find_switch",
    "freeze",
]  # fmt: skip

NOTHING_FOUND = (
    "no AWS credentials were found for Bedrock. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile "
    "(AWS_PROFILE or profile=), or set a Bedrock API key (AWS_BEARER_TOKEN_BEDROCK or api_key=), or pass credentials=. "
    "To see it work without an account: `bedrock-llm demo` (in a clone `make demo`); `bedrock-llm emulate` serves an "
    "emulator to your own program"
)
_FORMS = "AWSCredentials, a boto3-like session, or a callable that returns one of them"


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A Bedrock API key. Shows nothing in its repr and refuses to be pickled."""

    token: str = field(repr=False)

    def __reduce__(self) -> Any:
        raise TypeError("a BearerToken is a secret and cannot be pickled or copied")


class Held(NamedTuple):
    """Credentials to use now.

    Attributes:
        value: They themselves.
        origin: What knows when they expire and fetches the next (botocore's `RefreshableCredentials` and its like), or
            None where they stay.
    """

    value: AWSCredentials | BearerToken
    origin: Any = None


class Source(ABC):
    """One way to get credentials."""

    def at_once(self) -> Held | None:
        """The credentials, where neither a file nor a network nor a stranger's code is needed to have them."""
        return None

    @abstractmethod
    async def load(self) -> Held:
        """The credentials, looked up anew.

        Raises:
            MissingCredentialsError: There are none.
            ConfigurationError: They cannot be used.
        """


class _Fixed(Source):
    """Keys that were passed in."""

    def __init__(self, value: AWSCredentials | BearerToken) -> None:
        self._held = Held(value)

    def at_once(self) -> Held:
        return self._held

    async def load(self) -> Held:
        return self._held


class _Session(Source):
    """A session that was passed in: boto3, botocore, aioboto3, aiobotocore, or what has their `get_credentials`."""

    def __init__(self, session: Any, name: str = "the session in credentials=") -> None:
        self._session = session
        self._name = name

    async def load(self) -> Held:
        return await _from_session(self._session, self._name)


class _Callable(Source):
    """A function that was passed in."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    async def load(self) -> Held:
        name = "the callable in credentials="
        value = await _ask(self._function, name)
        if isinstance(value, AWSCredentials):
            return Held(value)
        if value is None:
            raise MissingCredentialsError(
                f"{name} returned None; it must return AWSCredentials or a boto3-like session"
            )
        if hasattr(value, "get_credentials"):
            return await _from_session(value, f"the session that {name} returned")
        if hasattr(value, "get_frozen_credentials"):
            return await freeze(value)
        raise ConfigurationError(f"{name} must return AWSCredentials or a boto3-like session, not {_kind(value)}")


class _Environment(Source):
    """Nothing was passed in: environment variables, then boto3's chain."""

    def __init__(self, environ: Mapping[str, str], profile: str | None) -> None:
        self._environ = environ
        self._profile = profile
        self._chain: _DefaultChain | None = None  # while it is asked, or was left behind by a cancelled caller

    def at_once(self) -> Held | None:
        if self._profile is not None:
            return None
        token = _found(self._environ, "AWS_BEARER_TOKEN_BEDROCK")
        if token is not None and not _prefers_signatures(self._environ):
            return Held(BearerToken(check_secret("AWS_BEARER_TOKEN_BEDROCK", token)))
        return self._keys()

    def _keys(self) -> Held | None:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        key_id, secret, token = (_found(self._environ, name) for name in names)
        if key_id is None and secret is None:
            return None
        if key_id is None or secret is None:
            unset = names[0] if key_id is None else names[1]
            raise MissingCredentialsError(f"{unset} is not set, though its other half is; set both or none")
        for name, value in zip(names, (key_id, secret, token), strict=True):
            if value is not None:
                check_secret(name, value)
        return Held(AWSCredentials(key_id, secret, token))

    async def load(self) -> Held:
        found = self.at_once()
        if found is not None:
            return found
        self._chain = self._chain or _DefaultChain(self._profile)
        try:
            found = await _from_session(self._chain, "boto3's credential chain")
        except LLMError:
            self._chain = None
            raise
        self._chain = None
        return found


class _DefaultChain:
    """boto3's default chain as a session. Asked by two threads at once it looks up once.

    The second one is there where the first one's caller was cancelled and left its thread to itself.
    """

    def __init__(self, profile: str | None) -> None:
        self._profile = profile
        self._lock = Lock()
        self._found: list[Any] = []

    def get_credentials(self) -> Any:
        with self._lock:
            if not self._found:
                from boto3 import Session  # type: ignore[import-untyped]  # it ships no types

                self._found.append(Session(profile_name=self._profile).get_credentials())
            return self._found[0]


def choose_source(
    environ: Mapping[str, str] | None, credentials: CredentialsSource | None, api_key: str | None, profile: str | None
) -> Source:
    """Who is asked for keys.

    Raises:
        ConfigurationError: A key is blank or of several lines, or `credentials` is of no known form.
    """
    if credentials is not None:
        return _explicit_source(credentials)
    if api_key is not None:
        return _Fixed(BearerToken(check_secret("api_key", api_key)))
    return _Environment(os.environ if environ is None else environ, profile)


def _explicit_source(credentials: Any) -> Source:
    if isinstance(credentials, AWSCredentials):
        return _Fixed(credentials)
    if hasattr(credentials, "get_credentials") and not isinstance(credentials, type):
        return _Session(credentials)
    if callable(credentials):
        return _Callable(credentials)
    raise ConfigurationError(f"credentials must be {_FORMS}, not {_kind(credentials)}")


async def freeze(origin: Any) -> Held:
    """What a botocore-like credentials object holds now, refreshed by itself where it is due, off the loop.

    Raises:
        MissingCredentialsError: It could not be refreshed.
        ConfigurationError: It holds nothing that can be used.
    """
    frozen = await _ask(origin.get_frozen_credentials, "refreshing the AWS credentials")
    value = AWSCredentials(frozen.access_key, frozen.secret_key, frozen.token or None)
    return Held(value, origin if hasattr(origin, "refresh_needed") else None)


async def _from_session(session: Any, name: str) -> Held:
    origin = await _ask(session.get_credentials, name)
    if origin is None:
        raise MissingCredentialsError(NOTHING_FOUND)
    return await freeze(origin)


async def _ask(function: Callable[[], Any], name: str) -> Any:
    """Call a stranger's function: on the loop if it is async, in a thread if not. A thread is left behind on cancel."""
    from inspect import isawaitable, iscoroutinefunction

    from anyio.to_thread import run_sync

    try:
        if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
            return await function()
        # In a tuple, because trio lets no thread return a coroutine.
        (value,) = await run_sync(lambda: (function(),), abandon_on_cancel=True)
        return await value if isawaitable(value) else value
    except LLMError:
        raise
    except Exception as error:
        raise MissingCredentialsError(f"{name} failed: {type(error).__name__}: {redact(str(error))}") from error


def find_region(
    environ: Mapping[str, str] | None, region: str | None, profile: str | None, credentials: Any
) -> tuple[str, str] | None:
    """The region and the name of its source: argument, the session passed in, AWS_REGION, AWS_DEFAULT_REGION, profile.

    Raises:
        ConfigurationError: The AWS config file cannot be read.
    """
    if region is not None:
        return region, "region"
    environ = os.environ if environ is None else environ
    of_session = _session_region(credentials)
    if of_session is not None:
        return of_session, "the region of the session in credentials="
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        value = _found(environ, name)
        if value is not None:
            return value, name
    return _profile_region(environ, profile)


def find_base_url(environ: Mapping[str, str] | None, base_url: str | None) -> tuple[str, str] | None:
    """The base URL and the name of its source: argument, AWS_ENDPOINT_URL_BEDROCK_RUNTIME, AWS_ENDPOINT_URL."""
    if base_url is not None:
        return base_url, "base_url"
    environ = os.environ if environ is None else environ
    if find_switch(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return None
    for name in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"):
        value = _found(environ, name)
        if value is not None:
            return value, name
    return None


def find_switch(environ: Mapping[str, str] | None, name: str) -> bool:
    """Whether a variable of the environment says true, in any case."""
    return (os.environ if environ is None else environ).get(name, "").strip().lower() == "true"


def find_ca_bundle(environ: Mapping[str, str] | None) -> str | None:
    """AWS_CA_BUNDLE, or None. (SSL_CERT_FILE is the transports' own affair: it counts where this is not set.)"""
    return _found(os.environ if environ is None else environ, "AWS_CA_BUNDLE")


def _found(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name)
    return value if value is not None and value.strip() else None


def _prefers_signatures(environ: Mapping[str, str]) -> bool:
    schemes = [scheme.strip() for scheme in environ.get("AWS_AUTH_SCHEME_PREFERENCE", "").split(",")]
    known = [scheme for scheme in schemes if scheme in ("sigv4", "httpBearerAuth")]
    return known[:1] == ["sigv4"]


def _session_region(session: Any) -> str | None:
    if not hasattr(session, "get_credentials"):
        return None
    try:
        region = getattr(session, "region_name", None)
        if region is None and hasattr(session, "get_config_variable"):  # botocore's and aiobotocore's
            region = session.get_config_variable("region")
    except Exception as error:
        raise ConfigurationError(f"the session in credentials= failed: {redact(str(error))}") from error
    return region if isinstance(region, str) and region.strip() else None


def _profile_region(environ: Mapping[str, str], profile: str | None) -> tuple[str, str] | None:
    import configparser

    name = profile or _found(environ, "AWS_PROFILE") or _found(environ, "AWS_DEFAULT_PROFILE") or "default"
    home = environ.get("HOME") or environ.get("USERPROFILE")
    path = _found(environ, "AWS_CONFIG_FILE") or (home and f"{home}/.aws/config")
    if not path:
        return None
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(os.path.expanduser(path), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the AWS config file {path} cannot be read; set AWS_REGION or mend it") from error
    section = "default" if name == "default" and parser.has_section("default") else f"profile {name}"
    region = parser.get(section, "region", fallback="").strip()
    return (region, f"region of the profile {name} in {path}") if region else None


def _kind(value: object) -> str:
    return type(value).__name__
