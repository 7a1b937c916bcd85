"""From a name and options to what asks a provider: every provider and host, its address, its key, its API."""

from __future__ import annotations

import re
from contextlib import aclosing

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_llm.catalog import hosts as hosts_module
from bedrock_llm.catalog.hosts import hosts
from bedrock_llm.client import LLMClient
from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import ConfigurationError, UnknownModelError, UnsupportedFeatureError
from bedrock_llm.factory import ModelFactory
from bedrock_llm.messages import Message
from bedrock_llm.models.claude import ClaudeImplementation
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.routes import KEYED, host_names
from bedrock_llm.strategy import FallbackStrategy
from bedrock_llm.testing import Emulator
from bedrock_llm.transports.base import HTTPCall

pytestmark = pytest.mark.anyio

NAMES = sorted({*KEYED, *host_names()})
TOOL = ToolSpec("look", "Looks.", {"type": "object", "properties": {}})
BASE = "https://proxy.example/base"
ASKED = [
    # name, options, API, address, header of the key
    ("anthropic/claude-sonnet-4-6", {}, "anthropic", "https://api.anthropic.com/v1/messages", "x-api-key"),
    (
        "anthropic/claude-2.1",
        {"api": "completions"},
        "anthropic-completions",
        "https://api.anthropic.com/v1/complete",
        "x-api-key",
    ),
    ("openai/gpt-5", {}, "openai-responses", "https://api.openai.com/v1/responses", "authorization"),
    ("openai:gpt-5", {"api": "chat"}, "openai-chat", "https://api.openai.com/v1/chat/completions", "authorization"),
    ("openai/gpt-audio", {}, "openai-chat", "https://api.openai.com/v1/chat/completions", "authorization"),
    (
        "azure/my-deployment",
        {"base_url": BASE, "base_model": "gpt-5"},
        "openai-responses",
        f"{BASE}/responses",
        "api-key",
    ),
    (
        "google/gemini-2.5-pro",
        {},
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
        "x-goog-api-key",
    ),
    ("vertex/gemini-2.5-pro", {"base_url": BASE}, "gemini", f"{BASE}/models/gemini-2.5-pro:generateContent", None),
    (
        "vertex/claude-sonnet-4-5@20250929",
        {"base_url": BASE},
        "anthropic-vertex",
        f"{BASE}/models/claude-sonnet-4-5%4020250929:rawPredict",
        None,
    ),
    ("cohere/command-r-plus", {}, "cohere", "https://api.cohere.com/v2/chat", "authorization"),
    ("cohere/command-r-plus", {"api": "v1"}, "cohere-v1", "https://api.cohere.com/v1/chat", "authorization"),
    ("ollama/llama3.2", {}, "ollama", "http://localhost:11434/api/chat", "authorization"),
    ("ollama/x", {"api": "chat"}, "openai-chat", "http://localhost:11434/v1/chat/completions", "authorization"),
    ("mistral/x", {}, "openai-chat", "https://api.mistral.ai/v1/chat/completions", "authorization"),
    ("vllm/meta-llama/Llama-3.1-8B", {}, "openai-chat", "http://localhost:8000/v1/chat/completions", "authorization"),
    ("groq/x", {"base_url": BASE}, "openai-chat", f"{BASE}/chat/completions", "authorization"),
    ("pydantic-gateway/x", {}, "openai-responses", "https://gateway.pydantic.dev/proxy/openai/responses", None),
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """No key and no address of whoever runs the tests."""
    for access in (*(row.access for row in KEYED.values()), *map(vars_of, hosts().values())):
        for name in (*access.get("key_env", ()), *access.get("url_env", ())):
            monkeypatch.delenv(name, raising=False)


def vars_of(host):
    return {"key_env": host.key_env, "url_env": host.url_env}


async def call_of(model, *, stream=False):
    """What goes over the wire, with its key."""
    request, _ = model.prepare(Request((Message.user("hi"),)))
    encoded = model.codec.encode(request, model.config, stream=stream)
    provider = model.provider
    call = HTTPCall("POST", provider.url(model.config.model, encoded.operation), encoded.headers, encoded.body)
    return provider.authorize(call, await provider.credentials(), 0)


@pytest.mark.parametrize(("name", "options", "api", "url", "header"), ASKED, ids=[row[0] + row[2] for row in ASKED])
async def test_a_name_is_asked_at_its_address_in_its_api_with_the_key_in_its_header(name, options, api, url, header):
    async with aclosing(ModelFactory.create_model(name, api_key="sk-test", **options)) as model:
        call = await call_of(model)
        assert (model.codec.api.name, call.url) == (api, url)
        if header is not None:
            assert call.headers[header].removeprefix("Bearer ") == "sk-test"
        assert model.config.model == name.replace(":", "/").partition("/")[2]


@pytest.mark.parametrize("name", NAMES)
async def test_every_provider_and_host_makes_a_model_that_is_asked_under_the_address_it_is_given(name):
    async with aclosing(ModelFactory.create_model(f"{name}/any-model", api_key="sk-test", base_url=BASE)) as model:
        for stream in (False, True):
            call = await call_of(model, stream=stream)
            assert call.url.startswith(BASE)
            assert "sk-test" in " ".join(call.headers.values())


@pytest.mark.parametrize("name", sorted(host_names()))
def test_a_host_lays_its_own_ways_under_what_is_known_of_a_model(name):
    model = ModelFactory.create_model(f"{name}/a-model-of-nobody", api_key="k", base_url=BASE, api="chat")
    known = model.config.feature("native") or {}
    host = hosts()[name]
    flat = {key: value for key, value in host.native.items() if not isinstance(value, dict)}
    if name != "openai" and host.api == "chat":
        assert flat.items() <= known.items() or name in KEYED
    assert all(model.config.feature(key) == value for key, value in host.features.items())


def test_a_model_of_a_host_that_nobody_knows_is_sent_with_a_warning():
    model = ModelFactory.create_model("groq/a-model-of-nobody", api_key="k")
    (warning,) = model.prepare(Request.of("hi"))[1]
    assert warning.kind == "unknown_model"


def test_an_unknown_model_of_openai_is_told_its_limit_by_the_newer_name():
    model = ModelFactory.create_model("openai/gpt-next", api_key="k", api="chat")
    request = Request.of("hi", max_tokens=5)
    body = model.codec.body.write(model.prepare(request)[0], model.config, stream=False)
    assert (body.get("max_completion_tokens"), body.get("max_tokens")) == (5, None)


def test_a_users_row_of_the_catalog_beats_what_is_known_of_a_host():
    rows = {"any": {"features": {"native": {"logprobs": True}}}}
    model = ModelFactory.create_model("groq/any", api_key="k", catalog=rows)
    assert model.config.feature("native")["logprobs"] is True


def test_claude_has_its_own_class_wherever_it_is_asked():
    for name in ("anthropic/claude-sonnet-4-6", "vertex/claude-sonnet-4-6", "bedrock/us.anthropic.claude-sonnet-4-6"):
        options = {"base_url": BASE} if name.startswith("vertex") else {"region": "us-east-1"}
        assert isinstance(ModelFactory.create_model(name, api_key="k", **options), ClaudeImplementation)


@pytest.mark.parametrize("name", ["anthropic", "groq", "azure", "bedrock"])
def test_an_api_that_a_provider_does_not_have_is_refused_with_those_it_has(name):
    with pytest.raises(ConfigurationError, match=rf"api='soap' is not available for {name}; allowed: '"):
        ModelFactory.create_model(f"{name}/anthropic.claude-3-haiku-20240307-v1:0", api="soap", base_url=BASE)


@pytest.mark.parametrize("name", ["azure", "vertex", "databricks"])
def test_a_provider_without_an_address_of_its_own_asks_for_one(name):
    with pytest.raises(ConfigurationError, match="base_url"):
        ModelFactory.create_model(f"{name}/x", api_key="k")


def test_an_unknown_provider_is_told_every_one_there_is():
    with pytest.raises(UnknownModelError) as caught:
        ModelFactory.create_model("antropic/claude-sonnet-4-6")
    assert all(name in caught.value.message for name in (*NAMES, "bedrock"))


@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("openai", "/openai/v1/chat/completions"),
        ("openai-responses", "/openai/v1/responses"),
        ("anthropic", "/anthropic/v1/messages"),
    ],
)
async def test_bedrock_is_asked_in_another_apis_shape_too(api, path):
    options = {"region": "us-east-1", "api_key": "bedrock-key", "api": api}
    async with aclosing(ModelFactory.create_model("bedrock/openai.gpt-oss-120b-1:0", **options)) as model:
        call = await call_of(model)
        assert call.url.endswith(path)
        assert call.url.startswith("https://bedrock-runtime.us-east-1.amazonaws.com/")
        assert call.headers["authorization"] == "Bearer bedrock-key"


MANTLE = "https://bedrock-mantle.eu-west-1.api.aws"


@pytest.mark.parametrize(
    ("model", "api", "url"),
    [
        ("openai.gpt-oss-120b", None, f"{MANTLE}/v1/chat/completions"),
        ("openai.gpt-oss-120b", "openai-responses", f"{MANTLE}/v1/responses"),
        ("openai.gpt-5.4", "openai-responses", f"{MANTLE}/openai/v1/responses"),
        ("anthropic.claude-sonnet-4-6", None, f"{MANTLE}/anthropic/v1/messages"),
    ],
)
async def test_the_other_endpoint_of_bedrock_has_paths_and_a_name_of_its_own_to_sign_with(model, api, url):
    keys = AWSCredentials("AKIDEXAMPLE", "not-a-real-secret")
    options = {"region": "eu-west-1", "credentials": keys, "api": api}
    async with aclosing(ModelFactory.create_model(f"bedrock-mantle/{model}", **options)) as made:
        call = await call_of(made)
    assert call.url == url
    signed = {name: value for name, value in call.headers.items() if name != "authorization"}
    asked = AWSRequest("POST", call.url, signed, call.body)
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "not-a-real-secret"), "bedrock-mantle", "eu-west-1")
    asked.context["timestamp"] = call.headers["x-amz-date"]
    text = signer.string_to_sign(asked, signer.canonical_request(asked))
    assert call.headers["authorization"].endswith(f"Signature={signer.signature(text, asked)}")
    assert "/eu-west-1/bedrock-mantle/aws4_request" in call.headers["authorization"]


def test_the_other_endpoint_seals_no_reasoning_and_makes_gpt_oss_call_no_tool():
    model = ModelFactory.create_model(
        "bedrock-mantle/openai.gpt-oss-120b", region="us-east-1", api_key="k", api="openai-responses"
    )
    request, warnings = model.prepare(Request.of("hi", tools=[TOOL], tool_choice="required", reasoning="low"))
    body = model.codec.body.write(request, model.config, stream=False)
    assert "include" not in body
    assert body.get("tool_choice") in (None, "auto")
    assert [warning.parameter for warning in warnings] == ["tool_choice"]


async def test_the_other_endpoint_is_told_by_a_variable_and_has_no_fips_address(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_MANTLE", "https://mantle.example")
    model = ModelFactory.create_model("bedrock-mantle/openai.gpt-oss-120b", api_key="k", region="us-east-1")
    assert (await call_of(model)).url == "https://mantle.example/v1/chat/completions"
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK_MANTLE")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    model = ModelFactory.create_model("bedrock-mantle/openai.gpt-oss-120b", api_key="k", region="us-east-1")
    with pytest.raises(ConfigurationError, match="no FIPS addresses"):
        await call_of(model)


async def test_claude_answers_at_the_other_endpoint_and_its_own_operations_are_not_there():
    with Emulator() as emulator:
        client = LLMClient(
            "bedrock-mantle/anthropic.claude-sonnet-4-6",
            base_url=emulator.url,
            api_key=emulator.api_key,
            region="us-east-1",
        )
        async with client:
            emulator.reply("Good morning.")
            response = await client.generate("Hello", max_tokens=50)
            assert (response.text, response.provider) == ("Good morning.", "bedrock-mantle")
            with pytest.raises(UnsupportedFeatureError, match="bedrock-mantle"):
                await client.bedrock.count_tokens("Hello")


@pytest.fixture
def hosts_as_before(monkeypatch):
    monkeypatch.setattr(hosts_module, "_registered", hosts_module._registered)


@pytest.mark.usefixtures("hosts_as_before")
async def test_a_host_of_ones_own_is_a_row(tmp_path):
    ModelFactory.register_hosts({"ours": {"base_url": "https://llm.example.com/v1", "key_env": "OUR_KEY"}})
    file = tmp_path / "hosts.json"
    file.write_text('{"theirs": {"base_url": "http://localhost:9/v1", "needs_key": false, "api": "responses"}}')
    ModelFactory.register_hosts(file)
    call = await call_of(ModelFactory.create_model("ours/any", api_key="k"))
    assert (call.url, call.headers["authorization"]) == ("https://llm.example.com/v1/chat/completions", "Bearer k")
    call = await call_of(ModelFactory.create_model("theirs:any"))
    assert call.url == "http://localhost:9/v1/responses"
    assert "authorization" not in call.headers


@pytest.mark.usefixtures("hosts_as_before")
def test_a_wrong_guess_about_a_host_is_corrected_field_by_field():
    before = hosts()["mistral"]
    ModelFactory.register_hosts({"mistral": {"native": {"stream_options": True}}})
    after = hosts()["mistral"]
    assert after.native == {**before.native, "stream_options": True}
    assert (after.base_url, after.key_env, after.features) == (before.base_url, before.key_env, before.features)
    assert after.source is None
    known = ModelFactory.create_model("mistral/mistral-large-latest", api_key="k").config.feature("native")
    assert (known["stream_options"], known["seed"]) == (True, "random_seed")


@pytest.mark.usefixtures("hosts_as_before")
@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ({"anthropic": {"base_url": BASE}}, "'anthropic', which is a provider with an API of its own"),
        ({"a.b": {"base_url": BASE}}, "'a.b', which stands before no provider"),
        ({"good": {"base_url": BASE}, "bad": {"base": BASE}}, "has no field 'base'; did you mean 'base_url'"),
        ({"groq": 5}, "must be a mapping of fields"),
        (5, "must be a path or a mapping"),
        ("/nowhere/hosts.json", "cannot be read"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_nothing_is_added(rows, named):
    before = hosts()
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        ModelFactory.register_hosts(rows)
    assert hosts() == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"credentials": "a-token"}, "credentials for anthropic must be a callable"),
        ({"base_model": 5}, "base_model must be a model's name"),
        ({"base_model": " "}, "base_model must be a model's name"),
        ({"api": ["a"]}, "is not available for anthropic"),
        ({"base_url": 5}, "base_url must be an absolute"),
    ],
)
def test_an_option_of_a_wrong_type_is_refused(options, named):
    with pytest.raises(ConfigurationError, match=named):
        ModelFactory.create_model("anthropic/claude-sonnet-4-6", **{"api_key": "k", **options})


def test_keys_of_aws_are_not_for_others():
    keys = AWSCredentials("AKIDEXAMPLE", "not-a-real-secret")
    ModelFactory.create_model("anthropic/claude-sonnet-4-6", api_key="k", credentials=keys)


@pytest.mark.parametrize(
    "options", [{"api_key": "k"}, {"base_url": BASE}, {"api": "chat"}, {"credentials": lambda: "t"}]
)
def test_an_option_of_one_provider_is_not_shared_among_several(options):
    with pytest.raises(ConfigurationError, match="cannot be for anthropic and openai alike: make each model with"):
        LLMClient(FallbackStrategy(["openai/gpt-4.1", "anthropic/claude-sonnet-4-6"]), **options)


@pytest.mark.parametrize("name", ["bedrock", "bedrock-mantle"])
def test_a_guardrail_is_never_left_out_at_bedrock(name):
    model = ModelFactory.create_model(f"{name}/openai.gpt-oss-120b-1:0", api="openai", region="us-east-1", api_key="k")
    with pytest.raises(UnsupportedFeatureError, match="ask with api='converse' or 'invoke'"):
        model.prepare(Request.of("hi", guardrail={"identifier": "abc", "version": "1"}))


@pytest.mark.parametrize("name", ["anthropic", "google", "cohere", "ollama", "groq"])
def test_metadata_is_sent_or_left_out_with_a_warning(name):
    request = Request.of("hi", max_tokens=9, metadata={"team": "b"})
    warned = ModelFactory.create_model(f"{name}/any", api_key="k", base_url=BASE).prepare(request)[1]
    assert "metadata" in {warning.parameter for warning in warned}
    openai = ModelFactory.create_model("openai/gpt-4.1", api_key="k")
    prepared, warned = openai.prepare(request)
    assert warned == ()
    assert openai.codec.body.write(prepared, openai.config, stream=False)["metadata"] == {"team": "b"}


@pytest.mark.usefixtures("hosts_as_before")
@pytest.mark.parametrize(
    "native", [{"max_tokens": 7}, {"max_tokens": ["a"]}, {"stream_options": "maybe"}, {"tool_call_id_length": 0}]
)
def test_an_option_of_a_host_has_a_value_that_fits(native):
    with pytest.raises(ConfigurationError, match=re.escape(f"[{next(iter(native))!r}] must be")):
        ModelFactory.register_hosts({"ours": {"base_url": BASE, "native": native}})
