"""Reading a model's name apart, so that what is one model is one row.

Here: dates, versions and geographic prefixes of names, and which rows a name can mean. Not here: the rows (tables.py),
what is done with one (lookup.py). Called by: tables, lookup.

Rule 1: no model is known here; names are data. Rule 2: a name means a row only if neither says what the other denies,
and no second row fits as well. Rule 3: `-latest` points to what it pleases its provider, so a date never means it.

Source: the forms of a Bedrock model id,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_RequestSyntax;
of others, the names in the tables that the rows are made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

__all__ = ["BEDROCK", "PLAIN", "Name", "matching", "read_name", "without_arn"]

BEDROCK = "bedrock"
PLAIN = "-"
"""How rows write the id without a geographic prefix."""

_NAMING_RESOURCES = ("foundation-model", "inference-profile")  # ARNs that end in a model id
_BEDROCK_SUFFIX = re.compile(
    r"(?P<stem>.+?)(?:-(?P<date>\d{8}))?(?:-v(?P<major>\d+)|-(?P<bare>\d+)(?=:))?(?::(?P<minor>\d+))?"
)
# A day, a month (03-2025, 2512), a day of the year (0309), a revision of three digits, or `latest`.
_SUFFIX = re.compile(
    r"(?P<stem>.+?)(?:[-@](?P<date>\d{8}|\d{4}-\d\d-\d\d|\d\d-\d{4}|\d{4}|latest)|-(?P<revision>\d{3}))?"
)
_RESOURCE = "models/"  # how Gemini's API writes a name


class Name(NamedTuple):
    """A model's name read apart: what stands before the date and version, and those."""

    stem: str
    date: str | None
    version: tuple[str, ...]

    def may_be(self, other: Name) -> bool:
        """Whether the two can be the same model: neither says what the other denies."""
        shared = min(len(self.version), len(other.version))
        dates_agree = self.date == other.date or None in (self.date, other.date)
        return dates_agree and self.version[:shared] == other.version[:shared]


def read_name(name: str, provider: str = BEDROCK) -> Name:
    """The name read apart, as this provider writes names.

    Args:
        name: Without ARN and geographic prefix.
        provider: Whose model it is.
    """
    if provider != BEDROCK:
        found = _SUFFIX.fullmatch(name.removeprefix(_RESOURCE))
        if found is None:
            return Name(name, None, ())
        date, revision = found["date"], found["revision"]
        return Name(found["stem"], date and date.replace("-", ""), (revision,) if revision else ())
    found = _BEDROCK_SUFFIX.fullmatch(name)
    if found is None:
        return Name(name, None, ())
    version = (found["major"] or found["bare"], found["minor"])
    return Name(found["stem"], found["date"], tuple(part for part in version if part))


def matching(name: str, provider: str, rows: Mapping[str, Any], candidates: Iterable[str]) -> str | None:
    """The row of a name: the same, or the only one that it can mean; of several, the one without date or version.

    Args:
        name: Without ARN and geographic prefix.
        provider: Whose model it is.
        rows: The rows by name.
        candidates: Names of rows with the same stem.
    """
    if name in rows:
        return name
    read = read_name(name, provider)
    fitting = [row for row in candidates if read.may_be(read_name(row, provider))]
    if len(fitting) > 1:
        fitting = [row for row in fitting if row == read.stem] or [
            row for row in fitting if read.date is None and row == f"{read.stem}-latest"
        ]
    return fitting[0] if len(fitting) == 1 else None


def without_arn(model: str) -> str | None:
    """The model id that a Bedrock name holds; None for an ARN that names none."""
    if not model.startswith("arn:"):
        return model
    kind, _, name = model.split(":", 5)[-1].partition("/")
    return name if kind in _NAMING_RESOURCES else None
