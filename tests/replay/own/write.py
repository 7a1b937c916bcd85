"""Writes the small corpus beside this file: `python -m tests.replay.own.write`.

Here: Bedrock's; others.py has those of the other providers.

Every answer here is made up, in the form of a corpus (see corpus.py), and so is what it is expected to decode to.
Frames of streams are made here and not by the library, so that a mistake in the one shows in the other.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

from tests.replay.own import others
from tests.replay.own.lines import COUNTS, QUESTION, Json, call, expected, interaction

HERE = Path(__file__).parent
CLAUDE, NOVA = "us.anthropic.claude-sonnet-4-6", "us.amazon.nova-2-lite-v1%3A0"
STREAM = {"content-type": "application/vnd.amazon.eventstream", "transfer-encoding": "chunked"}
WHOLE = {"content-type": "application/json", "x-amzn-requestid": "0000-made-up"}
USAGE = {"inputTokens": 12, "outputTokens": 7, "totalTokens": 19}
USED = {"input_tokens": 12, "output_tokens": 1}
METRICS = {"inputTokenCount": 12, "outputTokenCount": 7, "invocationLatency": 7, "firstByteLatency": 3}
SHORT: Json = {"inferenceConfig": {"maxTokens": 50}}
TOOL = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object", "properties": {}}}}}


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of an AWS event stream, its headers all strings (type 7)."""
    head = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return start + struct.pack(">I", zlib.crc32(start))


def event(kind: str, **payload: Json) -> bytes:
    """An event of ConverseStream, with the padding that the service adds."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps({**payload, "p": "abcdefgh"}, ensure_ascii=False).encode())


def start(index: int, **block: Json) -> bytes:
    return event("contentBlockStart", contentBlockIndex=index, start=block)


def delta(index: int, **content: Json) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=content)


def stop(index: int) -> bytes:
    return event("contentBlockStop", contentBlockIndex=index)


def begin() -> bytes:
    return event("messageStart", role="assistant")


def end(reason: str) -> bytes:
    return event("messageStop", stopReason=reason) + event("metadata", usage=USAGE, metrics={"latencyMs": 7})


def exception(kind: str, message: str) -> bytes:
    """An exception inside a stream."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


def chunk(**payload: Json) -> bytes:
    """A model's own object in a frame of InvokeModelWithResponseStream."""
    inside = base64.b64encode(json.dumps(payload, ensure_ascii=False).encode()).decode()
    return event("chunk", bytes=inside)


def answer(*blocks: Json, reason: str = "end_turn", usage: Json = None) -> bytes:
    """A whole answer of Converse."""
    output = {"message": {"role": "assistant", "content": list(blocks)}}
    body = {"output": output, "stopReason": reason, "usage": usage or USAGE, "metrics": {"latencyMs": 7}}
    return json.dumps(body, ensure_ascii=False).encode()


_APIS = {"invoke-with-response-stream": "invoke-stream"}


def record(name: str, path: str, body: bytes, headers: dict[str, str], status: int = 200, **asked: Json) -> Json:
    """A line of interactions.jsonl."""
    said: Json = {} if "prompt" in asked else {"messages": [{"role": "user", "content": [{"text": QUESTION}]}]}
    operation = path.rpartition("/")[2]
    kind = ("bedrock", _APIS.get(operation, operation), path.endswith("-stream"))
    return interaction(name, kind, path, {**said, **asked}, (status, headers, body))


RECORDS = [
    (
        record(
            "whole-text-cached",
            f"/model/{CLAUDE}/converse",
            answer(
                {"text": "Cold. "},
                {"text": "Dark. ❄"},
                reason="max_tokens",
                usage={
                    "inputTokens": 3,
                    "outputTokens": 9,
                    "totalTokens": 112,
                    "cacheReadInputTokens": 60,
                    "cacheWriteInputTokens": 40,
                    "cacheDetails": [{"ttl": "1h", "inputTokens": 40}],
                },
            ),
            WHOLE,
        ),
        expected(
            "whole-text-cached",
            text="Cold. Dark. ❄",
            stop="max_tokens",
            usage={"input": 3, "output": 9, "cache_read": 60, "cache_write": 40, "total": 112},
        ),
    ),
    (
        record(
            "whole-thinking-and-tools",
            f"/model/{NOVA}/converse",
            answer(
                {"reasoningContent": {"reasoningText": {"text": "I must look.", "signature": "c2ln"}}},
                {"toolUse": {"toolUseId": "s1", "name": "grounding", "input": {}, "type": "server_tool_use"}},
                {"toolResult": {"toolUseId": "s1", "content": [{"text": "..."}], "type": "grounding_result"}},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Tromsø"}}},
                reason="tool_use",
            ),
            WHOLE,
            toolConfig={"tools": [TOOL]},
        ),
        expected(
            "whole-thinking-and-tools",
            thinking="I must look.",
            tool_calls=[call("t1", "Tromsø")],
            server_tools=["grounding"],
            stop="tool_use",
            usage=COUNTS,
        ),
    ),
    (
        record(
            "whole-refused",
            f"/model/{NOVA}/converse",
            b'{"message":"Too many tokens, please wait before trying again."}',
            {**WHOLE, "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/"},
            429,
        ),
        expected(
            "whole-refused",
            error={
                "status": 429,
                "type": "ThrottlingException",
                "code": None,
                "message": "Too many tokens, please wait before trying again.",
            },
        ),
    ),
    (
        record(
            "whole-unsendable-model",
            "/model/no%20such%20model/converse",
            b'{"message":"The provided model identifier is invalid."}',
            {"content-type": "application/json"},
            400,
        ),
        expected(
            "whole-unsendable-model",
            error={
                "status": 400,
                "type": None,
                "code": None,
                "message": "The provided model identifier is invalid.",
            },
        ),
    ),
    (
        record(
            "stream-thinking-and-tools",
            f"/model/{CLAUDE}/converse-stream",
            b"".join(
                (
                    begin(),
                    delta(0, reasoningContent={"text": "Two "}),
                    delta(0, reasoningContent={"text": "places."}),
                    delta(0, reasoningContent={"signature": "c2ln"}),
                    stop(0),
                    delta(1, text="I ask for "),
                    delta(1, text="both: ❄☀"),
                    stop(1),
                    start(2, toolUse={"toolUseId": "t1", "name": "weather"}),
                    start(3, toolUse={"toolUseId": "t2", "name": "weather"}),
                    delta(2, toolUse={"input": '{"city": "Tro'}),
                    delta(3, toolUse={"input": '{"city"'}),
                    delta(2, toolUse={"input": 'msø"}'}),
                    delta(3, toolUse={"input": ': "Rome"}'}),
                    stop(2),
                    stop(3),
                    end("tool_use"),
                )
            ),
            STREAM,
            **SHORT,
            toolConfig={"tools": [TOOL]},
        ),
        expected(
            "stream-thinking-and-tools",
            text="I ask for both: ❄☀",
            thinking="Two places.",
            tool_calls=[call("t1", "Tromsø"), call("t2", "Rome")],
            stop="tool_use",
            usage=COUNTS,
        ),
    ),
    (
        record(
            "stream-unknown-things",
            f"/model/{NOVA}/converse-stream",
            b"".join(
                (
                    begin(),
                    start(0, toolUse={"toolUseId": "s1", "name": "grounding", "type": "server_tool_use"}),
                    delta(0, toolUse={"input": "{}"}),
                    stop(0),
                    event("weatherReport", degrees=-20),
                    delta(1, text="It is 20 below."),
                    stop(1),
                    end("frozen"),
                )
            ),
            STREAM,
        ),
        expected(
            "stream-unknown-things", text="It is 20 below.", server_tools=["grounding"], stop="frozen", usage=COUNTS
        ),
    ),
    (
        record(
            "stream-refused",
            f"/model/{CLAUDE}/converse-stream",
            b'{"message":"The model is not ready."}',
            {**WHOLE, "x-amzn-errortype": "ModelNotReadyException"},
            429,
        ),
        expected(
            "stream-refused",
            error={
                "status": 429,
                "type": "ModelNotReadyException",
                "code": None,
                "message": "The model is not ready.",
            },
        ),
    ),
    (
        record(
            "stream-with-exception",
            f"/model/{CLAUDE}/converse-stream",
            begin() + delta(0, text="It is ") + exception("internalServerException", "The service failed."),
            STREAM,
        ),
        expected(
            "stream-with-exception",
            text="It is ",
            error={
                "status": 200,
                "type": "internalServerException",
                "code": None,
                "message": "The service failed.",
            },
            complete=False,
        ),
    ),
    (
        record(
            "stream-cut",
            f"/model/{CLAUDE}/converse-stream",
            begin() + delta(0, text="It is ") + delta(0, text="co") + stop(0) + delta(1, text="ld, and ")[:-20],
            STREAM,
        ),
        expected("stream-cut", text="It is co", complete=False),
    ),
    (
        record(
            "invoke-claude-thinks-and-calls",
            f"/model/{CLAUDE}/invoke",
            json.dumps(
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "I must look.", "signature": "c2ln"},
                        {"type": "text", "text": "One moment. ❄"},
                        {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Tromsø"}},
                    ],
                    "stop_reason": "tool_use",
                    "usage": {"input_tokens": 12, "output_tokens": 7, "cache_read_input_tokens": 60},
                },
                ensure_ascii=False,
            ).encode(),
            WHOLE,
            anthropic_version="bedrock-2023-05-31",
            max_tokens=50,
            messages=[{"role": "user", "content": QUESTION}],
            tools=[{"name": "weather", "input_schema": {"type": "object", "properties": {}}}],
        ),
        expected(
            "invoke-claude-thinks-and-calls",
            text="One moment. ❄",
            thinking="I must look.",
            tool_calls=[call("t1", "Tromsø")],
            stop="tool_use",
            usage={"input": 12, "output": 7, "cache_read": 60},
        ),
    ),
    (
        record(
            "invoke-llama-counted-in-headers",
            "/model/meta.llama3-8b-instruct-v1%3A0/invoke",
            json.dumps({"generation": "Cold, and dark.", "stop_reason": "length"}).encode(),
            {**WHOLE, "x-amzn-bedrock-input-token-count": "12", "x-amzn-bedrock-output-token-count": "7"},
            prompt=QUESTION,
        ),
        expected("invoke-llama-counted-in-headers", text="Cold, and dark.", stop="length", metrics=COUNTS),
    ),
    (
        record(
            "invoke-stream-claude",
            f"/model/{CLAUDE}/invoke-with-response-stream",
            b"".join(
                (
                    chunk(type="message_start", message={"role": "assistant", "content": [], "usage": USED}),
                    chunk(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
                    chunk(type="ping"),
                    chunk(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "Cold. "}),
                    chunk(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "❄"}),
                    chunk(type="content_block_stop", index=0),
                    chunk(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7}),
                    chunk(type="message_stop", **{"amazon-bedrock-invocationMetrics": METRICS}),
                )
            ),
            STREAM,
            anthropic_version="bedrock-2023-05-31",
            max_tokens=50,
            messages=[{"role": "user", "content": QUESTION}],
        ),
        expected("invoke-stream-claude", text="Cold. ❄", stop="end_turn", usage=COUNTS),
    ),
    (
        record(
            "invoke-stream-mistral-counted-by-the-service",
            "/model/mistral.mistral-7b-instruct-v0%3A2/invoke-with-response-stream",
            chunk(outputs=[{"text": "Cold", "stop_reason": None}])
            + chunk(outputs=[{"text": ".", "stop_reason": "stop"}], **{"amazon-bedrock-invocationMetrics": METRICS}),
            STREAM,
            prompt=f"<s>[INST] {QUESTION} [/INST]",
        ),
        expected("invoke-stream-mistral-counted-by-the-service", text="Cold.", stop="stop", metrics=COUNTS),
    ),
]


def files() -> dict[str, str]:
    """The two files of the corpus, by name."""
    asked, wanted = zip(*RECORDS, *others.RECORDS, strict=True)
    columns = {"interactions.jsonl": asked, "expected.jsonl": wanted}
    return {
        name: "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) for name, lines in columns.items()
    }


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8")
