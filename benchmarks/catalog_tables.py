"""The two public tables of prices and model facts, read out of their wheels.

Here: reading, and figures in our form: prices by bucket in USD per million tokens, limits in tokens. Not here: which of
the two is believed (make_catalog.py for Bedrock, catalog_rows.py for every other provider).

The tables lie inside the wheels `litellm` and `genai-prices` (both MIT, see NOTICE); nothing else of them is used.
"""

from __future__ import annotations

import datetime
import importlib
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

TABLE = "litellm/model_prices_and_context_window_backup.json"
LITELLM_BUCKETS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
}
LITELLM_MEDIA = {
    "input_audio": "input_cost_per_audio_token",
    "output_audio": "output_cost_per_audio_token",
    "input_image": "input_cost_per_image_token",
}
GENAI_BUCKETS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
TIERS = ("flex", "priority")
LONG = re.compile(r"above_(\d+)k_tokens$")
LONG_OF_TIER = re.compile(r"above_(\d+)k_tokens_(flex|priority)$")
WINDOW_ROUNDING = 0.08  # 128,000 against 131,072 is the same figure, told in another way

Row = dict[str, Any]
Prices = dict[str, str]


def plain(value: Decimal) -> str:
    """A decimal without exponent and needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def per_million(cost_per_token: float) -> str:
    """USD per million tokens of a cost per token."""
    return plain(round(Decimal(repr(cost_per_token)) * 1_000_000, 6))


def read_table(wheel: Path) -> dict[str, Row]:
    """All of litellm's table, by its own names."""
    with zipfile.ZipFile(wheel) as archive:
        table: dict[str, Row] = json.loads(archive.read(TABLE))
    return table


def litellm_prices(row: Row, buckets: Mapping[str, str] = LITELLM_BUCKETS) -> tuple[Prices, int | None]:
    """Its prices by bucket, and from how many input tokens on the `long/` ones hold."""
    prices: Prices = {}
    threshold = None
    for bucket, name in buckets.items():
        for prefix, suffix in (("", ""), *((f"{tier}/", f"_{tier}") for tier in TIERS)):
            if row.get(name + suffix) is not None:
                prices[prefix + bucket] = per_million(row[name + suffix])
        for key, cost in row.items():
            found = LONG.search(key)
            if found and key == f"{name}_{found[0]}":
                prices[f"long/{bucket}"] = per_million(cost)
                threshold = int(found[1]) * 1000
    return prices, threshold


def long_prices_of_tiers(row: Row) -> Prices:
    """What long requests cost in a service tier, as `flex/long/input`."""
    prices: Prices = {}
    for bucket, name in LITELLM_BUCKETS.items():
        for key, cost in row.items():
            found = LONG_OF_TIER.search(key)
            if found and cost is not None and key == f"{name}_{found[0]}":
                prices[f"{found[2]}/long/{bucket}"] = per_million(cost)
    return prices


class GenaiPrices:
    """One provider's part of genai-prices, read on one day."""

    def __init__(self, wheel: Path, day: datetime.datetime, provider: str = "aws") -> None:
        if str(wheel) not in sys.path:
            sys.path.insert(0, str(wheel))
        data = importlib.import_module("genai_prices.data")
        self.provider = next(entry for entry in data.providers if entry.id == provider)
        self.day = day

    def find(self, name: str) -> Any:
        """Its entry for a model id, or None."""
        return self.provider.find_model(name)

    def ids(self) -> Iterator[str]:
        """The ids of its chat entries, as they are called."""
        for entry in self.provider.models:
            name = entry.id.removeprefix("regional.")
            if not re.search(r"embed|sonic", name):
                yield re.sub(r"(?<!\d)(?<=[a-z0-9])-v1:0$", "", name) if self.find(name) is None else name

    def prices(self, entry: Any) -> tuple[Prices, int | None]:
        """Prices by bucket and the threshold of the `long/` ones, as `litellm_prices`."""
        listed = entry.get_prices(self.day)
        prices: Prices = {}
        threshold = None
        for bucket, name in GENAI_BUCKETS.items():
            price = getattr(listed, name, None)
            if price is None:
                continue
            prices[bucket] = plain(getattr(price, "base", price))
            for tier in getattr(price, "tiers", ()):
                prices[f"long/{bucket}"] = plain(tier.price)
                threshold = tier.start
        return prices, threshold

    def searches(self, entry: Any) -> Prices:
        """What a million web searches cost."""
        cost = getattr(getattr(entry, "get_prices", lambda day: None)(self.day), "web_searches_kcount", None)
        return {} if cost is None else {"searches": plain(Decimal(str(cost)) * 1000)}
