"""The proof that it is Bedrock's wire and not ours: AWS's own client gets right answers from the emulator."""

from __future__ import annotations

from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from bedrock_llm.messages import Citation, Message, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage

MODEL = "us.anthropic.claude-sonnet-4-6"
ASKED = [{"role": "user", "content": [{"text": "Weather in Oslo?"}]}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}]}
ANSWER = Message.assistant(
    Thinking("Which city? Oslo.", signature="c2VhbA=="),
    Text("Let me look, with Müller's 🌦 tool."),
    ToolCall("tooluse_1", "get_weather", {"city": "Oslo", "days": [1, 2]}),
)


@contextmanager
def client_of(emulator, *, secret=None, attempts=1, region="us-east-1", key=None):
    client = boto3.client(
        "bedrock-runtime",
        region_name=region,
        endpoint_url=emulator.url,
        aws_access_key_id=key or emulator.access_key_id,
        aws_secret_access_key=secret or emulator.secret_access_key,
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, signature_version="v4"),
    )
    try:
        yield client
    finally:
        client.close()


def test_converse_gives_the_scripted_answer_with_usage(emulator):
    emulator.reply(ANSWER)
    with client_of(emulator) as client:
        answer = client.converse(modelId=MODEL, messages=ASKED, toolConfig=TOOLS)
    assert answer["output"]["message"] == {
        "role": "assistant",
        "content": [
            {"reasoningContent": {"reasoningText": {"text": "Which city? Oslo.", "signature": "c2VhbA=="}}},
            {"text": "Let me look, with Müller's 🌦 tool."},
            {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Oslo", "days": [1, 2]}}},
        ],
    }
    assert answer["stopReason"] == "tool_use"
    usage = answer["usage"]
    assert usage["inputTokens"] > 0
    assert usage["outputTokens"] > 0
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 1
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"] == answer["ResponseMetadata"]["RequestId"]


def test_a_tools_round_trip_is_accepted_and_told_back(emulator):
    with client_of(emulator) as client:
        asked = client.converse(modelId=MODEL, messages=ASKED, toolConfig=TOOLS)
        call = asked["output"]["message"]["content"][0]["toolUse"]
        assert (call["name"], call["input"], asked["stopReason"]) == ("get_weather", {"city": "Oslo"}, "tool_use")
        result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "3 C"}], "status": "success"}}
        history = [*ASKED, asked["output"]["message"], {"role": "user", "content": [result]}]
        answered = client.converse(modelId=MODEL, messages=history, toolConfig=TOOLS)
    assert answered["output"]["message"]["content"] == [{"text": "The tool get_weather answered: 3 C"}]
    assert answered["stopReason"] == "end_turn"
    assert [len(request.messages) for request in emulator.requests] == [1, 3]


def test_converse_stream_gives_the_same_answer_in_events(emulator):
    emulator.reply(ANSWER)
    with client_of(emulator) as client:
        stream = client.converse_stream(modelId=MODEL, messages=ASKED, toolConfig=TOOLS)["stream"]
        events = [(name, event[name]) for event in stream for name in event]
    kinds = [name for name, _ in events]
    assert kinds[0] == "messageStart"
    assert kinds[-2:] == ["messageStop", "metadata"]
    assert kinds.count("contentBlockStop") == 3
    starts = [event for name, event in events if name == "contentBlockStart"]
    assert starts == [{"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather"}}}]
    deltas = {0: [], 1: [], 2: []}
    for name, event in events:
        if name == "contentBlockDelta":
            deltas[event["contentBlockIndex"]].append(event["delta"])
    assert "".join(d["reasoningContent"].get("text", "") for d in deltas[0]) == "Which city? Oslo."
    assert deltas[0][-1] == {"reasoningContent": {"signature": "c2VhbA=="}}
    assert "".join(d["text"] for d in deltas[1]) == "Let me look, with Müller's 🌦 tool."
    assert "".join(d["toolUse"]["input"] for d in deltas[2]) == '{"city":"Oslo","days":[1,2]}'
    assert min(len(pieces) for pieces in deltas.values()) > 2
    assert dict(events)["messageStop"] == {"stopReason": "tool_use"}
    assert dict(events)["metadata"]["usage"]["outputTokens"] > 0


def test_a_scripted_response_keeps_its_usage_stop_reason_and_citations(emulator):
    cited = Text("It is blue.", (Citation("blue", "Colours", None, {}),))
    usage = Usage(input_tokens=5, cache_read_tokens=2, cache_write_tokens=1, cache_write_1h_tokens=4, output_tokens=3)
    emulator.reply(Response(message=Message.assistant(cited), stop_reason=StopReason.length, usage=usage))
    with client_of(emulator) as client:
        answer = client.converse(modelId=MODEL, messages=ASKED)
    assert answer["stopReason"] == "max_tokens"
    assert answer["usage"] == {
        "inputTokens": 5,
        "outputTokens": 3,
        "totalTokens": 15,
        "cacheReadInputTokens": 2,
        "cacheWriteInputTokens": 5,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 4}, {"ttl": "5m", "inputTokens": 1}],
    }
    assert answer["output"]["message"]["content"] == [
        {
            "citationsContent": {
                "content": [{"text": "It is blue."}],
                "citations": [{"title": "Colours", "sourceContent": [{"text": "blue"}]}],
            }
        }
    ]


def test_reasoning_is_answered_where_it_is_asked_for(emulator):
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    with client_of(emulator) as client:
        answer = client.converse(
            modelId=MODEL, messages=ASKED, additionalModelRequestFields=fields, inferenceConfig={"maxTokens": 2000}
        )
    kinds = [next(iter(block)) for block in answer["output"]["message"]["content"]]
    assert kinds == ["reasoningContent", "text"]
    assert answer["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]["signature"]


def test_a_model_arn_travels_in_the_path(emulator):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
    emulator.reply("Hello")
    with client_of(emulator) as client:
        assert client.converse(modelId=arn, messages=ASKED)["output"]["message"]["content"] == [{"text": "Hello"}]
    assert "%3A" in emulator.received[0].path
    assert "%2F" in emulator.received[0].path


def test_images_and_documents_arrive(emulator):
    content = [
        {"text": "What is this?"},
        {"image": {"format": "png", "source": {"bytes": b"\x89PNG\r\n\x1a\n"}}},
        {"document": {"name": "notes", "format": "txt", "source": {"bytes": b"words"}}},
    ]
    with client_of(emulator) as client:
        answer = client.converse(modelId=MODEL, messages=[{"role": "user", "content": content}])
    assert "With it came: image, document." in answer["output"]["message"]["content"][0]["text"]


def test_the_prompt_cache_is_written_once_and_then_read(emulator):
    system = [{"text": "You know everything about the sea. " * 20}, {"cachePoint": {"type": "default"}}]
    with client_of(emulator) as client:
        first, second = (client.converse(modelId=MODEL, messages=ASKED, system=system)["usage"] for _ in range(2))
    assert first["cacheReadInputTokens"] == 0
    assert first["cacheWriteInputTokens"] == second["cacheReadInputTokens"] > 0
    assert second["cacheWriteInputTokens"] == 0


def error_of(emulator, call=None, **options):
    with client_of(emulator, **options) as client, pytest.raises(ClientError) as caught:
        (call or (lambda client: client.converse(modelId=MODEL, messages=ASKED)))(client)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def test_a_wrong_secret_is_an_invalid_signature(emulator):
    status, code, message = error_of(emulator, secret="wrong")
    assert (status, code) == (403, "InvalidSignatureException")
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    assert emulator.requests == ()
    assert len(emulator.received) == 1


def test_an_unknown_key_is_an_unrecognized_client(emulator):
    assert error_of(emulator, key="AKIAANOTHER")[1] == "UnrecognizedClientException"


def test_an_invalid_request_names_the_place(emulator):
    twice = [*ASKED, {"role": "user", "content": [{"text": " "}]}]
    status, code, message = error_of(emulator, lambda client: client.converse(modelId=MODEL, messages=twice))
    assert (status, code) == (400, "ValidationException")
    assert message.startswith("A conversation must alternate between user and assistant roles.")


def test_a_strange_model_id_is_refused(emulator):
    answer = error_of(emulator, lambda client: client.converse_stream(modelId="nothing", messages=ASKED))
    assert answer == (400, "ValidationException", "The provided model identifier is invalid.")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 429, "ThrottlingException"),
        ("server_error", 500, "InternalServerException"),
        ("overloaded", 503, "ServiceUnavailableException"),
        ("not_ready", 429, "ModelNotReadyException"),
        ("expired_token", 403, "ExpiredTokenException"),
        ("access_denied", 403, "AccessDeniedException"),
        ("not_found", 404, "ResourceNotFoundException"),
        ("stream_exception", 424, "ModelErrorException"),
    ],
)
def test_a_fault_is_the_services_own_error(emulator, fault, status, code):
    emulator.fail(fault)
    assert error_of(emulator)[:2] == (status, code)


def test_a_throttled_request_is_sent_again_by_standard_retries(emulator):
    emulator.reply("Hello")
    emulator.fail("throttle")
    with client_of(emulator, attempts=3) as client:
        answer = client.converse(modelId=MODEL, messages=ASKED)
    assert answer["output"]["message"]["content"] == [{"text": "Hello"}]
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(emulator.requests) == 2


def test_an_exception_in_the_stream_comes_after_the_first_events(emulator):
    emulator.reply("Hello there, this is a longer answer")
    emulator.fail("stream_exception")
    with client_of(emulator) as client:
        broken = client.converse_stream(modelId=MODEL, messages=ASKED)["stream"]
        with pytest.raises(EventStreamError, match="modelStreamErrorException"):
            list(broken)
        broken.close()
    with client_of(emulator) as client:
        stream = client.converse_stream(modelId=MODEL, messages=ASKED)["stream"]
        text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in stream if "contentBlockDelta" in event)
    assert text == "Hello there, this is a longer answer"


def test_a_stream_may_be_left_early(emulator):
    emulator.reply("word " * 2000)
    with client_of(emulator) as client:
        stream = client.converse_stream(modelId=MODEL, messages=ASKED)["stream"]
        assert "messageStart" in next(iter(stream))
        stream.close()
