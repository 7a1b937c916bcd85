"""What holds for Llama beyond its facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from bedrock_llm.config import AWSCredentials, ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import Image, Message, Text, ToolCall, ToolResult
from bedrock_llm.models.llama import LlamaImplementation
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.request import Request
from bedrock_llm.transports.choose import default_transport

PICTURE = Image(b"\x89PNG\r\n\x1a\n")
TOOLS = [ToolSpec("f")]
CALL = [Message.assistant(ToolCall("1", "f", {})), Message.user(ToolResult("1", (Text("r"), PICTURE)))]


def llama(template, *, images=True, api="converse"):
    native = {"body": "llama_prompt", "template": template, "tools": "json"}
    features = {"native": native, "images": images, "tools": True}
    codec = ConverseCodec() if api == "converse" else InvokeCodec(LlamaPromptBody())
    provider = BedrockProvider(region="us-east-1", credentials=AWSCredentials("AKIAIOSFODNN7EXAMPLE", "example"))
    config = ModelConfig(provider="bedrock", model="meta.llama-x", family="llama", features=features)
    return LlamaImplementation(config, codec=codec, provider=provider, transport=default_transport(None))


BOTH = pytest.mark.parametrize("api", ["converse", "invoke"])


@BOTH
def test_pictures_with_tools_are_refused_before_anything_is_sent(api):
    model = llama("llama-3.1", api=api)
    for messages, tools, named in (
        ([Message.user("x", PICTURE)], TOOLS, "tools"),
        ([Message.user("x", PICTURE), *CALL], None, "messages"),
        ([Message.user("x"), *CALL], None, "messages"),
    ):
        with pytest.raises(UnsupportedFeatureError) as caught:
            model.prepare(Request.of(messages, tools=tools))
        assert caught.value.parameter == named


@BOTH
def test_pictures_or_tools_alone_are_taken(api):
    model = llama("llama-3.1", api=api)
    assert model.prepare(Request.of([Message.user("x", PICTURE)]))[1] == ()
    assert model.prepare(Request.of("x", tools=TOOLS))[1] == ()
    prepared, _ = model.prepare(Request.of([Message.user("x", PICTURE)], tools=TOOLS, tool_choice="none"))
    assert prepared.get("tools") is None


@BOTH
def test_more_than_one_picture_is_warned_of(api):
    _, warnings = llama("llama-3.1", api=api).prepare(Request.of([Message.user("x", PICTURE, PICTURE)]))
    assert [(warning.kind, warning.parameter) for warning in warnings] == [("other", "messages")]


@BOTH
def test_llama_4_has_neither_limit_and_a_blind_llama_its_own(api):
    request = Request.of([Message.user("x", PICTURE, PICTURE)], tools=TOOLS)
    assert llama("llama-4", api=api).prepare(request)[1] == ()
    with pytest.raises(UnsupportedFeatureError) as caught:
        llama("llama-3.1", images=False, api=api).prepare(request)
    assert caught.value.parameter == "messages[0]"


def test_a_picture_in_a_file_counts_too():
    message = Message.user("x", Image(Path("a.png")))
    with pytest.raises(UnsupportedFeatureError):
        llama("llama-3.1").prepare(Request.of([message], tools=TOOLS))
