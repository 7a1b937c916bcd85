"""One record, asked through the public door.

Here: making the client, both of its methods, and what a stream's events must be. Not here: what is asked (the kinds),
what the answer must say (comparing.py). Called by: run.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from bedrock_llm import (
    AWSCredentials,
    Event,
    Finished,
    LLMClient,
    LLMError,
    OutputValidationError,
    Response,
    RetryPolicy,
    Timeouts,
    Transport,
    UsageError,
    accumulate,
    empty_response,
)
from bedrock_llm.transports.choose import default_transport
from tests.replay.comparing import content
from tests.replay.corpus import Record
from tests.replay.cutting import CuttingTransport
from tests.replay.kinds import Answer, Kind, Question, Way
from tests.replay.server import CUT, RECORD, SEED

CREDENTIALS = AWSCredentials("AKIAIOSFODNN7EXAMPLE", "made-up-for-the-replay-server")
ONCE = RetryPolicy(max_attempts=1)
SOON = Timeouts(first_event_s=15, idle_s=15, total_s=60)


class Place(NamedTuple):
    """Where the answers come from.

    Attributes:
        url: Of the server.
        seed: Of the random cuts.
        transport: What carries them; stays open.
    """

    url: str
    seed: int
    transport: Transport


@asynccontextmanager
async def asked_at(url: str, seed: int) -> AsyncIterator[Place]:
    """The place, for as long as it is asked."""
    transport = default_transport()
    try:
        yield Place(url, seed, transport)
    finally:
        await transport.aclose()


async def ask(record: Record, kind: Kind, way: Way, place: Place) -> Answer:
    """The answer to the first of the kind's questions that the client does not refuse to send."""
    questions = kind.questions(record, way)
    for question in questions[:-1]:
        answer = await _answer(record, way, question, place)
        if not isinstance(answer.error, UsageError):
            return answer
    return await _answer(record, way, questions[-1], place)


async def _answer(record: Record, way: Way, question: Question, place: Place) -> Answer:
    faults: list[str] = []
    try:
        async with _client(record, way, question, place) as client:
            if way.door == "generate":
                response: Response[Any] = await client.generate(question.messages, **question.parameters)
            else:
                response = await _streamed(client, question, faults)
    except OutputValidationError as error:  # the answer came whole, only its text is not of the asked type
        return Answer(error.partial, None, tuple(faults), question)
    except LLMError as error:
        return Answer(error.partial, error, tuple(faults), question)
    except Exception as error:  # none but ours may come out; it is this record's failure, and the replay goes on
        return Answer(None, None, (*faults, f"{type(error).__name__} came out: {error}"), question)
    return Answer(response, None, tuple(faults), question)


@asynccontextmanager
async def _client(record: Record, way: Way, question: Question, place: Place) -> AsyncIterator[LLMClient]:
    whole, transport = way.cut == "whole", place.transport
    transport = transport if whole else CuttingTransport(transport, way.cut, f"{record.id}{place.seed}")
    # Single bytes are cut here; a chunk of HTTP for each would only cost time.
    wanted = {RECORD: record.id, CUT: "whole" if whole else "random", SEED: str(place.seed)}
    there = {"base_url": place.url, "credentials": CREDENTIALS, "extra_headers": wanted, "transport": transport}
    options = {**there, **question.options} if isinstance(question.model, str) else {}
    async with LLMClient(question.model, retry=ONCE, timeouts=SOON, **options) as client:
        yield client


async def _streamed(client: LLMClient, question: Question, faults: list[str]) -> Response[Any]:
    async with client.stream(question.messages, **question.parameters) as stream:
        events = [event async for event in stream]
        response = await stream.response()
    faults += _faults(events, response)
    return response


def _faults(events: list[Event], response: Response[Any]) -> list[str]:
    """`Finished` comes once and last, and the events fold to the answer."""
    found = []
    if [event for event in events if isinstance(event, Finished)] != events[-1:]:
        found.append(f"Finished is not the last event, once: {[type(event).__name__ for event in events][-5:]}")
    folded: Response[Any] = empty_response()
    for event in events:
        folded = accumulate(folded, event)
    if content(folded) != content(response):
        found.append(f"the events fold to {content(folded)}, the answer is {content(response)}")
    return found
