"""Asynchronous invocations: starting, looking, listing, and waiting with a clock that only sleeping moves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import anyio
import pytest

from bedrock_llm.errors import InvalidRequestError, ProtocolError, ProviderError, RequestTimeoutError
from bedrock_llm.operations import AsyncInvocation
from bedrock_llm.operations.invocations import list_path, read_invocation, read_page
from bedrock_llm.operations.waiting import wait
from tests.clocks import StillClock

REEL = "amazon.nova-reel-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
OUT = "s3://my-bucket/videos"
KEY = "arn:aws:kms:us-east-1:123456789012:alias/mine"


@pytest.mark.anyio
async def test_a_start_says_all_that_was_given(emulator, client_of):
    async with client_of() as client:
        started = await client.bedrock.start_async_invoke(
            {"taskType": "TEXT_VIDEO"},
            output_s3_uri=OUT,
            model=f"bedrock/{REEL}",
            kms_key_id=KEY,
            bucket_owner="123456789012",
            tags={"team": "video"},
            client_request_token="once",
        )
    assert (started.status, started.output_s3_uri) == (None, OUT)
    assert json.loads(emulator.received[-1].body) == {
        "clientRequestToken": "once",
        "modelId": REEL,
        "modelInput": {"taskType": "TEXT_VIDEO"},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": OUT, "kmsKeyId": KEY, "bucketOwner": "123456789012"}},
        "tags": [{"key": "team", "value": "video"}],
    }


@pytest.mark.anyio
async def test_the_clients_own_model_is_started_where_none_is_named(emulator, client_of):
    async with client_of(REEL) as client:
        await client.bedrock.start_async_invoke({}, output_s3_uri=OUT)
    assert json.loads(emulator.received[-1].body)["modelId"] == REEL


@pytest.mark.anyio
async def test_a_start_that_is_sent_twice_starts_once(emulator, client_of):
    emulator.fail("cut")  # it was carried out, and its answer lost
    async with client_of(REEL) as client:
        await client.bedrock.start_async_invoke({}, output_s3_uri=OUT)
        listed = await client.bedrock.list_async_invokes()
    tokens = {json.loads(received.body)["clientRequestToken"] for received in emulator.received[:2]}
    assert (len(tokens), len(listed)) == (1, 1)


@pytest.mark.anyio
async def test_waiting_tells_each_look_and_gives_the_last(emulator, client_of):
    emulator.operations.invocations.looks_in_progress = 2
    told = []
    async with client_of(REEL) as client:
        started = await client.bedrock.start_async_invoke({}, output_s3_uri=OUT)
        ended = await client.bedrock.wait_for_async_invoke(started, poll_s=0.01, on_progress=told.append)
    assert [look.status for look in told] == ["InProgress", "InProgress", "Completed"]
    assert ended == told[-1]
    assert (ended.arn, ended.output_s3_uri) == (started.arn, OUT)
    assert ended.model_arn.endswith(f"foundation-model/{REEL}")
    assert ended.submitted_at <= ended.ended_at
    assert AsyncInvocation.from_dict(json.loads(json.dumps(ended.to_dict()))) == ended


@pytest.mark.anyio
async def test_a_failed_invocation_is_an_error_with_the_services_reason(emulator, client_of):
    emulator.operations.invocations.fail("The bucket does not exist.")
    async with client_of(REEL) as client:
        started = await client.bedrock.start_async_invoke({}, output_s3_uri=OUT)
        with pytest.raises(ProviderError, match=r"ended as Failed: The bucket does not exist\.") as caught:
            await client.bedrock.wait_for_async_invoke(started.arn, poll_s=0.01)
        seen = await client.bedrock.get_async_invoke(started)
    assert (caught.value.code, caught.value.retryable) == ("Failed", False)
    assert caught.value.raw["invocationArn"] == started.arn
    assert seen.failure_message == "The bucket does not exist."


@pytest.mark.anyio
async def test_lists_are_filtered_and_read_to_their_last_page(emulator, client_of, monkeypatch):
    monkeypatch.setattr("bedrock_llm.testing.emulator.operations.invocations._PAGE", 2)
    emulator.operations.invocations.looks_in_progress = 0
    now = datetime.now(UTC)
    async with client_of(REEL) as client:
        door = client.bedrock
        started = [await door.start_async_invoke({"n": n}, output_s3_uri=OUT) for n in range(5)]
        await door.get_async_invoke(started[0])
        every = await door.list_async_invokes()
        three = await door.list_async_invokes(limit=3)
        done = await door.list_async_invokes(status="Completed", submitted_after=now - timedelta(hours=1))
        none = await door.list_async_invokes(submitted_before=now - timedelta(hours=1))
    assert [job.arn for job in every] == [job.arn for job in reversed(started)]
    assert [job.arn for job in three] == [job.arn for job in every[:3]]
    assert [job.arn for job in done] == [started[0].arn]
    assert none == ()


def test_times_of_the_query_are_in_utc():
    there = datetime(2026, 11, 20, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    assert list_path(None, there, None, "a b&c") == (
        "/async-invoke?sortBy=SubmissionTime&sortOrder=Descending&submitTimeAfter=2026-11-20T12%3A30%3A00Z"
        "&nextToken=a%20b%26c"
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("parameter", "arguments"),
    [
        ("model_input", {"model_input": "text"}),
        ("output_s3_uri", {"output_s3_uri": "https://bucket"}),
        ("model", {"model": "a model"}),
        ("model", {"model": 5}),
        ("kms_key_id", {"kms_key_id": " "}),
        ("bucket_owner", {"bucket_owner": "me"}),
        ("client_request_token", {"client_request_token": "with space"}),
        ("tags", {"tags": ["a"]}),
        ("tags['a']", {"tags": {"a": 1}}),
    ],
)
async def test_a_start_that_cannot_be_is_named_before_sending(emulator, client_of, parameter, arguments):
    given = {"model_input": {}, "output_s3_uri": OUT, **arguments}
    async with client_of() as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.bedrock.start_async_invoke(given.pop("model_input"), **given)
    assert caught.value.parameter == parameter
    assert emulator.received == ()


@pytest.mark.anyio
async def test_other_arguments_are_checked_too(client_of):
    async with client_of() as client:
        door = client.bedrock
        for parameter, call in (
            ("arn", door.get_async_invoke("../model")),
            ("arn", door.wait_for_async_invoke("arn:aws:bedrock:us-east-1:123456789012:guardrail/ab")),
            ("poll_s", door.wait_for_async_invoke(ARN, poll_s=0)),
            ("timeout_s", door.wait_for_async_invoke(ARN, timeout_s=True)),
            ("status", door.list_async_invokes(status="Done")),
            ("submitted_after", door.list_async_invokes(submitted_after=datetime(2026, 1, 1))),
            ("limit", door.list_async_invokes(limit=0)),
        ):
            with pytest.raises(InvalidRequestError) as caught:
                await call
            assert caught.value.parameter == parameter


def looks(*statuses, **fields):
    """What looks at an invocation see, one after another; the last one stays."""
    seen = list(statuses)

    async def look():
        return AsyncInvocation(ARN, status=seen.pop(0) if len(seen) > 1 else seen[0], **fields)

    return look


@pytest.mark.anyio
async def test_it_looks_at_once_and_then_every_poll_s():
    clock = StillClock()
    look = looks("InProgress", "InProgress", "Completed")
    ended = await wait(look, clock, poll_s=5, timeout_s=None, on_progress=None)
    assert (ended.status, clock.slept) == ("Completed", [5, 5])


@pytest.mark.anyio
async def test_a_wait_ends_at_its_time_and_never_sleeps_beyond_it():
    clock = StillClock()
    with pytest.raises(RequestTimeoutError, match="had not ended after 12 s") as caught:
        await wait(looks("InProgress"), clock, poll_s=5, timeout_s=12, on_progress=None)
    assert clock.slept == [5, 5, 2]
    assert (caught.value.phase, caught.value.after_s) == ("total", 12)


@pytest.mark.anyio
async def test_a_status_that_nobody_knows_is_waited_for_until_its_end():
    clock = StillClock()
    ended = await wait(looks("Queued", "Completed"), clock, poll_s=1, timeout_s=None, on_progress=None)
    assert ended.status == "Completed"
    over = looks("Cancelled", ended_at=datetime.now(UTC))
    with pytest.raises(ProviderError, match="ended as Cancelled: the service gives no reason"):
        await wait(over, clock, poll_s=1, timeout_s=None, on_progress=None)


@pytest.mark.anyio
async def test_progress_may_be_told_to_a_coroutine():
    told = []

    async def tell(invocation):
        await anyio.lowlevel.checkpoint()
        told.append(invocation.status)

    await wait(looks("InProgress", "Completed"), StillClock(), poll_s=1, timeout_s=None, on_progress=tell)
    assert told == ["InProgress", "Completed"]


@pytest.mark.anyio
async def test_a_wait_can_be_cancelled_and_frees_its_connection(emulator, client_of):
    emulator.operations.invocations.looks_in_progress = 10_000
    async with client_of(REEL) as client:
        started = await client.bedrock.start_async_invoke({}, output_s3_uri=OUT)
        with anyio.move_on_after(0.3) as scope:
            await client.bedrock.wait_for_async_invoke(started, poll_s=60)
        assert scope.cancelled_caught
        assert (await client.bedrock.get_async_invoke(started)).status == "InProgress"


def test_a_time_that_cannot_be_read_is_unknown_and_stays_raw():
    body = {"invocationArn": ARN, "status": "InProgress", "submitTime": "yesterday", "endTime": 5, "new": [1]}
    invocation = read_invocation(json.dumps(body).encode())
    assert (invocation.submitted_at, invocation.ended_at, invocation.raw) == (None, None, body)


def test_answers_of_another_shape_are_protocol_errors():
    for read, body in (
        (read_invocation, b'{"invocationArn":"a"}'),
        (read_invocation, b'{"status":"InProgress"}'),
        (read_page, b'{"asyncInvokeSummaries":[5]}'),
        (read_page, b'{"nextToken":5}'),
    ):
        with pytest.raises(ProtocolError):
            read(body)
    assert read_page(b"{}") == ((), None)
