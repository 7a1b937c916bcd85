"""From a model's name to what is known of it.

Here: reading a Bedrock name apart, finding its row, and making the `ModelConfig`. Not here: the facts (models.json,
families.json), a user's rows (overrides.py), which provider a name belongs to (factory). Called by: factory,
providers, the emulator, `bedrock-llm models`.

Rule 1: no name is known here; names are data. Rule 2: what the rows do not say is None. Rule 3: the files are read at
the first question, never at import.

Source: the forms of a Bedrock model id,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_RequestSyntax
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jiter import from_json

from bedrock_llm.config import ModelConfig, ParameterRule
from bedrock_llm.errors import ConfigurationError

if TYPE_CHECKING:
    from bedrock_llm.catalog.overrides import Catalog

__all__ = ["find", "is_bedrock_id", "known_models", "nearest", "without_geo"]

_BUILT_IN = "bedrock"  # the provider of the built-in rows
_PLAIN = "-"  # how models.json writes the id without geographic prefix
_NAMING_RESOURCES = ("foundation-model", "inference-profile")  # ARNs that end in a model id
_ARN_SERVICES = ("bedrock", "sagemaker")
_SUFFIX = re.compile(r"(?P<stem>.+?)(?:-(?P<date>\d{8}))?(?:-v(?P<major>\d+)|-(?P<bare>\d+)(?=:))?(?::(?P<minor>\d+))?")


class _Files(NamedTuple):
    """models.json and families.json as they are, and what is asked of them often."""

    rows: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, Mapping[str, Any]]
    geos: frozenset[str]
    vendors: frozenset[str]
    source: str
    as_of: str
    by_stem: Mapping[str, list[str]]


class _Name(NamedTuple):
    """A Bedrock model id read apart: what stands before the date and version, and those."""

    stem: str
    date: str | None
    version: tuple[str, ...]

    def may_be(self, other: _Name) -> bool:
        """Whether the two can be the same model: neither says what the other denies."""
        shared = min(len(self.version), len(other.version))
        dates_agree = self.date == other.date or None in (self.date, other.date)
        return dates_agree and self.version[:shared] == other.version[:shared]


@cache
def _files() -> _Files:
    here = Path(__file__).parent
    models = from_json((here / "models.json").read_bytes())
    families = from_json((here / "families.json").read_bytes())
    by_stem: dict[str, list[str]] = {}
    for name in models["rows"]:
        by_stem.setdefault(_read(name).stem, []).append(name)
    geos, vendors = frozenset(families["geos"]), frozenset(families["vendors"])
    return _Files(models["rows"], families["profiles"], geos, vendors, models["source"], models["as_of"], by_stem)


def _read(name: str) -> _Name:
    found = _SUFFIX.fullmatch(name)
    if found is None:
        return _Name(name, None, ())
    version = (found["major"] or found["bare"], found["minor"])
    return _Name(found["stem"], found["date"], tuple(part for part in version if part))


def _without_arn(model: str) -> str | None:
    """The model id that a name holds; None for an ARN that names none."""
    if not model.startswith("arn:"):
        return model
    kind, _, name = model.split(":", 5)[-1].partition("/")
    return name if kind in _NAMING_RESOURCES else None


def _split_geo(name: str) -> tuple[str, str]:
    """The geographic prefix, or `-`, and the rest."""
    head, _, rest = name.partition(".")
    return (head, rest) if rest and head in _files().geos else (_PLAIN, name)


def _matching(name: str, rows: Mapping[str, Any], candidates: list[str]) -> str | None:
    """The row of a name: the same, or the only one that it can mean."""
    if name in rows:
        return name
    read = _read(name)
    fitting = [row for row in candidates if read.may_be(_read(row))]
    return fitting[0] if len(fitting) == 1 else None


@cache
def _features(profile: str) -> dict[str, Any]:
    data = _files().profiles[profile]
    below = _features(data["extends"]) if "extends" in data else {}
    return _laid_over(below, data.get("features", {}))


@cache
def _rules(profile: str) -> Mapping[str, ParameterRule]:
    data = _files().profiles[profile]
    below = _rules(data["extends"]) if "extends" in data else {}
    return {**below, **{name: ParameterRule(**rule) for name, rule in data.get("parameter_rules", {}).items()}}


def _laid_over(below: Mapping[str, Any] | None, above: Mapping[str, Any]) -> dict[str, Any]:
    """Two mappings as one; None takes away."""
    return {key: value for key, value in {**(below or {}), **above}.items() if value is not None}


def _built_in(model: str, geo: str, base: str) -> ModelConfig:
    files = _files()
    key = _matching(base, files.rows, files.by_stem.get(_read(base).stem, []))
    if key is None:
        return ModelConfig(provider=_BUILT_IN, model=model)
    row = files.rows[key]
    profile = row["profile"]
    prices = next((table for geos, table in row.get("prices", {}).items() if geo in geos.split()), None)
    return ModelConfig(
        provider=_BUILT_IN,
        model=model,
        family=files.profiles[profile]["family"],
        context_window=row.get("context_window"),
        max_output_tokens=row.get("max_output_tokens"),
        features=_laid_over(_features(profile), row.get("features", {})),
        parameter_rules=_rules(profile),
        prices=None if prices is None else {bucket: Decimal(price) for bucket, price in prices.items()},
        source=files.source,
        as_of=files.as_of,
    )


def _of_profile(config: ModelConfig, profile: str, source: str) -> ModelConfig:
    profiles = _files().profiles
    if profile not in profiles:
        text = f"the catalog ({source}), model {config.model!r}: there is no profile {profile!r}"
        raise ConfigurationError(f"{text} (there are {', '.join(profiles)})")
    family = profiles[profile].get("family")
    return replace(config, family=family, features=_features(profile), parameter_rules=_rules(profile))


def _overridden(config: ModelConfig, row: Mapping[str, Any], source: str) -> ModelConfig:
    if row.get("profile") is not None:
        config = _of_profile(config, row["profile"], source)
    plain = ("family", "context_window", "max_output_tokens")
    changed: dict[str, Any] = {name: row[name] for name in plain if name in row}
    if "features" in row:
        changed["features"] = _laid_over(config.features, row["features"])
    if "parameter_rules" in row:
        changed["parameter_rules"] = _laid_over(config.parameter_rules, row["parameter_rules"])
    if "prices" in row:
        changed["prices"] = _laid_over(config.prices, row["prices"]) or None
    if "prices" in row or config.source is None:  # otherwise the built-in source still holds for the price
        changed |= {"source": source, "as_of": None}
    changed |= {name: row[name] for name in ("source", "as_of") if name in row}
    return replace(config, **changed)


def _override(catalog: Catalog, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    """A user's row for the first of the names that has one, or for what the last of them means."""
    for name in names:
        if name in catalog.rows:
            return catalog.rows[name]
    key = _matching(names[-1], {}, [row for row in catalog.rows if _read(row).stem == _read(names[-1]).stem])
    return None if key is None else catalog.rows[key]


def find(
    model: str, *, provider: str = _BUILT_IN, base_model: str | None = None, overrides: Catalog | None = None
) -> ModelConfig:
    """What is known of a model.

    Args:
        model: Its name as it is sent: a model id, an inference profile, or an ARN.
        provider: Whose model it is. Built-in rows are Bedrock's; of others only a user's rows are known.
        base_model: The model behind a name that does not tell it (application inference profile, provisioned or
            custom model, prompt); its facts and prices are taken.
        overrides: A user's rows, laid over the built-in ones.

    Returns:
        Its facts under the name as given; everything but provider and model is None where nothing is known.
    """
    name = _without_arn(base_model or model) if provider == _BUILT_IN else None
    geo, base = (_PLAIN, None) if name is None else _split_geo(name)
    known = ModelConfig(provider=provider, model=model) if base is None else _built_in(model, geo, base)
    if overrides is None:
        return known
    row = _override(overrides, tuple(form for form in (model, base_model, name, base) if form))
    return known if row is None else _overridden(known, row, overrides.source)


def is_bedrock_id(name: str) -> bool:
    """Whether a name is one of Bedrock's: `[geo.]vendor.rest` with a vendor of the catalog's list, or an ARN of it."""
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        return len(parts) == 6 and parts[2] in _ARN_SERVICES
    vendor, _, rest = without_geo(name).partition(".")
    return bool(rest) and vendor in _files().vendors


def without_geo(name: str) -> str:
    """A Bedrock id without its geographic prefix (`us.`, `eu.`, `global.` ...), if it has one."""
    return _split_geo(name)[1]


def known_models(provider: str | None = None) -> tuple[str, ...]:
    """The ids of the built-in rows, sorted: plain ones and priced inference profiles."""
    if provider not in (None, _BUILT_IN):
        return ()
    names: set[str] = set()
    for base, row in _files().rows.items():
        geos = " ".join(row.get("prices", {_PLAIN: {}})).split()
        names.update(base if geo == _PLAIN else f"{geo}.{base}" for geo in geos)
    return tuple(sorted(names))


def nearest(name: str, n: int = 3) -> tuple[str, ...]:
    """Up to `n` known ids that look most like a name; for the message of an error."""
    plain = name.rpartition("/")[2]
    import difflib

    return tuple(difflib.get_close_matches(plain, known_models(), n, 0.5))
