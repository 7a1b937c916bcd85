"""Server-sent events: what an event is, how it may be cut, what is refused and what it costs."""

from __future__ import annotations

import codecs
import tracemalloc

import jiter
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_llm.errors import LLMError, ProtocolError
from bedrock_llm.framing import sse
from bedrock_llm.framing.sse import MAX_EVENT_BYTES, ServerEvent, SSEDecoder

BOM = codecs.BOM_UTF8
LEFT_OPEN = "an event that no blank line ends"


def message(data: bytes, last_id: str = "") -> ServerEvent:
    return ServerEvent("message", data, last_id)


def pieces(data: bytes, sizes) -> list[bytes]:
    cut = []
    for size in sizes:
        cut.append(data[:size])
        data = data[size:]
    return [*cut, data]


def decode(data: bytes, sizes=()) -> list[ServerEvent]:
    decoder = SSEDecoder()
    events = [event for piece in pieces(data, sizes) for event in decoder.feed(piece)]
    return events + decoder.close()


def outcome(data: bytes, sizes=()) -> tuple[list[ServerEvent], str | None]:
    """The events, and what the error after them said."""
    decoder = SSEDecoder()
    events: list[ServerEvent] = []
    try:
        for piece in pieces(data, sizes):
            events += decoder.feed(piece)
        events += decoder.close()
    except LLMError as error:
        return events, f"{type(error).__name__}: {error.message}"
    return events, None


def by_the_standard(data: bytes) -> tuple[list[ServerEvent], int | None]:
    """The rules of the standard, one character after the other, as plainly as they can be said; and the pause."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines, line, place = [], "", 0
    while place < len(text):
        if text[place] in "\r\n":
            place += text[place : place + 2] == "\r\n"
            lines.append(line)
            line = ""
        else:
            line += text[place]
        place += 1
    lines += [line, ""]  # the departure: what is left open counts
    events: list[ServerEvent] = []
    last_id, kind, buffer, retry_ms = "", "", "", None
    for line in lines:
        if line == "":
            if buffer != "":
                events.append(ServerEvent(kind or "message", buffer[:-1].encode(), last_id))
            kind, buffer = "", ""
            continue
        if line[0] == ":":
            continue
        name, value = line.split(":", 1) if ":" in line else (line, "")
        value = value[1:] if value[:1] == " " else value
        if name == "event":
            kind = value
        elif name == "data":
            buffer += value + "\n"
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and value and all(letter in "0123456789" for letter in value):
            retry_ms = int(value)
    return events, retry_ms


# --- what an event is

CASES: dict[str, tuple[bytes, list[ServerEvent]]] = {
    # The four streams that the standard explains, in other words.
    "data lines are joined": (b"data: SHOP\ndata: +2\ndata: 10\n\n", [message(b"SHOP\n+2\n10")]),
    "comments, ids, an id taken back, one space of two": (
        b": a test\n\ndata: one\nid: 1\n\ndata:two\nid\n\ndata:  three",
        [message(b"one", "1"), message(b"two"), message(b" three")],
    ),
    "data that is empty, and a newline": (b"data\n\ndata\ndata\n\ndata:", [message(b""), message(b"\n"), message(b"")]),
    "the space after the colon is no part": (b"data:x\n\ndata: x\n\n", [message(b"x"), message(b"x")]),
    # Types.
    "named events": (
        b"event: add\ndata: 7\n\nevent:remove\ndata: 8\n\ndata: 9\n\n",
        [ServerEvent("add", b"7", ""), ServerEvent("remove", b"8", ""), message(b"9")],
    ),
    "a type after its data": (b"data: 7\nevent: add\n\n", [ServerEvent("add", b"7", "")]),
    "the last of two types": (b"event: a\nevent: b\ndata: x\n\n", [ServerEvent("b", b"x", "")]),
    "an empty type": (b"event: a\nevent\ndata: x\n\nevent: \ndata: y\n\n", [message(b"x"), message(b"y")]),
    "a type keeps its second space": (b"event:  a\ndata: x\n\n", [ServerEvent(" a", b"x", "")]),
    "a type without data is forgotten": (b"event: a\n\ndata: x\n\n", [message(b"x")]),
    "a type beyond ASCII": ("event: \u00fc\ndata: x\n\n".encode(), [ServerEvent("\u00fc", b"x", "")]),
    # Ids.
    "an id stays": (b"id: 1\ndata: x\n\ndata: y\n\n", [message(b"x", "1"), message(b"y", "1")]),
    "an id alone is no event, and stays": (b"id: 1\n\ndata: x\n\n", [message(b"x", "1")]),
    "an id with a NUL means nothing": (b"id: 1\nid: 2\0\ndata: y\n\n", [message(b"y", "1")]),
    # Line ends.
    "returns and newlines": (b"data: x\r\n\r\ndata: y\r\n\r\n", [message(b"x"), message(b"y")]),
    "lines of one event": (b"event: a\r\ndata: x\r\ndata: y\r\n\r\n", [ServerEvent("a", b"x\ny", "")]),
    "returns": (b"data: x\r\rdata: y\r\r", [message(b"x"), message(b"y")]),
    "mixed line ends": (
        b"data: w\n\rdata: x\r\n\ndata: y\r\r\ndata: z\n\r\n",
        [message(b"w"), message(b"x"), message(b"y"), message(b"z")],
    ),
    "a return is no part of data": (b"data: x\rdata: y\n\n", [message(b"x\ny")]),
    "no other character ends a line": (
        "data: 1\u20282\u20293\u00854\x0b5\x0c6\x1c7\x1d8\x1e9\n\n".encode(),
        [message("1\u20282\u20293\u00854\x0b5\x0c6\x1c7\x1d8\x1e9".encode())],
    ),
    "blank lines": (b"\n\n\n\ndata: x\n\n\n\n\ndata: y\n\n\n", [message(b"x"), message(b"y")]),
    "one blank line first": (b"\ndata: x\n\n", [message(b"x")]),
    # Fields.
    "comments": (b":\n: x\n:data: x\ndata: 1\n:y\n\n: a heartbeat\n\n", [message(b"1")]),
    "unknown fields": (b"Data: x\nDATA: x\n data: x\ndatas: x\ndat\nfoo: bar\nfoo\ndata: y\n\n", [message(b"y")]),
    "colons in a value": (b"data: a:b: c\n\ndata::\n\n", [message(b"a:b: c"), message(b":")]),
    "only one space goes": (b"data:  x \n\ndata: \n\ndata:\tx\n\n", [message(b" x "), message(b""), message(b"\tx")]),
    "a space before the colon": (b"data : x\n\n", []),
    "a NUL in data": (b"data: a\0b\n\n", [message(b"a\0b")]),
    "no data": (b"event: x\nid: 1\nretry: 5\n\n", []),
    "nothing": (b"", []),
    # The byte order mark.
    "a byte order mark": (BOM + b"data: x\n\n", [message(b"x")]),
    "only one byte order mark": (BOM + BOM + b"data: x\n\ndata: y\n\n", [message(b"y")]),
    "a byte order mark further on": (b"data: x\n\n" + BOM + b"data: y\n\n", [message(b"x")]),
    "a byte order mark in data": (b"data: " + BOM + b"\n\n", [message(BOM)]),
    "a byte order mark before a blank line": (BOM + b"\n" + BOM + b"data: x", []),
    "the start of a byte order mark": (b"\xef\xbb", []),
    "something like a byte order mark": (b"\xef\xbbdata: x\n\ndata: y\n\n", [message(b"y")]),
    "a return after a byte order mark": (BOM + b"\rdata: x\r\r", [message(b"x")]),
    # The end of the body.
    f"{LEFT_OPEN}": (b"data: x\n\ndata: y\n", [message(b"x"), message(b"y")]),
    f"{LEFT_OPEN}, nor a line": (b"event: a\nid: 3\ndata: y", [ServerEvent("a", b"y", "3")]),
    f"{LEFT_OPEN}, with a return": (b"data: y\r", [message(b"y")]),
    f"{LEFT_OPEN} and that has no data": (b"data: x\n\nevent: a\nid: 1", [message(b"x")]),
    f"{LEFT_OPEN}, cut in a field's name": (b"data: x\n\ndat", [message(b"x")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_stream_gives_its_events_whole_bytewise_and_cut_at_every_place(name):
    data, events = CASES[name]
    assert decode(data) == events
    assert decode(data, [1] * len(data)) == events
    assert decode(data, [0, 1] * len(data)) == events
    for place in range(len(data) + 1):
        assert decode(data, [place]) == events, place
        assert decode(data, [place, 1]) == events, place
    assert by_the_standard(data)[0] == events


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_event_is_handed_out_with_the_first_byte_of_its_blank_line(end, size):
    decoder = SSEDecoder()
    data = b"event: a" + end + b"data: x" + end
    assert [event for piece in pieces(data, [size] * len(data)) for event in decoder.feed(piece)] == []
    assert decoder.feed(end[:1]) == [ServerEvent("a", b"x", "")]
    assert decoder.feed(end[1:]) == []
    assert decoder.close() == []


def test_closing_hands_out_the_last_event_once():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: x") == []
    assert decoder.close() == [message(b"x")]
    assert decoder.close() == []


@pytest.mark.parametrize(
    ("value", "retry_ms"),
    [
        *((b"10000", 10000), (b"0", 0), (b"007", 7), (b"9" * 15, 10**15 - 1)),
        *((b"", None), (b"-1", None), (b"1.5", None), (b"1e3", None), (b" 5", None), (b"5 ", None), (b"x", None)),
        *((b"9" * 16, None), (b"9" * 5000, None), ("\u0665".encode(), None), (b"\xb2", None)),
    ],
)
def test_pause_is_a_number_of_ascii_digits(value, retry_ms):
    decoder = SSEDecoder()
    assert decoder.feed(b"retry: " + value + b"\n\n") == []
    assert decoder.retry_ms == retry_ms
    decoder.feed(b"retry: 3\n\nretry: x\n\n")
    assert decoder.retry_ms == 3


def test_feed_takes_a_bytearray_and_a_memoryview():
    decoder = SSEDecoder()
    assert decoder.feed(bytearray(b"data: x\n\n")) == [message(b"x")]  # type: ignore[arg-type]  # be kind
    assert decoder.feed(memoryview(b"data: y\n\n")) == [message(b"y")]  # type: ignore[arg-type]  # be kind


# --- what is not UTF-8

NOT_UTF8 = {
    "a lone byte": (b"\xff", "\ufffd"),
    "a lone continuation": (b"\x80\xbf", "\ufffd\ufffd"),
    "a cut character": (b"\xe2\x82", "\ufffd"),
    "a cut character of four bytes": (b"\xf0\x9f\x98", "\ufffd"),
    "an overlong slash": (b"\xc0\xaf", "\ufffd\ufffd"),
    "a surrogate": (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    "beyond the last character": (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
}


@pytest.mark.parametrize("name", NOT_UTF8)
def test_what_is_not_utf8_is_replaced_and_the_json_reader_can_read_it(name):
    raw, text = NOT_UTF8[name]
    for before, after in ((b"", b""), ("\u00fc".encode(), "\U0001f600".encode())):
        shown = before.decode() + text + after.decode()
        data = b'event: e%s\nid: i%s\ndata: "%s%s%s"\n\ndata: "fine"\n\n' % (raw, raw, before, raw, after)
        want = [ServerEvent("e" + text, f'"{shown}"'.encode(), "i" + text), message(b'"fine"', "i" + text)]
        for place in range(len(data) + 1):
            assert decode(data, [place]) == want
        assert [jiter.from_json(event.data) for event in want] == [shown, "fine"]


def test_character_cut_by_a_line_end_or_the_end_of_the_body_is_replaced():
    assert decode(b"data: \xe2\x82\ndata: \xac\n\ndata: \xe2\x82") == [
        message("\ufffd\n\ufffd".encode()),
        message("\ufffd".encode()),
    ]


def test_characters_split_between_feeds_are_joined():
    data = "data: \u00fc\u20ac\U0001f600\n\n".encode()
    assert decode(data, [1] * len(data)) == [message("\u00fc\u20ac\U0001f600".encode())]


# --- however it is cut

fragments = st.sampled_from(
    [
        *(b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"),
        *(b"data: ", b"event: ", b"data: x\n\n", b"event: a\ndata: 1\n\n", b"12", b"\0", b"x", b"[DONE]", b": hi\n"),
        *(BOM, b"\xef", b"\xbb", b"\xbf", b"\xff", b"\xe2\x80\xa8", b"\xc2\x85", "\u00fc".encode(), b"\xf0\x9f"),
    ]
)
streams = st.lists(fragments, max_size=30).map(b"".join)
sizes = st.lists(st.integers(0, 12), max_size=40)


@given(st.one_of(streams, st.binary(max_size=60)), sizes)
@example(b"data: x\r\n\r\n", [8, 1, 1, 1])
@example(b"\xef\xbb\xbf\r\n", [1, 1, 1, 1])
def test_any_bytes_give_what_the_standard_says_however_they_are_cut(data, sizes):
    want, retry_ms = by_the_standard(data)
    decoder = SSEDecoder()
    events = [event for piece in pieces(data, sizes) for event in decoder.feed(piece)]
    assert events + decoder.close() == want
    assert decoder.retry_ms == retry_ms
    assert all(event.data.decode().encode() == event.data for event in want)


@given(st.one_of(streams, st.binary(max_size=60)), sizes, st.integers(1, 14))
@example(b"data: x\n\n\ndata: y\n", [10], 7)
def test_bound_does_not_depend_on_the_cuts(data, sizes, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sse, "MAX_EVENT_BYTES", limit)
        found, error = outcome(data)
        assert outcome(data, sizes) == (found, error)
        assert outcome(data, [1] * len(data)) == (found, error)
    want, _ = by_the_standard(data)
    assert found == (want if error is None else want[: len(found)])


# --- what is refused


def test_event_at_the_bound_is_read_and_one_byte_more_is_refused():
    for kept, lines in ((b"data: ", b"\n\n"), (b"event: a\ndata: ", b"\r\n\r\n"), (b"data:", b"\n\n\n\n")):
        head = len(kept)
        largest = kept + b"x" * (MAX_EVENT_BYTES - head)
        for size in (1_000_000, 2 * len(largest)):
            (event,), error = outcome(b"\n" + largest + lines, [size] * 300)
            assert (len(event.data), error) == (MAX_EVENT_BYTES - head, None)
            events, error = outcome(b"data: 1\n\n" + largest + b"x" + lines, [size] * 300)
            assert (events, error) == (
                [message(b"1")],
                "ProtocolError: a server-sent event is longer than 25165824 bytes",
            )


@pytest.mark.parametrize("line", [b"data: x\n", b": x\n", b"event: y\n", b"y" * 100, b"\xff" * 64])
def test_what_never_ends_is_refused_and_let_go(line):
    decoder = SSEDecoder()
    piece = line * (1024 * 1024 // len(line))
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="longer than"):
            for _ in range(30):
                assert decoder.feed(piece) == []
        del piece
        assert tracemalloc.get_traced_memory()[0] < 1024 * 1024
    finally:
        tracemalloc.stop()


def test_blank_lines_and_events_without_end_are_not_refused(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 10)
    decoder = SSEDecoder()
    for _ in range(30):
        assert decoder.feed(b"\n" * 1000) == []
        assert len(decoder.feed(b"data: x\n\n: y\n\n" * 1000)) == 1000
    assert decoder.close() == []


def test_events_before_one_that_is_too_long_are_handed_out_and_then_the_error(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 10)
    decoder = SSEDecoder()
    good, long = b"data: 1\n\n", b"data: 12345\n\n"
    assert decoder.feed(good + good + long + good) == [message(b"1"), message(b"1")]
    assert isinstance(decoder.error, ProtocolError)
    for _ in range(2):
        with pytest.raises(ProtocolError, match="longer than 10 bytes") as caught:
            decoder.feed(good)
        assert caught.value.excerpt == "data: 12345"
    with pytest.raises(ProtocolError, match="longer than 10 bytes"):
        decoder.close()


def test_last_event_is_bounded_as_it_is_read(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 10)
    for data in (b"data: \xff\xff\n\n", b"data: \xff\xff"):
        assert outcome(data) == outcome(data, [1] * len(data))
        assert outcome(data)[1] == "ProtocolError: a server-sent event is longer than 10 bytes"


def test_excerpt_is_short_printable_redacted_and_does_not_depend_on_the_cuts(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 3000)
    data = b"\x1b[31mAuthorization: Bearer sk-0123456789abcdef0123456789abcdef\xff\n" + b"y" * 4000
    excerpts = set()
    for cut in (1, 100, 4000, len(data)):
        with pytest.raises(ProtocolError) as caught:
            decode(data + b"\n\n", [cut] * len(data))
        excerpts.add(caught.value.excerpt)
    (excerpt,) = excerpts
    assert excerpt.startswith("\\x1b[31mAuthorization: Bearer [redacted]")
    assert excerpt.isprintable()
    assert len(excerpt) <= 200


# --- what it costs


class CountedBytes(bytearray):
    """Counts the bytes that are added to it, read out of it or searched."""

    touched = 0

    def __iadd__(self, more):
        CountedBytes.touched += len(more)
        return super().__iadd__(more)

    def __bytes__(self):
        CountedBytes.touched += len(self)
        return bytes(memoryview(self))

    def rfind(self, wanted, start=0):
        CountedBytes.touched += len(self) - start
        return super().rfind(wanted, start)


@pytest.mark.parametrize("chunk_bytes", [7, 100, 1024, 65536])
@pytest.mark.parametrize(
    "event", [b'data: {"a": 1}\r\n\r\n', b"data: x\n" * 4000 + b"\n", b"data: " + b"y" * 1_000_000 + b"\n\n"]
)
def test_a_byte_is_copied_and_searched_a_fixed_number_of_times(chunk_bytes, event):
    data = event * max(1, 1_000_000 // len(event))
    decoder = SSEDecoder()
    decoder._held = CountedBytes()
    CountedBytes.touched = 0
    found = 0
    for start in range(0, len(data), chunk_bytes):
        found += len(decoder.feed(data[start : start + chunk_bytes]))
    assert found == len(data) // len(event)
    assert 0 < CountedBytes.touched <= 4 * len(data)
