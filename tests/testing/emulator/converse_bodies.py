"""Converse bodies: what they are made of, and those that Bedrock takes."""

from __future__ import annotations

import base64

MODEL = "us.anthropic.claude-sonnet-4-6"
PROMPT = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:2"
TOOLS = {"tools": [{"toolSpec": {"name": "look_up", "inputSchema": {"json": {"type": "object"}}}}]}
CALL = {"toolUse": {"toolUseId": "t1", "name": "look_up", "input": {"q": 1}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "3"}], "status": "success"}}
POINT = {"cachePoint": {"type": "default"}}
PNG = base64.b64encode(b"\x89PNG").decode()


def user(*content):
    return {"role": "user", "content": [{"text": entry} if isinstance(entry, str) else entry for entry in content]}


def assistant(*content):
    return {**user(*content), "role": "assistant"}


def said(*messages, **more):
    return {"messages": list(messages or (user("Hi"),)), **more}


def called(call=CALL, result=RESULT, **more):
    return said(user("Look"), assistant(call), user(result), **{"toolConfig": TOOLS, **more})


def document(name="Document 1", **more):
    return {"document": {"name": name, "format": "txt", "source": {"text": "words"}, **more}}


def image(data=PNG):
    return {"image": {"format": "png", "source": {"bytes": data}}}


def tool(**spec):
    return {"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {"type": "object"}}, **spec}}]}


def text_format(schema):
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}}


def big(size):
    return base64.b64encode(b"\x00" * size).decode()


GOOD = {
    "one question": said(),
    "empty lists and nulls": said(system=[], inferenceConfig={}, toolConfig=None, guardrailConfig=None),
    "a conversation": said(user("a"), assistant("b"), user("c")),
    "a turn to go on with": said(user("a"), assistant("{")),
    "a system turn between": said(
        user("a"), {"role": "system", "content": [{"text": "be brief"}]}, assistant("b"), user("c")
    ),
    "blank text beside words": said(user("words", "\n")),
    "system with a cache point": said(system=[{"text": "a"}, POINT]),
    "every inference setting": said(
        inferenceConfig={"maxTokens": 1, "temperature": 0, "topP": 1.0, "stopSequences": ["x"] * 2500}
    ),
    "a tool": said(toolConfig=tool(description="d", strict=True)),
    "a server tool": said(toolConfig={"tools": [{"systemTool": {"name": "nova_grounding"}}]}),
    "any tool": said(toolConfig={**TOOLS, "toolChoice": {"any": {}}}),
    "a tool forced": said(toolConfig={**TOOLS, "toolChoice": {"tool": {"name": "look_up"}}}),
    "a call and its result": called(),
    "a result in json": called(result={"toolResult": {"toolUseId": "t1", "content": [{"json": {"a": 1}}]}}),
    "a server tool's empty result": called(result={"toolResult": {"toolUseId": "t1", "content": [{"json": None}]}}),
    "a server tool's call needs no result": said(
        user("a"),
        assistant({"toolUse": {**CALL["toolUse"], "type": "server_tool_use"}}, "b"),
        user("c"),
        toolConfig=TOOLS,
    ),
    "reasoning sent back": said(
        user("a"), assistant({"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}}, "b"), user("c")
    ),
    "a document with an underscore": said(user("read", document("company_policy [2] (a-b)"))),
    "five documents": said(user("read", *[document(f"n{i}") for i in range(5)])),
    "twenty images": said(user("look", *[image()] * 20)),
    "an image as large as may be": said(user("look", image(big(3_932_160)))),
    "a document as large as may be": said(user("read", document(source={"bytes": big(4_718_592)}))),
    "an object in S3": said(
        user(
            {
                "video": {
                    "format": "mp4",
                    "source": {"s3Location": {"uri": "s3://bucket/key", "bucketOwner": "123456789012"}},
                }
            }
        )
    ),
    "four cache points": said(user("a", POINT, "b", POINT, "c", POINT), system=[{"text": "s"}, POINT]),
    "a cache point for an hour": said(user("a", {"cachePoint": {"type": "default", "ttl": "1h"}})),
    "metadata": said(requestMetadata={"team": "a b:_@$#=/+,-.", "empty": ""}),
    "response fields": said(additionalModelResponseFieldPaths=["/stop_sequence"]),
    "additional fields": said(additionalModelRequestFields={"anything": [1]}),
    "a schema": said(outputConfig=text_format('{"type":"object"}')),
    "tier, latency, guardrail": said(
        serviceTier={"type": "flex"},
        performanceConfig={"latency": "optimized"},
        guardrailConfig={"guardrailIdentifier": "abc123", "guardrailVersion": "DRAFT", "trace": "enabled_full"},
    ),
    "guarded content": said(user({"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}})),
}
