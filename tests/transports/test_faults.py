"""Each fault of a server or a network is one error of ours, which says whether the request was sent."""

from __future__ import annotations

import socket

import pytest

from bedrock_llm.errors import ConnectionFailedError, LLMError, ProtocolError, RequestTimeoutError
from bedrock_llm.transports.base import HTTPCall, HTTPReply

pytestmark = pytest.mark.anyio

BROKEN, GARBLED = ConnectionFailedError, ProtocolError

# path, error class
AFTER_SENDING = {
    "/reset-before-headers": BROKEN,
    "/eof-before-headers": BROKEN,
    "/eof-in-headers": BROKEN,
    "/short-length?sent=0": BROKEN,
    "/short-length?sent=500": BROKEN,
    "/short-length?sent=500&reset": BROKEN,
    "/cut-chunk?at=between": BROKEN,
    "/cut-chunk?at=inside": BROKEN,
    "/cut-chunk?at=size": BROKEN,
    "/cut-chunk?at=last": BROKEN,
    "/bad-chunk": GARBLED,
    "/broken-head?kind=bad-status": GARBLED,
    "/broken-head?kind=garbage": GARBLED,
    "/broken-head?kind=two-lengths": GARBLED,
    "/broken-head?kind=bad-length": GARBLED,
    "/broken-head?kind=huge-header": GARBLED,
    "/header-flood": GARBLED,
    "/encoded?kind=cut": GARBLED,
    "/encoded?kind=damaged": GARBLED,
    "/encoded?kind=surplus": GARBLED,
    "/encoded?kind=not-gzip": GARBLED,
    "/encoded?kind=unknown": GARBLED,
    "/encoded?kind=nested": GARBLED,
    "/bomb?encoding=gzip&mib=200": GARBLED,
    "/bomb?encoding=deflate&mib=200": GARBLED,
    "/large?bytes=70000000": GARBLED,
}
TLS_PORTS = ["expired", "wrong_host", "self_signed", "old_tls"]


async def whole(transport, call: HTTPCall) -> HTTPReply:
    return await transport.send(call)


async def streamed(transport, call: HTTPCall) -> None:
    reply = await transport.open(call)
    try:
        while await reply.read():
            pass
    finally:
        await reply.aclose()


WAYS = pytest.mark.parametrize("ask", [whole, streamed])


async def failure(ask, transport, call) -> LLMError:
    with pytest.raises(LLMError) as caught:
        await ask(transport, call)
    return caught.value


@WAYS
@pytest.mark.parametrize("path", AFTER_SENDING)
async def test_a_fault_after_sending(transport, close_all, call, server, ask, path):
    error = await failure(ask, transport, call(path, body=b"prompt"))
    assert type(error) is AFTER_SENDING[path]
    if isinstance(error, ConnectionFailedError):
        assert (error.sent, error.retryable, error.billed) == (True, True, "maybe")
    assert (
        error.__cause__ is not None or "larger than" in str(error) or "encoded as" in str(error) or "end" in str(error)
    )
    assert "127.0.0.1" in str(error) or "answer" in str(error)
    await close_all()
    await server.open_becomes(0)


@WAYS
async def test_what_arrived_before_a_cut_is_handed_on_first(transport, call, ask):
    reply = await transport.open(call("/cut-chunk?at=between"))
    assert await reply.read() == b"hello"
    error = await failure(lambda _, reply: reply.read(), None, reply)
    assert type(error) is ConnectionFailedError
    await reply.aclose()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@WAYS
async def test_a_refused_connection_was_never_sent(transport, ask):
    error = await failure(ask, transport, HTTPCall("POST", f"http://127.0.0.1:{closed_port()}/", {}))
    assert type(error) is ConnectionFailedError
    assert (error.sent, error.retryable, error.billed) == (False, True, "no")


@WAYS
async def test_an_unknown_host_was_never_sent(transport, ask):
    error = await failure(ask, transport, HTTPCall("POST", "http://no-such-host.invalid/", {}))
    assert type(error) is ConnectionFailedError
    assert (error.sent, error.retryable) == (False, True)


@WAYS
@pytest.mark.parametrize("port", TLS_PORTS)
async def test_a_refused_certificate_was_never_sent_and_is_not_tried_again(transport, call, ask, port):
    error = await failure(ask, transport, call("/echo", port=port))
    assert type(error) is ConnectionFailedError
    assert (error.sent, error.retryable) == (False, False)


@WAYS
async def test_tls_to_a_plain_port_is_not_tried_again(transport, server, ask):
    error = await failure(ask, transport, HTTPCall("POST", f"https://127.0.0.1:{server.ports['plain']}/", {}))
    assert type(error) is ConnectionFailedError
    assert (error.sent, error.retryable) == (False, False)


@WAYS
async def test_a_handshake_that_is_hung_up_may_be_tried_again(transport, call, ask):
    error = await failure(ask, transport, call("/echo", port="dropping_tls"))
    assert type(error) is ConnectionFailedError
    assert (error.sent, error.retryable) == (False, True)


@WAYS
@pytest.mark.parametrize("port", ["plain", "tls"])
async def test_faults_leave_the_transport_usable(transport, call, server, ask, port):
    for path in ("/reset-before-headers", "/cut-chunk?at=inside", "/broken-head?kind=garbage"):
        await failure(ask, transport, call(path, port=port))
        await ask(transport, call("/echo", port=port))


@WAYS
async def test_a_connection_that_does_not_come_about(transport, call, server, ask):
    url = f"http://127.0.0.1:{server.ports['full']}/"
    error = await failure(ask, transport, HTTPCall("POST", url, {}, b"", call("/", connect_s=0.2).timeouts))
    assert type(error) is RequestTimeoutError
    assert (error.phase, error.after_s, error.sent, error.billed) == ("connect", 0.2, False, "no")


@WAYS
async def test_a_handshake_that_does_not_come_about(transport, call, server, ask):
    error = await failure(ask, transport, call("/echo", port="stalled_tls", connect_s=0.2))
    assert type(error) is RequestTimeoutError
    assert (error.phase, error.sent) == ("connect", False)
    await server.open_becomes(0)


@WAYS
@pytest.mark.parametrize("port", ["plain", "tls"])
async def test_silence_before_the_headers(transport, close_all, call, server, ask, port):
    error = await failure(ask, transport, call("/stall-before-headers", port=port, first_event_s=0.1))
    assert type(error) is RequestTimeoutError
    assert (error.phase, error.after_s, error.sent, error.billed) == ("first_event", 0.1, True, "maybe")
    await close_all()
    await server.open_becomes(0)


async def test_silence_in_a_whole_answer_is_idle(transport, call):
    error = await failure(whole, transport, call("/pieces?n=2&then=stall", idle_s=0.1))
    assert type(error) is RequestTimeoutError
    assert (error.phase, error.after_s, error.sent) == ("idle", 0.1, True)


async def test_silence_in_a_stream_before_its_first_event_is_first_event(transport, call):
    """Bytes do not count (they may be comments); only `started` says that there was an event."""
    reply = await transport.open(call("/pieces?n=1000&every=0.02", first_event_s=0.2, idle_s=5))
    with pytest.raises(RequestTimeoutError) as caught:
        while await reply.read():
            pass
    assert (caught.value.phase, caught.value.after_s) == ("first_event", 0.2)
    await reply.aclose()


async def test_silence_in_a_stream_after_its_first_event_is_idle(transport, call, server):
    reply = await transport.open(call("/pieces?n=1&then=stall", first_event_s=5, idle_s=0.1))
    assert await reply.read() == b"piece 0;"
    reply.started()
    with pytest.raises(RequestTimeoutError) as caught:
        await reply.read()
    assert (caught.value.phase, caught.value.after_s, caught.value.sent) == ("idle", 0.1, True)
    await server.open_becomes(0)
    await reply.aclose()


async def test_a_stream_that_goes_on_is_not_cut_by_its_deadlines(transport, call):
    reply = await transport.open(call("/pieces?n=12&every=0.05", first_event_s=0.3, idle_s=0.3))
    pieces = [await reply.read()]
    reply.started()
    while piece := await reply.read():
        pieces.append(piece)
    assert b"".join(pieces) == b"".join(b"piece %d;" % number for number in range(12))
    await reply.aclose()


async def test_a_slow_reader_is_not_the_servers_fault(transport, call):
    import anyio

    reply = await transport.open(call("/pieces?n=4&every=0.02", idle_s=0.1))
    reply.started()
    assert await reply.read()
    await anyio.sleep(0.35)
    while await reply.read():
        pass
    await reply.aclose()


async def test_the_time_to_connect_does_not_count_as_silence(transport, call):
    error = await failure(whole, transport, call("/stall-before-headers", connect_s=0.05, first_event_s=0.2))
    assert (type(error), error.phase) == (RequestTimeoutError, "first_event")


async def test_an_early_answer_to_a_body_that_is_not_read_is_told(transport, call, server):
    reply = await transport.send(call("/answer-before-body", body=bytes(20_000_000)))
    assert (reply.status, reply.body) == (413, b"no")
    await server.open_becomes(0)


async def test_a_body_that_is_never_read_ends_at_the_deadline_and_frees_the_connection(transport, call, server):
    error = await failure(whole, transport, call("/never-read", body=bytes(20_000_000), first_event_s=0.2))
    assert type(error) is RequestTimeoutError
    assert (error.phase, error.sent) == ("first_event", True)
    await server.open_becomes(0)
