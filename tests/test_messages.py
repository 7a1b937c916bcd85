from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

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
from tests import value_strategies as some


def test_a_string_stands_for_a_text():
    assert Message.user("a", Image(b"x")) == Message("user", (Text("a"), Image(b"x")))
    assert Message("assistant", "a") == Message.assistant("a")
    assert Message("user", ["a", Text("b")]).parts == (Text("a"), Text("b"))
    assert Message("user", Text("b")).parts == (Text("b"),)
    assert ToolResult("1", ["a", Image(b"x")]).content == (Text("a"), Image(b"x"))


def test_the_text_of_a_message_is_its_text_parts_with_nothing_between():
    message = Message.assistant("a", Thinking("no"), "b", ToolCall("1", "f"))
    assert message.text == "ab"
    assert message.tool_calls == (ToolCall("1", "f"),)
    assert ToolResult("1", ("a", Image(b"x"), "b")).text == "ab"
    assert ToolResult("1", "plain").text == "plain"


@given(some.texts)
def test_any_string_is_kept_as_it_is(text):
    assert Message.user(text).text == text
    assert Text(text) == Text(text)


def test_a_call_without_arguments_has_none_to_give():
    assert ToolCall("1", "f").arguments == {}
    assert ToolCall("1", "f", None, "").arguments == {}
    assert not ToolCall("1", "f").invalid


def test_a_call_that_cannot_be_read_or_was_cut_is_invalid():
    assert ToolCall("1", "f", None, "{").invalid
    assert ToolCall("1", "f", {"a": 1}, error="cut").invalid


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_blank_argument_text_means_no_arguments(text):
    assert ToolCall.parse("1", "f", text) == ToolCall("1", "f", {})


def test_arguments_are_read_from_json():
    assert ToolCall.parse("1", "f", '{"a": [1, null]}') == ToolCall("1", "f", {"a": [1, None]})


@pytest.mark.parametrize("text", ["{", '{"a": NaN}', "[1]", '"a"', "null", "\ud800", '{"a": 1} x', "[" * 5000])
def test_arguments_that_cannot_be_read_stay_as_their_text_with_the_reason(text):
    call = ToolCall.parse("1", "f", text)
    assert (call.arguments, call.raw_arguments, call.invalid) == (None, text, True)
    assert call.error is not None
    assert call.error.startswith("the arguments are not")


@pytest.mark.parametrize(
    ("made", "parameter"),
    [
        (lambda: Message("tool", "a"), "Message.role"),
        (lambda: Message(["user"], "a"), "Message.role"),
        (lambda: Message("user", 5), "Message.parts"),
        (lambda: Message("user", {"text": "a"}), "Message.parts"),
        (lambda: Message("user", ["a", 5]), "Message.parts[1]"),
        (lambda: Message.user(ToolCall("1", "f")), "Message.parts[0]"),
        (lambda: Message.user("a", Thinking("b")), "Message.parts[1]"),
        (lambda: Message.system("a", Image(b"x")), "Message.parts[1]"),
        (lambda: Text(5), "Text.text"),
        (lambda: Text("a", (5,)), "Text.citations[0]"),
        (lambda: Text("a", 5), "Text.citations[0]"),
        (lambda: Citation(5), "Citation.cited_text"),
        (lambda: Citation(raw=[]), "Citation.raw"),
        (lambda: Image(5), "Image.source"),
        (lambda: Image(b""), "Image.source"),
        (lambda: Image(""), "Image.source"),
        (lambda: Image("cat.png"), "Image.source"),
        (lambda: Image("http://169.254.169.254/latest"), "Image.source"),
        (lambda: Image("file:///etc/passwd"), "Image.source"),
        (lambda: Video(b"x", media_type="mp4"), "Video.media_type"),
        (lambda: Audio(b"x", media_type=5), "Audio.media_type"),
        (lambda: Document(b"x", name=5), "Document.name"),
        (lambda: Document(b"x", context=5), "Document.context"),
        (lambda: Document(b"x", citations="yes"), "Document.citations"),
        (lambda: ToolCall(1, "f"), "ToolCall.id"),
        (lambda: ToolCall("1", None), "ToolCall.name"),
        (lambda: ToolCall("1", "f", "{}"), "ToolCall.arguments"),
        (lambda: ToolCall("1", "f", {}, b""), "ToolCall.raw_arguments"),
        (lambda: ToolCall("1", "f", {}, None, ValueError()), "ToolCall.error"),
        (lambda: ToolResult(1, "a"), "ToolResult.tool_call_id"),
        (lambda: ToolResult("1", 5), "ToolResult.content"),
        (lambda: ToolResult("1", [ToolCall("1", "f")]), "ToolResult.content[0]"),
        (lambda: ToolResult("1", ["a", CachePoint()]), "ToolResult.content[1]"),
        (lambda: ToolResult("1", "a", "yes"), "ToolResult.is_error"),
        (lambda: Thinking(None), "Thinking.text"),
        (lambda: Thinking("a", signature=b"x"), "Thinking.signature"),
        (lambda: CachePoint("30m"), "CachePoint.ttl"),
        (lambda: CachePoint(["5m"]), "CachePoint.ttl"),
        (lambda: Opaque(None, "a", {}), "Opaque.provider"),
        (lambda: Opaque("a", 5, {}), "Opaque.kind"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(made, parameter):
    with pytest.raises(InvalidRequestError, match=r"must be|is empty") as caught:
        made()
    assert caught.value.parameter == parameter
    assert caught.value.allowed


def test_bytes_like_sources_become_bytes():
    assert Image(bytearray(b"x")) == Image(b"x") == Image(memoryview(b"x"))


def test_media_show_their_size_and_not_their_bytes():
    assert repr(Image(b"x" * 1000, name="cat")) == "Image(<1000 bytes>, name='cat')"
    assert repr(Document(Path("a.pdf"))) == f"Document({Path('a.pdf')!r})"
    assert len(repr(Image("data:image/png;base64," + "A" * 10_000))) < 100


def test_a_message_can_be_weakly_referred_to_and_hashed():
    import weakref

    message = Message.user("a")
    assert weakref.ref(message)() is message
    assert hash(message) == hash(Message.user("a"))
