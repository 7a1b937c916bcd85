"""Providers that are asked with a key."""

from __future__ import annotations

import pickle

import anyio
import anyio.lowlevel
import pytest

from bedrock_llm.errors import AuthenticationError, ConfigurationError, InvalidRequestError, MissingCredentialsError
from bedrock_llm.providers.keyed import Access, KeyedProvider
from bedrock_llm.transports.base import HTTPCall

ACCESS = Access(
    "example",
    "https://api.example.com/v1",
    key_env=("EXAMPLE_KEY", "OLD_KEY"),
    key_header="x-api-key",
    key_prefix="",
    url_env=("EXAMPLE_URL",),
    headers={"example-version": "2"},
)


def provider(access=ACCESS, environ=None, **options):
    return KeyedProvider(access, environ=environ or {}, **options)


def signed(asked, credentials, **headers):
    return asked.authorize(HTTPCall("POST", "https://api.example.com/v1/x", headers, b"{}"), credentials, 0).headers


@pytest.mark.anyio
async def test_a_key_goes_into_the_providers_header():
    asked = provider(api_key="sk-1", extra_headers={"X-Team": "a"})
    key = await asked.credentials()
    assert signed(asked, key, **{"Content-Type": "application/json", "x-team": "b"}) == {
        "example-version": "2",
        "x-team": "b",
        "content-type": "application/json",
        "x-api-key": "sk-1",
    }
    assert "sk-1" in asked.secrets(key)
    assert "sk-1" not in repr(asked)


@pytest.mark.anyio
async def test_the_first_variable_that_is_set_holds_the_key_and_an_option_beats_it():
    assert await provider(environ={"EXAMPLE_KEY": " ", "OLD_KEY": "old"}).credentials() == "old"
    assert await provider(environ={"EXAMPLE_KEY": "new", "OLD_KEY": "old"}).credentials() == "new"
    assert await provider(environ={"EXAMPLE_KEY": "new"}, api_key="given").credentials() == "given"


@pytest.mark.anyio
async def test_a_missing_key_is_noticed_by_the_first_call_and_says_what_to_set():
    with pytest.raises(MissingCredentialsError, match="set EXAMPLE_KEY, or set OLD_KEY, or pass api_key="):
        await provider().credentials()
    assert await provider(ACCESS._replace(needs_key=False)).credentials() == ""
    assert "x-api-key" not in signed(provider(api_key=""), "")


@pytest.mark.anyio
async def test_a_token_is_asked_for_once_and_again_when_it_was_refused():
    tokens = iter(["t1", "t2"])

    async def ask():
        await anyio.lowlevel.checkpoint()
        return next(tokens)

    asked = provider(credentials=ask)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(asked.credentials)
    assert await asked.credentials() == "t1"
    assert signed(asked, "t1")["authorization"] == "Bearer t1"
    assert await asked.recover(AuthenticationError("expired"))
    assert await asked.credentials() == "t2"
    assert not await provider(api_key="k").recover(AuthenticationError("wrong"))


def test_addresses():
    asked = provider()
    assert asked.url("gpt-x", "/chat/completions") == "https://api.example.com/v1/chat/completions"
    assert asked.url("a/b c", "/models/{model}:go?alt=sse") == "https://api.example.com/v1/models/a/b%20c:go?alt=sse"
    asked = provider(ACCESS._replace(query="api-version=1"), base_url="http://localhost:8000/v2/")
    assert asked.url("m", "/x") == "http://localhost:8000/v2/x?api-version=1"
    assert asked.url("m", "/x?a=b") == "http://localhost:8000/v2/x?a=b&api-version=1"
    assert provider(environ={"EXAMPLE_URL": "https://other.example"}).base_url == "https://other.example"
    with pytest.raises(ConfigurationError, match="model's name"):
        asked.url("..", "/models/{model}:go")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_key": "two\nlines"}, "api_key"),
        ({"api_key": "k", "base_url": "http://api.example.com"}, "must be https"),
        ({"base_url": "ftp://x"}, "absolute http"),
        ({"base_url": "https://user:pw@x"}, "absolute http"),
        ({"credentials": "token"}, "callable"),
        ({"extra_headers": {"host": "x"}}, "host"),
        ({"extra_headers": {"x": "a\r\nb: c"}}, "extra_headers"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(options, words):
    with pytest.raises(ConfigurationError, match=words):
        provider(**options)


def test_plain_http_is_for_this_machine_and_for_servers_without_a_key():
    assert provider(ACCESS._replace(needs_key=False), base_url="http://10.0.0.7:8000/v1").base_url
    with pytest.raises(ConfigurationError, match="no address of its own"):
        provider(ACCESS._replace(base_url=None))


def test_a_call_cannot_bring_its_own_key():
    with pytest.raises(InvalidRequestError, match="x-api-key"):
        signed(provider(api_key="k"), "k", **{"x-api-key": "other"})


def test_it_refuses_to_be_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(provider(api_key="k"))


@pytest.mark.parametrize("tail", ["/a?k=1", "/a#f", "?k=1", "/a@b", "/a b", "/ä"])
def test_an_address_with_more_than_a_path_is_refused(tail):
    with pytest.raises(ConfigurationError, match="without user, password, query and fragment"):
        provider(base_url="https://h.example" + tail)


@pytest.mark.parametrize("wrong", [5, b"https://h.example", ["https://h.example"]])
def test_an_address_of_another_type_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="base_url must be an absolute"):
        provider(base_url=wrong)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("127.0.0.1:9", "http://127.0.0.1:9"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("localhost", "http://localhost:11434"),
        (":9", "http://127.0.0.1:9"),
        ("[::1]:9", "http://[::1]:9"),
        ("[::1]", "http://[::1]:11434"),
        ("https://llm.example.com", "https://llm.example.com"),
    ],
)
def test_a_variable_that_says_where_a_server_listens_is_an_address_too(value, url):
    access = Access("ollama", "http://localhost:11434", url_env=("OLLAMA_HOST",), needs_key=False)
    assert provider(access, {"OLLAMA_HOST": value}).base_url == url


def test_a_models_name_cannot_leave_its_place_in_an_address():
    asked, operation = provider(api_key="k"), "/models/{model}:ask"
    for name in ("", "..", "../../x", "a//b", "./a", "a/.."):
        with pytest.raises(ConfigurationError, match="cannot be a model's name"):
            asked.url(name, operation)
    assert asked.url("models/a", operation) == asked.url("a", operation) == "https://api.example.com/v1/models/a:ask"
