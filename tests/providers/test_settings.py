"""Where region, base URL and switches are looked up, in which order; botocore finds the same."""

from __future__ import annotations

import os
from unittest import mock

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bedrock_llm.errors import ConfigurationError
from bedrock_llm.providers.settings import Settings
from tests.providers.sessions import Session

CONFIG = """
[default]
region = us-west-1
[profile mine]
region=us-west-2
s3 =
  max_concurrent_requests = 20
endpoint_url = https://mine.example.com
services = ours
use_fips_endpoint = True
ca_bundle = /mine.pem
[profile "with blanks"]
region = eu-west-3
endpoint_url = https://blanks.example.com
[profile bare]
output = json
[naked]
region = us-gov-west-1
[profile lost]
services = nowhere
[profile switched]
ignore_configured_endpoint_urls = true
endpoint_url = https://switched.example.com
[services ours]
bedrock_runtime =
  endpoint_url = https://runtime.example.com
bedrock =
  endpoint_url = https://control.example.com
"""


@pytest.fixture
def files(tmp_path):
    """The variables that point to a config file and to a credentials file that is not there yet."""
    (tmp_path / "config").write_text(CONFIG, encoding="utf-8")
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def value(found):
    return found and found[0]


# --- region


@pytest.mark.parametrize(
    ("environ", "region", "found"),
    [
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "c", ("c", "region")),
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, None, ("a", "AWS_REGION")),
        ({"AWS_REGION": " ", "AWS_DEFAULT_REGION": "b"}, None, ("b", "AWS_DEFAULT_REGION")),
        ({}, None, None),
        ({}, "", ("", "region")),
    ],
)
def test_order_of_the_region(environ, region, found):
    assert Settings(environ).region(region) == found


def test_region_of_the_session_beats_the_environment():
    found = ("eu-west-1", "the region of the session in credentials=")
    environ = {"AWS_REGION": "us-east-1"}
    assert Settings(environ, session=Session(region_name="eu-west-1")).region(None) == found
    assert Settings(environ, session=Session()).region(None) == ("us-east-1", "AWS_REGION")


@pytest.mark.parametrize("library", ["boto3", "botocore"])
def test_region_and_profile_of_a_real_session(files, monkeypatch, library):
    import boto3
    import botocore.session

    for name, path in files.items():
        monkeypatch.setenv(name, path)
    if library == "boto3":
        session = boto3.Session(profile_name="mine", region_name="eu-west-1")
    else:
        session = botocore.session.Session(profile="mine")
        session.set_config_variable("region", "eu-west-1")
    found = Settings({"AWS_REGION": "us-east-1", **files}, session=session)
    assert value(found.region(None)) == "eu-west-1"
    assert value(found.base_url(None)) == "https://runtime.example.com"
    assert found.switch("use_fips_endpoint")


def test_session_that_cannot_say_its_region_is_refused():
    import botocore.session

    with pytest.raises(ConfigurationError, match=r"the session in credentials= failed: .*nowhere"):
        Settings({}, session=botocore.session.Session(profile="nowhere")).region(None)


@pytest.mark.parametrize(
    ("environ", "profile", "region"),
    [
        ({}, None, "us-west-1"),
        ({"AWS_PROFILE": "mine"}, None, "us-west-2"),
        ({"AWS_DEFAULT_PROFILE": "mine"}, None, "us-west-2"),
        ({"AWS_DEFAULT_PROFILE": "mine", "AWS_PROFILE": "bare"}, None, "us-west-2"),
        ({"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": " "}, None, "us-west-1"),
        ({"AWS_PROFILE": "mine"}, "with blanks", "eu-west-3"),
        ({}, "bare", None),
        ({}, "naked", None),  # only the credentials file has profiles without the word
        ({}, "absent", None),
    ],
)
def test_region_of_the_profile(files, environ, profile, region):
    assert value(Settings({**files, **environ}, profile).region(None)) == region


def test_region_of_the_credentials_file_goes_before_that_of_the_config_file(files, tmp_path):
    (tmp_path / "credentials").write_text("[mine]\nregion = ca-central-1\n[bare]\nregion = ca-west-1\n")
    assert Settings(files, "mine").region(None) == (
        "ca-central-1",
        f"region of the profile mine in {tmp_path}/credentials",
    )
    assert value(Settings(files, "bare").region(None)) == "ca-west-1"
    assert value(Settings(files).region(None)) == "us-west-1"


# --- the files


def test_files_are_looked_for_at_home(tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = us-west-1\n", encoding="utf-8")
    found = ("us-west-1", f"region of the profile default in {tmp_path}/.aws/config")
    assert Settings({"HOME": str(tmp_path)}).region(None) == found
    (tmp_path / "other").write_text("[default]\nregion = us-west-2\n", encoding="utf-8-sig")  # as Windows editors do
    assert value(Settings({"HOME": str(tmp_path), "AWS_CONFIG_FILE": "~/other"}).region(None)) == "us-west-2"


def test_files_of_the_process_are_found_by_the_variables_in_their_paths(tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[default]\nregion = us-west-1\n", encoding="utf-8")
    monkeypatch.setenv("FOLDER_OF_MINE", str(tmp_path))
    assert value(Settings({"AWS_CONFIG_FILE": "$FOLDER_OF_MINE/config"}).region(None)) == "us-west-1"


@pytest.mark.parametrize(
    "content",
    [
        b"region = SECRET\n",
        b"[default]\nregion = x\n\xff",
        b"[default]\nSECRET\n",
        b"[default]\nbedrock =\n  SECRET\n",
    ],
)
@pytest.mark.parametrize("file", ["config", "credentials"])
def test_file_that_is_no_config_file_is_named_and_not_quoted(files, tmp_path, file, content):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"the AWS config file .*{file} cannot be read") as caught:
        Settings(files).region(None)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_what_is_set_twice_does_not_hinder_those_who_ask_for_something_else(files, tmp_path):
    (tmp_path / "config").write_text("[default]\nregion=us-west-1\n[default]\nregion=us-west-2\n")
    assert value(Settings(files).region(None)) == "us-west-2"


def test_profile_shows_nothing_of_the_credentials_file(files, tmp_path):
    (tmp_path / "credentials").write_text("[default]\naws_secret_access_key = CANARY\n")
    found = Settings(files)
    found.region(None)
    assert "CANARY" not in repr(found) + repr(found.profile)


# --- base URL


@pytest.mark.parametrize(
    ("environ", "base_url", "found"),
    [
        ({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "a", "AWS_ENDPOINT_URL": "b"}, "c", ("c", "base_url")),
        (
            {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "a", "AWS_ENDPOINT_URL": "b"},
            None,
            ("a", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        ),
        ({"AWS_ENDPOINT_URL_BEDROCK": "a", "AWS_ENDPOINT_URL": "b"}, None, ("b", "AWS_ENDPOINT_URL")),
        ({"AWS_ENDPOINT_URL": " "}, None, None),
        ({"AWS_ENDPOINT_URL": "b", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}, None, None),
        ({"AWS_ENDPOINT_URL": "b", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "c", ("c", "base_url")),
    ],
)
def test_order_of_the_base_url(environ, base_url, found):
    assert Settings(environ).base_url(base_url) == found


@pytest.mark.parametrize(
    ("profile", "environ", "runtime", "control"),
    [
        ("mine", {}, "https://runtime.example.com", "https://control.example.com"),
        ("with blanks", {}, "https://blanks.example.com", "https://blanks.example.com"),
        ("mine", {"AWS_ENDPOINT_URL": "https://all"}, "https://all", "https://all"),
        ("mine", {"AWS_ENDPOINT_URL_BEDROCK": "https://env"}, "https://runtime.example.com", "https://env"),
        ("mine", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, None, None),
        ("switched", {}, None, None),
        (
            "switched",
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
            "https://switched.example.com",
            "https://switched.example.com",
        ),
        ("lost", {"AWS_ENDPOINT_URL": "https://all"}, "https://all", "https://all"),
        ("bare", {}, None, None),
    ],
)
def test_addresses_of_the_profile(files, profile, environ, runtime, control):
    found = Settings({**files, **environ}, profile)
    assert value(found.base_url(None)) == runtime
    assert value(found.base_url(None, "bedrock")) == control


def test_services_section_that_is_not_there_is_named(files):
    with pytest.raises(ConfigurationError, match=r"services of the profile lost in .*no \[services nowhere\]"):
        Settings(files, "lost").base_url(None)


# --- switches and the rest


@pytest.mark.parametrize(
    ("environ", "profile", "source"),
    [
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "bare", "AWS_USE_FIPS_ENDPOINT"),
        ({"AWS_USE_FIPS_ENDPOINT": " TRUE "}, "bare", "AWS_USE_FIPS_ENDPOINT"),
        ({"AWS_USE_FIPS_ENDPOINT": "false"}, "mine", None),
        ({"AWS_USE_FIPS_ENDPOINT": "1"}, "bare", None),
        ({"AWS_USE_FIPS_ENDPOINT": ""}, "mine", "use_fips_endpoint of the profile mine"),
        ({}, "mine", "use_fips_endpoint of the profile mine"),
        ({}, "bare", None),
    ],
)
def test_switches(files, environ, profile, source):
    found = Settings({**files, **environ}, profile).switch("use_fips_endpoint")
    assert (found is None) if source is None else (found or "").startswith(source)


def test_authorities(files):
    assert value(Settings(files, "mine").text("ca_bundle")) == "/mine.pem"
    assert value(Settings({**files, "AWS_CA_BUNDLE": "/env.pem"}, "mine").text("ca_bundle")) == "/env.pem"


@pytest.mark.parametrize(
    ("in_file", "in_environ", "preferred"),
    [
        ("sigv4", None, True),
        ("httpBearerAuth, sigv4", None, False),
        ("sigv4", "httpBearerAuth", False),
        ("httpBearerAuth", "sigv4a,sigv4", True),
        (None, None, False),
    ],
)
def test_preference_of_signatures(files, tmp_path, in_file, in_environ, preferred):
    if in_file is not None:
        (tmp_path / "config").write_text(f"[default]\nauth_scheme_preference = {in_file}\n")
    environ = {} if in_environ is None else {"AWS_AUTH_SCHEME_PREFERENCE": in_environ}
    assert Settings({**files, **environ}).prefers_signatures() is preferred


# --- botocore finds the same

words = st.sampled_from(["x", "y", "z"])
switches = st.sampled_from(["true", "True", "false", "no"])
names = ["default", "a", "b c"]
headings = st.sampled_from(
    ["default", "profile default", "profile a", 'profile "b c"', "a", "preview", 'profile "open']
)
keys = st.fixed_dictionaries(
    {},
    optional={
        "region": words,
        "endpoint_url": words.map("https://{}".format),
        "Endpoint_URL": words.map("https://{}.upper".format),
        "use_fips_endpoint": switches,
        "use_dualstack_endpoint": switches,
        "ignore_configured_endpoint_urls": switches,
        "ca_bundle": words,
        "services": words,
        "s3": words.map("\n  region = {}\n  x = y".format),
    },
).filter(lambda found: len({key.lower() for key in found}) == len(found))
urls = words.map("\n  endpoint_url = https://{}.service\n  other = x".format)
services = st.fixed_dictionaries({}, optional={"bedrock_runtime": urls, "bedrock": urls, "s3": urls})
variables = st.fixed_dictionaries(
    {},
    optional={
        "AWS_PROFILE": st.sampled_from(names),
        "AWS_DEFAULT_PROFILE": st.sampled_from(names),
        "AWS_DEFAULT_REGION": words,
        "AWS_ENDPOINT_URL": words.map("https://{}.env".format),
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": words.map("https://{}.runtime".format),
        "AWS_ENDPOINT_URL_BEDROCK": words.map("https://{}.bedrock".format),
        "AWS_USE_FIPS_ENDPOINT": switches,
        "AWS_USE_DUALSTACK_ENDPOINT": switches,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": switches,
        "AWS_CA_BUNDLE": words,
    },
)


def written(sections):
    return "".join(f"[{name}]\n" + "".join(f"{key} = {text}\n" for key, text in of.items()) for name, of in sections)


def as_botocore_finds(profile, service):
    from botocore.configprovider import ConfiguredEndpointProvider
    from botocore.session import Session

    session = Session(profile=profile)
    ask = session.get_config_variable
    url = ConfiguredEndpointProvider(session.full_config, session.get_scoped_config(), service).provide()
    flags = ["use_fips_endpoint", "use_dualstack_endpoint"]
    ignored = ask("ignore_configured_endpoint_urls")
    return (ask("region"), None if ignored else url, ask("ca_bundle"), *(bool(ask(flag)) for flag in flags))


def as_we_find(profile, service):
    found = Settings(None, profile)
    flags = ["use_fips_endpoint", "use_dualstack_endpoint"]
    return (
        value(found.region(None)),
        value(found.base_url(None, service.replace("-", "_"))),
        value(found.text("ca_bundle")),
        *(found.switch(flag) is not None for flag in flags),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    config=st.lists(st.tuples(headings, keys), max_size=5, unique_by=lambda item: item[0]),
    sections=st.lists(st.tuples(words.map("services {}".format), services), max_size=3, unique_by=lambda item: item[0]),
    credentials=st.lists(st.tuples(st.sampled_from(names), keys), max_size=3, unique_by=lambda item: item[0]),
    environ=variables,
    profile=st.none() | st.sampled_from(names),
    service=st.sampled_from(["bedrock-runtime", "bedrock"]),
)
def test_botocore_finds_the_same(tmp_path_factory, config, sections, credentials, environ, profile, service):
    from botocore.exceptions import InvalidConfigError, ProfileNotFound

    folder = tmp_path_factory.mktemp("aws")
    (folder / "config").write_text(written([*config, *sections]))
    (folder / "credentials").write_text(written(credentials))
    paths = {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }
    with mock.patch.dict(os.environ, {**environ, **paths}, clear=True):
        try:
            theirs = as_botocore_finds(profile, service)
        except ProfileNotFound:
            assume(False)
        except InvalidConfigError:
            if Settings(None, profile).switch("ignore_configured_endpoint_urls") is None:
                with pytest.raises(ConfigurationError, match=r"no \[services"):
                    as_we_find(profile, service)
            return
        assert as_we_find(profile, service) == theirs
