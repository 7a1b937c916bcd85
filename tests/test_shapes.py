# ruff: noqa: E501  # tables of blocks, one to a line
from __future__ import annotations

import base64
import json

import pytest

from bedrock_llm.codecs.converse import schema
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Citation,
    Document,
    Image,
    Message,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from bedrock_llm.shapes import messages_from_dict
from bedrock_llm.shapes.converse import FORMATS
from tests.shared_data import shared

PNG = b"\x89PNG\r\n\x1a\n1234"
PNG_64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{PNG_64}"


def read(*messages):
    return messages_from_dict(messages)


def part(block, role="user"):
    """The parts of one message with one block."""
    (message,) = read({"role": role, "content": [block]})
    return message.parts


EXCHANGE = (
    Message.system("Be brief."),
    Message.user("What is this?", Image(PNG, media_type="image/png")),
    Message.assistant("Let me look.", ToolCall("c1", "look", {"at": 1}), ToolCall("c2", "look", {})),
    Message.user(ToolResult("c1", (Text("a cat"),)), ToolResult("c2", (Text("none"),))),
    Message.assistant("A cat."),
)
OPENAI = [
    {"role": "developer", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": DATA_URL, "detail": "low"}},
        ],
    },
    {
        "role": "assistant",
        "content": "Let me look.",
        "refusal": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}},
            {"id": "c2", "type": "function", "index": 1, "function": {"name": "look", "arguments": ""}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a cat"}]},
    {"role": "tool", "tool_call_id": "c2", "name": "look", "content": [{"type": "text", "text": "none"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
]
ANTHROPIC = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?", "citations": None},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG_64}},
        ],
    },
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}, "caller": {"type": "direct"}},
            {"type": "tool_use", "id": "c2", "name": "look", "input": {}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "a cat"}]},
            {
                "type": "tool_result",
                "tool_use_id": "c2",
                "content": [{"type": "text", "text": "none"}],
                "is_error": False,
            },
        ],
    },
    {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
]
CONVERSE = [
    {"role": "system", "content": [{"text": "Be brief."}]},
    {"role": "user", "content": [{"text": "What is this?"}, {"image": {"format": "png", "source": {"bytes": PNG}}}]},
    {
        "role": "assistant",
        "content": [
            {"text": "Let me look."},
            {"toolUse": {"toolUseId": "c1", "name": "look", "input": {"at": 1}}},
            {"toolUse": {"toolUseId": "c2", "name": "look", "input": {}}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"toolResult": {"toolUseId": "c1", "content": [{"text": "a cat"}], "status": "success"}},
            {"toolResult": {"toolUseId": "c2", "content": [{"text": "none"}]}},
        ],
    },
    {"role": "assistant", "content": [{"text": "A cat."}]},
]


@pytest.mark.parametrize("shape", [ANTHROPIC, CONVERSE, EXCHANGE], ids=["anthropic", "converse", "ours"])
def test_one_exchange_is_the_same_in_every_shape(shape):
    assert messages_from_dict(shape) == EXCHANGE


def test_an_openai_exchange_differs_in_the_image_only_by_its_data_url():
    made = messages_from_dict(OPENAI)
    assert made[1] == Message.user("What is this?", Image(DATA_URL))
    assert (made[0], *made[2:]) == (EXCHANGE[0], *EXCHANGE[2:])


def test_converse_bytes_may_be_base64_as_on_the_wire():
    assert part({"image": {"format": "png", "source": {"bytes": PNG_64}}}) == (Image(PNG, media_type="image/png"),)


def test_shapes_may_be_mixed_message_by_message_and_part_by_part():
    content = [{"text": "a"}, {"type": "text", "text": "b"}, "c", Text("d"), Image(PNG)]
    assert read(Message.user("x"), {"role": "assistant", "content": "y"}, {"role": "user", "content": content}) == (
        Message.user("x"),
        Message.assistant("y"),
        Message.user("a", "b", "c", "d", Image(PNG)),
    )


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ({"type": "image_url", "image_url": "https://e.com/a.png"}, (Image("https://e.com/a.png"),)),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}, (Audio(b"\0\0\0", media_type="audio/mpeg"),)),
        ({"type": "file", "file": {"file_data": "AAAA", "filename": "a.pdf"}}, (Document(b"\0\0\0", name="a.pdf"),)),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
            (Document("data:application/pdf;base64,AAAA"),),
        ),
        ({"type": "file", "file": {"file_id": "f-1"}}, (Opaque("openai_chat", "file", {"file_id": "f-1"}),)),
        ({"type": "refusal", "refusal": "No."}, (Text("No."),)),
        ({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, (Text("a"), CachePoint())),
        ({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}, (Text("a"), CachePoint("1h"))),
        ({"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}, (Text("a"), CachePoint())),
        ({"type": "image", "source": {"type": "url", "url": "https://e.com/a"}}, (Image("https://e.com/a"),)),
        (
            {"type": "image", "source": {"type": "file", "file_id": "f"}, "cache_control": {"type": "ephemeral"}},
            (Opaque("anthropic_messages", "image", {"type": "image", "source": {"type": "file", "file_id": "f"}}), CachePoint()),
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "hé"},
                "title": "T",
                "context": "C",
                "citations": {"enabled": True},
            },
            (Document("hé".encode(), media_type="text/plain", name="T", context="C", citations=True),),
        ),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
            (Document(b"\0\0\0", media_type="application/pdf"),),
        ),
        ({"type": "document", "source": {"type": "url", "url": "https://e.com/a.pdf"}}, (Document("https://e.com/a.pdf"),)),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
            (
                Opaque(
                    "anthropic_messages",
                    "document",
                    {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
                ),
            ),
        ),
        (
            {"type": "tool_result", "tool_use_id": "1", "content": "no", "is_error": True, "cache_control": {"type": "ephemeral"}},
            (ToolResult("1", "no", True), CachePoint()),
        ),
        ({"type": "tool_result", "tool_use_id": "1"}, (ToolResult("1", ""),)),
        (
            {
                "type": "tool_result",
                "tool_use_id": "1",
                "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
            },
            (ToolResult("1", (Text("a"),)), CachePoint("5m")),
        ),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": []},
            (Opaque("anthropic_messages", "search_result", {"type": "search_result", "source": "s", "title": "t", "content": []}),),
        ),
        ({"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/k"}}}}, (Image("s3://b/k", media_type="image/jpeg"),)),
        (
            {"video": {"format": "three_gp", "source": {"s3Location": {"uri": "s3://b/k", "bucketOwner": "123456789012"}}}},
            (Video("s3://b/k?bucketOwner=123456789012", media_type="video/3gpp"),),
        ),
        ({"audio": {"format": "wav", "source": {"bytes": b"x"}}}, (Audio(b"x", media_type="audio/wav"),)),
        (
            {"document": {"format": "pdf", "name": "a", "source": {"bytes": b"x"}, "context": "c", "citations": {"enabled": True}}},
            (Document(b"x", media_type="application/pdf", name="a", context="c", citations=True),),
        ),
        ({"document": {"name": "a", "source": {"text": "hi"}}}, (Document(b"hi", media_type="text/plain", name="a"),)),
        (
            {"document": {"name": "a", "source": {"content": [{"text": "hi"}]}}},
            (Opaque("converse", "document", {"name": "a", "source": {"content": [{"text": "hi"}]}}),),
        ),
        (
            {"image": {"format": "png", "source": {}, "error": {"message": "no"}}},
            (Opaque("converse", "image", {"format": "png", "source": {}, "error": {"message": "no"}}),),
        ),
        (
            {"toolResult": {"toolUseId": "1", "content": [{"json": [1]}, {"image": {"format": "png", "source": {"bytes": PNG}}}], "status": "error"}},
            (ToolResult("1", (Opaque("converse", "json", [1]), Image(PNG, media_type="image/png")), True),),
        ),
        (
            {"toolResult": {"toolUseId": "1", "content": [], "type": "nova_code_interpreter_result"}},
            (Opaque("converse", "toolResult", {"toolUseId": "1", "content": [], "type": "nova_code_interpreter_result"}),),
        ),
        ({"cachePoint": {"type": "default", "ttl": "1h"}}, (CachePoint("1h"),)),
        (
            {"guardContent": {"image": {"format": "png", "source": {"bytes": PNG}}}},
            (Opaque("converse", "guardContent", {"image": {"format": "png", "source": {"bytes": PNG_64}}}),),
        ),
        ({"notYetKnown": {"a": [b"x"]}}, (Opaque("converse", "notYetKnown", {"a": ["eA=="]}),)),
        (
            {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": []}},
            (Text("ab"),),
        ),
    ],
)  # fmt: skip
def test_a_users_block_is_read(block, parts):
    assert part(block) == parts


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, (Thinking("hm", "s", None, "claude"),)),
        ({"type": "redacted_thinking", "data": "abc"}, (Thinking("", None, "YWJj", "claude"),)),
        ({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, (Thinking("hm", "s"),)),
        ({"reasoningContent": {"redactedContent": b"abc"}}, (Thinking("", None, "YWJj"),)),
        ({"reasoningContent": {"redactedContent": "YWJj"}}, (Thinking("", None, "YWJj"),)),
        (
            {"toolUse": {"toolUseId": "1", "name": "x", "input": {}, "type": "server_tool_use"}},
            (Opaque("converse", "toolUse", {"toolUseId": "1", "name": "x", "input": {}, "type": "server_tool_use"}),),
        ),
        ({"toolUse": {"toolUseId": "1", "name": "x", "input": {"a": None}}}, (ToolCall("1", "x", {"a": None}),)),
        (
            {"type": "tool_use", "id": "1", "name": "x", "input": {"a": None}, "cache_control": {"type": "ephemeral"}},
            (ToolCall("1", "x", {"a": None}), CachePoint()),
        ),
        (
            {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {}},
            (Opaque("anthropic_messages", "server_tool_use", {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {}}),),
        ),
        (
            {"type": "web_search_tool_result", "tool_use_id": "1", "content": []},
            (Opaque("anthropic_messages", "web_search_tool_result", {"type": "web_search_tool_result", "tool_use_id": "1", "content": []}),),
        ),
        (
            {"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "q", "document_title": "T", "file_id": None}]},
            (Text("a", (Citation("q", "T", None, {"type": "char_location", "cited_text": "q", "document_title": "T", "file_id": None}),)),),
        ),
        (
            {"citationsContent": {"content": [{"text": "a"}], "citations": [{"title": "T", "sourceContent": [{"text": "q"}], "location": {"web": {"url": "https://e.com"}}}]}},
            (Text("a", (Citation("q", "T", "https://e.com", {"title": "T", "sourceContent": [{"text": "q"}], "location": {"web": {"url": "https://e.com"}}}),)),),
        ),
    ],
)  # fmt: skip
def test_an_assistants_block_is_read(block, parts):
    assert part(block, "assistant") == parts


def test_an_assistant_that_only_calls_or_refuses_or_thinks_aloud():
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert read({"role": "assistant", "content": None, "tool_calls": [call]}) == (
        Message.assistant(ToolCall("1", "f")),
    )
    assert read({"role": "assistant", "content": "", "tool_calls": [call]}) == (Message.assistant(ToolCall("1", "f")),)
    assert read({"role": "assistant", "content": None, "refusal": "No."}) == (Message.assistant("No."),)
    assert read({"role": "assistant", "content": "a", "reasoning_content": "hm"}) == (
        Message.assistant(Thinking("hm"), "a"),
    )
    assert read({"role": "assistant", "content": None, "audio": {"id": "x"}}) == (
        Message.assistant(Opaque("openai_chat", "audio", {"id": "x"})),
    )


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", '{"a": NaN}', "\ud800"])
def test_arguments_that_are_no_json_object_are_kept_as_text_with_the_reason(arguments):
    call = {"id": "1", "function": {"name": "f", "arguments": arguments}}
    (message,) = read({"role": "assistant", "tool_calls": [call]})
    (made,) = message.tool_calls
    assert (made.arguments, made.raw_arguments, made.invalid, bool(made.error)) == (None, arguments, True, True)


def test_arguments_that_a_server_sent_as_an_object_are_taken():
    call = {"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}
    assert read({"role": "assistant", "tool_calls": [call]})[0].tool_calls == (ToolCall("1", "f", {"a": 1}),)


def test_tool_messages_in_a_row_make_one_user_message_and_others_do_not_join_them():
    tool = {"role": "tool", "tool_call_id": "1", "content": "a"}
    assert read(tool, tool, {"role": "user", "content": "b"}, tool) == (
        Message.user(ToolResult("1", "a"), ToolResult("1", "a")),
        Message.user("b"),
        Message.user(ToolResult("1", "a")),
    )
    assert read(Message.user(ToolResult("1", "a")), tool) == (
        Message.user(ToolResult("1", "a")),
        Message.user(ToolResult("1", "a")),
    )


def test_the_old_function_calls_are_paired_by_name():
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": 1}'}}
    result = {"role": "function", "name": "f", "content": "ok"}
    assert read(call, result, call, result) == (
        Message.assistant(ToolCall("function_call_1", "f", {"a": 1})),
        Message.user(ToolResult("function_call_1", "ok")),
        Message.assistant(ToolCall("function_call_2", "f", {"a": 1})),
        Message.user(ToolResult("function_call_2", "ok")),
    )


def test_an_empty_list_of_parts_is_an_empty_message_and_blank_text_stays():
    assert read({"role": "user", "content": []}, {"role": "user", "content": " "}) == (
        Message("user", ()),
        Message.user(" "),
    )


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\u202eabc", "\U0001f468\u200d\U0001f469"])
def test_any_text_is_kept_as_it_is(text):
    for content in (text, [{"text": text}], [{"type": "text", "text": text}]):
        assert read({"role": "user", "content": content})[0].text == text


WRONG = [
    ({}, "messages[0].role", "is missing"),
    ({"content": "a"}, "messages[0].role", "is missing"),
    ({"role": None, "content": "a"}, "messages[0].role", "is missing"),
    ({"role": "robot", "content": "a"}, "messages[0].role", "one of user, assistant"),
    ({"role": ["user"], "content": "a"}, "messages[0].role", "one of user, assistant"),
    ({"role": "user"}, "messages[0].content", "is missing"),
    ({"role": "assistant", "content": None}, "messages[0].content", "is missing"),
    ({"role": "user", "content": 5}, "messages[0].content", "a string or a list"),
    ({"role": "user", "content": {"text": "a"}}, "messages[0].content", "a string or a list"),
    ({"role": "user", "content": "a", "colour": 1}, "messages[0].colour", "absent"),
    ({"role": "user", "parts": []}, "messages[0].parts", "absent"),
    ({"role": "user", "content": "a", "name": "Jo"}, "messages[0].name", "participant"),
    ({"role": "user", "content": "a", "tool_calls": []}, "messages[0].tool_calls", "role assistant"),
    ({"role": "assistant", "content": "a", "tool_call_id": "1"}, "messages[0].tool_call_id", "role tool"),
    ({"role": "assistant", "tool_calls": "f"}, "messages[0].tool_calls", "a list"),
    ({"role": "assistant", "tool_calls": ["f"]}, "messages[0].tool_calls[0]", "a dict"),
    ({"role": "assistant", "tool_calls": [{"id": "1", "type": "custom"}]}, "messages[0].tool_calls[0].type", "function"),
    ({"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}, "messages[0].tool_calls[0].id", "is missing"),
    ({"role": "assistant", "tool_calls": [{"id": "1", "function": {"arguments": ""}}]}, "messages[0].tool_calls[0].function.name", "is missing"),
    ({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": 5}}]}, "messages[0].tool_calls[0].function.arguments", "a string"),
    ({"role": "tool", "content": "a"}, "messages[0].tool_call_id", "is missing"),
    ({"role": "tool", "tool_call_id": "1", "content": 5}, "messages[0].content", "a string or a list"),
    ({"role": "tool", "tool_call_id": "1", "content": "a", "is_error": True}, "messages[0].is_error", "absent"),
    ({"role": "function", "name": "f", "content": "a"}, "messages[0].name", "function_call made before"),
    ({1: 2}, "messages[0] key", "a string"),
]  # fmt: skip

WRONG_BLOCKS = [
    (5, "", "a dict"),
    ({}, "", "keys are: none"),
    ({"text": "a", "image": {}}, "", "keys are: text, image"),
    ({"txt": "a"}, ".txt", "the keys are text, image"),
    ({"text": 5}, ".text", "a string"),
    ({"type": "text"}, ".text", "is missing"),
    ({"type": "text", "text": "a", "colour": 1}, ".colour", "absent"),
    ({"type": "txt", "text": "a"}, ".type", "one of"),
    ({"type": 5}, ".type", "one of"),
    ({"type": "text", "text": "a", "citations": ["x"]}, ".citations[0]", "a dict"),
    ({"type": "text", "text": "a", "cache_control": {"type": "eternal"}}, ".cache_control.type", "ephemeral"),
    ({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1d"}}, ".cache_control.ttl", "'5m' or '1h'"),
    ({"type": "image_url", "image_url": {"detail": "low"}}, ".image_url.url", "is missing"),
    ({"type": "image_url", "image_url": {"url": "http://e.com/a"}}, ".image_url.url", "https://"),
    ({"type": "image_url", "image_url": {"url": "/etc/passwd"}}, ".image_url.url", "https://"),
    ({"type": "image_url", "image_url": "cat.png"}, ".image_url", "https://"),
    ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "ogg"}}, ".input_audio.format", "'wav' or 'mp3'"),
    ({"type": "input_audio", "input_audio": {"data": "?", "format": "wav"}}, ".input_audio.data", "base64"),
    ({"type": "file", "file": {"filename": "a"}}, ".file.file_data", "is missing"),
    ({"type": "file", "file": {"file_data": "?"}}, ".file.file_data", "base64"),
    ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}, ".source.data", "base64"),
    ({"type": "image", "source": {"type": "base64", "media_type": "text/plain", "data": "AAAA"}}, ".source.media_type", "image/jpeg"),
    ({"type": "image", "source": {"type": "url", "url": "http://e.com"}}, ".source.url", "https://"),
    ({"type": "image", "source": {"type": "path", "path": "/etc/passwd"}}, ".source.type", "'base64', 'url'"),
    ({"type": "document", "source": {"type": "odd"}}, ".source.type", "'base64', 'text'"),
    ({"type": "document", "source": {"type": "text", "data": "a"}, "citations": {"enabled": "yes"}}, ".citations.enabled", "True or False"),
    ({"type": "tool_result", "content": "a"}, ".tool_use_id", "is missing"),
    ({"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text"}]}, ".content[0].text", "is missing"),
    ({"type": "tool_result", "tool_use_id": "1", "content": [{"type": "tool_use", "id": "1", "name": "f"}]}, ".content[0]", "in a tool result"),
    ({"type": "tool_use", "id": "1", "name": "f", "input": "{}"}, ".input", "a dict"),
    ({"type": "tool_use", "id": "1", "name": "f", "input": {}}, "", "in a user message"),
    ({"image": {"format": "bmp", "source": {"bytes": b"x"}}}, ".image.format", "one of png, jpeg, gif, webp"),
    ({"image": {"source": {"bytes": b"x"}}}, ".image.format", "is missing"),
    ({"image": {"format": "png"}}, ".image.source", "is missing"),
    ({"image": {"format": "png", "source": {}}}, ".image.source.bytes", "is missing"),
    ({"image": {"format": "png", "source": {"bytes": "?"}}}, ".image.source.bytes", "base64"),
    ({"image": {"format": "png", "source": {"path": "/etc/passwd"}}}, ".image.source.path", "absent"),
    ({"image": {"format": "png", "source": {"s3Location": {"uri": "https://e.com"}}}}, ".image.source.s3Location.uri", "s3://"),
    ({"image": {"format": "png", "source": {"bytes": b"x"}, "size": 1}}, ".image.size", "absent"),
    ({"document": {"format": "rtf", "source": {"bytes": b"x"}}}, ".document.format", "one of pdf"),
    ({"video": {"format": "avi", "source": {"bytes": b"x"}}}, ".video.format", "one of mkv"),
    ({"toolUse": {"toolUseId": "1", "name": "f", "input": "{}"}}, ".toolUse.input", "a dict"),
    ({"toolResult": {"content": []}}, ".toolResult.toolUseId", "is missing"),
    ({"toolResult": {"toolUseId": "1", "content": "a", "status": "bad"}}, ".toolResult.status", "'success' or 'error'"),
    ({"toolResult": {"toolUseId": "1", "content": [{"image": {"format": "x"}}]}}, ".toolResult.content[0].image.format", "one of png"),
    ({"toolResult": {"toolUseId": "1", "content": [{"cachePoint": {"type": "default"}}]}}, ".toolResult.content[0]", "in a tool result"),
    ({"reasoningContent": {}}, ".reasoningContent.reasoningText", "is missing"),
    ({"reasoningContent": {"redactedContent": "?"}}, ".reasoningContent.redactedContent", "base64"),
    ({"cachePoint": {}}, ".cachePoint.type", "is missing"),
    ({"cachePoint": {"type": "default", "ttl": "1d"}}, ".cachePoint.ttl", "'5m' or '1h'"),
    ({"citationsContent": {"content": ["a"]}}, ".citationsContent.content[0]", "the key text"),
    ({"citationsContent": {"citations": ["a"]}}, ".citationsContent.citations[0]", "a dict"),
    ({"text": None, "image": "a.png"}, ".image", "a dict"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "parameter", "allowed"), WRONG)
def test_a_wrong_message_is_refused_with_its_place(message, parameter, allowed):
    with pytest.raises(InvalidRequestError) as caught:
        read(message)
    assert caught.value.parameter == parameter
    assert allowed in str(caught.value)


@pytest.mark.parametrize(("block", "parameter", "allowed"), WRONG_BLOCKS)
def test_a_wrong_block_is_refused_with_its_place(block, parameter, allowed):
    with pytest.raises(InvalidRequestError) as caught:
        read(Message.user("x"), {"role": "user", "content": ["fine", block]})
    assert caught.value.parameter == f"messages[1].content[1]{parameter}"
    assert allowed in str(caught.value)


@pytest.mark.parametrize("message", [5, "hi", None, ["role", "user"]])
def test_what_is_no_message_is_refused(message):
    with pytest.raises(InvalidRequestError, match=r"messages\[1\] must be a Message, or a dict") as caught:
        read(Message.user("a"), message)
    assert caught.value.parameter == "messages[1]"


def test_formats_mean_the_same_here_and_on_the_wire():
    wire = {
        "image": schema.IMAGE_FORMATS,
        "document": schema.DOCUMENT_FORMATS,
        "video": schema.VIDEO_FORMATS,
        "audio": schema.AUDIO_FORMATS,
    }
    assert {kind: {word: types[0] for word, types in formats.items()} for kind, formats in wire.items()} == FORMATS


def test_every_recorded_converse_request_can_be_read():
    bodies = []
    with shared("corpus/interactions.jsonl").open(encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            request = record["request"] or {}
            body = request.get("body")
            if record["api"].startswith("converse") and isinstance(body, dict) and body.get("messages"):
                bodies.append(body if not request.get("media_stripped") else {"messages": []})
    counts = [len(messages_from_dict(body["messages"])) for body in bodies]
    assert counts == [len(body["messages"]) for body in bodies]
    assert len(counts) > 20
