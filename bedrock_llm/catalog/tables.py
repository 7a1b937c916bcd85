"""The catalog's files: rows by provider, profiles by family.

Here: reading them, each when it is first needed, and a profile with all that it inherits. Not here: names (names.py),
which row is a model's (lookup.py), a user's rows (overrides.py). Called by: lookup.

`models/<provider>.json` is made by benchmarks/make_catalog.py: a row for each model, with its profile, window, largest
output and prices. A file that only says `shares` has another provider's rows. `families/<provider>.json` is written by
hand: profiles, and under `common` what the provider's API adds to each of them. A profile's name is found in the
provider's own file, else in the one that it names under `from`, else in Bedrock's, else in the rest: Claude is one
family, at Bedrock and at Anthropic.

Rule: the files are read at the first question, never at import, and only those that the question is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jiter import from_json

from bedrock_llm.catalog.names import BEDROCK, read_name
from bedrock_llm.config import ParameterRule

__all__ = [
    "Table",
    "family_of",
    "features_of",
    "home_of",
    "laid_over",
    "profile_names",
    "providers",
    "rules_of",
    "table",
    "traits",
]

_FOLDER = Path(__file__).parent


class Table(NamedTuple):
    """The rows of one provider, and what is asked of them often.

    Attributes:
        rows: By model id.
        home: Whose file holds the profiles that the rows name.
        source: Where the rows come from.
        as_of: The day they were read, ISO 8601.
        by_stem: The names of rows by what stands before date and version.
    """

    rows: Mapping[str, Mapping[str, Any]]
    home: str
    source: str
    as_of: str
    by_stem: Mapping[str, list[str]]


@cache
def providers() -> tuple[str, ...]:
    """The providers whose models have rows, sorted."""
    return tuple(sorted(path.stem for path in (_FOLDER / "models").glob("*.json")))


@cache
def table(provider: str) -> Table | None:
    """The rows of a provider, or None where there are none."""
    if provider != BEDROCK and provider not in providers():
        return None
    data = from_json((_FOLDER / "models" / f"{provider}.json").read_bytes())
    if "shares" in data:
        return table(data["shares"])
    by_stem: dict[str, list[str]] = {}
    for name in data["rows"]:
        by_stem.setdefault(read_name(name, provider).stem, []).append(name)
    return Table(data["rows"], data.get("families", provider), data["source"], data["as_of"], by_stem)


@cache
def _families(home: str) -> Mapping[str, Any]:
    return from_json((_FOLDER / "families" / f"{home}.json").read_bytes())  # type: ignore[no-any-return]  # our file


@cache
def _homes() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (_FOLDER / "families").glob("*.json")))


@cache
def traits(name: str) -> frozenset[str]:
    """A list that Bedrock's families begin with: `geos` or `vendors`."""
    return frozenset(_families(BEDROCK)[name])


def home_of(provider: str) -> str:
    """Whose file is searched first for a profile."""
    found = table(provider)
    return BEDROCK if found is None else found.home


@cache
def _profile(name: str, home: str) -> Mapping[str, Any] | None:
    for place in (home, _families(home).get("from", BEDROCK), BEDROCK):
        if name in _families(place)["profiles"]:
            return _families(place)["profiles"][name]  # type: ignore[no-any-return]  # our file
    places = (_families(place)["profiles"] for place in _homes())
    return next((profiles[name] for profiles in places if name in profiles), None)


def profile_names() -> tuple[str, ...]:
    """The names of all profiles."""
    return tuple(dict.fromkeys(name for home in (BEDROCK, *_homes()) for name in _families(home)["profiles"]))


def family_of(profile: str, home: str) -> str | None:
    """The family of a profile; None where there is no such profile, or it is of none."""
    data = _profile(profile, home)
    return None if data is None else data.get("family")


@cache
def _inherited(profile: str, home: str) -> Mapping[str, Any]:
    data = _profile(profile, home) or {}
    below = _inherited(data["extends"], home) if "extends" in data else {}
    return laid_over(below, data.get("features", {}))


@cache
def features_of(profile: str, home: str) -> Mapping[str, Any]:
    """The features of a profile with those it inherits, and with what the provider's API adds.

    Args:
        profile: Its name.
        home: Whose file is searched first, and whose `common` features are laid over.
    """
    return laid_over(_inherited(profile, home), _families(home).get("common", {}))


@cache
def rules_of(profile: str, home: str) -> Mapping[str, ParameterRule]:
    """The parameter rules of a profile with those it inherits; null takes one away."""
    data = _profile(profile, home) or {}
    below = rules_of(data["extends"], home) if "extends" in data else {}
    own = data.get("parameter_rules", {}).items()
    return laid_over(below, {name: None if rule is None else ParameterRule(**rule) for name, rule in own})


def laid_over(below: Mapping[str, Any] | None, above: Mapping[str, Any]) -> dict[str, Any]:
    """Two mappings as one; None takes away."""
    return {key: value for key, value in {**(below or {}), **above}.items() if value is not None}
