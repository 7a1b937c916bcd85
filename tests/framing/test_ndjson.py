"""Lines of JSON: what a line is, how it may be cut, what is refused and what it costs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.errors import LLMError, ProtocolError
from bedrock_llm.framing import ndjson
from bedrock_llm.framing.ndjson import MAX_LINE_BYTES, NDJSONDecoder


def pieces(data: bytes, sizes) -> list[bytes]:
    cut = []
    for size in sizes:
        cut.append(data[:size])
        data = data[size:]
    return [*cut, data]


def outcome(data: bytes, sizes=()) -> tuple[list[bytes], str | None]:
    """The texts, and what the error after them said."""
    decoder = NDJSONDecoder()
    texts: list[bytes] = []
    try:
        for piece in pieces(data, sizes):
            texts += decoder.feed(piece)
        texts += decoder.close()
    except LLMError as error:
        return texts, f"{type(error).__name__}: {error.message}"
    return texts, None


CASES: dict[str, tuple[bytes, list[bytes]]] = {
    "lines": (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
    "no line end at the end": (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
    "returns": (b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
    "a return at the end": (b'{"a":1}\r', [b'{"a":1}']),
    "a return alone ends no line": (b'{"a":\r1}\n', [b'{"a":\r1}']),
    "blank lines": (b"\n\r\n \t\n1\n\n\n2\n \n", [b"1", b"2"]),
    "blanks around a text": (b" \t1 \n", [b"1"]),
    "blanks that JSON does not know": (b"\x0b1\x0c\n", [b"\x0b1\x0c"]),
    "no other character ends a line": ('"\u2028\u2029\u0085"\n'.encode(), ['"\u2028\u2029\u0085"'.encode()]),
    "not UTF-8, for the JSON reader to refuse": (b'"\xff"\n1\n', [b'"\xff"', b"1"]),
    "a cut text, for the JSON reader to refuse": (b'1\n{"a":', [b"1", b'{"a":']),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("name", CASES)
def test_body_gives_its_texts_whole_bytewise_and_cut_at_every_place(name):
    data, texts = CASES[name]
    assert outcome(data) == (texts, None)
    assert outcome(data, [1] * len(data)) == (texts, None)
    for place in range(len(data) + 1):
        assert outcome(data, [place]) == (texts, None)


def test_text_is_handed_out_with_its_line_end():
    decoder = NDJSONDecoder()
    assert decoder.feed(b"1") == []
    assert decoder.feed(b"\n") == [b"1"]
    assert decoder.feed(b"2\n3") == [b"2"]
    assert decoder.close() == [b"3"]
    assert decoder.close() == []


def test_feed_takes_a_bytearray():
    assert NDJSONDecoder().feed(bytearray(b"1\n")) == [b"1"]  # type: ignore[arg-type]  # be kind


values = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.lists(st.tuples(values, st.sampled_from(["\n", "\r\n", "\n\n", " \n"]))), st.lists(st.integers(0, 12)))
def test_what_was_written_is_read_however_it_is_cut(sent, sizes):
    data = "".join(json.dumps(value, ensure_ascii=False) + end for value, end in sent).encode("utf-8", "surrogatepass")
    texts, error = outcome(data, sizes)
    assert error is None
    assert [json.loads(text.decode("utf-8", "surrogatepass")) for text in texts] == [value for value, _ in sent]


bodies = st.one_of(st.binary(max_size=60), st.lists(st.sampled_from([b"\n", b"\r", b" ", b"123", b"{}"])).map(b"".join))


@given(bodies, st.lists(st.integers(0, 12), max_size=40), st.integers(1, 12))
def test_any_bytes_give_the_same_however_they_are_cut(data, sizes, limit):
    lines = data.split(b"\n")
    assert outcome(data, sizes) == ([text for line in lines if (text := line.strip(b" \t\r"))], None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson, "MAX_LINE_BYTES", limit)
        whole = outcome(data)
        assert outcome(data, sizes) == whole
        assert outcome(data, [1] * len(data)) == whole
        assert (whole[1] is None) is (max(map(len, lines)) <= limit)


# --- what is refused


@pytest.mark.parametrize("size", [100_000, 3 * MAX_LINE_BYTES])
def test_line_at_the_bound_is_read_and_one_byte_more_is_refused(size):
    largest = b"1" * MAX_LINE_BYTES
    assert outcome(largest + b"\n", [size] * 300) == ([largest], None)
    for data in (b"1\n" + largest + b"1\n", b"1\n" + largest + b" "):
        assert outcome(data, [size] * 300) == (
            [b"1"],
            "ProtocolError: a line of the answer is longer than 25165824 bytes",
        )


def test_line_that_never_ends_is_refused_and_let_go():
    decoder = NDJSONDecoder()
    with pytest.raises(ProtocolError, match="longer than"):
        for _ in range(30):
            assert decoder.feed(b" " * 1024 * 1024) == []
    assert decoder._held == b""


def test_texts_before_one_that_is_too_long_are_handed_out_and_then_the_error(monkeypatch):
    monkeypatch.setattr(ndjson, "MAX_LINE_BYTES", 4)
    decoder = NDJSONDecoder()
    assert decoder.feed(b"1\n2\n12\x1b45\n3\n") == [b"1", b"2"]
    assert isinstance(decoder.error, ProtocolError)
    for again in (lambda: decoder.feed(b"1\n"), lambda: decoder.feed(b""), decoder.close):
        with pytest.raises(ProtocolError, match="longer than 4 bytes") as caught:
            again()
        assert caught.value.excerpt == "12\\x1b45"


# --- what it costs


class CountedBytes(bytearray):
    """Counts the bytes that are added to it or read out of it; it is never searched."""

    touched = 0

    def __iadd__(self, more):
        CountedBytes.touched += len(more)
        return super().__iadd__(more)

    def __bytes__(self):
        CountedBytes.touched += len(self)
        return bytes(memoryview(self))

    def rfind(self, *place):
        raise AssertionError("searched again")

    find = index = rindex = split = rfind


@pytest.mark.parametrize("chunk_bytes", [7, 101, 1024, 65536])
@pytest.mark.parametrize("line", [b'{"a": 1}\r\n', b'"' + b"y" * 1_000_000 + b'"\n'])
def test_a_byte_is_copied_a_fixed_number_of_times(chunk_bytes, line):
    data = line * max(1, 1_000_000 // len(line))
    decoder = NDJSONDecoder()
    decoder._held = CountedBytes()
    CountedBytes.touched = 0
    found = 0
    for start in range(0, len(data), chunk_bytes):
        found += len(decoder.feed(data[start : start + chunk_bytes]))
    assert found == len(data) // len(line)
    assert 0 < CountedBytes.touched <= 4 * len(data)
