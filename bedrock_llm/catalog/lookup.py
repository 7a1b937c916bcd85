"""From a model's name to what is known of it.

Here: finding a model's row and making its `ModelConfig`; the names that are known. Not here: reading names apart
(names.py), the files (tables.py), a user's rows (overrides.py), which provider a name belongs to (factory). Called by:
factory, providers, the emulator, `bedrock-llm models`.

Rule: what the rows do not say is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bedrock_llm.catalog.names import BEDROCK, PLAIN, matching, read_name, without_arn
from bedrock_llm.catalog.tables import (
    Table,
    family_of,
    features_of,
    home_of,
    laid_over,
    profile_names,
    providers,
    rules_of,
    table,
    traits,
)
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ConfigurationError

if TYPE_CHECKING:
    from bedrock_llm.catalog.overrides import Catalog

__all__ = ["find", "is_bedrock_id", "known_models", "known_providers", "nearest", "without_geo"]

_ARN_SERVICES = ("bedrock", "sagemaker")


def _split_geo(name: str) -> tuple[str, str]:
    """The geographic prefix, or `-`, and the rest."""
    head, _, rest = name.partition(".")
    return (head, rest) if rest and head in traits("geos") else (PLAIN, name)


def _built_in(provider: str, model: str, geo: str, base: str) -> ModelConfig:
    known = table(provider)
    key = None if known is None else _row_of(base, provider, known)
    if known is None or key is None:
        return ModelConfig(provider=provider, model=model)
    row, home = known.rows[key], known.home
    prices = next((prices for geos, prices in row.get("prices", {}).items() if geo in geos.split()), None)
    return ModelConfig(
        provider=provider,
        model=model,
        family=family_of(row["profile"], home),
        context_window=row.get("context_window"),
        max_output_tokens=row.get("max_output_tokens"),
        features=laid_over(features_of(row["profile"], home), row.get("features", {})),
        parameter_rules=rules_of(row["profile"], home),
        prices=None if prices is None else {bucket: Decimal(price) for bucket, price in prices.items()},
        source=known.source,
        as_of=known.as_of,
    )


def _row_of(base: str, provider: str, known: Table) -> str | None:
    return matching(base, provider, known.rows, known.by_stem.get(read_name(base, provider).stem, ()))


def _of_profile(config: ModelConfig, profile: str, source: str) -> ModelConfig:
    names = profile_names()
    if profile not in names:
        text = f"the catalog ({source}), model {config.model!r}: there is no profile {profile!r}"
        raise ConfigurationError(f"{text} (there are {', '.join(names)})")
    home = home_of(config.provider or BEDROCK)
    family, features, rules = family_of(profile, home), features_of(profile, home), rules_of(profile, home)
    return replace(config, family=family, features=features, parameter_rules=rules)


def _overridden(config: ModelConfig, row: Mapping[str, Any], source: str) -> ModelConfig:
    if row.get("profile") is not None:
        config = _of_profile(config, row["profile"], source)
    plain = ("family", "context_window", "max_output_tokens")
    changed: dict[str, Any] = {name: row[name] for name in plain if name in row}
    if "features" in row:
        changed["features"] = laid_over(config.features, row["features"])
    if "parameter_rules" in row:
        changed["parameter_rules"] = laid_over(config.parameter_rules, row["parameter_rules"])
    if "prices" in row:
        changed["prices"] = laid_over(config.prices, row["prices"]) or None
    if "prices" in row or config.source is None:  # otherwise the built-in source still holds for the price
        changed |= {"source": source, "as_of": None}
    changed |= {name: row[name] for name in ("source", "as_of") if name in row}
    return replace(config, **changed)


def _override(catalog: Catalog, provider: str, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    """A user's row for the first of the names that has one, or for what the last of them means."""
    for name in names:
        if name in catalog.rows:
            return catalog.rows[name]
    stem = read_name(names[-1], provider).stem
    alike = [row for row in catalog.rows if read_name(row, provider).stem == stem]
    key = matching(names[-1], provider, {}, alike)
    return None if key is None else catalog.rows[key]


def find(
    model: str, *, provider: str = BEDROCK, base_model: str | None = None, overrides: Catalog | None = None
) -> ModelConfig:
    """What is known of a model.

    Args:
        model: Its name as it is sent: a model id, an alias, an inference profile, or an ARN.
        provider: Whose model it is. One that has no rows is known only from a user's.
        base_model: The model behind a name that does not tell it (application inference profile, provisioned or
            custom model, prompt, a deployment); its facts and prices are taken.
        overrides: A user's rows, laid over the built-in ones.

    Returns:
        Its facts under the name as given; everything but provider and model is None where nothing is known.
    """
    name: str | None = base_model or model
    geo, base = PLAIN, name
    if provider == BEDROCK:
        name = without_arn(base_model or model)
        geo, base = (PLAIN, None) if name is None else _split_geo(name)
    known = ModelConfig(provider=provider, model=model) if base is None else _built_in(provider, model, geo, base)
    if overrides is None:
        return known
    row = _override(overrides, provider, tuple(form for form in (model, base_model, name, base) if form))
    return known if row is None else _overridden(known, row, overrides.source)


def is_bedrock_id(name: str) -> bool:
    """Whether a name is one of Bedrock's: `[geo.]vendor.rest` with a vendor of the catalog's list, or an ARN of it."""
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        return len(parts) == 6 and parts[2] in _ARN_SERVICES
    vendor, _, rest = without_geo(name).partition(".")
    return bool(rest) and vendor in traits("vendors")


def without_geo(name: str) -> str:
    """A Bedrock id without its geographic prefix (`us.`, `eu.`, `global.` ...), if it has one."""
    return _split_geo(name)[1]


def known_models(provider: str | None = None) -> tuple[str, ...]:
    """The ids of a provider's built-in rows, sorted; at Bedrock plain ones and priced inference profiles.

    Args:
        provider: One of `known_providers`, for which the ids stand as they are sent; another has none. None means
            Bedrock.
    """
    known = table(provider or BEDROCK)
    names: set[str] = set()
    for base, row in () if known is None else known.rows.items():
        geos = " ".join(row.get("prices", {PLAIN: {}})).split()
        names.update(base if geo == PLAIN else f"{geo}.{base}" for geo in geos)
    return tuple(sorted(names))


def known_providers() -> tuple[str, ...]:
    """The providers of whose models something is known, sorted."""
    return providers()


def nearest(name: str, n: int = 3, *, everywhere: bool = False) -> tuple[str, ...]:
    """Up to `n` known names that look most like one; for the message of an error.

    Args:
        name: A model's name. With `provider/` before it, of a provider that has rows, only that provider's are looked
            at; otherwise Bedrock's.
        n: How many at most.
        everywhere: Whether a name without a provider is looked for at all of them.

    Returns:
        Bedrock's names as they are, which need no provider before them; others as `provider/model`.
    """
    asked, _, rest = name.partition("/")
    plain, places = name.rpartition("/")[2], providers() if everywhere else (BEDROCK,)
    if rest and asked in providers():
        plain, places = rest, (asked,)
    written: dict[str, str] = {}
    for place in sorted(places, key=lambda place: (place != BEDROCK, home_of(place) != place)):  # makers before others
        for model in known_models(place):
            written.setdefault(model, model if place == BEDROCK else f"{place}/{model}")
    import difflib

    return tuple(written[model] for model in difflib.get_close_matches(plain, written, n, 0.5))
