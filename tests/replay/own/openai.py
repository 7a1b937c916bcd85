"""Made-up answers in OpenAI's shapes, a few for each wire.

Here: records and what they are expected to decode to, written by hand. Called by: others.py.
"""

from __future__ import annotations

from tests.replay.own.lines import (
    COUNTS,
    JSON,
    QUESTION,
    SCHEMA,
    SSE,
    USER,
    Json,
    as_json,
    call,
    expected,
    interaction,
    sse,
)

GPT = {"model": "gpt-4.1", "messages": USER, "max_tokens": 50}
GPT_TOOL = {"tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]}
_COUNTED = {
    "prompt_tokens": 12,
    "completion_tokens": 7,
    "total_tokens": 19,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
_COUNTED_UP = {**COUNTS, "cache_read": 4, "reasoning": 2}


def _chunk(delta: Json, reason: str | None = None, **more: Json) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "x", "object": "chat.completion.chunk", "choices": [choice], **more}


_CALLED: Json = {"index": 0, "id": "call_x", "type": "function", "function": {"name": "weather", "arguments": ""}}
_REST = {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "Tromsø"}'}}]}
_FAILED: Json = {"message": "Slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
CHAT = [
    (
        interaction(
            "chat-refused-in-words",
            ("openai", "chat", False),
            "/v1/chat/completions",
            GPT,
            (
                200,
                JSON,
                as_json(
                    {
                        "choices": [
                            {
                                "index": 0,
                                "message": {"role": "assistant", "content": None, "refusal": "I will not."},
                                "finish_reason": "stop",
                            }
                        ],
                        "usage": _COUNTED,
                    }
                ),
            ),
        ),
        expected("chat-refused-in-words", refusal="I will not.", stop="stop", usage=_COUNTED_UP),
    ),
    (
        interaction(
            "chat-stream-tools",
            ("groq", "chat", True),
            "/openai/v1/chat/completions",
            {**GPT, **GPT_TOOL, "stream": True},
            (
                200,
                SSE,
                b": keep-alive\n\n"
                + sse(
                    _chunk({"role": "assistant", "content": "I look."}),
                    _chunk({"tool_calls": [_CALLED]}),
                    _chunk(_REST),
                    _chunk({}, "tool_calls"),
                    {"choices": [], "usage": _COUNTED},
                    "[DONE]",
                ),
            ),
        ),
        expected(
            "chat-stream-tools",
            text="I look.",
            tool_calls=[call("call_x", "Tromsø")],
            stop="tool_calls",
            usage=_COUNTED_UP,
        ),
    ),
    (
        interaction(
            "chat-stream-that-fails-behind-its-end",
            ("openrouter", "chat", True),
            "/api/v1/chat/completions",
            {**GPT, "stream": True},
            (
                200,
                SSE,
                sse(
                    _chunk({"content": "It is"}),
                    _chunk({"content": ""}, "length"),
                    {**_chunk({}), "error": _FAILED, "usage": _COUNTED},
                    "[DONE]",
                ),
            ),
        ),
        expected(
            "chat-stream-that-fails-behind-its-end",
            text="It is",
            stop="length",
            usage=_COUNTED_UP,
            error={"status": 200, "type": _FAILED["type"], "code": _FAILED["code"], "message": "Slow down"},
            done_marker=True,
        ),
    ),
    (
        interaction(
            "completions-of-nothing",
            ("openai", "completions", False),
            "/v1/completions",
            {"model": "gpt-3.5-turbo-instruct", "prompt": QUESTION},
            (
                200,
                JSON,
                as_json(
                    {
                        "choices": [{"index": 0, "text": "", "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 12, "total_tokens": 12},
                    }
                ),
            ),
        ),
        expected("completions-of-nothing", stop="stop", usage={"input": 12, "total": 12}),
    ),
]

_ANSWERED: Json = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Far north."}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Cold. ❄", "annotations": []}],
        },
    ],
    "usage": {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 19,
    },
}
_TEXT = _ANSWERED["output"][2]
_AT = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
_EMPTY = {**_TEXT, "content": [], "status": "in_progress"}
RESPONSES = [
    (
        interaction(
            "responses-searched",
            ("openai", "responses", False),
            "/v1/responses",
            {"model": "gpt-5", "input": QUESTION, "tools": [{"type": "web_search"}], "store": False},
            (200, JSON, as_json(_ANSWERED)),
        ),
        expected(
            "responses-searched",
            text="Cold. ❄",
            thinking="Far north.",
            server_tools=["web_search"],
            stop="completed",
            usage=_COUNTED_UP,
        ),
    ),
    (
        interaction(
            "responses-stream",
            ("xai", "responses", True),
            "/v1/responses",
            {"model": "gpt-5", "input": QUESTION, "stream": True},
            (
                200,
                SSE,
                sse(
                    {"type": "response.created", "response": {**_ANSWERED, "status": "in_progress", "output": []}},
                    {"type": "response.output_item.added", "output_index": 0, "item": _EMPTY},
                    {
                        "type": "response.content_part.added",
                        **_AT,
                        "part": {"type": "output_text", "text": "", "annotations": []},
                    },
                    {"type": "response.output_text.delta", **_AT, "delta": "Cold. "},
                    {"type": "response.output_text.delta", **_AT, "delta": "❄"},
                    {"type": "response.output_text.done", **_AT, "text": "Cold. ❄"},
                    {"type": "response.content_part.done", **_AT, "part": _TEXT["content"][0]},
                    {"type": "response.output_item.done", "output_index": 0, "item": _TEXT},
                    {"type": "response.completed", "response": {**_ANSWERED, "output": [_TEXT]}},
                    named=True,
                ),
            ),
        ),
        expected("responses-stream", text="Cold. ❄", stop="completed", usage=_COUNTED_UP),
    ),
]

RECORDS = [*CHAT, *RESPONSES]
