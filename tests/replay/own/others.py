"""Made-up answers of the providers beside Bedrock, a few for each wire.

Here: records and what they are expected to decode to, written by hand. Not here: OpenAI's wires (openai.py). Called by:
write.py.
"""

from __future__ import annotations

from tests.replay.own import openai
from tests.replay.own.lines import (
    JSON,
    LINES,
    QUESTION,
    SCHEMA,
    SSE,
    USER,
    Json,
    as_json,
    call,
    expected,
    interaction,
    ndjson,
    sse,
)

TURN = {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}]}


# --- Anthropic --------------------------------------------------------------------------------------------------------

CLAUDE = {"model": "claude-sonnet-4-6", "max_tokens": 50, "messages": USER}
CLAUDE_TOOL = {"tools": [{"name": "weather", "description": "Of a city.", "input_schema": SCHEMA}]}
COMPLETION = {
    "model": "claude-2.1",
    "max_tokens_to_sample": 50,
    "prompt": f"\n\nHuman: {QUESTION}\n\nAssistant:",
}
_USED = {"input_tokens": 12, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 7}
_USED_UP = {"input": 12, "output": 7, "cache_read": 3, "cache_write": 0}


def _block(index: int, opened: Json, *deltas: Json) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": opened},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


_BEGUN = {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": _USED}}
_OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
_SAID: list[Json] = [
    _BEGUN,
    *_block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Far north. ❄"},
        {"type": "signature_delta", "signature": "c2lnbmVk"},
    ),
    {"type": "ping"},
    *_block(
        1,
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        *({"type": "input_json_delta", "partial_json": piece} for piece in ('{"city": "Tro', 'msø"}')),
    ),
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
]
ANTHROPIC = [
    (
        interaction(
            "messages-cached",
            ("anthropic", "messages", False),
            "/v1/messages",
            CLAUDE,
            (
                200,
                JSON,
                as_json(
                    {
                        "type": "message",
                        "role": "assistant",
                        "content": [{"type": "text", "text": "Cold."}],
                        "stop_reason": "end_turn",
                        "usage": _USED,
                    }
                ),
            ),
        ),
        expected("messages-cached", text="Cold.", stop="end_turn", usage=_USED_UP),
    ),
    (
        interaction(
            "messages-stream-thinking-and-tools",
            ("anthropic", "messages", True),
            "/v1/messages?beta=true",
            {**CLAUDE, **CLAUDE_TOOL, "stream": True},
            (200, SSE, sse(*_SAID, named=True)),
        ),
        expected(
            "messages-stream-thinking-and-tools",
            thinking="Far north. ❄",
            tool_calls=[call("toolu_1", "Tromsø")],
            stop="tool_use",
            usage=_USED_UP,
        ),
    ),
    (
        interaction(
            "messages-stream-overloaded",
            ("anthropic", "messages", True),
            "/v1/messages",
            {**CLAUDE, "stream": True},
            (
                200,
                SSE,
                sse(
                    _BEGUN,
                    *_block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "It is"})[:2],
                    _OVERLOADED,
                    named=True,
                ),
            ),
        ),
        expected(
            "messages-stream-overloaded",
            text="It is",
            usage=_USED_UP,
            error={"status": 200, "type": "overloaded_error", "code": None, "message": "Overloaded"},
            complete=False,
        ),
    ),
    (
        interaction(
            "messages-at-vertex",
            ("vertex-anthropic", "messages", False),
            "/v1/projects/P/locations/L/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
            {"anthropic_version": "vertex-2023-10-16", "max_tokens": 50, "messages": USER},
            (404, JSON, as_json({"type": "error", "error": {"type": "not_found_error", "message": "No such model"}})),
        ),
        expected(
            "messages-at-vertex",
            error={"status": 404, "type": "not_found_error", "code": None, "message": "No such model"},
        ),
    ),
    (
        interaction(
            "complete-stream",
            ("anthropic", "complete", True),
            "/v1/complete",
            COMPLETION,
            (
                200,
                SSE,
                sse(
                    {"type": "completion", "completion": " Cold", "stop_reason": None},
                    {"type": "ping"},
                    {"type": "completion", "completion": ".", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"},
                    named=True,
                    end="\r\n\r\n",
                ),
            ),
        ),
        expected("complete-stream", text=" Cold.", stop="stop_sequence"),
    ),
]

# --- the others -------------------------------------------------------------------------------------------------------


def _candidate(*parts: Json, **more: Json) -> Json:
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": list(parts)}, **more}]}


_METERED = {"promptTokenCount": 12, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 19}
_METERED_UP = {"input": 12, "output": 5, "reasoning": 2, "total": 19}
GEMINI = [
    (
        interaction(
            "gemini-call-without-an-id",
            ("gemini", "gemini", False),
            "/v1beta/models/gemini-2.5-flash:generateContent",
            {**TURN, "tools": [{"functionDeclarations": [{"name": "weather", "parameters": SCHEMA}]}]},
            (
                200,
                JSON,
                as_json(
                    {
                        **_candidate(
                            {"functionCall": {"name": "weather", "args": {"city": "Tromsø"}}}, finishReason="STOP"
                        ),
                        "usageMetadata": _METERED,
                    }
                ),
            ),
        ),
        expected("gemini-call-without-an-id", tool_calls=[call(None, "Tromsø")], stop="STOP", usage=_METERED_UP),
    ),
    (
        interaction(
            "gemini-stream-thinking",
            ("vertex", "gemini", True),
            "/v1/projects/P/locations/L/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            TURN,
            (
                200,
                SSE,
                sse(
                    _candidate({"text": "Far north.", "thought": True}),
                    _candidate({"text": "Co"}),
                    {**_candidate({"text": "ld."}, finishReason="STOP"), "usageMetadata": _METERED},
                    end="\r\n\r\n",
                ),
            ),
        ),
        expected("gemini-stream-thinking", text="Cold.", thinking="Far north.", stop="STOP", usage=_METERED_UP),
    ),
]

COMMAND = {"model": "command-a-03-2025", "messages": USER, "stream": False}
_TOKENS = {"tokens": {"input_tokens": 12, "output_tokens": 7}, "cached_tokens": 4}
_BILLED = {**_TOKENS, "billed_units": {"input_tokens": 3, "output_tokens": 7}}
_TOKENS_UP = {"input": 12, "output": 7, "cache_read": 4, "billed_input": 3, "billed_output": 7}
COHERE = [
    (
        interaction(
            "cohere-of-the-first-version",
            ("cohere", "cohere-chat", False),
            "/v1/chat",
            {"model": "command-r", "message": QUESTION},
            (200, JSON, as_json({"text": "Cold.", "finish_reason": "COMPLETE", "meta": _BILLED})),
        ),
        expected("cohere-of-the-first-version", text="Cold.", stop="COMPLETE", usage=_TOKENS_UP),
    ),
    (
        interaction(
            "cohere-stream",
            ("cohere", "cohere-chat", True),
            "/v2/chat",
            {**COMMAND, "stream": True},
            (
                200,
                SSE,
                sse(
                    {"type": "message-start", "id": "x", "delta": {"message": {"role": "assistant", "content": []}}},
                    {
                        "type": "content-start",
                        "index": 0,
                        "delta": {"message": {"content": {"type": "text", "text": ""}}},
                    },
                    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Cold."}}}},
                    {"type": "content-end", "index": 0},
                    {"type": "message-end", "id": "x", "delta": {"finish_reason": "COMPLETE", "usage": _BILLED}},
                    named=True,
                ),
            ),
        ),
        expected("cohere-stream", text="Cold.", stop="COMPLETE", usage=_TOKENS_UP),
    ),
    (
        interaction(
            "cohere-path-of-a-host-of-openais-shape",
            ("writer", "cohere-chat", False),
            "/v1/chat",
            {"model": "palmyra-x5", "messages": USER},
            (
                200,
                JSON,
                as_json({"choices": [{"index": 0, "message": {"content": "Cold."}, "finish_reason": "stop"}]}),
            ),
        ),
        expected("cohere-path-of-a-host-of-openais-shape", text="Cold.", stop="stop"),
    ),
]

LLAMA = {"model": "llama3", "messages": USER, "stream": True}
OLLAMA = [
    (
        interaction(
            "ollama-stream",
            ("local", "ollama-chat", True),
            "/api/chat",
            LLAMA,
            (
                200,
                LINES,
                ndjson(
                    {"model": "llama3", "message": {"role": "assistant", "content": "Cold"}, "done": False},
                    {"model": "llama3", "message": {"role": "assistant", "content": ". ❄"}, "done": False},
                    {
                        "model": "llama3",
                        "message": {"role": "assistant", "content": ""},
                        "done": True,
                        "done_reason": "stop",
                        "prompt_eval_count": 12,
                        "eval_count": 7,
                    },
                ),
            ),
        ),
        expected("ollama-stream", text="Cold. ❄", stop="stop", usage={"input": 12, "output": 7}),
    ),
    (
        interaction(
            "of-no-known-kind", ("example", "other", False), "/v1/other", {"messages": USER}, (200, JSON, b"{}")
        ),
        expected("of-no-known-kind"),
    ),
]

RECORDS = [*ANTHROPIC, *openai.RECORDS, *GEMINI, *COHERE, *OLLAMA]
