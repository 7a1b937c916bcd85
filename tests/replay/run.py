"""The replay of a corpus, and its report.

Here: which records are asked in which ways, and what is counted. Not here: asking (asking.py), comparing
(comparing.py). Called by: __main__.py, test_replay.py.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.replay import converse, invoke
from tests.replay.asking import ask
from tests.replay.comparing import Difference, content, differences
from tests.replay.corpus import CorpusError, Json, Record, read_expected, read_records
from tests.replay.kinds import Answer, Kind
from tests.replay.server import replay_server

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*converse.KINDS, *invoke.KINDS)}
SEED = 20261120
_SHOWN_CHARS = 300  # of a value, in the report of a failure


@dataclass(slots=True)
class Tally:
    """One way of one kind: how many records there are, how they were asked, and what was wrong.

    Attributes:
        title: Kind and way, as reported.
        asked: How many questions were asked as what (`Question.note`).
        failed: Record id to the fields that differ.
    """

    title: str
    asked: Counter[str] = field(default_factory=Counter)
    failed: dict[str, list[Difference]] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many were asked."""
        return self.asked.total()

    def lines(self) -> Iterator[str]:
        """The line of the report, and one for each difference."""
        notes = ", ".join(f"{count} {note}" for note, count in self.asked.most_common())
        yield f"{self.title:<58} {self.records - len(self.failed):>4} of {self.records:<4} {notes}"
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

    def __str__(self) -> str:
        lines = [line for tally in self.tallies for line in tally.lines()]
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
    records: dict[str, list[Record]] = {name: [] for name in KINDS}
    for record in read_records(folder):
        if record.kind not in records:
            not_covered[record.kind] += 1
        elif record.id not in expected:
            raise CorpusError(f"{folder / 'expected.jsonl'} has nothing for the record {record.id}")
        else:
            records[record.kind].append(record)
    report = Report([], not_covered)
    with replay_server(folder) as url:
        for name, found in records.items():
            if found:
                report.tallies += await replay_kind(KINDS[name], found, expected, url, seed)
    return report


async def replay_kind(
    kind: Kind, records: list[Record], expected: Mapping[str, Mapping[str, Json]], url: str, seed: int
) -> list[Tally]:
    """Ask for the records of one kind in every way of it; a tally for each way."""
    tallies = [Tally(f"{kind.name} {way.name}".format(seed=seed).strip()) for way in kind.ways]
    for record in records:
        first: Answer | None = None
        for way, tally in zip(kind.ways, tallies, strict=True):
            answer = await ask(record, kind, way, url, seed)
            first = first or answer
            tally.asked[answer.question.note] += 1
            found = differences(record, expected[record.id], answer, kind)
            if content(answer.response) != content(first.response):
                wanted, got = content(first.response), content(answer.response)
                found.append(Difference(f"the same answer as {tallies[0].title}", wanted, got))
            if found:
                tally.failed[record.id] = found
    return tallies


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return repr(text) if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]!r}... ({len(text)} characters)"
