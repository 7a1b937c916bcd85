"""The socket: refusals and faults as bytes, connections counted, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from bedrock_llm.errors import ConfigurationError, InvalidRequestError, MissingExtraError, ProtocolError, UsageError
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder
from bedrock_llm.testing import Emulator, serve
from tests.testing.emulator.line import Line, said

DEADLINE_S = 5
ANSWER = "one two three four five six seven eight nine ten"
WHOLE = ["messageStart", *["contentBlockDelta"] * 10, "contentBlockStop", "messageStop", "metadata"]
BEGUN = WHOLE[:6]


def wait_until(condition):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "waited 5 s in vain"
        time.sleep(0.005)


def events(body):
    """The event types of a stream, and whether it was damaged."""
    decoder = EventStreamDecoder()
    try:
        frames = decoder.feed(body)
    except ProtocolError:
        return [], True
    return [frame.headers.get(":event-type") or frame.headers[":exception-type"] for frame in frames], bool(
        decoder.error
    )


def test_a_bearer_token_is_taken_and_a_wrong_one_refused(emulator, line):
    emulator.reply("Hello")
    line.ask(said(), headers={"authorization": f"Bearer {emulator.api_key}"})
    assert line.answer().json["output"]["message"]["content"] == [{"text": "Hello"}]
    line.ask(said(), headers={"authorization": "Bearer wrong"})
    reply = line.answer()
    assert (reply.status, reply.code) == (403, "AccessDeniedException")
    assert reply.json == {"message": "Authentication failed: Please make sure your API Key is valid."}


def test_a_request_without_credentials_is_refused(line):
    line.ask(said(), headers={})
    reply = line.answer()
    assert (reply.status, reply.code) == (403, "MissingAuthenticationTokenException")
    assert reply.json == {"message": "Missing Authentication Token"}


@pytest.mark.parametrize(
    "path", ["/", "/model/a.b/invoke-model", "/model/a.b/converse/", "/model/a/b.c/converse", "/model//converse"]
)
def test_another_path_is_an_unknown_operation(line, path):
    line.ask(said(), path=path)
    reply = line.answer()
    assert (reply.status, reply.code) == (404, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"", b"{", b'{"messages": [}', b'{"messages": "\xff"}'])
def test_a_body_that_is_not_json_is_refused(line, body):
    line.ask(body)
    reply = line.answer()
    assert (reply.status, reply.code) == (400, "SerializationException")


def test_an_answer_carries_a_request_id_and_the_emulators_time():
    with Emulator(clock=lambda: 1767323045.0) as emulator, Line(emulator) as line:
        line.ask(said())
        reply = line.answer()
    assert (reply.status, reply.headers["date"]) == (200, "Fri, 02 Jan 2026 03:04:05 GMT")
    assert len(reply.headers["x-amzn-requestid"]) == 36


def test_a_connection_is_kept_for_the_next_request(emulator, line):
    for text in ("first", "second"):
        emulator.reply(text)
        line.ask(said())
        assert line.answer().json["output"]["message"]["content"] == [{"text": text}]
        assert emulator.open_connections == 1
    assert [request.messages[0].text for request in emulator.requests] == ["Hi", "Hi"]
    assert [received.header("content-type") for received in emulator.received] == ["application/json"] * 2


def test_a_connection_that_the_client_closes_is_counted_no_more(emulator):
    with Line(emulator) as line:
        line.ask(said())
        line.answer()
        assert emulator.open_connections == 1
    wait_until(lambda: emulator.open_connections == 0)


def test_a_stream_is_whole_without_a_fault(emulator, line):
    emulator.reply(ANSWER)
    line.ask(said(), operation="converse-stream")
    reply = line.answer()
    assert (reply.status, reply.headers["content-type"]) == (200, "application/vnd.amazon.eventstream")
    assert events(reply.body) == (WHOLE, False)
    assert reply.complete


@pytest.mark.parametrize(
    ("fault", "seen", "damaged", "complete"),
    [
        ("cut", BEGUN, False, True),
        ("disconnect", BEGUN, False, False),
        ("stream_exception", [*BEGUN, "modelStreamErrorException"], False, True),
        ("bad_crc", BEGUN[:-1], True, True),
    ],
)
def test_a_stream_goes_wrong_after_it_has_begun(emulator, line, fault, seen, damaged, complete):
    emulator.reply(ANSWER)
    emulator.fail(fault)
    line.ask(said(), operation="converse-stream")
    reply = line.answer()
    assert (reply.status, events(reply.body), reply.complete) == (200, (seen, damaged), complete)
    if not complete:
        assert line.closed()


def test_a_stalled_stream_says_nothing_more_until_the_client_leaves(emulator):
    emulator.reply(ANSWER)
    emulator.fail("stall")
    with Line(emulator) as line:
        line.ask(said(), operation="converse-stream")
        line.read_until(b":message-type")
        line._socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            line.answer()
        assert emulator.open_connections == 1
    wait_until(lambda: emulator.open_connections == 0)


def test_a_stalled_answer_does_not_even_begin(emulator, line):
    emulator.fail("stall")
    line.ask(said())
    wait_until(lambda: emulator.requests)
    line._socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        line._socket.recv(1)


@pytest.mark.parametrize("fault", ["cut", "disconnect"])
def test_a_body_is_cut_before_its_stated_length(emulator, line, fault):
    emulator.reply(ANSWER)
    emulator.fail(fault)
    line.ask(said())
    reply = line.answer()
    assert (reply.status, reply.complete, line.closed()) == (200, False, True)
    assert (len(reply.body) > 0) == (fault == "cut")


def test_a_damaged_body_has_its_length_but_is_not_json(emulator, line):
    emulator.fail("bad_crc")
    line.ask(said())
    reply = line.answer()
    assert (reply.status, reply.complete) == (200, True)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = reply.json


def test_a_fault_says_how_long_to_wait(emulator, line):
    emulator.fail("throttle", retry_after_s=1.5)
    line.ask(said())
    reply = line.answer()
    assert (reply.status, reply.headers["x-amz-retry-after"]) == (429, "1500")


def test_faults_and_refusals_take_nothing_from_the_script(emulator, line):
    emulator.reply("first")
    emulator.reply("second")
    emulator.fail("throttle", times=2)
    emulator.fail("server_error")
    seen = []
    for text in ("a", " ", "b", "c", "d", "e"):
        line.ask(said(text))
        reply = line.answer()
        seen.append(reply.json["output"]["message"]["content"][0]["text"] if reply.status == 200 else reply.status)
    assert seen == [429, 400, 429, 500, "first", "second"]
    assert [request.messages[0].text for request in emulator.requests] == ["a", "b", "c", "d", "e"]
    assert len(emulator.received) == 6


def test_a_fault_breaks_the_next_answer_of_the_script(emulator, line):
    emulator.reply(ANSWER)
    emulator.fail("cut")
    line.ask(said(), operation="converse-stream")
    assert b"three" in line.answer().body
    line.ask(said(), operation="converse-stream")
    assert events(line.answer().body) == (WHOLE, False)


def test_a_function_stays_and_reads_each_request(emulator, line):
    emulator.reply("once")
    emulator.reply(lambda request: f"read {request.messages[-1].text}")
    seen = []
    for text in ("a", "b", "c"):
        line.ask(said(text))
        seen.append(line.answer().json["output"]["message"]["content"][0]["text"])
    assert seen == ["once", "read b", "read c"]


def test_a_function_that_fails_is_told_as_a_server_error(emulator, line):
    emulator.reply(lambda request: request.nothing)
    line.ask(said())
    reply = line.answer()
    assert (reply.status, reply.code) == (500, "InternalServerException")
    assert reply.json["message"].startswith("The scripted answer failed: AttributeError:")


def test_reset_forgets_everything(emulator, line):
    emulator.reply(lambda request: "scripted")
    emulator.fail("throttle")
    line.ask(said())
    line.answer()
    emulator.fail("throttle", times=3)
    emulator.reset()
    line.ask(said())
    assert "You said" in line.answer().json["output"]["message"]["content"][0]["text"]
    assert (len(emulator.requests), len(emulator.received)) == (1, 1)


def test_pieces_come_at_the_pace_that_was_set():
    with Emulator(delay_s=0.05) as emulator, Line(emulator) as line:
        emulator.reply("one two three")
        line.ask(said(), operation="converse-stream")
        line.read_until(b"messageStart")
        assert b"messageStop" not in line._held
        assert line.read_until(b"messageStop")


@pytest.mark.parametrize(("kind", "times"), [("explode", 1), ("throttle", 0), ("throttle", True), ("throttle", "2")])
def test_a_fault_that_cannot_be_is_refused(emulator, kind, times):
    with pytest.raises(InvalidRequestError):
        emulator.fail(kind, times)


@pytest.mark.parametrize("reply", [None, 1, {"text": "a"}, ["a"]])
def test_an_answer_that_cannot_be_is_refused(emulator, reply):
    with pytest.raises(InvalidRequestError, match="reply must be a string"):
        emulator.reply(reply)


def port_is_closed(emulator):
    parts = urlsplit(emulator.url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=DEADLINE_S).close()
    except ConnectionRefusedError:
        return True
    return False


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name == "bedrock-llm-emulator"]


def test_at_the_end_the_thread_and_the_port_are_gone():
    with Emulator() as emulator:
        assert threads() == ["bedrock-llm-emulator"]
    assert threads() == []
    assert port_is_closed(emulator)
    assert emulator.open_connections == 0


def test_the_end_waits_for_no_client():
    with Emulator(delay_s=60) as emulator:
        emulator.fail("stall", times=2)
        with Line(emulator) as idle, Line(emulator) as silent, Line(emulator) as stalled, Line(emulator) as slow:
            idle.ask(said(" "))
            idle.answer()
            silent.ask(said())
            stalled.ask(said(), operation="converse-stream")
            wait_until(lambda: len(emulator.requests) == 2)
            slow.ask(said(), operation="converse-stream")
            wait_until(lambda: len(emulator.requests) == 3)
            emulator.__exit__(None, None, None)
            assert threads() == []
            assert emulator.open_connections == 0
    assert port_is_closed(emulator)


def test_an_error_in_the_block_stops_it_too():
    emulator = Emulator()
    with pytest.raises(LookupError), emulator:
        raise LookupError
    assert port_is_closed(emulator)


def test_it_can_be_entered_again_but_not_twice():
    emulator = Emulator()
    with emulator:
        first = emulator.url
        with pytest.raises(UsageError, match="running already"):
            emulator.__enter__()
    with emulator, Line(emulator) as line:
        line.ask(said())
        assert line.answer().status == 200
    assert first.startswith("http://127.0.0.1:")


def test_without_a_block_it_has_no_address():
    with pytest.raises(UsageError, match="with Emulator"):
        _ = Emulator().url


def test_a_port_in_use_is_a_configuration_error(emulator):
    port = urlsplit(emulator.url).port
    with pytest.raises(ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{port}"), Emulator(port=port):
        pass


def test_it_serves_while_a_loop_runs_in_the_callers_thread():
    async def ask():
        with Emulator() as emulator:
            emulator.reply("Hello")
            parts = urlsplit(emulator.url)
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 404")


def test_nothing_is_logged_and_other_records_are_left_alone(emulator, line, caplog):
    caplog.set_level(logging.DEBUG)
    emulator.fail("disconnect")
    line.ask(said())
    line.answer()
    assert line.closed()
    logging.getLogger("uvicorn.error").error("from somewhere else")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == [
        "from somewhere else"
    ]


def test_without_uvicorn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bedrock-llm\[testing\]'"), Emulator():
        pass


def test_serve_runs_until_it_is_stopped_and_prints_nothing(capfd):
    stop, seen = threading.Event(), []

    def ready(emulator):
        seen.append(emulator)
        with Line(emulator) as line:
            line.ask(said())
            assert line.answer().status == 200
        stop.set()

    serve(0, "127.0.0.1", on_ready=ready, stop=stop)
    assert port_is_closed(seen[0])
    assert capfd.readouterr() == ("", "")


def test_it_shows_no_secret(emulator):
    assert repr(emulator) == f"Emulator({emulator.url}, 0 requests)"
    assert emulator.secret_access_key not in repr(emulator.credentials)
