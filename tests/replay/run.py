"""The replay of a corpus, and its report.

Here: which records are asked in which ways, and what is counted. Not here: asking (asking.py), comparing
(comparing.py). Called by: __main__.py, test_replay.py.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.replay import chat, cohere, converse, gemini, invoke, messages, ollama, responses
from tests.replay.asking import Place, ask, asked_at
from tests.replay.comparing import Difference, content, differences
from tests.replay.corpus import CorpusError, Json, Record, read_expected, read_records
from tests.replay.exceptions import EXCEPTIONS
from tests.replay.kinds import Answer, Kind
from tests.replay.server import replay_server

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*converse.KINDS, *invoke.KINDS, *cohere.WRITER)}
WIRES: Mapping[str, Kind] = {
    kind.name: kind for wire in (messages, chat, responses, gemini, cohere, ollama) for kind in wire.KINDS
}
SEED = 20261120
_SHOWN_CHARS = 300  # of a value, in the report of a failure


@dataclass(slots=True)
class Tally:
    """One way of one kind: how many records there are, how they were asked, and what was wrong.

    Attributes:
        title: Kind and way, as reported.
        asked: How many questions were asked as what (`Question.note`).
        failed: Record id to the fields that differ.
        excepted: Ids of those that differ as the table of exceptions says.
    """

    title: str
    asked: Counter[str] = field(default_factory=Counter)
    failed: dict[str, list[Difference]] = field(default_factory=dict)
    excepted: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        """How many were asked."""
        return self.asked.total()

    def lines(self) -> Iterator[str]:
        """The line of the report, and one for each difference."""
        notes = ", ".join(f"{count} {note}" for note, count in self.asked.most_common())
        good = self.records - len(self.failed) - len(self.excepted)
        yield f"{self.title:<58} {good:>4} of {self.records:<4} {notes}"
        for identity in self.excepted:
            fields, reason = EXCEPTIONS[identity]
            yield f"  EXCEPT {identity} {', '.join(sorted(fields))}: {reason}"
        for identity, differing in self.failed.items():
            for name, expected, got in differing:
                yield f"  FAIL {identity} {name}: expected {_shown(expected)}, got {_shown(got)}"


@dataclass(slots=True)
class Report:
    """What a replay found.

    Attributes:
        tallies: One per kind and way that has records, in the order of the kinds.
        not_covered: Records of kinds that nobody has written yet, by kind.
    """

    tallies: list[Tally]
    not_covered: Counter[str]

    @property
    def failed(self) -> bool:
        """Whether any record came out otherwise than expected."""
        return any(tally.failed for tally in self.tallies)

    def by_api(self) -> dict[str, tuple[int, int]]:
        """API to records that came out as expected in every way, and all of them, of all providers together."""
        kinds: dict[str, list[Tally]] = {}
        for tally in self.tallies:
            kinds.setdefault(tally.title.partition(" ")[0], []).append(tally)
        found: dict[str, tuple[int, int]] = {}
        for kind, ways in kinds.items():
            api = kind.partition("/")[2]
            wrong = {identity for tally in ways for identity in (*tally.failed, *tally.excepted)}
            number, (good, others) = ways[0].records, found.get(api, (0, 0))
            found[api] = (good + number - len(wrong), others + number)
        return found

    def __str__(self) -> str:
        lines = [line for tally in self.tallies for line in tally.lines()]
        lines += [f"{api:<58} {good:>4} of {number:<4} in every way" for api, (good, number) in self.by_api().items()]
        if self.not_covered:
            kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.not_covered.items()))
            text = f"not covered: {self.not_covered.total()} ({kinds})"
            lines += textwrap.wrap(text, 118, subsequent_indent="  ", break_on_hyphens=False)
        return "\n".join(lines)


async def replay(folder: Path, seed: int = SEED) -> Report:
    """Ask for every record of a corpus in every way of its kind.

    Raises:
        CorpusError: The folder holds no corpus, or lacks what a record is expected to be.
    """
    expected, not_covered = read_expected(folder), Counter[str]()
    records: dict[str, list[Record]] = {}
    for record in read_records(folder):
        if kind_of(record.kind) is None:
            not_covered[record.kind] += 1
        elif record.id not in expected:
            raise CorpusError(f"{folder / 'expected.jsonl'} has nothing for the record {record.id}")
        else:
            records.setdefault(record.kind, []).append(record)
    report = Report([], not_covered)
    with replay_server(folder) as url:
        for name in sorted(records, key=_place):
            kind = kind_of(name)
            assert kind is not None  # only such records were kept
            report.tallies += await replay_kind(kind, records[name], expected, url, seed)
    return report


def kind_of(name: str) -> Kind | None:
    """How records of `<provider>/<api>` are asked: as this provider's, or as anybody's of this API."""
    wire = WIRES.get(name.partition("/")[2])
    return KINDS.get(name) or (None if wire is None else replace(wire, name=name))


def _place(name: str) -> tuple[int, str]:
    """Where a kind stands in the report."""
    provider, _, api = name.partition("/")
    return (*KINDS, *WIRES).index(name if name in KINDS else api), provider


async def replay_kind(
    kind: Kind, records: list[Record], expected: Mapping[str, Mapping[str, Json]], url: str, seed: int
) -> list[Tally]:
    """Ask for the records of one kind in every way of it; a tally for each way."""
    tallies = [Tally(f"{kind.name} {way.name}".format(seed=seed).strip()) for way in kind.ways]
    async with asked_at(url, seed) as place:
        for record in records:
            await _replay_record(record, kind, expected[record.id], tallies, place)
    return tallies


async def _replay_record(
    record: Record, kind: Kind, expected: Mapping[str, Json], tallies: list[Tally], place: Place
) -> None:
    first: Answer | None = None
    for way, tally in zip(kind.ways, tallies, strict=True):
        answer = await ask(record, kind, way, place)
        first = first or answer
        tally.asked[answer.question.note] += 1
        found = differences(record, expected, answer, kind)
        if content(answer.response) != content(first.response):
            wanted, got = content(first.response), content(answer.response)
            found.append(Difference(f"the same answer as {tallies[0].title}", wanted, got))
        _note(record.id, found, tally)


def _note(identity: str, found: list[Difference], tally: Tally) -> None:
    """Put down how a record came out."""
    excepted = EXCEPTIONS.get(identity)
    if excepted is None:
        if found:
            tally.failed[identity] = found
    elif {difference.field for difference in found} == excepted.fields:
        tally.excepted.append(identity)
    else:
        tally.failed[identity] = [*found, Difference("exception", sorted(excepted.fields), "other fields differ")]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return repr(text) if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]!r}... ({len(text)} characters)"
