"""Bedrock's rules: for each, what is taken and what is refused, and where the message points."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.testing.emulator.validate import check_model, validate
from bedrock_llm.testing.emulator.wire import Refusal
from tests.shared_data import shared
from tests.testing.emulator.converse_bodies import (
    CALL,
    GOOD,
    MODEL,
    POINT,
    PROMPT,
    RESULT,
    TOOLS,
    assistant,
    big,
    called,
    document,
    image,
    said,
    text_format,
    tool,
    user,
)


@pytest.mark.parametrize("name", GOOD)
def test_what_bedrock_takes_is_taken(name):
    assert validate(GOOD[name], MODEL, stream=False) == GOOD[name]


CORAL = "1 validation error detected: Value "
BAD = {
    "not an object": ([], "Malformed input request: #: expected type: JSONObject, found: JSONArray"),
    "an unknown member": (said(modelId="x"), "#: extraneous key [modelId] is not permitted"),
    "an unknown member of a block": (
        said(user({"txt": "a"})),
        "#/messages/0/content/0: extraneous key [txt] is not permitted",
    ),
    "two members in a union": (
        said(user({"text": "a", "cachePoint": {"type": "default"}})),
        "#/messages/0/content/0: maximum size: [1], found: [2]",
    ),
    "no member in a union": (said(user({})), "#/messages/0/content/0: minimum size: [1], found: [0]"),
    "a member missing": (said({"role": "user"}), "#/messages/0: required key [content] not found"),
    "text that is a number": (
        said(user({"text": 1})),
        "#/messages/0/content/0/text: expected type: String, found: Integer",
    ),
    "content that is a string": (said({"role": "user", "content": "Hi"}), "expected type: JSONArray, found: String"),
    "a strange role": (
        said({"role": "tool", "content": []}),
        CORAL + "'tool' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value set",
    ),
    "no messages": ({"messages": []}, "The messages field is empty"),
    "messages absent": ({}, "The messages field is empty"),
    "a message without content": (said(user()), "The content field in the Message object at messages.0 is empty"),
    "two turns of one role": (
        said(user("a"), user("b")),
        "A conversation must alternate between user and assistant roles",
    ),
    "empty text": (said(user("a", "")), "The text field in the ContentBlock object at messages.0.content.1 is blank"),
    "blank text alone": (
        said(user(" \n")),
        "The text field in the ContentBlock object at messages.0.content.0 is blank",
    ),
    "empty system text": (said(system=[{"text": ""}]), "length greater than or equal to 1"),
    "blank system text": (
        said(system=[{"text": " "}]),
        "The text field in the SystemContentBlock object at system.0 is blank",
    ),
    "maxTokens 0": (said(inferenceConfig={"maxTokens": 0}), CORAL + "'0' at 'inferenceConfig.maxTokens'"),
    "maxTokens a fraction": (said(inferenceConfig={"maxTokens": 1.5}), "expected type: Integer, found: Double"),
    "temperature too high": (
        said(inferenceConfig={"temperature": 2}),
        CORAL
        + "'2' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or "
        "equal to 1",
    ),
    "temperature below 0": (said(inferenceConfig={"temperature": -0.1}), "greater than or equal to 0"),
    "temperature true": (said(inferenceConfig={"temperature": True}), "expected type: Number, found: Boolean"),
    "topP too high": (said(inferenceConfig={"topP": 1.1}), "inferenceConfig.topP"),
    "topK is nowhere": (said(inferenceConfig={"topK": 1}), "#/inferenceConfig: extraneous key [topK] is not permitted"),
    "an empty stop sequence": (said(inferenceConfig={"stopSequences": [""]}), "inferenceConfig.stopSequences.1.member"),
    "too many stop sequences": (
        said(inferenceConfig={"stopSequences": ["x"] * 2501}),
        "length less than or equal to 2500",
    ),
    "an empty tool list": (said(toolConfig={"tools": []}), "toolConfig.tools"),
    "only a cache point for a tool": (said(toolConfig={"tools": [POINT]}), "at least one toolSpec or systemTool"),
    "a tool's name with a dot": (
        said(toolConfig=tool(name="a.b")),
        "at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular",
    ),
    "a tool's name too long": (said(toolConfig=tool(name="a" * 65)), "length less than or equal to 64"),
    "an empty description": (said(toolConfig=tool(description="")), "toolSpec.description"),
    "a schema of another type": (
        said(toolConfig=tool(inputSchema={"json": {"type": "string"}})),
        "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
    ),
    "a tool twice": (said(toolConfig={"tools": TOOLS["tools"] * 2}), "duplicate tool name look_up"),
    "no such choice": (
        said(toolConfig={**TOOLS, "toolChoice": {"none": {}}}),
        "extraneous key [none] is not permitted",
    ),
    "an unknown tool forced": (
        said(toolConfig={**TOOLS, "toolChoice": {"tool": {"name": "other"}}}),
        "The tool other at toolConfig.toolChoice.tool.name is not among the tools",
    ),
    "tools in the history, none offered": (
        called(toolConfig=None),
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    ),
    "a call without its result": (
        said(user("a"), assistant(CALL), user("b"), toolConfig=TOOLS),
        "Expected toolResult blocks at messages.2.content for the following Ids: t1",
    ),
    "a call at the end": (
        said(user("a"), assistant(CALL), toolConfig=TOOLS),
        "Expected toolResult blocks at messages.2.content for the following Ids: t1",
    ),
    "a result without its call": (
        said(user(RESULT), toolConfig=TOOLS),
        "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn.",
    ),
    "a result twice": (
        said(user("a"), assistant(CALL), user(RESULT, RESULT), toolConfig=TOOLS),
        "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.",
    ),
    "a call's id twice": (
        said(user("a"), assistant(CALL, CALL), user(RESULT), toolConfig=TOOLS),
        "contain duplicate Ids",
    ),
    "an id with a space": (called(call={"toolUse": {**CALL["toolUse"], "toolUseId": "t 1"}}), "toolUse.toolUseId"),
    "input that is a list": (
        called(call={"toolUse": {**CALL["toolUse"], "input": [1]}}),
        "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object",
    ),
    "a result in json that is a list": (
        called(result={"toolResult": {"toolUseId": "t1", "content": [{"json": [1]}]}}),
        "The format of the value at messages.2.content.0.toolResult.content.0.json is invalid",
    ),
    "an empty result": (
        called(result={"toolResult": {"toolUseId": "t1", "content": []}}),
        "The content field in the ToolResultBlock object at messages.2.content.0.toolResult is empty",
    ),
    "a blank result": (
        called(result={"toolResult": {"toolUseId": "t1", "content": [{"text": " "}]}}),
        "The text field in the ToolResultContentBlock object at messages.2.content.0.toolResult.content.0 is blank",
    ),
    "a strange status": (
        called(result={"toolResult": {**RESULT["toolResult"], "status": "failed"}}),
        "Member must satisfy enum value set: [success, error]",
    ),
    "a call of the user's": (
        said(user(CALL), toolConfig=TOOLS),
        "The toolUse block at messages.0.content.0 can't be included",
    ),
    "a result of the assistant's": (
        said(user("a"), assistant(CALL), assistant(RESULT), toolConfig=TOOLS),
        "A conversation must alternate",
    ),
    "an image of the assistant's": (said(user("a"), assistant(image())), "with the role assistant. Use the role user"),
    "reasoning of the user's": (
        said(user({"reasoningContent": {"reasoningText": {"text": "t"}}})),
        "The reasoningContent block at messages.0.content.0 can't be included",
    ),
    "a tool change of the user's": (said(user({"toolAddition": {"tool": {"name": "a"}}})), "with the role system"),
    "a document's name with a dot": (said(user("read", document("a.txt"))), "The document file name can only contain"),
    "a document's name with two spaces": (said(user("read", document("a  b"))), "more than one consecutive whitespace"),
    "a document's empty name": (said(user("read", document(""))), "document.name"),
    "two documents of one name": (
        said(user("read", document(), document())),
        "Messages can't contain duplicate document names",
    ),
    "one name in two turns": (
        said(user("read", document()), assistant("b"), user("again", document())),
        "Messages can't contain duplicate document names",
    ),
    "a document without text": (said(user(document())), "A text block is required when a document block is included"),
    "six documents": (said(user("read", *[document(f"n{i}") for i in range(6)])), "more than 5 documents in a request"),
    "an empty document": (said(user("read", document(source={"text": ""}))), "document.source.text"),
    "a strange document format": (said(user("read", document(format="rtf"))), "document.format"),
    "twenty-one images": (said(user("look", *[image()] * 21)), "more than 20 images in the message at messages.0"),
    "an image too large": (said(user("look", image(big(3_932_161)))), "exceeds the maximum size of 3.75 MB"),
    "a document too large": (
        said(user("read", document(source={"bytes": big(4_718_593)}))),
        "exceeds the maximum size of 4.5 MB",
    ),
    "a video too large": (
        said(user({"video": {"format": "mp4", "source": {"bytes": "A" * 25_000_004}}})),
        "at most 25 MB can be sent as bytes",
    ),
    "bytes that are not base64": (said(user(image("not base64!"))), "the value is not base64"),
    "empty bytes": (said(user(image(""))), "image.source.bytes"),
    "a URL for a source": (
        said(user({"image": {"format": "png", "source": {"s3Location": {"uri": "https://a/b"}}}})),
        "s3Location.uri",
    ),
    "five cache points": (
        said(user("a", POINT, "b", POINT, "c", POINT), system=[{"text": "s"}, POINT, {"text": "s"}, POINT]),
        "A maximum of 4 cachePoint blocks can be provided. Found 5.",
    ),
    "a cache point first": (said(user(POINT, "a")), "A cachePoint block must follow a block that can be cached"),
    "two cache points in a row": (
        said(user("a", POINT, POINT)),
        "A cachePoint block must follow a block that can be cached",
    ),
    "a cache point for a day": (said(user("a", {"cachePoint": {"type": "default", "ttl": "1d"}})), "cachePoint.ttl"),
    "no metadata": (said(requestMetadata={}), "requestMetadata"),
    "too much metadata": (said(requestMetadata={str(i): "" for i in range(17)}), "length less than or equal to 16"),
    "metadata with a strange sign": (
        said(requestMetadata={"a": "b!"}),
        "Member must satisfy regular expression pattern",
    ),
    "metadata that is too long": (said(requestMetadata={"a": "b" * 257}), "length less than or equal to 256"),
    "metadata that is a number": (said(requestMetadata={"a": 1}), "#/requestMetadata/a: expected type: String"),
    "a field path without a slash": (
        said(additionalModelResponseFieldPaths=["stop"]),
        "additionalModelResponseFieldPaths",
    ),
    "eleven field paths": (said(additionalModelResponseFieldPaths=["/a"] * 11), "length less than or equal to 10"),
    "additional fields that are a list": (said(additionalModelRequestFields=[]), "expected type: JSONObject"),
    "a schema that is an object": (
        said(outputConfig=text_format({"type": "object"})),
        "expected type: String, found: JSONObject",
    ),
    "a schema that is not JSON": (said(outputConfig=text_format("{")), "is not a valid JSON schema"),
    "a strange tier": (said(serviceTier={"type": "gold"}), "serviceTier.type"),
    "a strange latency": (said(performanceConfig={"latency": "fast"}), "performanceConfig.latency"),
    "a guardrail without version": (
        said(guardrailConfig={"guardrailIdentifier": "a"}),
        "required key [guardrailVersion]",
    ),
    "a guardrail's strange version": (
        said(guardrailConfig={"guardrailIdentifier": "a", "guardrailVersion": "0"}),
        "guardrailConfig.guardrailVersion",
    ),
    "stream processing without a stream": (
        said(guardrailConfig={"guardrailIdentifier": "a", "guardrailVersion": "1", "streamProcessingMode": "sync"}),
        "extraneous key [streamProcessingMode]",
    ),
    "variables without a prompt": (
        said(promptVariables={"a": {"text": "b"}}),
        "The promptVariables field can only be set",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_bedrock_refuses_is_refused_with_the_place(name):
    body, expected = BAD[name]
    with pytest.raises(Refusal) as caught:
        validate(body, MODEL, stream=False)
    assert (caught.value.status, caught.value.code) == (400, "ValidationException")
    assert expected in caught.value.message


def test_a_stream_may_say_how_its_guardrail_works():
    guardrail = {"guardrailIdentifier": "a", "guardrailVersion": "1", "streamProcessingMode": "async"}
    body = said(guardrailConfig=guardrail)
    assert validate(body, MODEL, stream=True) == body


def test_a_prompt_owns_its_settings_and_needs_no_messages():
    body = {"promptVariables": {"city": {"text": "Oslo"}}}
    assert validate(body, PROMPT, stream=False) == body
    with pytest.raises(Refusal, match="The system field can't be set when the modelId is a prompt resource"):
        validate({**body, "system": [{"text": "a"}]}, PROMPT, stream=False)


def test_the_one_family_that_was_seen_to_take_two_user_turns_takes_them():
    body = said(user("a"), user("b"))
    assert validate(body, "amazon.titan-text-express-v1", stream=False) == body


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-opus-4-8",
        "meta.llama3-3-70b-instruct-v1:0",
        "us-gov.anthropic.claude-sonnet-4-6",
        "deepseek.v3.2",
        "amazon.nova-premier-v1:0:1000k",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/ab12cd34ef56",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine",
        PROMPT,
    ],
)
def test_every_kind_of_model_id_is_taken(model):
    check_model(model)


@pytest.mark.parametrize(
    "model",
    [
        "",
        "claude",
        "us.claude",
        "amazon.nova-micro-v1:O",
        "a b.c",
        "..",
        "a/b.c",
        "arn:aws:s3:::bucket",
        "x." + "y" * 2048,
    ],
)
def test_what_is_no_model_id_is_refused(model):
    with pytest.raises(Refusal, match=r"The provided model identifier is invalid\."):
        check_model(model)


def test_every_recorded_request_that_was_answered_is_taken():
    taken = checked = 0
    for line in shared("corpus/interactions.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        body = record["request"].get("body")
        if (
            record["api"] in ("converse", "converse-stream")
            and record["response"]["status"] == 200
            and body is not None
        ):
            checked += 1
            taken += validate(body, record["model"], stream=record["streaming"]) is body
    assert (taken, checked) == (199, 199)
