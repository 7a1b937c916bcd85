"""The rows of every provider but Bedrock, from the two tables and the provider's hand-written families.

Here: which models are current, their facts and prices, and where the tables disagree. Not here: reading the tables
(catalog_tables.py), Bedrock (make_catalog.py, which calls this).

What a file of `families/` says for this: `table` where the provider stands in the tables; `flags` which features the
table's flags are believed for; `left_out` patterns of what is no chat model, or not for everybody; `rows` names that
the tables lack, or what is known better; `whole_thousands` that the maker documents limits so; `profiles_of` or
`shares` whose profiles and facts, or whole rows, are taken; `explained` which of two prices is taken, and why.

Rule: a price on which the tables disagree is none until somebody has looked at it, and so is one that depends on the
hour of the day.
"""

from __future__ import annotations

import datetime
import fnmatch
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from bedrock_llm.catalog.names import read_name
from benchmarks.catalog_tables import (
    LITELLM_BUCKETS,
    LITELLM_MEDIA,
    TIERS,
    WINDOW_ROUNDING,
    GenaiPrices,
    Prices,
    Row,
    litellm_prices,
    long_prices_of_tiers,
    plain,
)

EFFORTS = ("minimal", "low", "medium", "high", "xhigh", "max")
ALWAYS = ("low", "medium", "high")  # where the table has no word against them
FLAGS = {
    "images": ("supports_vision", (True, False)),
    "documents": ("supports_pdf_input", (True,)),
    "audio": ("supports_audio_input", (True, False)),
    "video": ("supports_video_input", (True,)),
    "tools": ("supports_function_calling", (True, False)),
    "structured_output": ("supports_response_schema", (True, False)),
    "prefill": ("supports_assistant_prefill", (True, False)),
    "system_messages": ("supports_mid_conversation_system", (True,)),
    "parallel_tool_calls": ("supports_parallel_function_calling", (True, False)),
}
INPUT_OF = (400_000, 1_050_000)  # windows of which the table writes what is left for the input


class Made(NamedTuple):
    """What was made for a provider."""

    provider: str
    head: dict[str, Any]
    rows: dict[str, Row]
    differences: list[tuple[str, str]]
    families: Mapping[str, Any]


def make_all(table: Mapping[str, Row], genai: Path, day: datetime.datetime, folder: Path) -> Iterator[Made]:
    """Every provider that has families but Bedrock."""
    families = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    for provider, own in families.items():
        if "shares" in own:
            yield Made(provider, {"shares": own["shares"]}, {}, [], own)
        elif "table" in own:
            prices = GenaiPrices(genai, day, own["table"]["genai"])
            today = day.date().isoformat()
            maker = None
            if "profiles_of" in own:
                home = own["profiles_of"]
                maker = Rows(home, families, table, GenaiPrices(genai, day, families[home]["table"]["genai"]), today)
            yield Rows(provider, families, table, prices, today, maker).made()


class Rows:
    """Lays the two tables together for one provider."""

    def __init__(
        self,
        provider: str,
        families: Mapping[str, Any],
        table: Mapping[str, Row],
        genai: GenaiPrices,
        today: str,
        maker: Rows | None = None,
    ) -> None:
        self.provider = provider
        self.maker = maker
        self.own = families[provider]
        self.home = self.own.get("profiles_of", provider)
        self.profiles = {name: profile for one in families.values() for name, profile in one["profiles"].items()}
        self.patterns = self.own.get("models") or families[self.home].get("models") or {}
        self.common = families[self.home].get("common", {})
        self.genai = genai
        self.today = today
        self.differences: list[tuple[str, str]] = []
        prefix = self.own["table"].get("prefix", "")
        self.listed: dict[str, Row] = {}
        for name, row in table.items():
            if row.get("litellm_provider") == self.own["table"]["litellm"] and row.get("mode") in ("chat", "responses"):
                self.listed.setdefault(name.removeprefix(prefix), row)

    def made(self) -> Made:
        """All rows, less those that a name's reading finds without them."""
        kept = self.names() | {name for name in (self.maker.names() if self.maker else ()) if name not in self.listed}
        rows = {name: self.row(name) for name in sorted(kept)}
        double = {name for name in rows if name != self.stem(name) and rows[name] == rows.get(self.stem(name))}
        rows = {name: row for name, row in rows.items() if name not in double}
        head = {"families": self.home} if self.maker else {}
        return Made(self.provider, head, rows, self.differences, self.own)

    def names(self) -> set[str]:
        """The current models, and retired snapshots of them: a snapshot's name must not be taken for another's."""
        names = (*self.listed, *self.own.get("rows", {}))
        wanted = {name for name in names if not self.left_out(name)}
        current = {name for name in wanted if not self.retired(name)}
        return current | {name for name in wanted if self.stem(name) in current}

    def stem(self, name: str) -> str:
        """What stands before the name's date."""
        return read_name(name, self.provider).stem

    def left_out(self, name: str) -> bool:
        """Whether a pattern of `left_out` fits."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.own.get("left_out", ()))

    def retired(self, name: str) -> bool:
        """Whether one of the tables says that it is not served any more."""
        day = self.listed.get(name, {}).get("deprecation_date")
        entry = self.genai.find(name)
        return (day is not None and day <= self.today) or bool(getattr(entry, "deprecated", False))

    def row(self, name: str) -> Row:
        """One row. What another provider resells is the same model: only the price is its own."""
        prices, threshold = self.prices(name)
        source, same = self.source_of(name)
        facts = source.listed.get(same, {})
        profile = self.profile(name)
        window, limit = source.window(same)
        row: Row = {"profile": profile, "context_window": window, "max_output_tokens": source.most_output(facts)}
        row["prices"] = {"-": prices} if prices else {}
        features = source.features(facts, self.inherited(profile) | self.common, prices)
        features |= {"max_input_tokens": limit} if limit else {}
        features |= {"long_context_tokens": threshold} if threshold and "long/input" in prices else {}
        by_hand = source.own.get("rows", {}).get(same, {})
        row["features"] = features | by_hand.get("features", {})
        row |= {key: value for key, value in by_hand.items() if key != "features"}
        if facts.get("off_peak_pricing"):
            row["comment"] = "its price depends on the hour"
        return {key: value for key, value in row.items() if value not in (None, {}, "")}

    def source_of(self, name: str) -> tuple[Rows, str]:
        """Whose facts are taken, and under which name: its maker's, if he has the model or its undated name."""
        for same in (name, self.stem(name)):
            if self.maker is not None and same in self.maker.listed:
                return self.maker, same
        return self, name

    def profile(self, name: str) -> str:
        """The first profile with a pattern that fits."""
        for profile, patterns in self.patterns.items():
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                return str(profile)
        raise SystemExit(f"no profile in families/{self.home}.json fits {name}")

    def inherited(self, profile: str) -> dict[str, Any]:
        """The features of a profile, those it inherits included."""
        data = self.profiles[profile]
        below = self.inherited(data["extends"]) if "extends" in data else {}
        return {key: value for key, value in (below | data.get("features", {})).items() if value is not None}

    def most_output(self, facts: Row) -> int | None:
        """The largest output; whole thousands may mean multiples of 1,024, where the maker does not count so."""
        limit: int | None = facts.get("max_output_tokens")
        if limit is None or limit % 1000 or self.own.get("whole_thousands") or limit == facts.get("max_input_tokens"):
            return limit
        return limit // 1000 * 1024

    def window(self, name: str) -> tuple[int | None, int | None]:
        """The context window, and the limit of the input where the table writes that instead."""
        facts = self.listed.get(name, {})
        ours, most = facts.get("max_input_tokens"), facts.get("max_output_tokens") or 0
        theirs = getattr(self.genai.find(name), "context_window", None)
        if ours and ours + most in INPUT_OF:
            return ours + most, ours
        if ours and theirs and abs(ours - theirs) > WINDOW_ROUNDING * max(ours, theirs):
            self.differences.append(
                (name, f"context_window: litellm {ours}, genai-prices {theirs}; litellm's is taken")
            )
        return ours or theirs, None

    def prices(self, name: str) -> tuple[Prices, int | None]:
        """USD per million by bucket, and from how many input tokens on the `long/` ones hold."""
        facts, entry = self.listed.get(name, {}), self.genai.find(name)
        if facts.get("off_peak_pricing"):
            return {}, None
        ours, threshold = litellm_prices(facts, LITELLM_BUCKETS | LITELLM_MEDIA)
        ours |= long_prices_of_tiers(facts) | searches(facts)
        theirs, their_threshold = ({}, None) if entry is None else self.genai.prices(entry)
        theirs |= {} if facts.get("search_free_requests") else self.genai.searches(entry)
        if not {"input", "output"} <= ours.keys():
            ours, threshold = {}, None
        against = [bucket for bucket in ("input", "output") if ours.get(bucket) != theirs.get(bucket)]
        if ours and theirs and against:
            taken = self.own.get("explained", {}).get(name, "none").partition(":")[0]
            told = ", ".join(f"{bucket} {ours.get(bucket)} against {theirs.get(bucket)}" for bucket in against)
            self.differences.append((name, f"litellm {told} of genai-prices; taken: {taken}"))
            chosen = {"litellm": (ours, threshold), "genai-prices": (theirs, their_threshold)}
            return chosen.get(taken, ({}, None))
        if {ours.get("input"), ours.get("output")} == {"0"} and not theirs:
            return {}, None  # a place-holder: nobody else says that it costs nothing
        return theirs | ours, threshold or their_threshold

    def features(self, facts: Row, known: Mapping[str, Any], prices: Prices) -> dict[str, Any]:
        """What the table's flags say beyond, or against, the profile."""
        found = dict(self.flags(facts))
        if isinstance(known.get("reasoning"), Mapping):
            found |= reasoning(facts, known["reasoning"])
        tiers = known.get("service_tiers")
        if tiers:
            found["service_tiers"] = [tier for tier in tiers if tier not in TIERS or f"{tier}/input" in prices]
        return {key: value for key, value in found.items() if known.get(key) != value}

    def flags(self, facts: Row) -> Iterator[tuple[str, Any]]:
        """The table's flags in the words of our features; a flag that is absent says nothing."""
        for feature in self.own.get("flags", ()):
            flag, values = FLAGS[feature]
            if facts.get(flag) in values:
                yield feature, facts[flag]
        if facts.get("supports_forced_tool_use") is False:
            yield "tool_choice", ["auto"]
        if facts.get("supports_sampling_params") is False:
            yield "sampling", []
        if facts.get("prompt_cache_min_tokens"):
            yield "prompt_cache_min_tokens", int(facts["prompt_cache_min_tokens"])


def reasoning(facts: Row, known: Mapping[str, Any]) -> dict[str, Any]:
    """The profile's way of reasoning with the efforts that the table tells for this model."""
    levels = facts.get("reasoning_effort_levels")
    said = {effort: facts.get(f"supports_{effort}_reasoning_effort") for effort in (*EFFORTS, "none")}
    if levels:
        efforts, none = [effort for effort in EFFORTS if effort in levels], "none" in levels
    elif known.get("efforts") and any(value is not None for value in said.values()):
        base = dict.fromkeys((*known["efforts"], *ALWAYS), True)
        told = {effort: value for effort, value in said.items() if value is not None}
        efforts = [effort for effort in EFFORTS if (base | told).get(effort)]
        none = told.get("none", known.get("off") is not None)
    else:
        return {}
    changed = {**known, "efforts": efforts}
    if not none:
        changed |= {"off": None, "default_on": True}
    elif known.get("off") is None:
        changed["off"] = {"reasoning_effort": "none"}
    if facts.get("default_reasoning_effort") == "none":
        changed["default_on"] = False
    return {"reasoning": changed}


def searches(facts: Row) -> Prices:
    """What a web search costs, where it has one price from the first on."""
    costs = set(facts.get("search_context_cost_per_query", {}).values())
    if len(costs) != 1 or facts.get("search_free_requests"):
        return {}
    return {"searches": plain(Decimal(repr(costs.pop())) * 1_000_000)}


def report(made: Made, text: str) -> None:
    """Print the figures and the disagreements."""
    priced = sum(bool(row.get("prices")) for row in made.rows.values())
    print(f"\n{made.provider}: {len(made.rows)} models, {priced} priced, {len(text)} bytes")
    for name, what in made.differences:
        print(f"  {name}: {what}")
