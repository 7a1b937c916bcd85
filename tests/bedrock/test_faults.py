"""A server that does everything wrong: what the caller, the server and the observers see of it.

The server runs in a process of its own and counts what it gets; see hostile.py. Each fault is asked for in up to three
ways: a whole answer, one that is streamed inside `generate`, and a stream; on asyncio and on trio.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import io
import json
import logging
import pickle
import socket
import struct
import threading
import time
import traceback
import zlib
from email.utils import formatdate

import anyio
import pytest
import trustme

from bedrock_llm.client import LLMClient
from bedrock_llm.config import AWSCredentials, Limits, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    AuthenticationError,
    CallCancelledError,
    ConfigurationError,
    ConnectionFailedError,
    ContextWindowExceededError,
    InvalidRequestError,
    LLMError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
    UsageError,
)
from bedrock_llm.events import OpaqueEvent
from bedrock_llm.framing.aws_eventstream import encode_frame
from bedrock_llm.messages import Image, Message, ToolResult
from bedrock_llm.observers.logging import LoggingObserver
from bedrock_llm.response import StopReason, Usage
from tests.bedrock.hostile import (
    CLOSE,
    HANG,
    LAST_CHUNK,
    RESET,
    chunk,
    flood,
    head,
    hostile_server,
    reply,
    send,
    streamed,
    wait,
)
from tests.codecs.converse.frames import (
    begin,
    delta,
    event,
    exception,
    finish,
    metadata,
    start,
    stop,
    text_block,
    whole,
)
from tests.strangers import Seen

pytestmark = pytest.mark.anyio
DEADLINE_S = 5

SECRET = "canarySecret/9fQ2+wX7eR1tY8uI3oP5aS6dF"
TOKEN = "canaryToken-" + "Zx9Cv8Bn7Mq6We5Rt4Yu3" * 6
BEARER = "canaryBearer-" + "Lk1Jh2Gf3Ds4Ap5Oi6Uy7" * 6
KEYS = AWSCredentials("AKIDCANARY", SECRET, TOKEN)
ONCE = RetryPolicy(max_attempts=1)
QUICK = RetryPolicy(wait=lambda state: 0.0)
SHORT = Timeouts(connect_s=2, first_event_s=0.1, idle_s=0.1)

CUT = b"".join((begin(), delta(0, text="one "), delta(0, text="two")))  # a stream that lacks its end
GOOD = whole(text_block(0, "one ", "two"))
ANSWER = json.dumps({
    "output": {"message": {"role": "assistant", "content": [{"text": "one two"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13},
}).encode()  # fmt: skip


# --- asking -----------------------------------------------------------------------------------------------------------


async def ask_whole(client, **parameters):
    return await client.generate("hello", max_tokens=50, **parameters)


async def ask_inside(client, **parameters):
    return await client.generate("hello", **parameters)


async def ask_stream(client, **parameters):
    async with client.stream("hello", **parameters) as running:
        async for _ in running:
            pass
        return await running.response()


WAYS = {"whole": ask_whole, "inside": ask_inside, "stream": ask_stream}
EVERY_WAY = pytest.mark.parametrize("way", WAYS)
OPENED_EITHER_WAY = pytest.mark.parametrize("way", ["whole", "stream"])  # "inside" opens as "stream" does
STREAMED = pytest.mark.parametrize("way", ["inside", "stream"])


def good_for(way):
    return reply(body=ANSWER) if way == "whole" else streamed(GOOD)


@pytest.fixture(scope="module")
def hostile():
    with hostile_server() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def one_authority(tmp_path_factory):
    """Trust one certificate: to read the system's, a hundred times larger, takes longer than most of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("trust") / "ca.pem"
        trustme.CA().cert_pem.write_to_path(path)
        patch.setenv("AWS_CA_BUNDLE", str(path))
        yield


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        assert not secrets_in(record.getMessage() + repr(record.__dict__))


def secrets_in(text):
    """The pieces of secrets that stand in a text: any 12 characters of one, so that a cut one is found too."""
    return {
        secret[at : at + 12]
        for secret in (SECRET, TOKEN, BEARER)
        for at in range(len(secret) - 11)
        if secret[at : at + 12] in text
    }


def causes_of(error, *seen):
    """The error and all that led to it, each once; also what tracebacks leave out."""
    if error is not None and error not in seen:
        yield error
        yield from causes_of(error.__cause__, error, *seen)
        yield from causes_of(error.__context__, error, *seen)


def all_shapes_of(error):
    """An error in every form in which it may be kept."""
    yield str(error)
    yield repr(error)
    yield "".join(traceback.format_exception(error))
    yield pickle.dumps(error).decode("latin-1")
    yield from (repr(cause) + repr(vars(cause)) for cause in causes_of(error) if isinstance(cause, LLMError))


class Outcome:
    """What one call came to; asserts what holds for every call."""

    def __init__(self, plan, options):
        self.plan, self.watch = plan, Seen()
        self.options = options
        self.response = self.error = None

    async def run(self, hostile, ask, check=True):
        client = client_of(hostile, self.plan, observers=[self.watch, LoggingObserver()], **self.options)
        began = time.monotonic()
        async with client:
            with anyio.fail_after(DEADLINE_S):
                try:
                    self.response = await ask(client)
                except LLMError as error:
                    self.error = error
            self.wall_s = time.monotonic() - began
            await connections_become(hostile, "busy", 0)
        await connections_become(hostile, "open", 0)
        self.requests = hostile.seen(self.plan)["requests"]
        if check:
            self._check()
        return self

    def _check(self):
        ends = ["complete"] if self.error is None else ["error"]
        assert [name for name in self.watch.names if name != "retry"] == ["start", *ends]
        result = self.response if self.error is None else self.error
        assert len(result.attempts) == self.requests
        assert [attempt.number for attempt in result.attempts] == list(range(1, self.requests + 1))
        if self.error is not None:
            shown = self.watch.calls[-1][1]
            assert (type(shown), shown.attempts) == (type(self.error), self.error.attempts)
            for text in all_shapes_of(self.error):
                assert not secrets_in(text)

    @property
    def billed(self):
        return [attempt.billed for attempt in (self.response or self.error).attempts]


def client_of(hostile, plan, model="us.anthropic.claude-sonnet-4-6", **options):
    given = {"base_url": hostile.url, "region": "us-east-1", "credentials": KEYS, "retry": ONCE}
    return LLMClient(f"bedrock/{model}", **{**given, "extra_headers": {"x-plan": plan}, **options})


async def connections_become(hostile, name, number):
    with anyio.fail_after(DEADLINE_S):
        while hostile.connections()[name] != number:
            await anyio.sleep(0.002)


async def outcome_of(hostile, way, *answers, refuse=None, ahead_s=None, **options):
    plan = hostile.plan(*answers, refuse=refuse, ahead_s=ahead_s)
    ask = WAYS[way] if isinstance(way, str) else way
    return await Outcome(plan, options).run(hostile, ask)


async def failure_of(hostile, way, *answers, **options):
    outcome = await outcome_of(hostile, way, *answers, **options)
    assert outcome.error is not None, f"no error, but {outcome.response!r}"
    return outcome


def known_of(request, backend, reason):
    """Mark a test that is known to fail on one backend."""
    if request.node.callspec.params["anyio_backend"] == backend:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))


# --- the network (N1-N10) ---------------------------------------------------------------------------------------------


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@EVERY_WAY
@pytest.mark.parametrize("where", ["https://no-such-host.invalid", "http://127.0.0.1:{closed}"])
async def test_what_cannot_be_reached_is_tried_again_and_costs_nothing(hostile, way, where):
    watch = Seen()
    url = where.format(closed=closed_port())
    async with client_of(hostile, "none", base_url=url, retry=QUICK, observers=[watch]) as client:
        with anyio.fail_after(DEADLINE_S), pytest.raises(ConnectionFailedError) as caught:
            await WAYS[way](client)
    error = caught.value
    assert (error.retryable, error.sent, error.partial, error.usage) == (True, False, None, None)
    assert [attempt.billed for attempt in error.attempts] == ["no"] * 3
    assert watch.names == ["start", "retry", "retry", "error"]


@EVERY_WAY
@pytest.mark.parametrize("port", ["self_signed", "expired"])
async def test_a_certificate_that_does_not_hold_is_not_tried_again(hostile, way, port):
    url = f"https://127.0.0.1:{hostile.ports[port]}"
    before = hostile.connections()["connections"]
    async with client_of(hostile, "none", base_url=url, retry=QUICK) as client:
        with anyio.fail_after(DEADLINE_S), pytest.raises(ConnectionFailedError) as caught:
            await WAYS[way](client)
    error = caught.value
    assert (error.retryable, error.sent, len(error.attempts)) == (False, False, 1)
    assert error.attempts[0].billed == "no"
    assert hostile.connections()["connections"] == before  # no handshake was finished


NO_ANSWER = {
    "reset-at-once": RESET,
    "closed-at-once": CLOSE,
    "closed-in-the-head": [*send(b"HTTP/1.1 200 OK\r\ncontent-le"), *CLOSE],
    "reset-in-the-head": [*send(b"HTTP/1.1 200 OK\r\ncontent-le"), *wait(0.02), *RESET],
}


@EVERY_WAY
@pytest.mark.parametrize("fault", NO_ANSWER)
async def test_a_connection_that_breaks_before_the_headers_is_tried_again(hostile, way, fault):
    outcome = await failure_of(hostile, way, NO_ANSWER[fault], retry=QUICK)
    error = outcome.error
    assert type(error) is ConnectionFailedError
    assert (error.retryable, error.sent, error.partial, error.usage) == (True, True, None, None)
    assert (outcome.requests, outcome.billed) == (3, ["maybe"] * 3)
    mended = await outcome_of(hostile, way, NO_ANSWER[fault], good_for(way), retry=QUICK)
    assert (mended.response.text, mended.billed) == ("one two", ["maybe", "yes"])


ENDS_WITHOUT_END = {
    "clean-eof": [*streamed(CUT)],
    "clean-eof-of-a-known-length": [*send(head(framing=f"content-length: {len(CUT)}") + CUT)],
    "eof-as-the-end": [*send(head(framing="connection: close") + CUT), *CLOSE],
    "eof-in-chunked": [*streamed(CUT, b""), *CLOSE],
    "eof-before-the-length": [*send(head(framing=f"content-length: {len(CUT) + 9}") + CUT), *CLOSE],
    "reset": [*streamed(CUT, b""), *wait(0.02), *RESET],
    "bad-chunk": [*streamed(CUT, b""), *wait(0.02), *send(b"zz\r\nwhat\r\n"), *CLOSE],
}


@STREAMED
@pytest.mark.parametrize("fault", ENDS_WITHOUT_END)
async def test_a_stream_without_its_end_is_never_an_answer(hostile, way, fault):
    timeouts = Timeouts(idle_s=0.3)
    outcome = await failure_of(hostile, way, ENDS_WITHOUT_END[fault], retry=QUICK, timeouts=timeouts)
    error = outcome.error
    assert type(error) is (ProtocolError if fault == "bad-chunk" else StreamInterruptedError)
    assert error.partial.text == "one two"
    assert (error.usage, error.request_id, error.provider) == (error.partial.usage, "req-1", "bedrock")
    if way == "stream":
        assert (outcome.requests, error.retryable, len(outcome.billed)) == (1, False, 1)
        assert outcome.billed[0] != "no"
    elif fault != "bad-chunk":
        assert (outcome.requests, error.retryable, outcome.billed) == (3, True, ["maybe"] * 3)
    if type(error) is StreamInterruptedError:
        assert isinstance(error.__cause__, (ConnectionFailedError, StreamInterruptedError))


@pytest.mark.parametrize(
    "fault",
    [
        [*send(head(kind="application/json", framing="content-length: 999") + ANSWER), *CLOSE],
        [*send(head(kind="application/json") + chunk(ANSWER)), *CLOSE],
        [*send(head(kind="application/json") + chunk(ANSWER)), *wait(0.02), *RESET],
    ],
)
async def test_a_whole_answer_that_was_cut_short_is_tried_again(hostile, fault):
    outcome = await failure_of(hostile, "whole", fault, retry=QUICK)
    assert type(outcome.error) is ConnectionFailedError
    assert (outcome.error.retryable, outcome.requests, outcome.billed) == (True, 3, ["maybe"] * 3)


async def test_a_whole_answer_that_ends_too_early_by_its_own_words_is_a_protocol_error(hostile):
    cut = send(head(kind="application/json", framing="content-length: 50") + ANSWER[:50])
    outcome = await failure_of(hostile, "whole", cut, retry=QUICK)
    assert (type(outcome.error), outcome.requests, outcome.billed) == (ProtocolError, 1, ["maybe"])


def checked_cut(error):
    assert error.partial is None or "one two".startswith(error.partial.text)
    assert len(error.attempts) == 1


CAPTURE = whole(text_block(0, "one ", "two"))
COMPLETE_FROM = len(CAPTURE) - len(metadata())  # the messageStop frame is whole
CUT_ENDS = {"clean": (LAST_CHUNK, []), "eof": (b"", CLOSE), "reset": (b"", [*wait(0.001), *RESET])}


@STREAMED
@pytest.mark.parametrize("end", CUT_ENDS)
async def test_cut_at_every_byte_a_stream_raises_or_is_complete(hostile, way, end):
    """The whole capture for a clean end; every eleventh byte where each cut costs a connection."""
    last, after = CUT_ENDS[end]
    cuts = range(len(CAPTURE)) if end == "clean" else range(0, len(CAPTURE), 11)
    plan = hostile.plan(*(streamed(CAPTURE[:cut], last, after) for cut in cuts))
    watch, raised, complete = Seen(), 0, 0
    async with client_of(hostile, plan, observers=[watch]) as client:
        with anyio.fail_after(30):
            for cut in cuts:
                try:
                    response = await WAYS[way](client)
                except (StreamInterruptedError, ConnectionFailedError) as error:
                    raised += 1
                    checked_cut(error)
                else:
                    complete += 1
                    assert cut >= COMPLETE_FROM
                    assert (response.text, response.stop_reason) == ("one two", StopReason.stop)
                    assert [warning.kind for warning in response.warnings] == ["incomplete"]
                    assert (response.usage, response.cost) == (Usage(), None)
        await connections_become(hostile, "busy", 0)
    await connections_become(hostile, "open", 0)
    assert raised + complete == len(cuts) == hostile.seen(plan)["requests"]
    assert watch.names == [name for kind, _ in watch.calls[1::2] for name in ("start", kind)]
    assert raised >= sum(cut < COMPLETE_FROM for cut in cuts)


STALLS = {
    "before-the-headers": (HANG, "first_event"),
    "before-the-first-event": ([*send(head()), *HANG], "first_event"),
    "after-a-start-without-words": ([*send(head() + chunk(begin())), *HANG], "first_event"),
    "in-the-stream": ([*send(head() + chunk(CUT)), *HANG], "idle"),
    "in-a-frame": ([*send(head() + chunk(CUT[:-9])), *HANG], "idle"),
}


@STREAMED
@pytest.mark.parametrize("fault", STALLS)
async def test_silence_is_noticed_by_the_deadline_of_its_phase(hostile, way, fault):
    steps, phase = STALLS[fault]
    outcome = await failure_of(hostile, way, steps, timeouts=SHORT)
    error = outcome.error
    assert (type(error), error.phase, error.after_s, error.retryable) == (RequestTimeoutError, phase, 0.1, True)
    assert 0.09 < outcome.wall_s < 2
    assert outcome.billed == (["maybe"] if way == "inside" or phase == "first_event" else ["yes"])
    assert (error.partial is None) == (phase == "first_event")


@pytest.mark.parametrize(
    ("steps", "phase"),
    [(HANG, "first_event"), ([*send(head(kind="application/json") + chunk(ANSWER[:40])), *HANG], "idle")],
)
async def test_silence_of_a_whole_answer(hostile, steps, phase):
    outcome = await failure_of(hostile, "whole", steps, timeouts=SHORT, retry=RetryPolicy(2, wait=lambda state: 0.0))
    error = outcome.error
    assert (type(error), error.phase, outcome.requests) == (RequestTimeoutError, phase, 2)
    assert outcome.billed == ["maybe", "maybe"]


async def test_what_stalled_once_is_answered_the_second_time(hostile):
    for way in WAYS:
        outcome = await outcome_of(hostile, way, HANG, good_for(way), retry=QUICK, timeouts=SHORT)
        assert (outcome.response.text, outcome.billed) == ("one two", ["maybe", "yes"])


@EVERY_WAY
async def test_a_drip_ends_at_the_deadline_of_the_call(hostile, way):
    body = ANSWER if way == "whole" else GOOD
    kind = "application/json" if way == "whole" else "application/vnd.amazon.eventstream"
    drip = send(head(kind=kind, framing=f"content-length: {len(body)}") + body, piece=4, each_s=0.02)
    timeouts = Timeouts(first_event_s=2, idle_s=2, total_s=0.3)
    outcome = await failure_of(hostile, way, drip, retry=QUICK, timeouts=timeouts)
    error = outcome.error
    assert (type(error), error.phase, error.after_s) == (RequestTimeoutError, "total", 0.3)
    assert (outcome.requests, outcome.wall_s < 2) == (1, True)


async def test_a_deadline_after_the_first_event_keeps_what_came(hostile):
    steps = [*send(head() + chunk(CUT)), *HANG]
    outcome = await failure_of(hostile, "stream", steps, timeouts=Timeouts(total_s=0.3))
    assert (type(outcome.error), outcome.error.phase) == (RequestTimeoutError, "total")
    assert outcome.error.partial.text == "one two"


# --- the framing (N11-N18) --------------------------------------------------------------------------------------------


def with_crcs(data):
    """A frame whose lengths and headers were changed, with checksums that fit again."""
    data = data[:8] + struct.pack(">I", zlib.crc32(data[:8])) + data[12:-4]
    return data + struct.pack(">I", zlib.crc32(data))


def broken_headers(headers):
    payload = b'{"role": "assistant"}'
    raw = struct.pack(">II", 16 + len(headers) + len(payload), len(headers)) + b"0000" + headers + payload + b"0000"
    return with_crcs(raw)


FRAME = delta(0, text="three")
KIND = b"\x0d:message-type\x07\x00\x05event"
DAMAGED = {
    "length-checksum": FRAME[:8] + b"\0\0\0\0" + FRAME[12:],
    "message-checksum": FRAME[:-1] + bytes([FRAME[-1] ^ 1]),
    "one-bit": FRAME[:40] + bytes([FRAME[40] ^ 1]) + FRAME[41:],
    "four-gib": with_crcs(struct.pack(">II", 2**32 - 1, 30) + FRAME[8:]),
    "headers-too-long": with_crcs(struct.pack(">II", 200_000, 150_000) + FRAME[8:]),
    "too-short": with_crcs(struct.pack(">II", 15, 0) + FRAME[8:]),
    "headers-beyond-the-frame": with_crcs(struct.pack(">II", len(FRAME), len(FRAME)) + FRAME[8:]),
    "unknown-header-type": broken_headers(b"\x01a\x0f\x00" + KIND),
    "header-cut-off": broken_headers(KIND + b"\x01a\x07\x00\x50ab"),
    "header-not-utf8": broken_headers(b"\x01a\x07\x00\x02\xff\xfe" + KIND),
    "header-twice": broken_headers(KIND + KIND),
    "header-without-name": broken_headers(b"\x00\x00" + KIND),
    "no-message-type": encode_frame({":event-type": "contentBlockDelta"}, b"{}"),
    "unknown-message-type": encode_frame({":message-type": "rumour", ":event-type": "contentBlockDelta"}, b"{}"),
    "not-json": encode_frame({":message-type": "event", ":event-type": "contentBlockDelta"}, b"{not json"),
    "not-utf8": encode_frame(
        {":message-type": "event", ":event-type": "contentBlockDelta"},
        b'{"contentBlockIndex":0,"delta":{"text":"\xff\xfe"}}',
    ),
    "no-object": encode_frame({":message-type": "event", ":event-type": "contentBlockDelta"}, b"[1]"),
    "huge-number": encode_frame(
        {":message-type": "event", ":event-type": "contentBlockDelta"}, b'{"contentBlockIndex":1e400,"delta":{}}'
    ),
    "deep": encode_frame(
        {":message-type": "event", ":event-type": "contentBlockDelta"},
        b'{"contentBlockIndex":0,"delta":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ),
    "html": b"<html><body>502 Bad Gateway</body></html>",
}


@STREAMED
@pytest.mark.parametrize("fault", DAMAGED)
async def test_a_damaged_frame_is_never_read_over(hostile, way, fault):
    first = await failure_of(hostile, way, streamed(DAMAGED[fault] + GOOD), retry=QUICK)
    assert (type(first.error), first.error.retryable, first.requests) == (ProtocolError, False, 1)
    assert (first.error.partial, first.billed) == (None, ["maybe"])
    later = await failure_of(hostile, way, streamed(CUT + DAMAGED[fault] + GOOD), retry=QUICK)
    assert (type(later.error), later.requests) == (ProtocolError, 1)
    assert later.error.partial.text == "one two"
    assert len(later.error.excerpt or "") <= 200
    assert later.wall_s < 2


ODD_HTTP = {
    "not-http": (b"SSH-2.0-OpenSSH_9\r\n\r\n", ProtocolError),
    "bad-status": (b"HTTP/1.1 abc OK\r\n\r\n", ProtocolError),
    "two-lengths": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", ProtocolError),
    "header-flood": (b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 40_000 + b"\r\n", ProtocolError),
    "huge-header": (b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 500_000 + b"\r\n\r\n", ProtocolError),
}


@EVERY_WAY
@pytest.mark.parametrize("fault", ODD_HTTP)
async def test_what_is_not_http_is_a_protocol_error(hostile, way, fault):
    data, kind = ODD_HTTP[fault]
    outcome = await failure_of(hostile, way, [*send(data), *CLOSE], retry=QUICK)
    assert (type(outcome.error), outcome.requests, outcome.billed) == (kind, 1, ["maybe"])


@pytest.mark.parametrize("fault", ODD_HTTP)
async def test_the_library_errors_behind_ours_hold_no_secret_either(hostile, fault):
    outcome = await failure_of(hostile, "whole", [*send(ODD_HTTP[fault][0]), *CLOSE])
    for cause in causes_of(outcome.error):
        assert not secrets_in(repr(cause) + repr(vars(cause)))


async def test_interim_answers_and_trailers_are_read_over(hostile):
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    trailer = b"0\r\nx-checksum: 1\r\n\r\n"
    for way in WAYS:
        body = head(kind="application/json") + chunk(ANSWER) if way == "whole" else head() + chunk(GOOD)
        outcome = await outcome_of(hostile, way, send(interim + body + trailer))
        assert (outcome.response.text, outcome.requests) == ("one two", 1)


@STREAMED
async def test_a_stream_may_be_cut_into_single_bytes(hostile, way):
    data = whole(text_block(0, "naïve ", "日本語 ", "👩‍🚀"))
    pieces = b"".join(chunk(data[at : at + 1]) for at in range(len(data)))
    outcome = await outcome_of(hostile, way, send(head() + pieces + LAST_CHUNK, piece=7))
    assert outcome.response.text == "naïve 日本語 👩‍🚀"


async def test_a_long_event_in_small_chunks_takes_time_in_proportion(hostile):
    took = {}
    for size in (2, 8):
        data = whole(text_block(0, "x" * (size * 1024 * 1024)))
        pieces = b"".join(chunk(data[at : at + 1024]) for at in range(0, len(data), 1024))
        outcome = await outcome_of(hostile, "inside", send(head() + pieces + LAST_CHUNK))
        assert len(outcome.response.text) == size * 1024 * 1024
        took[size] = outcome.wall_s
    assert took[8] < 20 * took[2]  # what is quadratic takes 16 times the work, and seconds
    assert took[8] < DEADLINE_S


@EVERY_WAY
async def test_a_bomb_is_defused_at_the_bound(hostile, way):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as file:
        for _ in range(100):
            file.write(b"\0" * 1024 * 1024)
    bomb = packed.getvalue()
    kind = "application/json" if way == "whole" else "application/vnd.amazon.eventstream"
    length = f"content-length: {len(bomb)}"
    outcome = await failure_of(hostile, way, send(head(200, kind, length, "content-encoding: gzip") + bomb))
    assert (type(outcome.error), outcome.error.partial) == (ProtocolError, None)


async def test_a_bomb_in_a_refusal_is_read_no_further_than_a_refusal_is(hostile):
    bomb = gzip.compress(b"\0" * 100 * 1024 * 1024)
    for way in WAYS:
        answer = send(head(400, "text/plain", f"content-length: {len(bomb)}", "content-encoding: gzip") + bomb)
        outcome = await failure_of(hostile, way, answer)
        assert isinstance(outcome.error, (RejectedRequestError, ProtocolError))
        assert len(str(outcome.error)) < 1000


# --- other answers than were asked for (N19-N21) ----------------------------------------------------------------------


@EVERY_WAY
@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_redirect_is_not_followed(hostile, way, status):
    where = f"http://127.0.0.1:{hostile.ports['other']}/model/x/converse"
    outcome = await failure_of(hostile, way, reply(status, b"", {"location": where}), retry=QUICK)
    assert (type(outcome.error), outcome.error.status, outcome.requests) == (ProtocolError, status, 1)
    assert hostile.connections()["other_bytes"] == 0


HTML = b"<html><head><title>Sign in</title></head><body>" + b"Welcome to the airport. " * 99 + b"</body></html>"


@EVERY_WAY
async def test_html_with_status_200_is_no_answer(hostile, way):
    outcome = await failure_of(hostile, way, reply(200, HTML, {"content-type": "text/html"}), retry=QUICK)
    error = outcome.error
    assert (type(error), error.retryable, error.partial, outcome.requests) == (ProtocolError, False, None, 1)
    assert len(error.excerpt or "") <= 200
    assert "Welcome" not in str(error) or len(str(error)) < 500


@EVERY_WAY
async def test_html_with_status_502_is_tried_again(hostile, way):
    answer = reply(502, HTML, {"content-type": "text/html"})
    outcome = await failure_of(hostile, way, answer, retry=QUICK)
    assert (type(outcome.error), outcome.error.status, outcome.requests) == (ServerError, 502, 3)
    assert len(str(outcome.error)) < 300
    assert outcome.billed == ["maybe"] * 3


async def test_an_empty_200_is_no_answer(hostile):
    for way in WAYS:
        outcome = await failure_of(hostile, way, reply(200, b""), retry=QUICK)
        assert (type(outcome.error), outcome.requests) == (ProtocolError, 1)
        outcome = await failure_of(hostile, way, send(b"HTTP/1.1 204 No Content\r\n\r\n"), retry=QUICK)
        assert (type(outcome.error), outcome.requests) == (ProtocolError, 1)


@STREAMED
async def test_json_where_a_stream_was_asked_is_read_if_it_is_an_answer(hostile, way):
    outcome = await outcome_of(hostile, way, reply(body=ANSWER))
    assert (outcome.response.text, outcome.response.usage) == ("one two", Usage(9, 0, 0, 0, 4))
    wrong = await failure_of(hostile, way, reply(body=b'{"message": "hello"}'))
    assert type(wrong.error) is ProtocolError


async def test_an_event_stream_where_json_was_asked_is_no_answer(hostile):
    outcome = await failure_of(hostile, "whole", streamed(GOOD))
    assert type(outcome.error) is ProtocolError


# --- blocks and events (N22-N26) --------------------------------------------------------------------------------------

CALL = {"toolUse": {"toolUseId": "t1", "name": "weather"}}
DISORDERED = {
    "block-inside-a-block": begin() + delta(0, text="a") + delta(1, text="b"),
    "index-that-falls": begin() + text_block(1, "a") + text_block(0, "b"),
    "block-twice": begin() + text_block(0, "a") + text_block(0, "b"),
    "stop-twice": begin() + text_block(0, "a") + stop(0),
    "delta-after-its-stop": begin() + text_block(0, "a") + delta(0, text="b"),
    "call-not-opened": begin() + text_block(0, "a") + delta(1, toolUse={"input": "{}"}),
    "words-in-a-call": begin() + text_block(0, "a") + start(1, **CALL) + delta(1, text="b"),
    "arguments-in-words": begin() + delta(0, text="a") + delta(0, toolUse={"input": "{}"}),
    "start-in-the-middle": begin() + text_block(0, "a") + begin(),
    "end-twice": begin() + text_block(0, "a") + finish() + finish(),
    "block-after-the-end": begin() + text_block(0, "a") + finish() + text_block(1, "b"),
    "no-index": begin() + text_block(0, "a") + event("contentBlockDelta", {"delta": {"text": "b"}}),
    "negative-index": begin() + text_block(0, "a") + delta(-1, text="b"),
    "index-of-words": begin() + text_block(0, "a") + delta("1", text="b"),
    "text-of-numbers": begin() + delta(0, text="a") + delta(0, text=7),
    "delta-of-nothing": begin() + delta(0, text="a") + event("contentBlockDelta", {"contentBlockIndex": 0}),
}


@STREAMED
@pytest.mark.parametrize("fault", DISORDERED)
async def test_disordered_blocks_are_never_merged(hostile, way, fault):
    outcome = await failure_of(hostile, way, streamed(DISORDERED[fault] + finish() + metadata()), retry=QUICK)
    error = outcome.error
    assert (type(error), error.retryable, outcome.requests) == (ProtocolError, False, 1)
    assert error.partial.text == "a"
    assert error.partial.tool_calls in ((), []) or error.partial.tool_calls[0].invalid


@STREAMED
async def test_a_call_that_was_cut_cannot_be_run(hostile, way):
    half = begin() + start(0, **CALL) + delta(0, toolUse={"input": '{"city": "Os'})
    outcome = await failure_of(hostile, way, streamed(half))
    assert type(outcome.error) is StreamInterruptedError
    assert all(call.invalid and call.arguments is None for call in outcome.error.partial.tool_calls)
    ended = await outcome_of(hostile, way, streamed(half + finish("max_tokens") + metadata()))
    (call,) = ended.response.tool_calls
    assert (call.invalid, call.arguments, call.raw_arguments) == (True, None, '{"city": "Os')
    assert ended.response.stop_reason is StopReason.length


async def test_what_is_unknown_is_kept_and_the_stream_goes_on(hostile):
    unknown = b"".join((
        event("messageStart", {"role": "assistant", "mood": "good"}),
        event("weatherReport", {"degrees": -20}),
        event("contentBlockStart", {"contentBlockIndex": 0, "start": {"hologram": {"size": 3}}}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"hologram": {"ray": 1}}}),
        stop(0),
        event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "one two"}, "new": [1]}),
        stop(1),
        event("messageStop", {"stopReason": "frozen", "additional": {"a": 1}}),
        event("metadata", {"usage": {"inputTokens": 9, "outputTokens": 4, "dreamTokens": 2}, "trace": {"b": 2}}),
    ))  # fmt: skip
    for way in ("inside", "stream"):
        outcome = await outcome_of(hostile, way, streamed(unknown))
        response = outcome.response
        assert (response.text, response.stop_reason) == ("one two", StopReason.other)
        assert response.raw_stop_reason == "frozen"
        assert (response.usage.input_tokens, response.usage.output_tokens) == (9, 4)
    plan, events = hostile.plan(streamed(unknown)), []
    async with client_of(hostile, plan) as client, client.stream("hello") as running:
        events = [event async for event in running]
    kept = [event for event in events if isinstance(event, OpaqueEvent)]
    assert {"weatherReport", "contentBlockStart", "contentBlockDelta"} <= {event.kind for event in kept}


USAGES = {
    "missing": (None, Usage()),
    "empty": ({}, Usage(None, 0, 0, 0, None)),
    "null": ({"inputTokens": None, "outputTokens": 4}, Usage(None, 0, 0, 0, 4)),
    "partial": ({"inputTokens": 9}, Usage(9, 0, 0, 0, None)),
    "negative": ({"inputTokens": -9, "outputTokens": 4}, Usage(None, 0, 0, 0, 4)),
    "words": ({"inputTokens": "9", "outputTokens": [4]}, Usage(None, 0, 0, 0, None)),
    "fractions": ({"inputTokens": 9.5, "outputTokens": True}, Usage(None, 0, 0, 0, None)),
    "huge": ({"inputTokens": 10**30, "outputTokens": 4}, Usage(None, 0, 0, 0, 4)),
    "negative-cache": ({"inputTokens": 9, "outputTokens": 4, "cacheReadInputTokens": -1}, Usage(9, None, 0, 0, 4)),
}


@pytest.mark.parametrize("fault", USAGES)
async def test_usage_that_cannot_be_is_unknown_and_costs_nothing_known(hostile, fault):
    given, expected = USAGES[fault]
    body = begin() + text_block(0, "one two") + finish() + (b"" if given is None else metadata(given))
    answer = json.loads(ANSWER)
    answer["usage"] = given
    for way in WAYS:
        outcome = await outcome_of(
            hostile, way, reply(body=json.dumps(answer).encode()) if way == "whole" else streamed(body)
        )
        assert (outcome.response.text, outcome.response.usage) == ("one two", expected)
        assert "incomplete" in [warning.kind for warning in outcome.response.warnings]
        assert outcome.response.cost is None or outcome.response.cost.total >= 0


@STREAMED
async def test_what_comes_after_the_end_is_not_read_and_its_connection_not_used_again(hostile, way):
    late = [*send(head() + chunk(GOOD + delta(0, text="three")) + chunk(b"junk" * 99)), *HANG]
    plan = hostile.plan(late, streamed(GOOD), streamed(GOOD))
    async with client_of(hostile, plan, timeouts=SHORT) as client:
        for _ in range(3):
            response = await WAYS[way](client)
            assert (response.text, response.usage) == ("one two", Usage(9, 0, 0, 0, 4))
            await connections_become(hostile, "busy", 0)
            assert hostile.connections()["open"] <= 1
    await connections_become(hostile, "open", 0)


async def test_bytes_beyond_the_body_do_not_answer_the_next_call(hostile, request):
    """What would be taken for the answer to the next request."""
    known_of(request, "trio", "httpcore2 keeps what follows a body and reads it as the next answer")
    forged = head(kind="application/json", framing=f"content-length: {len(ANSWER)}") + ANSWER.replace(
        b"one two", b"forged!"
    )
    for way, ask in WAYS.items():
        good = head(kind="application/json", framing=f"content-length: {len(ANSWER)}") + ANSWER
        first = good if way == "whole" else head() + chunk(GOOD) + LAST_CHUNK
        plan = hostile.plan(send(first + forged), good_for(way))
        async with client_of(hostile, plan) as client:
            texts = []
            for _ in range(2):
                with anyio.fail_after(DEADLINE_S):
                    texts.append((await ask(client)).text)
        assert texts == ["one two", "one two"]
        assert hostile.seen(plan)["requests"] == 2


@EVERY_WAY
async def test_an_idle_connection_that_the_server_closed_is_replaced(hostile, way):
    plan = hostile.plan([*good_for(way), *wait(0.01), *RESET], [*good_for(way), *CLOSE], good_for(way))
    async with client_of(hostile, plan, retry=QUICK) as client:
        for _ in range(3):
            assert (await WAYS[way](client)).text == "one two"
            await connections_become(hostile, "busy", 0)
            await anyio.sleep(0.03)  # the client's loop must turn for it to see the end
    assert hostile.seen(plan)["requests"] == 3


# --- exceptions inside a stream (R5) ----------------------------------------------------------------------------------

IN_STREAM = {
    "throttlingException": (RateLimitError, 429, True),
    "serviceUnavailableException": (OverloadedError, 503, True),
    "internalServerException": (ServerError, 500, True),
    "modelStreamErrorException": (ServerError, 424, True),
    "validationException": (RejectedRequestError, 400, False),
    "unheardOfException": (ServerError, 500, True),
}


@STREAMED
@pytest.mark.parametrize("name", IN_STREAM)
async def test_an_exception_before_the_first_event_is_as_outside_a_stream(hostile, way, name):
    kind, status, retryable = IN_STREAM[name]
    bad = streamed(exception(name, {"message": "not now"}))
    outcome = await failure_of(hostile, way, bad, retry=QUICK)
    error = outcome.error
    assert (type(error), error.status, error.retryable, error.request_id) == (kind, status, retryable, "req-1")
    assert (outcome.requests, error.partial) == (3 if retryable else 1, None)
    if retryable:
        mended = await outcome_of(
            hostile, way, bad, streamed(begin() + exception(name, {})), good_for(way), retry=QUICK
        )
        assert (mended.response.text, mended.requests) == ("one two", 3)


@STREAMED
@pytest.mark.parametrize("name", IN_STREAM)
async def test_an_exception_after_events_interrupts_and_keeps_what_came(hostile, way, name):
    kind, status, retryable = IN_STREAM[name]
    outcome = await failure_of(hostile, way, streamed(CUT + exception(name, {"message": "not now"})), retry=QUICK)
    error = outcome.error
    assert (type(error), type(error.__cause__)) == (StreamInterruptedError, kind)
    assert (error.partial.text, error.status, error.request_id) == ("one two", status, "req-1")
    assert "not now" in str(error)
    assert error.retryable is (retryable and way == "inside")
    assert outcome.requests == (3 if error.retryable else 1)


@STREAMED
async def test_an_error_frame_is_an_error(hostile, way):
    frame = encode_frame({":message-type": "error", ":error-code": "InternalFailure", ":error-message": "boom"})
    outcome = await failure_of(hostile, way, streamed(frame), retry=QUICK)
    assert (type(outcome.error), outcome.requests) == (ServerError, 3)
    assert "boom" in str(outcome.error)


# --- statuses and waits (R1-R6, A5) -----------------------------------------------------------------------------------

STATUSES = {
    400: (RejectedRequestError, False, "no"),
    401: (AuthenticationError, False, "no"),
    402: (QuotaExceededError, False, "no"),
    403: (PermissionDeniedError, False, "no"),
    404: (NotFoundError, False, "no"),
    408: (ServerError, True, "maybe"),
    409: (RejectedRequestError, False, "no"),
    413: (RejectedRequestError, False, "no"),
    422: (RejectedRequestError, False, "no"),
    424: (ServerError, False, "maybe"),
    425: (RejectedRequestError, False, "no"),
    429: (RateLimitError, True, "no"),
    500: (ServerError, True, "maybe"),
    502: (ServerError, True, "maybe"),
    503: (OverloadedError, True, "maybe"),
    504: (ServerError, True, "maybe"),
    529: (OverloadedError, True, "maybe"),
}


@OPENED_EITHER_WAY
@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_without_a_name(hostile, way, status):
    kind, retryable, billed = STATUSES[status]
    outcome = await failure_of(hostile, way, reply(status, b'{"message": "no"}'), retry=QUICK)
    error = outcome.error
    assert (type(error), error.status, error.retryable) == (kind, status, retryable)
    assert outcome.billed == [billed] * (3 if retryable else 1)
    assert (error.request_id, error.provider, error.model) == ("req-1", "bedrock", "us.anthropic.claude-sonnet-4-6")


NAMED = {
    ("ThrottlingException", 429, "Too many tokens, please wait before trying again."): (RateLimitError, 3),
    ("ThrottlingException", 400, "Rate exceeded"): (RateLimitError, 3),
    ("ThrottlingException", 429, "Too many tokens per day, please wait before trying again."): (QuotaExceededError, 1),
    ("ServiceQuotaExceededException", 400, "You have reached your quota"): (QuotaExceededError, 1),
    ("ModelNotReadyException", 429, "The model is not ready"): (OverloadedError, 3),
    ("ModelTimeoutException", 408, "too slow"): (ServerError, 3),
    ("ValidationException", 400, "Input is too long for requested model."): (ContextWindowExceededError, 1),
    ("ValidationException", 400, "Malformed input request"): (RejectedRequestError, 1),
    ("AccessDeniedException", 403, "You don't have access to the model with the specified model ID."): (
        PermissionDeniedError,
        1,
    ),
    ("ResourceNotFoundException", 404, "This model version has reached the end of its life."): (NotFoundError, 1),
}


@pytest.mark.parametrize("said", NAMED)
async def test_what_the_service_says_decides(hostile, said):
    (name, status, message), (kind, requests) = said, NAMED[said]
    answer = reply(status, json.dumps({"message": message}).encode(), {"x-amzn-errortype": name + ":http://x/"})
    for way in WAYS:
        outcome = await failure_of(hostile, way, answer, retry=QUICK)
        assert (type(outcome.error), outcome.requests, outcome.error.code) == (kind, requests, name)
        assert message in str(outcome.error)
        if kind in {PermissionDeniedError, NotFoundError}:
            assert "us-east-1" in str(outcome.error)
            assert "claude-sonnet-4-6" in str(outcome.error)


def in_a_second():
    return formatdate(time.time() + 2, usegmt=True)


WAITS = {  # headers, the least and the most that is waited; None for no further request
    "int": ({"retry-after": "1"}, 1.0, 3.0),
    "float": ({"retry-after": "0.3"}, 0.3, 2.0),
    "date": ({"retry-after": in_a_second}, 0.9, 4.0),
    "past-date": ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0, 0.9),
    "ms": ({"retry-after-ms": "300"}, 0.3, 2.0),
    "aws-ms": ({"x-amz-retry-after": "300"}, 0.3, 2.0),
    "both": ({"retry-after": "0.2", "retry-after-ms": "400"}, 0.4, 2.0),
    "zero": ({"retry-after": "0"}, 0.0, 0.9),
    "negative": ({"retry-after": "-5"}, 0.0, 0.9),
    "nan": ({"retry-after": "NaN"}, 0.0, 0.9),
    "infinite": ({"retry-after": "inf"}, 0.0, 0.9),
    "junk": ({"retry-after": "soon, I hope"}, 0.0, 0.9),
    "exponent": ({"retry-after": "1e3"}, 0.0, 0.9),
    "junk-date": ({"retry-after": "Foo, 99 Bar 2026 25:61:61 GMT"}, 0.0, 0.9),
    "day": ({"retry-after": "86400"}, None, None),
    "over-the-cap": ({"retry-after": "61"}, None, None),
    "ms-over-the-cap": ({"retry-after-ms": "61000"}, None, None),
    "date-over-the-cap": ({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}, None, None),
    "most-digits": ({"retry-after": "9" * 12}, None, None),
}


async def test_the_server_is_waited_for_as_it_asks_if_that_is_sensible(hostile):
    async def check(form):
        headers, least_s, most_s = WAITS[form]
        given = {name: value if isinstance(value, str) else value() for name, value in headers.items()}
        plan = hostile.plan(reply(429, b"{}", given), reply(body=ANSWER))
        async with client_of(hostile, plan, retry=QUICK) as client:
            began = time.monotonic()
            if least_s is None:
                with pytest.raises(RateLimitError) as caught:
                    await ask_whole(client)
                assert time.monotonic() - began < 2, form
                assert (caught.value.retry_after_s > 60, len(caught.value.attempts)) == (True, 1), form
                assert hostile.seen(plan)["requests"] == 1, form
                return
            response = await ask_whole(client)
        first, second = hostile.seen(plan)["times"]
        assert least_s <= second - first < most_s, form
        assert len(response.attempts) == 2, form

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as group:
            for form in WAITS:
                group.start_soon(check, form)


async def test_nobody_waits_past_the_deadline(hostile):
    for way in WAYS:
        timeouts = Timeouts(total_s=0.5)
        outcome = await failure_of(
            hostile, way, reply(429, b"{}", {"retry-after": "5"}), retry=QUICK, timeouts=timeouts
        )
        assert (type(outcome.error), outcome.error.retry_after_s, outcome.requests) == (RateLimitError, 5.0, 1)
        assert outcome.wall_s < 0.5


CALLERS = 1000
OUTAGES = {"server": reply(500, b"{}"), "throttled": reply(429, b"{}"), "resets": RESET}


@pytest.mark.parametrize("kind", OUTAGES)
async def test_an_outage_is_not_made_worse(hostile, kind):
    plan, errors = hostile.plan(OUTAGES[kind]), []

    async def call(client):
        with pytest.raises(LLMError) as caught:
            await ask_whole(client)
        errors.append(caught.value)

    began = time.monotonic()
    retry = RetryPolicy(wait=lambda state: 0.01)
    async with client_of(hostile, plan, retry=retry, timeouts=Timeouts(connect_s=30, first_event_s=30)) as client:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                for _ in range(CALLERS):
                    group.start_soon(call, client)
    requests = hostile.seen(plan)["requests"]
    assert CALLERS < requests <= 1.2 * CALLERS
    assert sum(len(error.attempts) for error in errors) == requests
    assert time.monotonic() - began < 20
    await connections_become(hostile, "open", 0)


# --- who asks (A1-A6) -------------------------------------------------------------------------------------------------

OLD, NEW = AWSCredentials("AKIDOLD", SECRET, TOKEN), AWSCredentials("AKIDNEW", SECRET, TOKEN)
EXPIRED = reply(
    403,
    b'{"message": "The security token included in the request is expired"}',
    {"x-amzn-errortype": "ExpiredTokenException"},
)
REFUSE_OLD = {"holding": "AKIDOLD", "steps": EXPIRED}


class Source:
    """Credentials that are counted; the first are old."""

    def __init__(self, *given):
        self.given, self.asked = given, 0

    async def __call__(self):
        self.asked += 1
        await anyio.sleep(0.05)
        return self.given[min(self.asked, len(self.given)) - 1]


@EVERY_WAY
async def test_an_expired_token_is_asked_for_again_once(hostile, way):
    source = Source(OLD, NEW)
    outcome = await outcome_of(hostile, way, good_for(way), refuse=REFUSE_OLD, credentials=source, retry=ONCE_MENDED)
    assert (outcome.response.text, outcome.requests, source.asked) == ("one two", 2, 2)
    assert outcome.billed == ["no", "yes"]
    assert type(outcome.response.attempts[0].error) is AuthenticationError


ONCE_MENDED = RetryPolicy(max_attempts=2, wait=lambda state: 0.0)


@EVERY_WAY
async def test_a_token_that_stays_expired_is_refused(hostile, way):
    source = Source(OLD, OLD)
    outcome = await failure_of(hostile, way, good_for(way), refuse=REFUSE_OLD, credentials=source, retry=QUICK)
    assert (type(outcome.error), outcome.error.retryable) == (AuthenticationError, False)
    assert (outcome.requests, source.asked) == (1, 2)
    assert "expired" in str(outcome.error)


async def test_two_hundred_callers_ask_for_new_credentials_once(hostile):
    source, texts = Source(OLD, NEW), []
    plan = hostile.plan(reply(body=ANSWER), refuse=REFUSE_OLD)

    async def call(client):
        texts.append((await ask_whole(client)).text)

    async with client_of(hostile, plan, credentials=source, retry=QUICK) as client:
        with anyio.fail_after(DEADLINE_S):
            async with anyio.create_task_group() as group:
                for _ in range(200):
                    group.start_soon(call, client)
    seen = hostile.seen(plan)
    assert (texts, source.asked) == (["one two"] * 200, 2)
    assert (seen["refused"], seen["requests"]) == (200, 400)


@EVERY_WAY
@pytest.mark.parametrize("ahead_s", [600, -600])
async def test_a_wrong_clock_is_corrected_by_the_servers_date_and_remembered(hostile, way, ahead_s):
    answer = reply(
        403, b'{"message": "Signature expired: is now earlier"}', {"x-amzn-errortype": "InvalidSignatureException"}
    )
    plan = hostile.plan(good_for(way), refuse={"steps": answer}, ahead_s=ahead_s)
    async with client_of(hostile, plan, retry=QUICK) as client:
        responses = [await WAYS[way](client) for _ in range(3)]
    assert [len(response.attempts) for response in responses] == [2, 1, 1]
    assert hostile.seen(plan)["refused"] == 1


async def test_a_wrong_signature_is_refused_at_once(hostile):
    body = b'{"message": "The request signature we calculated does not match"}'
    answer = reply(403, body, {"x-amzn-errortype": "InvalidSignatureException"})
    for way in WAYS:
        outcome = await failure_of(hostile, way, answer, retry=QUICK)
        assert (type(outcome.error), outcome.requests) == (AuthenticationError, 1)


@pytest.mark.parametrize("key", ["", " ", "two\nlines", "tab\there", "nul\0", "ключ", 7])
def test_a_key_that_would_break_a_header_is_refused_at_the_door(hostile, key):
    for options in ({"api_key": key, "credentials": None}, {"credentials": lambda: AWSCredentials("AKID", key)}):
        with pytest.raises(ConfigurationError) as caught:
            client = client_of(hostile, "none", **options)
            asyncio.run(ask_whole(client))
        assert str(key).strip() in ("", "7") or str(key) not in str(caught.value)


# --- secrets (S1-S3) --------------------------------------------------------------------------------------------------

ECHO = "denied: {authorization} with {token}"
ECHOES = {
    "json": lambda: reply(403, json.dumps({"message": ECHO, "sent": {"token": "{token}", "all": [ECHO]}}).encode()),
    "unknown-json": lambda: reply(500, json.dumps({"echo": ECHO, "{token}": 1}).encode()),
    "text": lambda: reply(400, ECHO.encode(), {"content-type": "text/plain"}),
    "html": lambda: reply(502, f"<html><b>{ECHO}</b></html>".encode(), {"content-type": "text/html"}),
    "html-200": lambda: reply(200, f"<html><b>{ECHO}</b></html>".encode(), {"content-type": "text/html"}),
    "json-200": lambda: reply(200, json.dumps({"echo": ECHO}).encode()),
    "redirect": lambda: reply(307, ECHO.encode(), {"location": "http://127.0.0.1:9/" + TOKEN + BEARER}),
    "error-name": lambda: reply(400, b"{}", {"x-amzn-errortype": BEARER + TOKEN}),
    "request-id": lambda: reply(400, b"{}", {"x-amzn-requestid": BEARER + TOKEN}),
}
IN_A_STREAM = {
    "exception": exception("validationException", {"message": f"{SECRET} {TOKEN} {BEARER}", "more": [TOKEN, BEARER]}),
    "not-json": encode_frame({":message-type": "event", ":event-type": "x"}, f"{TOKEN} {BEARER}".encode()),
    "bad-type": encode_frame({":message-type": TOKEN, ":event-type": BEARER}, SECRET.encode()),
    "bad-block": event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": TOKEN + BEARER}}}),
    "no-frame": f"{TOKEN} {BEARER} {SECRET}".encode(),
}
WITH_KEYS = {"keys": {"credentials": KEYS}, "bearer": {"credentials": None, "api_key": BEARER}}


async def assert_silent(hostile, way, steps, who):
    """The error of a server that shows what it was sent holds nothing of it (`Outcome` looks)."""
    used = (TOKEN, SECRET) if who == "keys" else (BEARER,)
    outcome = Outcome(hostile.plan(steps), WITH_KEYS[who])
    await outcome.run(hostile, WAYS[way], check=False)
    assert outcome.error is not None
    for text in all_shapes_of(outcome.error):
        assert not [piece for piece in secrets_in(text) if any(piece in secret for secret in used)]


@OPENED_EITHER_WAY
@pytest.mark.parametrize("who", WITH_KEYS)
@pytest.mark.parametrize("fault", ECHOES)
async def test_a_server_that_shows_our_secrets_is_not_quoted(hostile, way, fault, who):
    await assert_silent(hostile, way, ECHOES[fault](), who)


@STREAMED
@pytest.mark.parametrize("who", WITH_KEYS)
@pytest.mark.parametrize("fault", IN_A_STREAM)
async def test_a_stream_that_shows_our_secrets_is_not_quoted(hostile, way, fault, who):
    await assert_silent(hostile, way, streamed(IN_A_STREAM[fault]), who)
    await assert_silent(hostile, way, streamed(CUT + IN_A_STREAM[fault]), who)


@pytest.mark.parametrize("at", [80, 120, 150, 190, 390])
async def test_a_secret_at_the_place_where_a_quotation_is_cut_is_not_quoted_in_part(hostile, at):
    body = b"x" * at + b" {token} {authorization} " + b"y" * 300
    for status in (200, 400, 502):
        answer = reply(status, body, {"content-type": "text/plain"})
        for who in WITH_KEYS:
            await assert_silent(hostile, "stream", answer, who)
            await assert_silent(hostile, "whole", answer, who)


async def test_a_message_of_the_server_cannot_forge_a_line_of_the_log(hostile, caplog):
    forged = "no\r\nINFO call 0 to gpt: paid \x1b[2J\x1b]0;owned\x07"
    outcome = await failure_of(hostile, "whole", reply(400, json.dumps({"message": forged}).encode()))
    assert type(outcome.error) is RejectedRequestError
    lines = [record.getMessage() for record in caplog.records if record.name == "bedrock_llm"]
    assert any("paid" in line for line in lines)
    assert not [line for line in lines if any(ord(character) < 32 or ord(character) == 127 for character in line)]


# --- the caller's side (C1-C9) ----------------------------------------------------------------------------------------


@EVERY_WAY
async def test_a_cancelled_scope_is_left_as_cancelled_and_frees_the_socket(hostile, way):
    plan, watch = hostile.plan(HANG), Seen()
    async with client_of(hostile, plan, observers=[watch], retry=QUICK) as client:
        with anyio.move_on_after(0.1) as scope:
            await WAYS[way](client)
        assert scope.cancelled_caught
        await connections_become(hostile, "open", 0)
        async with anyio.create_task_group() as group:
            group.start_soon(WAYS[way], client)
            await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        await connections_become(hostile, "open", 0)
    assert watch.names == ["start", "error"] * 2
    assert {type(error) for name, error in watch.calls if name == "error"} == {CallCancelledError}
    assert hostile.seen(plan)["requests"] == 2


@EVERY_WAY
async def test_a_cancelled_wait_between_attempts_is_left_at_once(hostile, way):
    plan = hostile.plan(reply(429, b"{}", {"retry-after": "30"}))
    async with client_of(hostile, plan, retry=QUICK) as client:
        began = time.monotonic()
        with anyio.move_on_after(0.1) as scope:
            await WAYS[way](client)
        assert scope.cancelled_caught
        assert time.monotonic() - began < 2
    assert hostile.seen(plan)["requests"] == 1


LONG = [*send(head() + chunk(CUT)), *HANG]


async def test_twenty_streams_left_early_free_their_sockets(hostile):
    plan, watch = hostile.plan(LONG), Seen()
    async with client_of(hostile, plan, observers=[watch], limits=Limits(max_concurrency=2)) as client:
        for _ in range(20):
            async with client.stream("hello") as running:
                async for _ in running:
                    break
        await connections_become(hostile, "open", 0)
        with pytest.raises(ZeroDivisionError):
            async with client.stream("hello") as running:
                async for _ in running:
                    raise ZeroDivisionError
        await connections_become(hostile, "open", 0)
    assert watch.names == ["start", "error"] * 21
    assert all(error.abandoned and error.partial is not None for name, error in watch.calls if name == "error")


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the stream says that it was dropped
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # trio names what was not closed
async def test_twenty_streams_that_are_dropped_free_their_sockets(hostile):
    """Entered by hand and never closed; the collector has them."""
    plan = hostile.plan(LONG)
    async with client_of(hostile, plan) as client:
        for _ in range(20):
            running = client.stream("hello")
            await running.__aenter__()
            async for _ in running:
                break
            del running
        gc.collect()
        await connections_become(hostile, "open", 0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the loops that ended before it
@EVERY_WAY
async def test_a_client_serves_one_loop_after_another(hostile, way):
    plan = hostile.plan(good_for(way))
    client = client_of(hostile, plan)
    texts = []

    async def use():
        texts.append((await WAYS[way](client)).text)

    def run(backend):
        anyio.run(use, backend=backend)

    for backend in ("asyncio", "trio", "asyncio"):
        await anyio.to_thread.run_sync(run, backend)
    await use()
    await client.aclose()
    assert texts == ["one two"] * 4
    gc.collect()
    await connections_become(hostile, "open", 0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the loops that ended before it
async def test_a_client_serves_two_threads_at_once(hostile):
    plan, texts, failures = hostile.plan(reply(body=ANSWER)), [], []
    client = client_of(hostile, plan, limits=Limits(max_concurrency=4))

    async def many():
        async def one():
            texts.append((await ask_whole(client)).text)

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(one)

    def thread(backend):
        try:
            anyio.run(many, backend=backend)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=thread, args=[backend], daemon=True) for backend in ("asyncio", "asyncio")]
    for running in threads:
        running.start()
    with anyio.fail_after(DEADLINE_S):
        while any(running.is_alive() for running in threads):
            await anyio.sleep(0.01)
    await client.aclose()
    assert failures == []
    assert texts == ["one two"] * 100
    gc.collect()
    await connections_become(hostile, "open", 0)


@EVERY_WAY
async def test_a_slot_that_does_not_come_free_is_a_deadline_of_its_own(hostile, way):
    plan = hostile.plan(HANG)
    timeouts = Timeouts(pool_s=0.1)
    client = client_of(hostile, plan, limits=Limits(max_concurrency=1), timeouts=timeouts)
    async with client, anyio.create_task_group() as group:
        group.start_soon(WAYS[way], client)
        with anyio.fail_after(DEADLINE_S):
            while not hostile.seen(plan)["requests"]:
                await anyio.sleep(0.002)
        with pytest.raises(RequestTimeoutError) as caught:
            await WAYS[way](client)
        group.cancel_scope.cancel()
    error = caught.value
    assert (error.phase, error.sent, error.retryable, error.billed) == ("pool", False, False, "no")
    assert hostile.seen(plan)["requests"] == 1
    await connections_become(hostile, "open", 0)


async def test_closing_ends_what_is_in_flight_and_what_comes_later(hostile):
    for way, ask in WAYS.items():
        plan, caught = hostile.plan(HANG if way == "whole" else LONG), []
        client = client_of(hostile, plan, retry=QUICK)

        async def call(ask=ask, client=client, caught=caught):
            with pytest.raises(LLMError) as error:
                await ask(client)
            caught.append(error.value)

        with anyio.fail_after(DEADLINE_S):
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                while not hostile.seen(plan)["requests"]:
                    await anyio.sleep(0.002)
                await anyio.sleep(0.05)
                await client.aclose()
        await client.aclose()
        (error,) = caught
        assert isinstance(error, (ConnectionFailedError, StreamInterruptedError))
        assert not error.retryable
        assert hostile.seen(plan)["requests"] == 1
        with pytest.raises(UsageError):
            await ask(client)
        await connections_become(hostile, "open", 0)


async def test_a_slow_reader_holds_the_server_back(hostile):
    piece = chunk(delta(0, text="x" * 50_000))
    plan = hostile.plan([*send(head() + chunk(begin())), *flood(piece, 1000), *send(LAST_CHUNK)])  # 50 MB
    async with client_of(hostile, plan) as client, client.stream("hello") as running:
        async for _ in running:
            break
        await anyio.sleep(0.5)
        before = hostile.seen(plan)["sent"]
        await anyio.sleep(0.3)
        assert hostile.seen(plan)["sent"] == before < 12_000_000
    await connections_become(hostile, "open", 0)


class Hostile:
    """An observer that does everything wrong."""

    def on_request_start(self, request):
        request.parameters["max_tokens"] = -1

    def on_retry(self, attempt):
        raise asyncio.CancelledError

    def on_event(self, event):
        raise RuntimeError("observers may do that")

    async def on_request_complete(self, response):
        response.message.parts[0].citations.append("forged")

    def on_error(self, error):
        error.attempts = ()
        error.args = ("forged",)
        raise GeneratorExit


@EVERY_WAY
async def test_a_hostile_observer_changes_nothing(hostile, way):
    for fault in (reply(500, b"{}"), RESET):
        plan, watch = hostile.plan(fault, good_for(way)), Seen()
        async with client_of(hostile, plan, retry=QUICK, observers=[Hostile(), watch]) as client:
            response = await WAYS[way](client)
        assert (response.text, len(response.attempts)) == ("one two", 2)
        assert watch.names == ["start", "retry", "complete"]
    plan = hostile.plan(reply(400, b'{"message": "no"}'))
    async with client_of(hostile, plan, observers=[Hostile()]) as client:
        with pytest.raises(RejectedRequestError, match=r"^no"):
            await WAYS[way](client)


@EVERY_WAY
async def test_a_retry_policy_that_raises_is_not_swallowed(hostile, way):
    def wrong(state):
        raise ZeroDivisionError("my own wait")

    plan, watch = hostile.plan(reply(500, b"{}")), Seen()
    async with client_of(hostile, plan, retry=RetryPolicy(wait=wrong), observers=[watch]) as client:
        with pytest.raises(ZeroDivisionError, match="my own wait"):
            await WAYS[way](client)
    assert watch.names == ["start", "error"]
    assert hostile.seen(plan)["requests"] == 1


# --- inputs (I1-I5) ---------------------------------------------------------------------------------------------------

REFUSED = [
    ([], {}),
    ("", {}),
    ([Message.user(ToolResult("orphan", "x"))], {}),
    ("lone \udfff", {}),
    ("hi", {"temperature": float("nan")}),
    ("hi", {"temperature": float("inf")}),
    ("hi", {"max_tokens": 0}),
    ("hi", {"max_tokens": 2**63}),
    ("hi", {"max_tokens": "many"}),
    ("hi", {"additional_model_request_fields": {"x": float("nan")}}),
    ("hi", {"extra_body": {"x": {1, 2}}}),
    ("hi", {"extra_headers": {"x-a": "b\r\nhost: evil"}}),
    ("hi", {"extra_headers": {"authorization": "mine"}}),
    ("hi", {"extra_headers": {"Content-Length": "5"}}),
    ("hi", {"extra_headers": {"transfer-encoding": "chunked"}}),
    ([Message.user("see", Image(b"no picture"))], {}),
    ([Message.user("see", Image("data:image/png;base64,@@@"))], {}),
    ([Message.user("see", Image(b"\x89PNG\r\n\x1a\n" + b"0" * 32, media_type="image/tiff"))], {}),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
async def test_bad_input_is_refused_and_nothing_is_sent(hostile, number):
    messages, parameters = REFUSED[number]
    before = hostile.connections()["connections"]
    async with client_of(hostile, "none") as client:
        with pytest.raises(UsageError) as caught:
            await client.generate(messages, **parameters)
        assert isinstance(caught.value, InvalidRequestError)
        with pytest.raises(InvalidRequestError):
            async with client.stream(messages, **parameters):
                pass
    assert hostile.connections()["connections"] == before


async def test_strange_but_sound_text_comes_back_as_it_is(hostile):
    strange = "nul \0 bidi \u202e\u2066 bom \ufeff zero \u200b line \u2028\u2029 emoji 👩‍🚀 quote \"'\\ <b> ${jndi:x}"
    answer = ANSWER.replace(b'"one two"', json.dumps(strange).encode())
    for way in WAYS:
        plan = hostile.plan(reply(body=answer) if way == "whole" else streamed(whole(text_block(0, strange))))
        async with client_of(hostile, plan) as client:
            response = await client.generate(strange, **({"max_tokens": 50} if way == "whole" else {}))
        assert response.text == strange


async def test_the_text_of_a_stream_arrives_before_what_breaks_it(hostile):
    plan, pieces = hostile.plan(streamed(CUT)), []
    async with client_of(hostile, plan) as client:
        with pytest.raises(StreamInterruptedError) as caught:
            async with client.stream("hello") as running:
                async for text in running.text():
                    pieces.append(text)  # noqa: PERF401  # a comprehension would lose what came before the error
    assert "".join(pieces) == caught.value.partial.text == "one two"


@STREAMED
@pytest.mark.parametrize("end", ["reset", "silence"])
async def test_an_answer_that_said_its_end_is_whole_whatever_becomes_of_its_usage(hostile, way, end):
    steps = [*send(head() + chunk(begin() + text_block(0, "one ", "two") + finish())), *wait(0.05)]
    outcome = await outcome_of(hostile, way, [*steps, *(RESET if end == "reset" else HANG)], timeouts=SHORT)
    assert (outcome.response.text, outcome.response.stop_reason) == ("one two", StopReason.stop)
    assert outcome.response.usage == Usage()
    assert [warning.kind for warning in outcome.response.warnings] == ["incomplete"]
