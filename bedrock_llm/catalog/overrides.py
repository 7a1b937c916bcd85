"""A user's own rows, laid over the built-in ones.

Here: `Catalog`, read from a file or a mapping and checked. Not here: how a row is found (lookup.py), the built-in rows
(tables.py). Called by: factory, lookup, the emulator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jiter import from_json

from bedrock_llm.catalog.prices import BUCKETS
from bedrock_llm.config import ParameterRule
from bedrock_llm.errors import ConfigurationError

__all__ = ["PRICE_CLASSES", "Catalog"]

PRICE_CLASSES = ("flex", "priority", "optimized", "batch", "long")
"""Prefixes of a bucket (`flex/input`) for what is priced apart: service tiers, optimized latency, batches, and requests
with more input than the feature `long_context_tokens`; the last also after another (`flex/long/input`)."""

_HIGHEST_USD = 1_000_000  # per million tokens, a dollar a token: beyond it a unit was mistaken


@dataclass(frozen=True, slots=True)
class Catalog:
    """Rows of a user, by model id. Make one with `Catalog.of`.

    Attributes:
        rows: Model id to the fields that are given for it, checked.
        source: Where they come from: a file's path, or "given in code".
    """

    rows: Mapping[str, Mapping[str, Any]]
    source: str = "given in code"

    @classmethod
    def of(cls, source: Catalog | Path | str | Mapping[str, Mapping[str, Any]]) -> Catalog:
        """Read and check a user's rows.

        Args:
            source: The path of a JSON file, or the mapping it would hold: model id to `{"profile", "family",
                "context_window", "max_output_tokens", "prices": {bucket: USD per million}, "features",
                "parameter_rules": {parameter: {"type", "minimum", "maximum", "allowed", "default", "required"}},
                "source", "as_of"}`, each field optional. `profile` names one of the built-in families' profiles, whose
                family, features and rules the model then has. A price, feature or rule of None takes away what stands
                below. A row holds for every form of its model (geographic prefix, ARN, version suffix) that has no row
                of its own.

        Raises:
            ConfigurationError: The file cannot be read, or a row is wrong; names the row and the field.
        """
        if isinstance(source, Catalog):
            return source
        if isinstance(source, Mapping):
            return cls(_rows(source, "the catalog"))
        if not isinstance(source, (str, Path)):
            raise ConfigurationError(f"catalog must be a path or a mapping from model ids to rows, not {source!r}")
        path = Path(source)
        try:
            data = from_json(path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"the catalog {path} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise ConfigurationError(f"the catalog {path} is not JSON: {error}") from error
        return cls(_rows(data, f"the catalog {path}"), str(path))


def _rows(data: Any, where: str) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(data, Mapping):
        raise ConfigurationError(f"{where} must be a mapping from model ids to rows, not {type(data).__name__}")
    return MappingProxyType({name: _row(name, row, where) for name, row in data.items()})


def _row(name: Any, row: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError(f"{where}: a row's name must be a model id, not {name!r}")
    if not isinstance(row, Mapping):
        raise ConfigurationError(f"{where}, row {name!r}: must be a mapping of fields, not {type(row).__name__}")
    checked: dict[str, Any] = {}
    for field, value in row.items():
        check = _CHECKS.get(field)
        if check is None:
            import difflib

            near = difflib.get_close_matches(str(field), _CHECKS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(
                f"{where}, row {name!r}: there is no field {field!r}{hint} (there are {', '.join(_CHECKS)})"
            )
        checked[field] = check(f"{where}, row {name!r}, field {field!r}", value)
    return MappingProxyType(checked)


def _tokens(where: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ConfigurationError(f"{where}: must be a whole number of tokens from 1, or null, not {value!r}")
    return value


def _text(where: str, value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise ConfigurationError(f"{where}: must be a string that is not blank, or null, not {value!r}")
    return value


def _features(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ConfigurationError(f"{where}: must be a mapping from feature names to values, not {value!r}")
    return dict(value)


def _rules(where: str, value: Any) -> Mapping[str, ParameterRule | None]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: must be a mapping from parameters to rules, not {value!r}")
    return {name: _rule(f"{where}, parameter {name!r}", rule) for name, rule in value.items()}


def _rule(where: str, value: Any) -> ParameterRule | None:
    if value is None:
        return None
    known = [item.name for item in fields(ParameterRule)]
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise ConfigurationError(f"{where}: must be a mapping with some of {', '.join(known)}, not {value!r}")
    for name in ("minimum", "maximum"):
        limit = value.get(name)
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, (int, float))):
            raise ConfigurationError(f"{where}: {name} must be a number, not {limit!r}")
    if not isinstance(value.get("required", False), bool) or not isinstance(value.get("allowed") or [], (list, tuple)):
        raise ConfigurationError(f"{where}: required must be true or false, and allowed a list, not {value!r}")
    return ParameterRule.from_dict(value)


def _prices(where: str, value: Any) -> Mapping[str, Decimal | None]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: must be a mapping from buckets to USD per million, not {value!r}")
    return {_bucket(where, bucket): _price(f"{where}, bucket {bucket!r}", price) for bucket, price in value.items()}


def _bucket(where: str, bucket: Any) -> str:
    kind, _, plain = bucket.rpartition("/") if isinstance(bucket, str) else ("", "", "")
    if plain not in BUCKETS or kind.removesuffix("/long") not in ("", *PRICE_CLASSES):
        raise ConfigurationError(
            f"{where}: there is no bucket {bucket!r} (there are {', '.join(BUCKETS)}, each also after "
            f"{', '.join(kind + '/' for kind in PRICE_CLASSES)})"
        )
    return str(bucket)


def _price(where: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        price = Decimal(str(value)) if isinstance(value, (int, float, str, Decimal)) else None
    except InvalidOperation:
        price = None
    if price is None or isinstance(value, bool) or not price.is_finite() or not 0 <= price <= _HIGHEST_USD:
        allowed = f"USD per million tokens, a number from 0 to {_HIGHEST_USD}, or null"
        raise ConfigurationError(f"{where}: must be {allowed}, not {value!r}")
    return price


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "profile": _text,
    "family": _text,
    "context_window": _tokens,
    "max_output_tokens": _tokens,
    "prices": _prices,
    "features": _features,
    "parameter_rules": _rules,
    "source": _text,
    "as_of": _text,
}
