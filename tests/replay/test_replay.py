"""The replay itself: on a small corpus of our own, always, and on the shared one where it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest

from bedrock_llm import BaseModelImplementation, RejectedRequestError
from bedrock_llm.testing import ScriptedModel
from tests.replay.__main__ import foreign_settings
from tests.replay.asking import ask, asked_at
from tests.replay.comparing import differences
from tests.replay.corpus import CorpusError, read_expected, read_records
from tests.replay.exceptions import EXCEPTIONS, Excepted
from tests.replay.kinds import Question
from tests.replay.own.write import files
from tests.replay.run import KINDS, Report, kind_of, replay, replay_kind
from tests.replay.server import pieces_of, replay_server
from tests.shared_data import shared

OWN = Path(__file__).parent / "own"
ROOT = Path(__file__).parents[2]
SEED = 7
TOO_MANY = "Too many tokens, please wait before trying again."
WHOLE = ("", " through stream()")
STREAMS = (" whole", " byte by byte", " cut at random (seed 7)", " through generate()")


@dataclass
class Counted:
    """What comes out of a corpus for one API, of all providers together.

    Attributes:
        whole: Answers that came whole.
        streams: Streamed ones.
        excepted: Those of them that the table of exceptions names.
    """

    whole: int = 0
    streams: int = 0
    excepted: int = 0

    def ways(self, api):
        """Way to good ones of all; without those that have no records."""
        whole = dict.fromkeys((f"{api}{way}" for way in WHOLE), (self.whole, self.whole))
        good = (self.streams - self.excepted, self.streams)
        streams = dict.fromkeys((f"{api}-stream{way}" for way in STREAMS), good)
        return {title: counts for title, counts in {**whole, **streams}.items() if counts[1]}


OURS = {
    "converse": Counted(4, 5),
    "invoke": Counted(2, 2),
    "messages": Counted(2, 2),
    "complete": Counted(0, 1),
    "chat": Counted(1, 2),
    "completions": Counted(1),
    "responses": Counted(1, 1),
    "gemini": Counted(1, 1),
    "cohere-chat": Counted(2, 1),
    "ollama-chat": Counted(0, 1),
}
SHARED = {
    "converse": Counted(174, 31),
    "invoke": Counted(64, 48),
    "messages": Counted(174, 171),
    "complete": Counted(12, 12),
    "chat": Counted(526, 307),
    "completions": Counted(28, 10),
    "responses": Counted(244, 185),
    "gemini": Counted(224, 126, 1),
    "cohere-chat": Counted(59, 21),
    "ollama-chat": Counted(8),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in foreign_settings():
        monkeypatch.delenv(name)


def counts_of(report):
    """API and way to good ones of all, of all providers together."""
    counted = {}
    for tally in report.tallies:
        title = tally.title.partition("/")[2]
        good, number = counted.get(title, (0, 0))
        good += tally.records - len(tally.failed) - len(tally.excepted)
        counted[title] = (good, number + tally.records)
    return counted


def ways_of(table):
    return {title: counts for api, counted in table.items() for title, counts in counted.ways(api).items()}


@pytest.mark.anyio
async def test_our_own_corpus_comes_out_as_expected_in_every_way():
    report = await replay(OWN, SEED)
    assert not report.failed, str(report)
    assert counts_of(report) == ways_of(OURS)
    assert report.not_covered == {"example/other": 1}
    assert report.tallies[0].asked == {
        "as recorded": 3,
        "with a greeting, to another model: refused before sending": 1,
    }
    assert "not covered: 1 (example/other 1)" in str(report)
    assert {api: numbers for api, numbers in report.by_api().items() if "stream" not in api} == {
        api: (counted.whole, counted.whole) for api, counted in OURS.items() if counted.whole
    }


# Bodies of another family's form, results of calls that no message makes, and requests that were sent to be refused.
NOT_READ = {
    "bedrock/invoke": 2,
    "anthropic/messages": 1,
    "anthropic/messages-stream": 2,
    "openai/responses": 1,
    "openai/responses-stream": 1,
    "cohere/cohere-chat": 3,
}


def test_the_shared_corpus_comes_out_as_expected_in_every_way():
    folder = shared("corpus")
    report = anyio.run(replay, folder, SEED)
    assert not report.failed, str(report)
    assert counts_of(report) == ways_of(SHARED)
    assert {identity for tally in report.tallies for identity in tally.excepted} == EXCEPTIONS.keys()
    refused = Counter[str]()
    for tally in report.tallies:
        kind, _, way = tally.title.partition(" ")
        if way in ("", "whole"):
            refused[kind] += sum(n for note, n in tally.asked.items() if "refused" in note or "cannot" in note)
    assert +refused == NOT_READ  # every other request is read, and taken by the client


def test_an_exception_is_named_with_its_reason_and_fails_once_it_is_none(monkeypatch):
    record, expected = next(read_records(OWN)), read_expected(OWN)
    kind = KINDS[record.kind]
    wrong = {**expected, record.id: {**expected[record.id], "text": "Hot."}}
    monkeypatch.setitem(EXCEPTIONS, record.id, Excepted(frozenset({"text"}), "the recording says so"))
    with replay_server(OWN) as url:
        tallies = anyio.run(replay_kind, kind, [record], wrong, url, SEED)
        assert not Report(tallies, Counter()).failed
        assert f"EXCEPT {record.id} text: the recording says so" in str(Report(tallies, Counter()))
        right = anyio.run(replay_kind, kind, [record], expected, url, SEED)
    assert [difference.field for difference in right[0].failed[record.id]] == ["exception"]


def test_every_provider_of_a_known_api_is_covered():
    assert kind_of("some-new-host/chat-stream").name == "some-new-host/chat-stream"
    assert kind_of("some-new-host/embed") is None


WRONG = {
    "stream-thinking-and-tools": {
        "text": "I ask for both",
        "thinking": "Three places.",
        "tool_calls": [],
        "server_tools": ["grounding"],
        "stop": "end_turn",
        "usage": {"input": 12, "output": 7, "total": 20},
        "error": {"status": 200, "type": "internalServerException", "code": None, "message": "It failed."},
        "complete": False,
    },
    "stream-with-exception": {
        "text": "It is",
        "error": {"status": 200, "type": "internalServerException", "code": None, "message": "It failed."},
    },
    "chat-refused-in-words": {
        "text": "Gladly.",
        "refusal": "I must not.",
        "choices": ["I will not.", "I will."],
        "usage": {"input": 12, "output": 7, "total": 19, "cache_read": 0},
    },
    "gemini-call-without-an-id": {
        "tool_calls": [{"id": "call_x", "name": "weather", "args": {"city": "Tromsø"}}],
        "usage": {"input": 12, "output": 5, "reasoning": 1, "total": 19},
    },
    "chat-stream-that-fails-behind-its-end": {
        "error": None,
    },
    "whole-refused": {
        "error": {"status": 429, "type": None, "code": None, "message": TOO_MANY},
    },
}

# Fields of an expectation that are compared by other names, or change more than one.
FIELDS = {
    ("chat-refused-in-words", "refusal"): ["text"],
    ("chat-refused-in-words", "choices"): ["further choices"],
    ("chat-stream-that-fails-behind-its-end", "error"): ["complete", "error", "stop"],
    ("stream-thinking-and-tools", "error"): ["complete", "error", "stop"],
}


async def asked(record, kind, url):
    async with asked_at(url, SEED) as place:
        return await ask(record, kind, kind.ways[0], place)


@pytest.mark.parametrize("identity", WRONG)
def test_every_field_is_compared(identity):
    record = next(record for record in read_records(OWN) if record.id == identity)
    right, kind = read_expected(OWN)[identity], kind_of(record.kind)
    with replay_server(OWN) as url:
        answer = anyio.run(asked, record, kind, url)
    assert differences(record, right, answer, kind) == []
    for field, wrong in WRONG[identity].items():
        found = differences(record, {**right, field: wrong}, answer, kind)
        assert [difference.field for difference in found] == FIELDS.get((identity, field), [field])


@pytest.mark.parametrize(
    ("says", "failed"),
    [
        (
            lambda way: ScriptedModel(["Cold." if way.door == "generate" else "Colder."]),
            ["text", "stop", "usage", "the same answer as bedrock/converse"],
        ),
        (
            lambda way: Broken(),
            ["text", "thinking", "tool_calls", "server_tools", "stop", "usage", "events"],
        ),
    ],
)
def test_answers_that_differ_between_ways_and_strange_exceptions_are_failures(says, failed):
    record, expected = next(read_records(OWN)), read_expected(OWN)
    kind = replace(KINDS[record.kind], questions=lambda record, way: (Question(says(way), "hello"),))
    tallies = anyio.run(replay_kind, kind, [record], expected, "http://127.0.0.1:1", SEED)
    assert [difference.field for difference in tallies[1].failed[record.id]] == failed
    assert tallies[0].failed


class Broken(BaseModelImplementation):
    async def generate_text(self, messages, **parameters):
        raise RuntimeError("out of order")

    def count_tokens(self, text):
        return 1

    def validate_parameters(self, **parameters):
        pass


def test_the_server_gives_a_record_only_to_those_who_ask_for_its_operation():
    record = next(record for record in read_records(OWN) if record.id == "stream-cut")
    kind = KINDS["bedrock/converse"]
    with replay_server(OWN) as url:
        answer = anyio.run(asked, record, kind, url)
    assert (type(answer.error), answer.error.status) == (RejectedRequestError, 409)


def test_a_record_without_an_expectation_is_an_error(tmp_path):
    shutil.copy(OWN / "interactions.jsonl", tmp_path)
    (tmp_path / "expected.jsonl").write_text("")
    with pytest.raises(CorpusError, match="has nothing for the record whole-text-cached"):
        anyio.run(replay, tmp_path, SEED)


@pytest.mark.parametrize(
    ("broken", "status", "said"),
    [(None, 0, "all as expected"), ("expected", 1, "FAIL stream-cut text: expected 'It is hot', got 'It is co'")],
)
def test_the_command_reports_and_exits_so_that_a_script_can_tell(tmp_path, broken, status, said):
    shutil.copytree(OWN, tmp_path, dirs_exist_ok=True)
    if broken:
        path = tmp_path / "expected.jsonl"
        path.write_text(
            path.read_text(encoding="utf-8").replace('"text": "It is co"', '"text": "It is hot"'), encoding="utf-8"
        )
    ran = command(tmp_path)
    assert (ran.returncode, ran.stderr) == (status, "")
    assert said in ran.stdout
    assert "seed 7" in ran.stdout


def test_the_command_names_a_corpus_that_is_not_there(tmp_path):
    ran = command(tmp_path / "nowhere")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "nowhere/expected.jsonl cannot be read" in ran.stderr


def command(folder):
    arguments = [sys.executable, "-m", "tests.replay", str(folder), "--seed", "7"]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_pieces_are_the_whole_body_and_cut_as_asked():
    body = bytes(range(256)) * 8
    assert list(pieces_of(body, "whole", "")) == [body]
    assert list(pieces_of(body, "bytes", "")) == [body[at : at + 1] for at in range(len(body))]
    cut = list(pieces_of(body, "random", "a"))
    assert b"".join(cut) == body
    assert len(Counter(map(len, cut))) > 1
    assert cut == list(pieces_of(body, "random", "a")) != list(pieces_of(body, "random", "b"))


def test_our_own_corpus_is_what_its_writer_writes():
    assert {name: (OWN / name).read_text(encoding="utf-8") for name in files()} == files()
    assert [record.id for record in read_records(OWN)][-1] == "of-no-known-kind"
