"""Where AWS keys are looked up.

Here: the order of the lookups, and one small class per form of `credentials=`. Not here: when to ask again
(credential_store.py), the SDK's own search (chain.py), signing (sigv4.py). Called by: bedrock.py, credential_store.py.

Order: `credentials=`, `api_key=`, then of the environment AWS_BEARER_TOKEN_BEDROCK, AWS_ACCESS_KEY_ID with its secret,
and at last botocore's chain (profiles, SSO, roles, container, instance ...). A `profile=` asks for that profile's keys
and passes the two of the environment over; AWS_AUTH_SCHEME_PREFERENCE, or the profile's auth_scheme_preference, with
sigv4 first passes the bearer token over. Blank variables count as unset.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, NamedTuple

from bedrock_llm.config import AWSCredentials, CredentialsSource, check_secret
from bedrock_llm.errors import ConfigurationError, LLMError, MissingCredentialsError, redact
from bedrock_llm.providers.off_loop import OffLoop
from bedrock_llm.providers.settings import Settings, variable

__all__ = ["BearerToken", "Held", "Source", "choose_source", "freeze"]

NOTHING_FOUND = (
    "no AWS credentials were found for Bedrock. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile "
    "(AWS_PROFILE or profile=), or set a Bedrock API key (AWS_BEARER_TOKEN_BEDROCK or api_key=), or pass credentials=. "
    "To see it work without an account: `bedrock-llm demo` (in a clone `make demo`); `bedrock-llm emulate` serves an "
    "emulator to your own program"
)
_FORMS = "AWSCredentials, a boto3-like session, or a callable that returns one of them"
_SECURITY_TOKENS = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")  # the old name first, as botocore has it


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
        """The credentials, where neither a network nor a stranger's code is needed to have them."""
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
    """A session: boto3, botocore, aioboto3, aiobotocore, or what has their `get_credentials`.

    Args:
        make: Gives the session to ask, or makes one; called in a thread.
        name: What it is called in messages.
    """

    def __init__(self, make: Callable[[], Any], name: str) -> None:
        self._make = make
        self._name = name
        self._off_loop = OffLoop()

    async def load(self) -> Held:
        origin, frozen = await _ask(self._off_loop, self._look, self._name)
        if origin is None:
            raise MissingCredentialsError(NOTHING_FOUND)
        return await freeze(self._off_loop, origin) if frozen is None else _held(frozen, origin)

    def _look(self) -> Any:
        """Its credentials, and what they hold where that can be had in this thread; all in one go."""
        origin = self._make().get_credentials()
        if isawaitable(origin):
            return _later(origin)
        if origin is None or iscoroutinefunction(origin.get_frozen_credentials):
            return origin, None
        return origin, origin.get_frozen_credentials()


async def _later(origin: Any) -> tuple[Any, None]:
    return await origin, None


class _Callable(Source):
    """A function that was passed in."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._off_loop = OffLoop()

    async def load(self) -> Held:
        name = "the callable in credentials="
        value = await _ask(self._off_loop, self._function, name)
        if isinstance(value, AWSCredentials):
            return Held(value)
        if value is None:
            raise MissingCredentialsError(
                f"{name} returned None; it must return AWSCredentials or a boto3-like session"
            )
        if hasattr(value, "get_credentials"):
            return await _Session(lambda: value, f"the session that {name} returned").load()
        if hasattr(value, "get_frozen_credentials"):
            return await freeze(self._off_loop, value)
        raise ConfigurationError(f"{name} must return AWSCredentials or a boto3-like session, not {_kind(value)}")


class _Environment(Source):
    """Nothing was passed in: environment variables, then botocore's chain."""

    def __init__(self, settings: Settings, profile: str | None, region: str | None) -> None:
        self._settings = settings
        self._environ = settings.environ
        self._profile = profile
        self._chain = _Session(partial(_new_session, profile, region), "boto3's credential chain")

    def at_once(self) -> Held | None:
        if self._profile is not None:
            return None
        token = variable(self._environ, "AWS_BEARER_TOKEN_BEDROCK")
        if token is not None and not self._settings.prefers_signatures():
            return Held(BearerToken(check_secret("AWS_BEARER_TOKEN_BEDROCK", token)))
        return self._keys()

    def _keys(self) -> Held | None:
        token_name = next((name for name in _SECURITY_TOKENS if variable(self._environ, name)), _SECURITY_TOKENS[1])
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", token_name)
        key_id, secret, token = (variable(self._environ, name) for name in names)
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
        return self.at_once() or await self._chain.load()


def _new_session(profile: str | None, region: str | None) -> Any:
    from bedrock_llm.providers.chain import new_session  # only where it is needed

    return new_session(profile, region)


def choose_source(
    environ: Mapping[str, str] | None,
    credentials: CredentialsSource | None,
    api_key: str | None,
    profile: str | None,
    region: str | None = None,
) -> Source:
    """Who is asked for keys.

    Args:
        environ: The variables; None for the process's.
        credentials: As the caller gave them.
        api_key: A Bedrock API key of the caller's.
        profile: The name of a profile, where the caller gave one.
        region: Where a profile's role or sign-on is asked for, if the AWS SDK finds no region itself.

    Raises:
        ConfigurationError: A key is blank or of several lines, or `credentials` is of no known form.
    """
    if credentials is not None:
        return _explicit_source(credentials)
    if api_key is not None:
        return _Fixed(BearerToken(check_secret("api_key", api_key)))
    return _Environment(Settings(environ, profile), profile, region)


def _explicit_source(credentials: Any) -> Source:
    if isinstance(credentials, AWSCredentials):
        return _Fixed(credentials)
    if hasattr(credentials, "get_credentials") and not isinstance(credentials, type):
        return _Session(lambda: credentials, "the session in credentials=")
    if callable(credentials):
        return _Callable(credentials)
    raise ConfigurationError(f"credentials must be {_FORMS}, not {_kind(credentials)}")


async def freeze(off_loop: OffLoop, origin: Any) -> Held:
    """What a botocore-like credentials object holds now, refreshed by itself where it is due, off the loop.

    Raises:
        MissingCredentialsError: It could not be refreshed.
        ConfigurationError: It holds nothing that can be used.
    """
    return _held(await _ask(off_loop, origin.get_frozen_credentials, "refreshing the AWS credentials"), origin)


def _held(frozen: Any, origin: Any) -> Held:
    value = AWSCredentials(frozen.access_key, frozen.secret_key, frozen.token or None)
    return Held(value, origin if hasattr(origin, "refresh_needed") else None)


async def _ask(off_loop: OffLoop, function: Callable[[], Any], name: str) -> Any:
    """Call a stranger's function: on the loop if it is async, in a thread if not. A thread is left behind on cancel."""
    try:
        if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
            return await function()
        value = await off_loop.run(function)
        return await value if isawaitable(value) else value
    except LLMError:
        raise
    except Exception as error:
        raise MissingCredentialsError(f"{name} failed: {type(error).__name__}: {redact(str(error))}") from error


def _kind(value: object) -> str:
    return type(value).__name__
