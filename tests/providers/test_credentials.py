"""Where keys, region and base URL are looked up, in which order, and every form of `credentials=`."""

from __future__ import annotations

import threading

import anyio
import pytest

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import ConfigurationError, MissingCredentialsError
from bedrock_llm.providers.credentials import BearerToken, choose_source
from tests.providers.sessions import AsyncCredentials, AsyncSession, Credentials, RefreshableCredentials, Session

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret-of-the-environment"}
TOKEN = {"AWS_BEARER_TOKEN_BEDROCK": "token-of-the-environment"}
ENV_KEYS = AWSCredentials("AKIDENV", "secret-of-the-environment")
ENV_SESSION_KEYS = AWSCredentials("AKIDENV", "secret-of-the-environment", "session")
ENV_TOKEN = BearerToken("token-of-the-environment")
STATIC = AWSCredentials("AKIDSTATIC", "secret-that-was-passed", "token-that-was-passed")
SESSION_KEYS = AWSCredentials("AKIDSESSION", "secret-of-the-session")


def at_once(environ, credentials=None, api_key=None, profile=None):
    held = choose_source(environ, credentials, api_key, profile).at_once()
    return None if held is None else held.value


# --- the order


@pytest.mark.parametrize(
    ("environ", "options", "found"),
    [
        (KEYS | TOKEN, {"credentials": STATIC, "api_key": "key-that-was-passed"}, STATIC),
        (KEYS | TOKEN, {"api_key": "key-that-was-passed"}, BearerToken("key-that-was-passed")),
        (KEYS | TOKEN, {}, ENV_TOKEN),
        (KEYS | {"AWS_BEARER_TOKEN_BEDROCK": " \t"}, {}, ENV_KEYS),
        (KEYS | {"AWS_BEARER_TOKEN_BEDROCK": ""}, {}, ENV_KEYS),
        (KEYS | TOKEN | {"AWS_AUTH_SCHEME_PREFERENCE": "sigv4"}, {}, ENV_KEYS),
        (KEYS | TOKEN | {"AWS_AUTH_SCHEME_PREFERENCE": "sigv4a, sigv4, httpBearerAuth"}, {}, ENV_KEYS),
        (KEYS | TOKEN | {"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth,sigv4"}, {}, ENV_TOKEN),
        (
            KEYS | {"AWS_SESSION_TOKEN": "session"},
            {},
            AWSCredentials("AKIDENV", "secret-of-the-environment", "session"),
        ),
        (KEYS | {"AWS_SESSION_TOKEN": ""}, {}, ENV_KEYS),
        (KEYS | {"AWS_SECURITY_TOKEN": "session"}, {}, ENV_SESSION_KEYS),
        (KEYS | {"AWS_SECURITY_TOKEN": "session", "AWS_SESSION_TOKEN": "newer"}, {}, ENV_SESSION_KEYS),
        (KEYS | {"AWS_SECURITY_TOKEN": " ", "AWS_SESSION_TOKEN": "session"}, {}, ENV_SESSION_KEYS),
        (KEYS | {"AWS_PROFILE": "other"}, {}, ENV_KEYS),
        (KEYS | TOKEN, {"profile": "mine"}, None),
        ({}, {}, None),
    ],
)
def test_order_of_the_lookups(environ, options, found):
    assert at_once(environ, **options) == found


def test_one_half_of_the_keys_is_called_so():
    for missing in KEYS:
        with pytest.raises(MissingCredentialsError, match=f"^{missing} is not set"):
            at_once({name: value for name, value in KEYS.items() if name != missing})


BAD_KEYS = ["two\nlines", "carriage\rreturn", "a b", "tab\t", "nul\0", "\u00fcmlaut", "trailing\n"]


@pytest.mark.parametrize("name", [*KEYS, *TOKEN, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
@pytest.mark.parametrize("value", BAD_KEYS)
def test_variable_that_cannot_stand_in_a_header_is_refused_by_name_without_its_value(name, value):
    with pytest.raises(ConfigurationError, match=f"^{name} must be one line of ASCII") as caught:
        at_once(KEYS | {name: value})
    assert value.strip() not in str(caught.value)


@pytest.mark.parametrize("value", ["", " ", "\n", *BAD_KEYS, 7, b"x"])
def test_api_key_that_cannot_stand_in_a_header_is_refused(value):
    with pytest.raises(ConfigurationError, match=r"^api_key "):
        choose_source({}, None, value, None)


# --- every form of credentials=


class CallableObject:
    async def __call__(self):
        return STATIC


async def async_static():
    return STATIC


def returns_a_coroutine():
    return async_static()


async def async_session():
    return AsyncSession()


FORMS = {
    "keys": (STATIC, STATIC),
    "a boto3-like session": (Session(), SESSION_KEYS),
    "an aioboto3-like session": (AsyncSession(AsyncCredentials()), SESSION_KEYS),
    "an async session with sync credentials": (AsyncSession(), SESSION_KEYS),
    "a session whose credentials expire": (
        Session(RefreshableCredentials()),
        AWSCredentials("AKIDFIRST", "secret-number-0", "token-number-0"),
    ),
    "a session with an empty token": (Session(Credentials(token="")), SESSION_KEYS),
    "a function": (lambda: STATIC, STATIC),
    "a function that returns a session": (Session, SESSION_KEYS),
    "a function that returns an async session": (lambda: AsyncSession(AsyncCredentials()), SESSION_KEYS),
    "a function that returns a coroutine": (returns_a_coroutine, STATIC),
    "a function that returns a session's credentials": (Credentials, SESSION_KEYS),
    "an async function": (async_static, STATIC),
    "an async function that returns a session": (async_session, SESSION_KEYS),
    "an object with an async call": (CallableObject(), STATIC),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("form", "found"), FORMS.values(), ids=FORMS.keys())
async def test_every_form_of_credentials(form, found):
    with anyio.fail_after(5):
        held = await choose_source({}, form, None, None).load()
    assert held.value == found


@pytest.mark.anyio
async def test_only_what_expires_is_kept_an_eye_on():
    expiring = RefreshableCredentials()
    assert (await choose_source({}, Session(expiring), None, None).load()).origin is expiring
    assert (await choose_source({}, Session(), None, None).load()).origin is None


@pytest.mark.anyio
async def test_sessions_and_plain_functions_are_asked_off_the_loop():
    session = Session()
    threads = []

    def function():
        threads.append(threading.current_thread().name)
        return session

    await choose_source({}, function, None, None).load()
    assert threading.current_thread().name not in {*threads, *session.threads}


def refuse():
    raise RuntimeError("the vault is sealed; Bearer abcdefghijklmnop")


async def refuse_later():
    refuse()


class SealedSession(Session):
    def get_credentials(self):
        refuse()


@pytest.mark.anyio
@pytest.mark.parametrize("form", [refuse, refuse_later, SealedSession()])
async def test_a_strangers_failure_becomes_ours_with_its_cause(form):
    with pytest.raises(
        MissingCredentialsError, match=r"failed: RuntimeError: the vault is sealed; .*\[redacted\]"
    ) as caught:
        await choose_source({}, form, None, None).load()
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.anyio
async def test_an_error_of_ours_passes_through_a_strangers_function():
    with pytest.raises(ConfigurationError, match=r"AWSCredentials\.secret_access_key is blank"):
        await choose_source({}, lambda: AWSCredentials("AKID", " "), None, None).load()


@pytest.mark.anyio
@pytest.mark.parametrize("form", [Session(), AsyncSession(), lambda: None])
async def test_credentials_that_are_not_there_are_missing(form):
    if isinstance(form, Session):
        form.credentials = None
    with pytest.raises(MissingCredentialsError):
        await choose_source({}, form, None, None).load()


@pytest.mark.anyio
@pytest.mark.parametrize("returned", ["AKIA-AS-A-STRING", ("a", "b"), {"access_key": "x"}, 7])
async def test_function_that_returns_something_else_is_told_without_showing_it(returned):
    with pytest.raises(ConfigurationError, match="must return AWSCredentials or a boto3-like session, not ") as caught:
        await choose_source({}, lambda: returned, None, None).load()
    assert "AKIA" not in str(caught.value)


@pytest.mark.parametrize("form", ["AKIA-AS-A-STRING", ("a", "b"), {"access_key": "x"}, 7])
def test_what_is_no_form_of_credentials_is_refused_at_once(form):
    with pytest.raises(
        ConfigurationError, match="credentials must be AWSCredentials, a boto3-like session, or"
    ) as caught:
        choose_source({}, form, None, None)
    assert "AKIA" not in str(caught.value)


# --- boto3 itself


@pytest.mark.anyio
async def test_default_chain_finds_a_profile(aws):
    (aws / "credentials").write_text("[mine]\naws_access_key_id = AKIDFILE\naws_secret_access_key = of-the-file\n")
    held = await choose_source(KEYS | TOKEN, None, None, "mine").load()
    assert held == (AWSCredentials("AKIDFILE", "of-the-file"), None)


@pytest.mark.anyio
async def test_profile_that_is_not_there_is_named(aws):
    with pytest.raises(MissingCredentialsError, match=r"boto3's credential chain failed: ProfileNotFound.*nowhere"):
        await choose_source({}, None, None, "nowhere").load()


@pytest.mark.anyio
async def test_nothing_found_says_everything_that_can_be_set(aws):
    with pytest.raises(MissingCredentialsError) as caught:
        await choose_source({}, None, None, None).load()
    for word in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "profile=", "AWS_BEARER_TOKEN_BEDROCK"):
        assert word in str(caught.value)
    for word in ("api_key=", "credentials=", "make demo", "bedrock-llm emulate"):
        assert word in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("library", ["boto3", "botocore"])
async def test_real_sessions_are_taken(aws, library):
    import boto3
    import botocore.session

    if library == "boto3":
        session = boto3.Session("AKIDREAL", "secret-of-boto3", region_name="eu-west-1")
    else:
        session = botocore.session.Session()
        session.set_credentials("AKIDREAL", "secret-of-boto3")
        session.set_config_variable("region", "eu-west-1")
    assert (await choose_source({}, session, None, None).load()).value == AWSCredentials("AKIDREAL", "secret-of-boto3")


# --- no secret is shown


def test_bearer_token_shows_nothing_and_cannot_be_copied_away():
    import copy
    import pickle

    token = BearerToken("token-that-is-secret")
    assert "secret" not in repr(token) + str(token)
    for carry_away in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            carry_away(token)
