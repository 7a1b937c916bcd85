"""Makes `bedrock_llm/catalog/models/*.json` from two public price tables, and lists where they disagree.

    python -m benchmarks.make_catalog --litellm litellm-*.whl --genai genai_prices-*.whl [--as-of 2026-11-20] [--check]

The tables lie inside the wheels `litellm` and `genai-prices` (both MIT, see NOTICE); nothing else of the wheels is
used. litellm's table leads; genai-prices fills gaps and is held against it. What the models take is not in either table
with enough care: that is `families/*.json`, written by hand, from which a row here names its profile. `--check` writes
nothing and fails if a file would change. The exit status is 1 if a disagreement about a Bedrock model is found for
which `explained` in families/bedrock.json has no word.

Here: Bedrock's rows, whose ids have regions and versions. Those of every other provider are catalog_rows.py's.
"""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import catalog_rows
from benchmarks.catalog_tables import WINDOW_ROUNDING, GenaiPrices, Prices, Row, litellm_prices, read_table

CATALOG = Path(__file__).resolve().parents[1] / "bedrock_llm" / "catalog"
TIERS = ("flex", "priority")
MISTAKEN = {"anthropic.claude-3-7-sonnet-20240620-v1:0"}  # of the tables; AWS has 3.7 only as 20250219


def unrounded(limit: int | None, family: str) -> int | None:
    """The longest answer that a table's figure can mean.

    The tables write 8K as 8000 where the maker means 8192; a limit that is too low would refuse what the model takes.
    Anthropic and Amazon document whole thousands.
    """
    if limit is None or limit % 1000 or family in ("claude", "nova", "titan"):
        return limit
    return limit // 1000 * 1024


def read_litellm(wheel: Path) -> dict[str, Row]:
    """The chat models that bedrock-runtime reaches, by model id."""
    return {
        name: row
        for name, row in read_table(wheel).items()
        if str(row.get("litellm_provider")) in ("bedrock", "bedrock_converse")
        and row.get("mode") == "chat"
        and "/" not in name
        and "@" not in name
        and row.get("input_cost_per_token") is not None
    }


class Maker:
    """Lays the two tables together, row by row."""

    def __init__(self, litellm: Mapping[str, Row], genai: GenaiPrices, families: Mapping[str, Any]) -> None:
        self.litellm = litellm
        self.genai = genai
        self.families = families
        self.vendors = set(families["vendors"])
        self.geos = families["geos"]
        self.differences: list[tuple[str, str, str]] = []

    def split(self, name: str) -> tuple[str, str]:
        """Geographic prefix (or "") and the rest."""
        head, _, rest = name.partition(".")
        return (head, rest) if head in self.geos else ("", name)

    def base_ids(self) -> list[str]:
        """Every model id without prefix that either table or the hand-written rows name."""
        names = {self.split(name)[1] for name in (*self.litellm, *self.families["rows"])}
        stems = {re.sub(r"(-v\d+)?(:\d+)?$", "", name) for name in names}
        for name in self.genai.ids():
            base = self.split(name)[1]
            if re.sub(r"(-v\d+)?(:\d+)?$", "", base) not in stems and not re.match("anthropic.claude-opus-4-5", base):
                names.add(base)
        return sorted(name for name in names - MISTAKEN if name.partition(".")[0] in self.vendors)

    def row(self, base: str) -> Row:
        """One row of models/bedrock.json."""
        profile = self.profile(base)
        forms = {geo: self.litellm.get(f"{geo}.{base}" if geo else base) for geo in ("", *self.geos)}
        facts = next((form for form in forms.values() if form), {})
        row: Row = {"profile": profile}
        window, limit = self.window(base, facts, self.families["profiles"][profile])
        family = self.families["profiles"][profile]["family"]
        row["context_window"], row["max_output_tokens"] = window, unrounded(facts.get("max_output_tokens"), family)
        features = self.features(base, facts, profile) | ({"max_input_tokens": limit} if limit else {})
        prices: dict[str, Prices] = {}
        for geo, form in forms.items():
            merged, threshold = self.prices(geo, base, form)
            if merged:
                prices[geo] = merged
            if threshold:
                features["long_context_tokens"] = threshold
        tiers = [tier for tier in TIERS if any(f"{tier}/input" in table for table in prices.values())]
        if tiers:
            features["service_tiers"] = ["default", *tiers, "reserved"]
        row["prices"] = {" ".join(geos): table for geos, table in grouped(prices)}
        row["features"] = features | self.families["rows"].get(base, {}).get("features", {})
        notes = (f"{kind}: {what}" for name, kind, what in self.differences if name == base)
        row["comment"] = "; ".join(note for note in notes if " input:" in note or "context_window:" in note)
        return {key: value for key, value in row.items() if value not in (None, {}, "")}

    def profile(self, base: str) -> str:
        """The first profile with a pattern that fits."""
        for name, profile in self.families["profiles"].items():
            if any(fnmatch.fnmatchcase(base, pattern) for pattern in profile.get("models", ())):
                return str(name)
        raise SystemExit(f"no profile in families/bedrock.json fits {base}")

    def inherited(self, profile: str) -> dict[str, Any]:
        """The features of a profile, those it inherits included."""
        data = self.families["profiles"][profile]
        below = self.inherited(data["extends"]) if "extends" in data else {}
        return {key: value for key, value in (below | data["features"]).items() if value is not None}

    def features(self, base: str, facts: Row, profile: str) -> dict[str, Any]:
        """What litellm's flags say beyond, or against, the profile."""
        known = self.inherited(profile)
        found = dict(flags(facts))
        if base in self.families["latency_optimized"]:
            found["latency_optimized"] = True
        return {key: value for key, value in found.items() if known.get(key) != value}

    def window(self, base: str, facts: Row, profile: Mapping[str, Any]) -> tuple[int | None, int | None]:
        """The context window, and the limit of the input where that is another figure."""
        ours, entry = facts.get("max_input_tokens"), self.genai.find(base) or self.genai.find(f"global.{base}")
        theirs = getattr(entry, "context_window", None)
        if ours and profile.get("input_limit"):
            return theirs or ours + facts["max_output_tokens"], ours
        if ours and theirs and abs(ours - theirs) > WINDOW_ROUNDING * max(ours, theirs):
            self.differences.append((base, "context_window", f"{base}: litellm {ours}, genai-prices {theirs}"))
        return ours or theirs, None

    def prices(self, geo: str, base: str, form: Row | None) -> tuple[Prices, int | None]:
        """What the two tables make together for one form of the id; None of litellm's figures is changed silently."""
        name = f"{geo}.{base}" if geo else base
        ours, threshold = litellm_prices(form) if form else ({}, None)
        entry = self.genai.find(name)
        if entry is None:
            return ours, threshold
        theirs, their_threshold = self.genai.prices(entry)
        regional = entry.id.startswith("regional.")
        if not regional and self.split(entry.id)[0] != geo:  # it matched by a part of the name
            bare = litellm_prices(self.litellm[base]) if geo == "us" and base in self.litellm else ({}, None)
            return bare if not ours and bare[0].get("input") == theirs.get("input") else (ours, threshold)
        if not ours and regional and geo not in ("", "us"):
            return {}, None
        for bucket in sorted(ours.keys() & theirs.keys()):
            if ours[bucket] != theirs[bucket]:
                self.note(name, base, bucket, ours[bucket], theirs[bucket])
        if not geo and self.is_regional(base, "input", theirs.get("input")) and ours.get("input") != theirs["input"]:
            ours, threshold = litellm_prices(self.litellm[f"us.{base}"])
        for bucket in sorted(ours.keys() ^ theirs.keys()):
            if "/" not in bucket and ours:
                where = "litellm" if bucket in ours else "genai-prices"
                self.differences.append((base, "only in one", f"{name} {bucket}: only in {where}"))
        return theirs | ours, threshold or their_threshold

    def is_regional(self, base: str, bucket: str, theirs: str | None) -> bool:
        """Whether a price of genai-prices is litellm's own price in the us. profile."""
        us = self.litellm.get(f"us.{base}")
        return us is not None and theirs is not None and litellm_prices(us)[0].get(bucket) == theirs

    def note(self, name: str, base: str, bucket: str, ours: str, theirs: str) -> None:
        """Remember a disagreement, under the name of its explanation in the families where there is one."""
        kind = "unexplained"
        if self.is_regional(base, bucket, theirs):
            kind = "bare id" if name == base else "one regional price"
        self.differences.append((base, kind, f"{name} {bucket}: litellm {ours}, genai-prices {theirs}"))


def flags(facts: Row) -> Iterator[tuple[str, Any]]:
    """litellm's flags in the words of our features; a flag that is absent says nothing."""
    wanted = {
        "images": ("supports_vision", (True, False)),
        "documents": ("supports_pdf_input", (True,)),
        "prefill": ("supports_assistant_prefill", (True, False)),
        "structured_output": ("supports_native_structured_output", (True,)),
        "strict_tools": ("bedrock_converse_supports_strict_tools", (False,)),
        "system_messages": ("supports_mid_conversation_system", (True,)),
        "parallel_tool_calls": ("supports_parallel_tool_use_config", (True,)),
    }
    for feature, (flag, values) in wanted.items():
        if facts.get(flag) in values:
            yield feature, facts[flag]
    if facts.get("supports_bedrock_native_structured_output"):
        yield "structured_output", True
    if facts.get("supports_forced_tool_use") is False:
        yield "tool_choice", ["auto"]
    if facts.get("supports_sampling_params") is False:
        yield "sampling", []
    if facts.get("prompt_cache_min_tokens"):
        yield "prompt_cache_min_tokens", facts["prompt_cache_min_tokens"]


def grouped(prices: Mapping[str, Prices]) -> Iterator[tuple[list[str], Prices]]:
    """Prefixes that share a price together; the id without prefix is called `-`."""
    groups: list[tuple[list[str], Prices]] = []
    for geo, table in prices.items():
        same = next((group for group in groups if group[1] == table), None)
        if same:
            same[0].append(geo or "-")
        else:
            groups.append(([geo or "-"], table))
    yield from groups


def written(rows: Mapping[str, Row], head: Mapping[str, Any]) -> str:
    """The file: one row a line, so that a diff shows which model changed."""
    lines = [f'"{name}": {json.dumps(row, ensure_ascii=False)}' for name, row in rows.items()]
    top = ",\n".join(f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in head.items())
    return "{\n" + top + ',\n"rows": {\n' + ",\n".join(lines) + "\n}\n}\n"


def report(maker: Maker, rows: Mapping[str, Row], text: str) -> int:
    """Print the figures and the disagreements; the number of unexplained ones."""
    forms = sum(len(geos.split()) for row in rows.values() for geos in row.get("prices", {}))
    families = {maker.families["profiles"][row["profile"]]["family"] for row in rows.values()}
    profiles = len(maker.families["profiles"])
    print(f"{len(rows)} models, {forms} priced forms, {len(families)} families, {profiles} profiles, {len(text)} bytes")
    for kind in sorted({kind for _, kind, _ in maker.differences}):
        found = [what for _, name, what in maker.differences if name == kind]
        print(f"\n{kind}: {len(found)}", *found, sep="\n  ")
    return sum(kind not in maker.families["explained"] for _, kind, _ in maker.differences)


def main() -> int:
    """Make the file, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm", type=Path, required=True, help="the wheel")
    parser.add_argument("--genai", type=Path, required=True, help="the wheel")
    parser.add_argument(
        "--as-of", default=datetime.datetime.now(datetime.UTC).date().isoformat(), help="the day of reading"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file would change")
    options = parser.parse_args()
    day = datetime.datetime.fromisoformat(options.as_of).replace(tzinfo=datetime.UTC)
    versions = {
        name: wheel.name.split("-")[1]
        for name, wheel in (("litellm", options.litellm), ("genai-prices", options.genai))
    }
    head = {"source": ", ".join(f"{name} {version}" for name, version in versions.items()), "as_of": options.as_of}
    families = json.loads((CATALOG / "families" / "bedrock.json").read_text())
    maker = Maker(read_litellm(options.litellm), GenaiPrices(options.genai.resolve(), day), families)
    rows = {base: maker.row(base) for base in maker.base_ids()}
    files = {"bedrock": written(rows, head)}
    unexplained = report(maker, rows, files["bedrock"])
    for made in catalog_rows.make_all(read_table(options.litellm), options.genai.resolve(), day, CATALOG / "families"):
        files[made.provider] = written(made.rows, head | made.head) if made.rows else json.dumps(made.head) + "\n"
        catalog_rows.report(made, files[made.provider])
    print(f"\n{len(files)} files, {sum(map(len, files.values()))} bytes")
    changed = False
    for provider, text in files.items():
        target = CATALOG / "models" / f"{provider}.json"
        changed |= not target.exists() or target.read_text() != text
        if not options.check:
            target.write_text(text)
    return int(unexplained > 0 or (options.check and changed))


if __name__ == "__main__":
    sys.exit(main())
