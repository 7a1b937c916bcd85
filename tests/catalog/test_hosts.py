"""Servers as rows of data: the built-in ones, a user's own, and what both mean for a model."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bedrock_llm.catalog.hosts import NATIVE_OPTIONS, Host, host_of, hosts, read_hosts
from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.codecs.openai_chat.schema import FIELDS, Options, options_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ConfigurationError
from bedrock_llm.messages import Message, Opaque, Thinking
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.shared_data import shared

HOSTED = (
    "openai", "deepseek", "groq", "mistral", "xai", "openrouter", "together", "cerebras", "moonshot", "zai", "alibaba",
    "perplexity", "huggingface", "databricks", "snowflake", "cloudflare", "ollama", "gpustack", "vercel-gateway",
    "portkey", "pydantic-gateway", "vllm", "sglang", "llama-cpp", "lmstudio",
)  # fmt: skip
OF_ONES_OWN = ("ollama", "vllm", "sglang", "llama-cpp", "lmstudio")


def model_at(name, features=None, api=None):
    return ModelConfig(provider=name, model="m", family="f", features=hosts()[name].under(features, api))


def written(config, **parameters):
    request, warnings = ChatBody().prepare(Request.of("Hi", **parameters), config)
    return ChatBody().write(request, config, stream=False), {warning.parameter for warning in warnings}


def test_every_server_that_was_promised_has_a_row():
    assert tuple(hosts()) == HOSTED


@pytest.mark.parametrize("name", HOSTED)
def test_a_built_in_row_is_complete(name):
    host = hosts()[name]
    assert host.name == name
    assert host.key_env
    assert host.base_url or host.url_env
    assert host.source
    assert host.as_of == "2026-11-20"
    assert host.needs_key is (name not in OF_ONES_OWN)
    assert (host.base_url or "").startswith("http://localhost") is (name in OF_ONES_OWN)


@pytest.mark.parametrize("name", HOSTED)
def test_what_a_row_says_of_the_body_is_what_the_body_knows(name):
    said = hosts()[name].under(None)["native"]
    flat = said if said["body"] == "openai_chat" else said.get("openai_chat", {})
    assert flat.keys() - {"body"} <= NATIVE_OPTIONS
    assert isinstance(options_of(model_at(name)), Options)


def test_the_options_a_row_may_have_are_those_of_the_body():
    assert (FIELDS.keys() | set(Options._fields) | {"stream_options"}) - {"fields"} == NATIVE_OPTIONS


def test_the_file_is_not_read_at_import():
    code = "import sys; import bedrock_llm.catalog.hosts as h; assert h._built_in.cache_info().currsize == 0"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_recorded_hosts_are_those_of_the_rows():
    named = {"azure", "local", "other", "openai-compatible", "anthropic", "bedrock-mantle"}  # no row, or no one address
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    chats = [record for record in map(json.loads, lines) if record["api"] == "chat" and record["provider"] not in named]
    assert {record["provider"] for record in chats} <= set(HOSTED)
    differing = set()
    for record in chats:
        base = hosts()[record["provider"]].base_url
        if (
            base is not None
            and f"https://{record['request']['host']}{record['request']['path']}" != f"{base}/chat/completions"
        ):
            differing.add((record["provider"], record["request"]["host"]))
    assert {name for name, _ in differing} <= {"ollama", "together", "huggingface", "zai"}  # other doors of the same


# --- what the rows mean ---


def test_a_member_that_a_server_refuses_is_left_out_with_a_warning():
    body, warned = written(model_at("groq"), logprobs=True)
    assert ("logprobs" in body, warned) == (False, {"logprobs"})
    body, warned = written(model_at("cerebras"), max_tokens=5, presence_penalty=0.5)
    assert body["max_completion_tokens"] == 5
    assert warned == {"presence_penalty"}


def test_a_member_has_the_servers_own_name():
    body, warned = written(model_at("llama-cpp"), repetition_penalty=1.1, min_p=0.1, top_k=5)
    assert (body["repeat_penalty"], body["min_p"], body["top_k"]) == (1.1, 0.1, 5)
    body, _ = written(model_at("mistral"), seed=4, tools=[ToolSpec("n")], tool_choice="required")
    assert (body["random_seed"], body["tool_choice"]) == (4, "any")
    assert model_at("mistral").feature("native")["stream_options"] is False
    assert warned == set()


@pytest.mark.parametrize(
    ("name", "value", "members"),
    [
        ("openrouter", "low", {"reasoning": {"effort": "low"}}),
        ("openrouter", False, {"reasoning": {"effort": "none"}}),
        ("vercel-gateway", False, {"reasoning": {"enabled": False}}),
        ("vllm", "high", {"reasoning_effort": "high"}),
        ("vllm", False, {"chat_template_kwargs": {"enable_thinking": False}}),
        ("ollama", False, {"reasoning_effort": "none"}),
        ("zai", False, {"thinking": {"type": "disabled"}}),
        ("alibaba", False, {"enable_thinking": False}),
    ],
)
def test_reasoning_is_told_in_the_servers_own_way(name, value, members):
    body, warned = written(model_at(name), reasoning=value)
    assert {key: body[key] for key in body if key != "messages"} == members
    assert warned == set()


def test_reasoning_goes_back_where_the_server_wants_it():
    held = Opaque("openai_chat", "message", {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]})
    turns = [Message.user("a"), Message.assistant(Thinking("Hm", family="f"), "b", held), Message.user("c")]
    for name, member in (("openrouter", "reasoning_details"), ("moonshot", "reasoning_content"), ("vllm", "reasoning")):
        config = model_at(name)
        request, warnings = ChatBody().prepare(Request.of(turns), config)
        message = ChatBody().write(request, config, stream=False)["messages"][1]
        assert message.keys() == {"role", "content", member}, name
        assert warnings == ()


def test_what_is_known_of_a_model_goes_over_the_server_option_by_option():
    known = {"native": {"body": "openai_chat", "required": "must"}, "tools": False}
    features = hosts()["mistral"].under(known)
    assert features["native"]["required"] == "must"
    assert features["native"]["seed"] == "random_seed"
    assert features["tools"] is False


def test_options_of_chat_stand_apart_where_another_body_is_asked():
    features = hosts()["cerebras"].under({"native": {"body": "openai_chat"}}, "responses")
    assert features["native"]["openai_chat"]["max_tokens"] == "max_completion_tokens"
    assert "max_tokens" not in features["native"]
    known = {"native": {"body": "openai_responses", "stateless": True, "openai_chat": {"seed": False}}}
    options = options_of(ModelConfig(features=hosts()["openrouter"].under(known)))
    assert (options.fields["seed"], options.fields["min_p"]) == (None, "min_p")
    assert options_of(model_at("openai")).fields["max_tokens"] == "max_completion_tokens"


# --- a user's own ---

OWN = {"base_url": "https://llm.example.com/v1/", "key_env": "EXAMPLE_KEY", "native": {"top_k": "top_k"}}


def test_a_row_of_ones_own_takes_three_lines(tmp_path):
    host = host_of("example", OWN)
    assert host == Host("example", "https://llm.example.com/v1", key_env=("EXAMPLE_KEY",), native={"top_k": "top_k"})
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps({"example": OWN}))
    assert read_hosts(path) == read_hosts(str(path)) == read_hosts({"example": OWN}) == {"example": host}


def test_a_row_cannot_be_changed_afterwards():
    host = host_of("example", OWN)
    with pytest.raises(AttributeError):
        host.base_url = "https://other.example.com"
    with pytest.raises(TypeError):
        host.native["top_k"] = False
    with pytest.raises(TypeError):
        hosts()["more"] = host


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("Example", {}, "small letters"),
        ("a/b", {}, "small letters"),
        (7, {}, "small letters"),
        ("a", 7, "mapping of fields"),
        ("a", {"base_uri": "https://a.example"}, "did you mean 'base_url'"),
        ("a", {"base_url": "a.example/v1"}, "base_url must be an http or https address"),
        ("a", {"base_url": "https://user@a.example"}, "without user"),
        ("a", {"base_url": "https://a.example/v1?x=1"}, "query"),
        ("a", {"key_env": ["A B"]}, "key_env must be names of environment variables"),
        ("a", {"key_env": 7}, "key_env"),
        ("a", {"key_header": "x key"}, "key_header must be a header's name"),
        ("a", {"key_prefix": "a\n"}, "key_prefix"),
        ("a", {"needs_key": 1}, "needs_key must be true or false"),
        ("a", {"api": "completions"}, "api must be 'chat' or 'responses'"),
        ("a", {"native": []}, "native must be a mapping"),
        ("a", {"native": {"topk": "top_k"}}, "native has no option 'topk'; did you mean 'top_k'"),
        ("a", {"native": {"openai_chat": {"sead": False}}}, "'openai_chat'.*'sead'"),
        ("a", {"features": "tools"}, "features must be a mapping"),
        ("a", {"source": " "}, "source must be text"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_what_is_allowed(name, row, words):
    with pytest.raises(ConfigurationError, match=words):
        host_of(name, row)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_hosts(tmp_path / "none.json")
    for text, words in (("{", "not JSON"), ("[]", "must be an object")):
        (tmp_path / "hosts.json").write_text(text)
        with pytest.raises(ConfigurationError, match=words):
            read_hosts(tmp_path / "hosts.json")
    with pytest.raises(ConfigurationError, match="a path or a mapping"):
        read_hosts(7)
