"""The Bedrock provider: addresses, authorization, recovery, hints and secrets."""

from __future__ import annotations

import copy
import pickle

import pytest

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import (
    AuthenticationError,
    ConfigurationError,
    MissingCredentialsError,
    PermissionDeniedError,
    RejectedRequestError,
    ServerError,
)
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.providers.credentials import BearerToken
from bedrock_llm.transports.base import HTTPCall
from tests.providers.sessions import Session

KEYS = AWSCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOKEN")
TOKEN = BearerToken("bedrock-api-key-abcdef")
ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/ab12cd34ef56"
GOLDEN_ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
BODY = b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
TIME_S = 1767323045.0  # 2026-01-02T03:04:05Z
MODEL = "anthropic.claude-opus-4-8"


def provider(environ=None, **options):
    return BedrockProvider(environ={} if environ is None else environ, **options)


def call(url, **headers):
    return HTTPCall("POST", url, {"content-type": "application/json", **headers}, BODY)


# --- where


def test_regions_own_address():
    assert provider(region="us-east-1").url(MODEL, "converse") == (
        f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{MODEL}/converse"
    )


def test_base_url_with_a_path_in_front():
    built = provider(base_url="http://127.0.0.1:8123/bedrock/").url("x.y:0", "converse-stream")
    assert built == "http://127.0.0.1:8123/bedrock/model/x.y%3A0/converse-stream"


def test_fips_and_dual_stack_by_the_environment():
    environ = {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_REGION": "us-east-1"}
    assert provider(environ).url("x", "converse").startswith("https://bedrock-runtime-fips.us-east-1.api.aws/")
    with pytest.raises(ConfigurationError, match="base_url cannot be had together with AWS_USE_FIPS_ENDPOINT"):
        provider(environ, base_url="https://gateway.example.com")


@pytest.mark.parametrize("key", ["use_fips_endpoint", "use_dualstack_endpoint"])
def test_switch_of_the_profile_counts_and_can_be_switched_off(tmp_path, key):
    (tmp_path / "config").write_text(f"[profile mine]\nregion=us-east-1\n{key}=true\n")
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "mine"}
    named = "bedrock-runtime-fips.us-east-1.amazonaws.com" if "fips" in key else "bedrock-runtime.us-east-1.api.aws"
    assert provider(environ).url("x", "converse").startswith(f"https://{named}/")
    with pytest.raises(ConfigurationError, match=f"base_url cannot be had together with {key} of the profile mine"):
        provider(environ, base_url="https://gateway.example.com")
    off = environ | {f"AWS_{key.upper()}": "false"}
    assert provider(off, base_url="https://gateway.example.com").base_url == "https://gateway.example.com"


def test_addresses_and_authorities_of_the_profile(tmp_path):
    (tmp_path / "config").write_text(
        "[profile mine]\nregion=us-east-1\nca_bundle=/mine.pem\nservices=ours\n[services ours]\n"
        "bedrock_runtime =\n  endpoint_url = https://runtime.example.com/\n"
        "bedrock =\n  endpoint_url = http://control.example.com\n"
    )
    mine = provider({"AWS_CONFIG_FILE": str(tmp_path / "config")}, profile="mine")
    assert mine.url("x", "converse") == "https://runtime.example.com/model/x/converse"
    assert (mine.region, mine.ca_bundle) == ("us-east-1", "/mine.pem")
    with pytest.raises(ConfigurationError, match=r"bedrock\.endpoint_url of \[services ours\] must be https"):
        mine.control_url("/foundation-models")


JOB = "/async-invoke/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aasync-invoke%2Fab12"


@pytest.mark.parametrize(
    ("environ", "options", "runtime", "control"),
    [
        ({}, {"region": "us-east-1"}, "bedrock-runtime.us-east-1.amazonaws.com", "bedrock.us-east-1.amazonaws.com"),
        ({}, {}, "bedrock-runtime.eu-west-1.amazonaws.com", "bedrock.eu-west-1.amazonaws.com"),
        (
            {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            {"region": "us-gov-west-1"},
            "bedrock-runtime-fips.us-gov-west-1.api.aws",
            "bedrock-fips.us-gov-west-1.api.aws",
        ),
        ({}, {"base_url": "https://gateway.example.com/b/"}, "gateway.example.com/b", "gateway.example.com/b"),
        ({"AWS_ENDPOINT_URL": "https://all"}, {}, "all", "all"),
        ({"AWS_ENDPOINT_URL_BEDROCK": "https://control"}, {}, "bedrock-runtime.eu-west-1.amazonaws.com", "control"),
        ({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://run"}, {}, "run", "bedrock.eu-west-1.amazonaws.com"),
    ],
)
def test_operations_without_a_model(environ, options, runtime, control):
    made = provider(environ, **options)
    assert made.operation_url(JOB) == f"https://{runtime}{JOB}"
    assert made.control_url(JOB) == f"https://{control}{JOB}"


def test_operation_without_a_region_or_with_a_path_that_leads_elsewhere_is_refused():
    for url in (provider().operation_url, provider().control_url):
        with pytest.raises(ConfigurationError, match="no AWS region"):
            url("/async-invoke")
    for url in (provider(region="us-east-1").operation_url, provider(region="us-east-1").control_url):
        with pytest.raises(ConfigurationError, match="path of an operation"):
            url("//evil.example.com/x")


def test_any_method_is_signed_with_its_query():
    made = provider(region="us-east-1")
    listed = HTTPCall("GET", made.control_url("/foundation-models?byProvider=meta"), {}, b"")
    signed = made.authorize(listed, KEYS, TIME_S).headers
    assert signed["host"] == "bedrock.us-east-1.amazonaws.com"
    assert "/us-east-1/bedrock/aws4_request" in signed["authorization"]
    other = HTTPCall("GET", made.control_url("/foundation-models?byProvider=amazon"), {}, b"")
    assert made.authorize(other, KEYS, TIME_S).headers["authorization"] != signed["authorization"]


def test_region_inside_the_arn_is_used_where_no_other_is_known():
    assert provider().url(ARN, "converse").startswith("https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3A")
    assert provider(region="us-east-1").url(ARN, "converse").startswith("https://bedrock-runtime.us-east-1.")


def test_region_that_is_known_nowhere_is_asked_for_at_the_first_use():
    without = provider()
    with pytest.raises(ConfigurationError, match=r"no AWS region for Bedrock: pass region=, or set AWS_REGION"):
        without.url(MODEL, "converse")
    assert provider(base_url="https://gateway.example.com").url(MODEL, "converse")


@pytest.mark.parametrize(
    ("environ", "options", "named"),
    [
        ({}, {"region": "us-east"}, "region must be"),
        ({}, {"region": ""}, "region must be"),
        ({"AWS_REGION": "nowhere"}, {}, "AWS_REGION must be"),
        ({"AWS_DEFAULT_REGION": "evil.example.com"}, {}, "AWS_DEFAULT_REGION must be"),
        ({}, {"credentials": Session(region_name="nowhere")}, "the region of the session in credentials= must be"),
        ({"AWS_ENDPOINT_URL": "http://example.com"}, {}, "AWS_ENDPOINT_URL must be https"),
        ({}, {"base_url": "http://example.com", "api_key": "some-key"}, "base_url must be https"),
        ({}, {"base_url": "http://example.com", "credentials": KEYS}, "base_url must be https"),
        ({}, {"base_url": ""}, "base_url must be an absolute"),
        ({}, {"api_key": ""}, "api_key is blank"),
        ({}, {"api_key": "two\nlines"}, "api_key must be one line"),
        ({}, {"profile": " "}, "profile must be the name"),
        ({}, {"credentials": "AKIA"}, "credentials must be"),
        ({}, {"extra_headers": "x"}, "extra_headers must be a mapping"),
        ({}, {"extra_headers": {"x": "two\r\nlines"}}, "extra_headers"),
        ({}, {"extra_headers": {"a b": "x"}}, "extra_headers name must be"),
        ({}, {"extra_headers": {"x": 7}}, "extra_headers"),
        ({}, {"extra_headers": {"Authorization": "x"}}, "extra_headers must not hold Authorization"),
        ({}, {"extra_headers": {"X-Amz-Date": "x"}}, "extra_headers must not hold X-Amz-Date"),
        ({}, {"extra_headers": {"host": "x"}}, "extra_headers must not hold host"),
    ],
)
def test_what_cannot_be_used_is_refused_at_construction(environ, options, named):
    with pytest.raises(ConfigurationError, match=named):
        provider(environ, **options)


def test_addresses_are_remembered_within_bounds():
    remembering = provider(region="us-east-1")
    for number in range(600):
        remembering.url(f"x.{number}", "converse")
    assert len(remembering._urls) <= 256
    assert remembering.url("x.599", "converse") is remembering.url("x.599", "converse")


# --- who asks


def test_signed_call_is_the_golden_one():
    golden = provider(region="us-east-1")
    sent = HTTPCall("POST", golden.url(GOLDEN_ARN, "converse"), {"Content-Type": "application/json"}, BODY)
    assert golden.authorize(sent, KEYS, TIME_S) == HTTPCall(
        "POST",
        sent.url,
        {
            "content-type": "application/json",
            "host": "bedrock-runtime.us-east-1.amazonaws.com",
            "x-amz-date": "20260102T030405Z",
            "x-amz-security-token": "TOKEN",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
            "Signature=d0aa9a3d5e49492eee5ccc9a8dabb85f9fb02c3aafe697901be9e93bb07284d4",
        },
        BODY,
    )


def test_bearer_token_is_sent_alone():
    bearer = provider(region="us-east-1")
    sent = call(bearer.url(MODEL, "converse"))
    assert bearer.authorize(sent, TOKEN, TIME_S).headers == {
        "content-type": "application/json",
        "authorization": "Bearer bedrock-api-key-abcdef",
    }


def test_extra_headers_are_signed_and_give_way_to_those_of_the_call():
    extra = provider(region="us-east-1", extra_headers={"X-Tenant": "one", "X-Team": "blue", "User-Agent": "me/1"})
    headers = extra.authorize(call(extra.url(MODEL, "converse"), **{"x-tenant": "two"}), KEYS, TIME_S).headers
    assert (headers["x-tenant"], headers["x-team"], headers["user-agent"]) == ("two", "blue", "me/1")
    assert (
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-team;x-tenant," in headers["authorization"]
    )


def test_authorize_changes_neither_the_call_nor_the_provider():
    pure = provider(region="us-east-1", extra_headers={"x-team": "blue"})
    sent = call(pure.url(MODEL, "converse"))
    before = dict(sent.headers)
    assert pure.authorize(sent, KEYS, TIME_S) == pure.authorize(sent, KEYS, TIME_S)
    assert sent.headers == before
    assert pure.authorize(sent, TOKEN, TIME_S).headers["x-team"] == "blue"


def test_signature_needs_a_region_and_finds_the_arns():
    gateway = provider(base_url="https://gateway.example.com")
    signed = gateway.authorize(call(gateway.url(ARN, "converse")), KEYS, TIME_S)
    assert "/eu-west-1/bedrock/aws4_request" in signed.headers["authorization"]
    with pytest.raises(ConfigurationError, match="no AWS region"):
        gateway.authorize(call(gateway.url(MODEL, "converse")), KEYS, TIME_S)
    assert gateway.authorize(call(gateway.url(MODEL, "converse")), TOKEN, TIME_S)


@pytest.mark.anyio
async def test_credentials_that_are_passed_are_at_hand():
    assert await provider(credentials=KEYS).credentials() is KEYS
    assert await provider(api_key="bedrock-api-key-abcdef").credentials() == TOKEN
    session = Session()
    asked = provider(credentials=session)
    assert await asked.credentials() is await asked.credentials()
    assert session.calls == 1


@pytest.mark.anyio
async def test_no_credentials_are_needed_before_the_first_call(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingCredentialsError, match="make demo"):
        await provider(region="us-east-1").credentials()


# --- recovery


class Clock:
    def __init__(self, now_s=TIME_S):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


def refused(code, server_date_s=None):
    error = AuthenticationError("no", code=code, status=403)
    if server_date_s is not None:
        error.server_date_s = server_date_s
    return error


@pytest.mark.anyio
@pytest.mark.parametrize("code", ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException"])
async def test_stale_credentials_are_looked_up_again(code):
    given = iter([KEYS, AWSCredentials("AKIDNEXT", "next-secret")])
    recovering = provider(credentials=lambda: next(given))
    assert await recovering.credentials() is KEYS
    assert await recovering.recover(refused(code)) is True
    assert await recovering.credentials() == AWSCredentials("AKIDNEXT", "next-secret")


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [AuthenticationError, PermissionDeniedError])
async def test_api_key_that_was_replaced_in_the_environment_is_read_again_after_a_refusal(kind):
    environ = {"AWS_BEARER_TOKEN_BEDROCK": "an-older-one"}
    recovering = provider(environ)
    assert await recovering.credentials() == BearerToken("an-older-one")
    environ["AWS_BEARER_TOKEN_BEDROCK"] = "a-newer-one"
    assert await recovering.recover(ServerError("no", status=500)) is False
    assert await recovering.recover(kind("Bearer Token has expired", code="AccessDeniedException", status=403)) is True
    assert await recovering.credentials() == BearerToken("a-newer-one")


@pytest.mark.anyio
async def test_api_key_that_stays_is_refused_for_good():
    steady = provider(api_key="an-older-one")
    await steady.credentials()
    assert await steady.recover(PermissionDeniedError("no", code="AccessDeniedException", status=403)) is False


@pytest.mark.anyio
@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "InvalidSignatureException", None])
async def test_other_refusals_are_not_mended_by_other_credentials(code):
    given = iter([KEYS, AWSCredentials("AKIDNEXT", "next-secret")])
    steady = provider(credentials=lambda: next(given))
    await steady.credentials()
    assert await steady.recover(refused(code)) is False
    assert await steady.recover(ServerError("no", status=500)) is False
    assert await steady.credentials() is KEYS


@pytest.mark.anyio
@pytest.mark.parametrize("offset_s", [600, -600, 86400 * 400])
@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "InvalidSignatureException"])
async def test_clock_offset_is_learned_from_the_servers_date(offset_s, code):
    skewed = provider(region="us-east-1", credentials=KEYS, clock=Clock(TIME_S - offset_s))
    sent = call(skewed.url(MODEL, "converse"))
    right = skewed.authorize(sent, KEYS, TIME_S)
    assert skewed.authorize(sent, KEYS, TIME_S - offset_s) != right
    assert await skewed.recover(refused(code, TIME_S)) is True
    assert skewed.authorize(sent, KEYS, TIME_S - offset_s) == right
    assert await skewed.recover(refused(code, TIME_S)) is True  # another call, refused at the same time


@pytest.mark.anyio
async def test_offset_is_forgotten_once_the_clock_was_set_right():
    clock = Clock(TIME_S - 600)
    skewed = provider(region="us-east-1", credentials=KEYS, clock=clock)
    sent = call(skewed.url(MODEL, "converse"))
    right = skewed.authorize(sent, KEYS, TIME_S)
    await skewed.recover(refused("RequestTimeTooSkewed", TIME_S))
    clock.now_s = TIME_S
    assert await skewed.recover(refused("RequestTimeTooSkewed", TIME_S)) is True
    assert skewed.authorize(sent, KEYS, TIME_S) == right


@pytest.mark.anyio
async def test_clock_that_is_right_or_unknown_is_left_alone():
    steady = provider(credentials=KEYS, clock=Clock())
    assert await steady.recover(refused("InvalidSignatureException", TIME_S + 30)) is False
    assert await steady.recover(refused("RequestTimeTooSkewed")) is False
    assert steady._clock_offset_s == 0


# --- hints


def hinted(message, code, model=MODEL, kind=RejectedRequestError, region="us-east-1"):
    error = kind(message, code=code, status=400)
    explained = provider(region=region).explain(error, model)
    assert explained is error
    return str(error)


@pytest.mark.parametrize(
    ("region", "profile"),
    [("us-east-1", "us."), ("eu-west-1", "eu."), ("ap-south-1", "apac."), ("sa-east-1", "global.")],
)
def test_model_without_on_demand_throughput_is_explained_with_a_profile(region, profile):
    message = f"Invocation of model ID {MODEL} with on-demand throughput isn\u2019t supported. Retry with a profile."
    said = hinted(message, "ValidationException", region=region)
    assert said.startswith(message)
    assert f"{MODEL} is served only through an inference profile: ask for {profile}{MODEL}" in said


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("ValidationException", "The provided model identifier is invalid.", ("check the id", f"us.{MODEL}")),
        ("AccessDeniedException", "You don't have access to the model.", ("bedrock:InvokeModel", "access")),
        ("AccessDeniedException", "not authorized to perform: bedrock:InvokeTool", ("built-in tools",)),
        ("ResourceNotFoundException", "This model version has reached the end of its life.", ("end of life",)),
        ("MPAgreementBeingCreated", "Subscription pending", ("few minutes",)),
    ],
)
def test_refusals_about_a_model_name_model_and_region(code, message, words):
    said = hinted(message, code, kind=PermissionDeniedError)
    assert said.startswith(f"{message} (hint: ")
    for word in (*words, MODEL, "us-east-1"):
        assert word in said


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "unknown in us-east-1",
        ),
        ("ExpiredTokenException", "The security token included in the request is expired", "aws sso login"),
        ("InvalidSignatureException", "Signature expired: 20260102T030405Z is now earlier than", "clock"),
        ("InvalidSignatureException", "The request signature we calculated does not match", "does not belong"),
        ("RequestTimeTooSkewed", "too skewed", "clock"),
        ("MissingAuthenticationTokenException", "Missing Authentication Token", "proxy"),
        (None, "Forbidden", f"{MODEL} was asked for in us-east-1"),
    ],
)
def test_refusals_about_the_caller_say_what_to_do(code, message, words):
    assert words in hinted(message, code, kind=AuthenticationError)


@pytest.mark.parametrize(
    ("model", "profile"),
    [
        ("claude-opus-4-8", f"us.{MODEL}"),  # the vendor was left out
        (f"eu.{MODEL}", f"us.{MODEL}"),  # a prefix is replaced, not put before another
        (ARN, "us.<vendor>.<model>"),  # its id says nothing of the model
    ],
)
def test_the_profile_that_is_named_is_one_that_can_exist(model, profile):
    said = hinted("The provided model identifier is invalid.", "ValidationException", model=model)
    assert f"an inference profile such as {profile}" in said


def test_arn_of_another_region_is_pointed_out():
    said = hinted("The provided model identifier is invalid.", "ValidationException", model=ARN)
    assert "the ARN is of eu-west-1, the request went to us-east-1" in said


def test_other_errors_stay_as_they_are_and_a_hint_is_given_once():
    assert hinted("temperature: must be at most 1", "ValidationException") == "temperature: must be at most 1"
    error = PermissionDeniedError("no", code="AccessDeniedException")
    explaining = provider(region="us-east-1")
    once = str(explaining.explain(error, MODEL))
    assert str(explaining.explain(error, MODEL)) == once
    mine = ConfigurationError("mine")
    assert str(explaining.explain(mine, MODEL)) == "mine"


# --- secrets


def test_secrets_for_redaction():
    plain = provider(region="us-east-1", extra_headers={"x-team": "blue-team", "x-gateway-key": "key-of-the-gateway"})
    assert plain.secrets(KEYS) == ["key-of-the-gateway", KEYS.secret_access_key, "TOKEN"]
    assert plain.secrets(TOKEN) == ["key-of-the-gateway", "bedrock-api-key-abcdef"]
    assert plain.secrets(None) == ["key-of-the-gateway"]
    assert provider().secrets(AWSCredentials("AKIDEXAMPLE", "only-a-secret")) == ["only-a-secret"]


@pytest.mark.anyio
async def test_provider_shows_no_secret_and_cannot_be_copied_away():
    secretive = provider(
        {"AWS_REGION": "us-east-1"}, api_key="CANARY-KEY-IN-API-KEY", extra_headers={"x-key": "CANARY-IN-HEADER"}
    )
    token = await secretive.credentials()
    shown = "".join(map(repr, (secretive, token, secretive._store, secretive._store._source, vars(secretive)["_urls"])))
    assert repr(secretive) == "BedrockProvider(region='us-east-1', base_url=None)"
    assert "CANARY" not in shown
    for carry_away in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            carry_away(secretive)
