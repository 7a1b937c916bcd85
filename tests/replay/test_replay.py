"""The replay itself: on a small corpus of our own, always, and on the shared one where it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from bedrock_llm import BaseModelImplementation, RejectedRequestError
from bedrock_llm.testing import ScriptedModel
from tests.replay.__main__ import foreign_settings
from tests.replay.asking import ask
from tests.replay.comparing import differences
from tests.replay.corpus import CorpusError, read_expected, read_records
from tests.replay.kinds import Question
from tests.replay.own.write import files
from tests.replay.run import KINDS, replay, replay_kind
from tests.replay.server import pieces_of, replay_server
from tests.shared_data import shared

OWN = Path(__file__).parent / "own"
ROOT = Path(__file__).parents[2]
SEED = 7
TOO_MANY = "Too many tokens, please wait before trying again."
WHOLE = ["bedrock/converse", "bedrock/converse through stream()"]
STREAMS = [
    "bedrock/converse-stream whole",
    "bedrock/converse-stream byte by byte",
    "bedrock/converse-stream cut at random (seed 7)",
    "bedrock/converse-stream through generate()",
]
INVOKED = [title.replace("converse", "invoke") for title in WHOLE]
INVOKED_STREAMS = [title.replace("converse", "invoke") for title in STREAMS]


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in foreign_settings():
        monkeypatch.delenv(name)


def counts_of(report):
    return {tally.title: (tally.records - len(tally.failed), tally.records) for tally in report.tallies}


@pytest.mark.anyio
async def test_our_own_corpus_comes_out_as_expected_in_every_way():
    report = await replay(OWN, SEED)
    assert not report.failed, str(report)
    assert counts_of(report) == {
        **dict.fromkeys(WHOLE, (4, 4)),
        **dict.fromkeys(STREAMS, (5, 5)),
        **dict.fromkeys((*INVOKED, *INVOKED_STREAMS), (2, 2)),
    }
    assert report.not_covered == {"example/other": 1}
    assert report.tallies[0].asked == {
        "as recorded": 3,
        "with a greeting, to another model: refused before sending": 1,
    }
    assert "not covered: 1 (example/other 1)" in str(report)


def test_the_shared_corpus_comes_out_as_expected_in_every_way():
    folder = shared("corpus")
    report = anyio.run(replay, folder, SEED)
    assert not report.failed, str(report)
    assert counts_of(report) == {
        **dict.fromkeys(WHOLE, (174, 174)),
        **dict.fromkeys(STREAMS, (31, 31)),
        **dict.fromkeys(INVOKED, (64, 64)),
        **dict.fromkeys(INVOKED_STREAMS, (48, 48)),
    }
    refused = Counter[str]()
    for tally in report.tallies:
        refused.update(
            {tally.title: sum(n for note, n in tally.asked.items() if "refused" in note or "cannot" in note)}
        )
    # Every recorded request is read, and taken by the client, but for two whose body is of another family's form.
    assert +refused == dict.fromkeys(INVOKED, 2)


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
        "complete": True,
    },
    "whole-refused": {
        "error": {"status": 429, "type": None, "code": None, "message": TOO_MANY},
    },
}


@pytest.mark.parametrize("identity", WRONG)
def test_every_field_is_compared(identity):
    record = next(record for record in read_records(OWN) if record.id == identity)
    right, kind = read_expected(OWN)[identity], KINDS[record.kind]
    with replay_server(OWN) as url:
        answer = anyio.run(ask, record, kind, kind.ways[0], url, SEED)
    assert differences(record, right, answer, kind) == []
    for field, wrong in WRONG[identity].items():
        found = differences(record, {**right, field: wrong}, answer, kind)
        assert [difference.field for difference in found] == [field]


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
        answer = anyio.run(ask, record, kind, kind.ways[0], url, SEED)
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
