"""The benchmark measures what it says: real frames, real signatures, goals that can be missed."""

from __future__ import annotations

import json

import pytest

from benchmarks import run, work
from benchmarks.fake_server import BURST_DELTAS, HELD_DELTAS, streamed, whole
from benchmarks.floor import Deltas, signed_request, text_of
from benchmarks.peers import PEERS


def _body(number: int, mode: str) -> bytes:
    """The frames of a streamed answer, unchunked."""
    return b"".join(chunk.partition(b"\r\n")[2][:-2] for chunk in streamed(number, mode).pieces[1:-1])


def test_the_floor_reads_a_stream_however_it_is_cut():
    body = _body(12, "burst")
    for size in (1, 7, 100, len(body)):
        decoder = Deltas()
        texts = [text for at in range(0, len(body), size) for text in decoder.feed(body[at : at + size])]
        assert texts == work.deltas(12)


def test_the_floor_notices_a_damaged_frame():
    body = bytearray(_body(3, "burst"))
    body[150] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        Deltas().feed(bytes(body))


def test_the_whole_answer_is_as_long_as_it_says():
    head, _, body = whole().partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert text_of(body) == work.ANSWER


def test_botocore_reads_the_frames():
    eventstream = pytest.importorskip("botocore.eventstream")
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(_body(BURST_DELTAS, "burst"))
    events = [event.to_response_dict() for event in buffer]
    kinds = [event["headers"][":event-type"] for event in events]
    assert kinds == [
        "messageStart", *["contentBlockDelta"] * BURST_DELTAS, "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip
    assert json.loads(events[1]["body"])["delta"] == {"text": work.deltas(1)[0]}


def test_a_held_stream_has_no_end():
    pieces = streamed(HELD_DELTAS, "held").pieces
    assert len(pieces) == 1 + 1 + HELD_DELTAS + 1
    assert pieces[-1] == b""


def test_the_floor_signs_as_botocore_does():
    auth = pytest.importorskip("botocore.auth")
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    path, headers, body = signed_request("127.0.0.1:8080", "converse")
    request = AWSRequest("POST", f"http://127.0.0.1:8080{path}", {"Content-Type": "application/json"}, body)
    request.context["timestamp"] = headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = headers["X-Amz-Date"]
    signer = auth.SigV4Auth(Credentials(work.ACCESS_KEY_ID, work.SECRET_ACCESS_KEY), "bedrock", work.REGION)
    proof = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert headers["Authorization"].endswith(f"Signature={proof}")


def test_a_goal_is_judged_over_the_bare_library():
    figures = {("seq", "ours"): 300.0, ("seq", "aiohttp_raw"): 250.0}
    assert run.judged("seq", figures) == [("ours", 50.0)]
    assert run.missed(["seq"], figures) == []
    assert run.missed(["seq"], {**figures, ("seq", "ours"): 341.0}) == ["seq"]


def test_a_figure_that_could_not_be_had_misses_its_goal():
    assert run.missed(["burst"], {("burst", "aiohttp_raw"): 5.0}) == ["burst"]


def test_memory_has_a_goal_for_each_way_to_save_it():
    figures = {("memory", "ours_uvloop"): 52.0, ("memory", "ours_httpx2"): 66.0}
    assert run.judged("memory", figures) == [("ours_uvloop", 52.0), ("ours_httpx2", 66.0)]
    assert run.missed(["memory"], figures) == ["memory"]


def test_the_table_shows_medians_goal_and_factor():
    samples = {("fit", "floor"): [2.0, 9.0, 1.0], ("fit", "ours"): [5.0, 4.0, 30.0]}
    lines = run.table(["fit"], ["floor", "ours"], run.medians(samples)).splitlines()
    assert lines == [
        "| | floor | ours | goal | ours | times the floor |",
        "|---|---|---|---|---|---|",
        "| count and fit at each of 200 turns, in all, ms | 2.00 | 5.00 | ≤ 6 ms | 5.00: met | 2.5 |",
    ]


def test_every_client_is_asked_for_the_rows_it_has():
    assert run.plan(["seq", "burst", "fit"], ["floor", "boto3"]) == [
        ("calls", "floor", ["seq", "burst"], 1),
        ("calls", "boto3", ["seq", "burst"], 1),
        ("fit", "floor", ["fit"], 1),
    ]


def test_every_client_of_the_table_exists():
    assert tuple(PEERS) == run.CLIENTS
