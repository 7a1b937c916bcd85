"""The sync door: the same answers without a loop, and a thread that never gets in the way."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import pytest

from bedrock_llm.config import AWSCredentials, Limits, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    CallCancelledError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidRequestError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
    UnsupportedFeatureError,
    UsageError,
)
from bedrock_llm.events import Finished, TextDelta
from bedrock_llm.messages import Message
from bedrock_llm.sync import SyncLLMClient
from bedrock_llm.testing import Emulator, ScriptedModel
from tests.architecture.sources import ROOT
from tests.strangers import TWO_WORDS, Seen, Streams, ThreeMethods

CLAUDE = "bedrock/us.anthropic.claude-sonnet-4-6"
NOVA = "bedrock/us.amazon.nova-lite-v1:0"
DEADLINE_S = 5


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def client_of(emulator):
    made = []

    def make(model=CLAUDE, **options):
        given = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
        made.append(SyncLLMClient(model, **{**given, **options}))
        return made[-1]

    yield make
    for client in made:
        client.close()


def until(reached):
    ends = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.002)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "bedrock_llm"]


class Waits(ThreeMethods):
    """Never answers; says when it is asked and when it was cancelled."""

    def __init__(self):
        super().__init__()
        self.begun, self.ended, self.closed = threading.Event(), threading.Event(), 0

    async def generate_text(self, messages, **parameters):
        self.begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.ended.set()

    async def aclose(self):
        self.closed += 1


# --- calls ----------------------------------------------------------------------------------------------------------


def test_an_answer(client_of, emulator):
    emulator.reply("It scatters.")
    with client_of() as client:
        response = client.generate("Why is the sky blue?", max_tokens=20)
    assert response.text == "It scatters."
    assert emulator.requests[0].get("max_tokens") == 20
    assert response.attempts[0].status == 200


def test_a_stream_of_events_of_text_and_its_response(client_of, emulator):
    emulator.reply(lambda request: "one two three")
    with client_of() as client:
        with client.stream("hi") as stream:
            events = list(stream)
            assert stream.response().text == "one two three"
            assert list(stream) == []
        assert isinstance(events[-1], Finished)
        with client.stream("hi") as stream:
            assert "".join(stream.text()) == "one two three"
        with client.stream("hi") as stream:
            assert stream.response().text == "one two three"
            assert stream.partial.text == "one two three"
        assert stream.response().text == "one two three"


def test_a_loop_over_a_stream_can_be_taken_up_again():
    with SyncLLMClient(Streams(*TWO_WORDS)) as client, client.stream("hi") as stream:
        for event in stream:
            assert event == TWO_WORDS[0]
            break
        assert list(stream) == list(TWO_WORDS[1:])


def test_counting_and_structured_output():
    with SyncLLMClient(ScriptedModel(['{"name": "Loire"}'])) as client:
        assert client.count_tokens("one two three", system="be brief", source="estimate").tokens > 0
        with pytest.raises(InvalidRequestError, match="max_tokens"):
            client.count_tokens("one", max_tokens=3)
        assert client.generate("hi", output_type=dict[str, str]).parsed == {"name": "Loire"}


def test_errors_are_raised_where_the_call_was_made():
    with SyncLLMClient(ThreeMethods(ServerError("500"), KeyError("mine")), retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(ServerError) as caught:
            client.generate("hi")
        assert caught.value.request.messages == (Message.user("hi"),)
        with pytest.raises(KeyError, match="mine"):
            client.generate("hi")
        with pytest.raises(InvalidRequestError, match="did you mean 'max_tokens'"):
            client.generate("hi", max_token=3)
        with pytest.raises(InvalidRequestError, match="did you mean 'max_tokens'"):
            client.stream("hi", max_token=3)
    with pytest.raises(ConfigurationError, match="did you mean 'region'"):
        SyncLLMClient(CLAUDE, reigon="us-east-1")


def test_inside_a_running_loop_it_blocks_that_thread():
    async def cell():
        with SyncLLMClient(Streams(*TWO_WORDS)) as client, client.stream("hi") as stream:
            return client.generate("hi").text, "".join(stream.text())

    assert asyncio.run(cell()) == ("hello", "one two")


def test_many_threads_at_once(client_of, emulator):
    emulator.reply(lambda request: request.messages[-1].text)
    client = client_of(limits=Limits(max_concurrency=8))

    def ask(number):
        if number % 2:
            return client.generate(f"number {number}", max_tokens=20).text
        with client.stream(f"number {number}") as stream:
            return "".join(stream.text())

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(64))) == [f"number {number}" for number in range(64)]
    assert len(threads()) == 1


def test_async_observers_and_credentials_run_on_the_clients_thread(client_of, emulator):
    seen = []

    class Slow:
        async def on_request_complete(self, response):
            await anyio.lowlevel.checkpoint()
            seen.append(threading.current_thread().name)

        async def on_event(self, event):
            seen.append("event")

    async def credentials():
        await anyio.lowlevel.checkpoint()
        return emulator.credentials

    with client_of(observers=[Slow()], credentials=credentials) as client:
        client.generate("hi", max_tokens=9)
        with client.stream("hi") as stream:
            stream.response()
    assert seen[0] == seen[-1] == "bedrock_llm"
    assert "event" in seen


def test_what_the_callers_context_holds_is_seen_by_observers():
    from contextvars import ContextVar

    span, seen = ContextVar("span", default=None), []

    class Looks:
        def on_request_start(self, request):
            seen.append(span.get())

    with SyncLLMClient(ThreeMethods(), observers=[Looks()]) as client:
        client.generate("hi")
        span.set("mine")
        client.generate("hi")
        threading.Thread(target=client.generate, args=("hi",)).run()
    assert seen == [None, "mine", "mine"]


def test_an_observer_that_uses_its_own_client_is_told_so_and_not_left_waiting():
    failures = []

    class Asks:
        def on_request_complete(self, response):
            for use in (lambda: client.generate("again"), client.close):
                with pytest.raises(UsageError, match="own thread") as caught:
                    use()
                failures.append(caught.value)

    with SyncLLMClient(ThreeMethods(), observers=[Asks()]) as client:
        client.generate("hi")
        assert client.generate("hi").text == "hello"
    assert len(failures) == 4


def test_a_hook_that_ends_the_program_ends_the_call_and_not_the_thread():
    class Quits:
        def on_request_start(self, request):
            raise SystemExit(3)

    with SyncLLMClient(ThreeMethods(), observers=[Quits()]) as client:
        for _ in range(2):
            with pytest.raises(SystemExit):
                client.generate("hi")


# --- the thread -----------------------------------------------------------------------------------------------------


def test_one_thread_started_by_the_first_call_shared_by_the_derived_and_ended_by_close():
    client = SyncLLMClient(ThreeMethods())
    other = client.with_options(timeouts=Timeouts(total_s=5))
    assert threads() == []
    assert other.generate("hi").text == "hello"
    (thread,) = threads()
    assert client.generate("hi").text == "hello"
    assert threads() == [thread]
    other.close()
    assert client.generate("hi").text == "hello"
    client.close()
    assert threads() == []


def test_closing_frees_the_model_once_also_before_the_first_call():
    model = Waits()
    client = SyncLLMClient(model)
    client.close()
    client.close()
    assert model.closed == 1
    assert threads() == []


def test_use_after_close_is_a_usage_error():
    client = SyncLLMClient(Streams(*TWO_WORDS))
    stream = client.stream("hi")
    derived = client.with_options(strict=True)
    chat = client.conversation()
    client.close()
    uses = [
        lambda: client.generate("hi"),
        lambda: client.stream("hi"),
        lambda: client.count_tokens("hi"),
        lambda: client.with_options(strict=True),
        client.conversation,
        client.__enter__,
        stream.__enter__,
        lambda: derived.generate("hi"),
        lambda: derived.stream("hi"),
        lambda: chat.send("hi"),
    ]
    for use in uses:
        with pytest.raises(UsageError, match="closed"):
            use()
    derived.close()
    assert threads() == []
    assert "closed" in repr(client)


def test_a_failure_to_close_is_raised_and_the_thread_is_gone():
    class Fails(ThreeMethods):
        async def aclose(self):
            raise ZeroDivisionError

    client = SyncLLMClient(Fails())
    client.generate("hi")
    with pytest.raises(ZeroDivisionError):
        client.close()
    assert threads() == []
    client.close()


@pytest.mark.parametrize("fault", ["stall"])
def test_closing_ends_calls_in_flight(client_of, emulator, fault):
    emulator.fail(fault)
    client, failures = client_of(), []

    def ask():
        try:
            client.generate("hi", max_tokens=9)
        except ConnectionFailedError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: emulator.received)
    client.close()
    thread.join(DEADLINE_S)
    assert len(failures) == 1
    until(lambda: not emulator.open_connections)


def test_closing_cancels_what_no_transport_can_end(monkeypatch):
    monkeypatch.setattr("bedrock_llm.portal._GRACE_S", 0.05)
    model, failures, seen = Waits(), [], Seen()
    client = SyncLLMClient(model, observers=[seen])

    def ask():
        try:
            client.generate("hi")
        except ConnectionFailedError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert model.begun.wait(DEADLINE_S)
    client.close()
    thread.join(DEADLINE_S)
    assert model.ended.is_set()
    assert "closed under this call" in str(failures[0])
    assert seen.names == ["start", "error"]


def test_a_stream_that_is_open_when_the_client_closes_is_ended(client_of, emulator):
    emulator.reply("word " * 50)
    emulator.delay_s = 0.005
    seen = Seen()
    client = client_of(observers=[seen])
    with client.stream("hi") as stream:
        next(stream)
        client.close()
        with pytest.raises(StreamInterruptedError):
            for _ in stream:
                pass
        with pytest.raises(StreamInterruptedError):
            stream.response()
    stream.close()
    assert seen.names == ["start", "error"]
    until(lambda: not emulator.open_connections)


def test_a_client_that_is_forgotten_ends_its_thread_and_its_connections(client_of, emulator):
    given = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
    client = SyncLLMClient(CLAUDE, **given)
    client.generate("hi", max_tokens=9)
    assert (len(threads()), emulator.open_connections) == (1, 1)
    reference = weakref.ref(client)
    del client
    gc.collect()
    assert reference() is None
    until(lambda: not threads() and not emulator.open_connections)


FORGOTTEN = """
import sys, threading
from pathlib import Path
from bedrock_llm import SyncLLMClient
from bedrock_llm.testing import Emulator

with Emulator() as emulator:
    {prepare}
    client = SyncLLMClient("bedrock/us.amazon.nova-lite-v1:0", base_url=emulator.url, region="us-east-1",
                           credentials={credentials})
    print(client.generate("hi", max_tokens=9).text[:8])
    {more}
"""


@pytest.mark.parametrize(
    ("credentials", "more"),
    [
        ("emulator.credentials", ""),
        ("lambda: emulator.credentials", ""),  # asked in a worker thread
        ("emulator.credentials", "stream = client.stream('hi'); stream.__enter__(); next(stream)"),
        ("emulator.credentials", "emulator.fail('stall')\n"
         "    threading.Thread(target=lambda: client.generate('hi', max_tokens=9), daemon=True).start()\n"
         "    import time; time.sleep(0.2)"),
        ("emulator.credentials", "sys.exit(0)"),
    ],
    ids=["idle", "worker-thread", "open-stream", "call-under-way", "exit"],
)  # fmt: skip
def test_a_forgotten_close_does_not_keep_the_interpreter_from_ending(credentials, more):
    code = FORGOTTEN.format(prepare="", credentials=credentials, more=more)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (0, "You said\n"), done.stderr
    if "stream" not in more and "daemon" not in more:
        assert done.stderr == ""


def test_threads_that_still_work_when_the_main_thread_has_ended_are_answered():
    code = FORGOTTEN.format(
        prepare="",
        credentials="emulator.credentials",
        more=(
            "model = client.with_options(model='us.anthropic.claude-sonnet-4-6')\n"
            "from bedrock_llm.testing import ScriptedModel\n"
            "late = SyncLLMClient(ScriptedModel(['late', 'later']))\n"
            "def work():\n"
            "    threading.main_thread().join()\n"
            "    print(late.generate('a').text, late.generate('b').text)\n"
            "late.count_tokens('start the thread')\n"
            "threading.Thread(target=work).start()\n"
        ).replace("\n", "\n    "),
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "You said\nlate later\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_starts_a_thread_of_its_own():
    code = """
import os, sys, warnings
warnings.simplefilter("ignore")
from bedrock_llm import SyncLLMClient
from bedrock_llm.testing import ScriptedModel

client = SyncLLMClient(ScriptedModel(lambda request: request.messages[-1].text))
print(client.generate("parent").text, flush=True)
child = os.fork()
if not child:
    print(client.generate("child").text, flush=True)
    client.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(client.generate("parent").text)
client.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("parent\nchild\nparent\n", "")


# --- leaving --------------------------------------------------------------------------------------------------------


def interrupt_when(reached):
    """Send this process what Ctrl-C sends, once `reached` says so."""

    def send():
        until(reached)
        time.sleep(0.02)  # let the main thread get to its waiting; too early is no fault, only another point
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("use", ["generate", "read"])
def test_an_interrupted_call_is_cancelled_and_has_let_go_of_its_connection(client_of, emulator, use):
    seen = Seen()
    client = client_of(limits=Limits(max_concurrency=1), observers=[seen])
    emulator.fail("stall")
    thread = interrupt_when(lambda: emulator.received)
    with pytest.raises(KeyboardInterrupt):
        if use == "generate":
            client.generate("hi", max_tokens=9)
        else:
            with client.stream("hi") as stream:
                stream.response()
    thread.join()
    assert seen.names == ["start", "error"]
    assert isinstance(seen.calls[-1][1], CallCancelledError)
    until(lambda: not emulator.open_connections)
    assert client.generate("hi", max_tokens=9).text


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_an_interrupt_while_a_stream_opens_ends_it():
    model = Waits()
    with SyncLLMClient(model) as client:
        thread = interrupt_when(model.begun.is_set)
        stream = client.stream("hi")
        with pytest.raises(KeyboardInterrupt):
            stream.__enter__()
        thread.join()
        assert model.ended.is_set()
        assert client.count_tokens("hi").tokens


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_an_interrupt_while_a_stream_is_read_ends_it():
    seen = Seen()

    class Stalls(Streams):
        async def answer_stream(self, request):
            self.opened += 1
            try:
                yield TextDelta("one ")
                reading.set()
                await anyio.sleep_forever()
            finally:
                self.closed += 1

    model, reading = Stalls(), threading.Event()
    with SyncLLMClient(model, observers=[seen], limits=Limits(max_concurrency=1)) as client:
        thread = interrupt_when(reading.is_set)
        with pytest.raises(KeyboardInterrupt), client.stream("hi") as stream:
            for _ in stream:
                pass
        thread.join()
        assert (model.opened, model.closed) == (1, 1)
        assert seen.names[-1] == "error"
        with pytest.raises(StreamInterruptedError):
            stream.response()


def test_leaving_a_stream_early_frees_its_connection_and_its_slot(client_of, emulator):
    emulator.reply(lambda request: "word " * 100)
    emulator.delay_s = 0.005
    client = client_of(limits=Limits(max_concurrency=1))
    for _ in range(3):
        with client.stream("hi") as stream:
            next(stream)
        until(lambda: not emulator.open_connections)
    with pytest.raises(ZeroDivisionError), client.stream("hi"):
        raise ZeroDivisionError
    stream = client.stream("hi")
    with stream:
        stream.close()
        stream.close()
        with pytest.raises(StreamInterruptedError, match="left"):
            next(stream)
    until(lambda: not emulator.open_connections)


def test_a_stream_that_is_dropped_is_closed_and_warned_of(client_of, emulator):
    emulator.reply(lambda request: "word " * 100)
    emulator.delay_s = 0.005
    client = client_of(limits=Limits(max_concurrency=1))
    stream = client.stream("hi")
    stream.__enter__()
    streams = [stream]
    del stream
    with pytest.warns(ResourceWarning, match="dropped"):
        streams.clear()
    until(lambda: not emulator.open_connections)
    emulator.delay_s = 0
    assert client.generate("hi", max_tokens=9).text


def test_a_broken_stream_keeps_what_had_arrived():
    model = Streams(TextDelta("half "), ConnectionFailedError("reset"))
    with SyncLLMClient(model) as client, client.stream("hi") as stream:
        with pytest.raises(StreamInterruptedError) as caught:
            stream.response()
        assert caught.value.partial.text == stream.partial.text == "half "


def test_an_unentered_stream_shows_how():
    with SyncLLMClient(Streams(*TWO_WORDS)) as client:
        stream = client.stream("hi")
        for use in (lambda: iter(stream), lambda: next(stream), stream.text, stream.response):
            with pytest.raises(UsageError, match=r"with client\.stream"):
                use()
        with pytest.raises(UsageError, match=r"with client\.stream"):
            asyncio.run(stream.__aenter__())
        stream.close()
        with pytest.raises(UsageError, match="once"):
            stream.__enter__()
        with pytest.raises(UsageError, match="sync"):
            asyncio.run(client.__aenter__())


def test_deadlines_hold():
    with SyncLLMClient(Waits(), timeouts=Timeouts(total_s=0.05)) as client, pytest.raises(RequestTimeoutError):
        client.generate("hi")


# --- derived clients, and what cannot be copied ---------------------------------------------------------------------


def test_another_model_over_the_same_connection(client_of, emulator):
    client = client_of()
    with client.with_options(model=NOVA) as other:
        assert type(other) is SyncLLMClient
        assert other.generate("hi", max_tokens=9).model == "us.amazon.nova-lite-v1:0"
        assert client.generate("hi", max_tokens=9).model == "us.anthropic.claude-sonnet-4-6"
        assert emulator.open_connections == 1
    with pytest.raises(UsageError, match="closed"):
        other.generate("hi")
    assert client.generate("hi", max_tokens=9).text


def test_a_derived_client_keeps_the_thread_of_a_parent_that_is_forgotten():
    other = SyncLLMClient(ThreeMethods()).with_options(strict=True)
    gc.collect()
    assert other.generate("hi").text == "hello"
    del other
    gc.collect()
    until(lambda: not threads())


def test_it_can_neither_be_pickled_nor_copied_and_shows_no_key():
    client = SyncLLMClient(CLAUDE, region="us-east-1", credentials=AWSCredentials("AKIDEXAMPLE", "not-a-real-secret"))
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="SyncLLMClient holds"):
            copied(client)
    assert "secret" not in repr(client)
    assert repr(client).startswith("SyncLLMClient(")


def test_bedrocks_other_operations_are_there_too(client_of):
    with client_of() as client:
        assert repr(client.bedrock).startswith("SyncBedrockOperations(")
        with pytest.raises(InvalidRequestError, match="limit"):
            client.bedrock.list_async_invokes(limit=0)
        count = client.bedrock.count_tokens("hi")
        assert (count.source, count) == ("provider", client.count_tokens("hi", source="provider"))
    with SyncLLMClient(ThreeMethods()) as client, pytest.raises(UnsupportedFeatureError):
        _ = client.bedrock
