"""A corpus folder: recorded interactions and what each is expected to decode to.

Here: reading the two files of the folder. Not here: which records are replayed (the kinds), what is compared
(comparing.py). Called by: run.py, and server.py, which reads the same folder in its own process. Standard library only.

The form: `interactions.jsonl` holds one recorded request and response a line, `expected.jsonl` what independent readers
took from each, under the same ids.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Json = Any
_STREAM = "-stream"


class CorpusError(Exception):
    """The folder does not hold a corpus; says which file, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded interaction.

    Attributes:
        id: Its name in the corpus.
        kind: `<provider>/<api>`, e.g. `bedrock/converse-stream`; a streamed one always ends so.
        named: The model's name as the corpus has it; may be empty.
        path: Of the request, as it was sent.
        asked: The request's JSON body; None where it was not recorded.
        shortened: Whether media in the request was cut, so that it cannot be sent again as it was.
        status: HTTP status of the answer.
        headers: Of the answer, names in lower case.
        body: Of the answer, not compressed.
    """

    id: str
    kind: str
    named: str
    path: str
    asked: Json
    shortened: bool
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def provider(self) -> str:
        """Who answered."""
        return self.kind.partition("/")[0]

    @property
    def streamed(self) -> bool:
        """Whether a stream was asked for."""
        return self.kind.endswith(_STREAM)

    @property
    def model(self) -> str:
        """The model's name in a path `/model/<name>/<operation>`."""
        return unquote(self.path.split("/")[2])


def read_records(folder: Path) -> Iterator[Record]:
    """The records of a corpus, in its order.

    Raises:
        CorpusError: The file cannot be read, or a line is no record.
    """
    for number, line in _lines(folder / "interactions.jsonl"):
        try:
            yield _record(line)
        except (KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{folder / 'interactions.jsonl'}, line {number}: {error!r}") from error


def read_expected(folder: Path) -> dict[str, Mapping[str, Json]]:
    """What each record is expected to decode to, by its id.

    Raises:
        CorpusError: The file cannot be read, or a line has no id.
    """
    try:
        return {entry["id"]: entry for _, entry in _lines(folder / "expected.jsonl")}
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{folder / 'expected.jsonl'}: an entry has no id") from error


def _lines(path: Path) -> Iterator[tuple[int, Json]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, json.loads(line)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error


def _record(entry: Json) -> Record:
    request, response = entry["request"], entry["response"]
    return Record(
        id=entry["id"],
        kind=f"{entry['provider']}/{entry['api'].removesuffix(_STREAM)}{_STREAM if entry['streaming'] else ''}",
        named=entry.get("model") or "",
        path=request["path"],
        asked=request.get("body"),
        shortened=bool(request.get("media_stripped")),
        status=response["status"],
        headers={name.lower(): value for name, value in response["headers"].items()},
        body=base64.b64decode(response["body_b64"]),
    )
