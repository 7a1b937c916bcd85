"""Makes docs/reference/providers.md from the catalog: what each provider's models take.

    python -m benchmarks.make_providers_page [--check]

Models of a provider that take the same stand in one line. `--check` writes nothing and fails if the page would change;
tests/catalog/test_page.py does the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bedrock_llm.catalog.lookup import find, known_models, known_providers, without_geo
from bedrock_llm.config import ModelConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "providers.md"
NO, UNKNOWN = "no", "?"
MEDIA = ("images", "documents", "audio", "video")
HEAD = """# What each provider's models take

This page is made from the [catalog](catalog.md) by `benchmarks/make_providers_page.py`; the names behind the words are
the [features](features.md) of `ModelConfig`. A model that is not here can be asked too: nothing is checked then. `?`
means that it is not known, and what you ask for is sent.

*Reads* are media beside text. Of *tools* stand the values of `tool_choice` beside `"none"`; *strict* means that
arguments can be held to the schema, *one or many* that `parallel_tool_calls` can be said. *Schema* is whether
`output_type` can be held to. *Reasoning* are the efforts it knows, or the smallest budget in tokens; *always*: it
cannot be switched off. *Knobs* are those of `temperature`, `top_p` and `top_k` that it takes. *Cache* is where a cache
point may stand; *itself*: there are none.
"""
COLUMNS = ("models", "reads", "tools", "schema", "reasoning", "knobs", "cache")
NOTES = {
    "azure": "As at `openai`, but for these. A deployment has a name of your own; `base_model=` tells its model.",
    "bedrock": "Through Converse; ids stand without geographic prefix.",
    "deepseek": "Its prices depend on the hour, so there are none here, and `response.cost` is `None`.",
    "google": "At Vertex AI (`vertex`) too.",
}
RESOLD = {"azure": "openai", "vertex": "google"}


def said(value: Any) -> str:
    """Yes, no, or not known."""
    return UNKNOWN if value is None else "yes" if value else NO


def media(config: ModelConfig) -> str:
    """What it reads beside text; what is not known stands with a question mark."""
    words = [f"{name}{'' if config.feature(name) else UNKNOWN}" for name in MEDIA if config.feature(name) is not False]
    return UNKNOWN if all(word.endswith(UNKNOWN) for word in words) and len(words) == len(MEDIA) else ", ".join(words)


def tools(config: ModelConfig) -> str:
    """Whether it takes tools, and what can be said about them."""
    if not config.feature("tools"):
        return said(config.feature("tools"))
    choices = config.feature("tool_choice")
    words = [UNKNOWN] if choices is None else list(choices) or ["yes"]
    words += ["strict"] if config.feature("strict_tools") else []
    return ", ".join([*words, *(["one or many"] if config.feature("parallel_tool_calls") else [])])


def reasoning(config: ModelConfig) -> str:
    """How much it reasons is told so."""
    way = config.feature("reasoning")
    if not isinstance(way, Mapping):
        return said(way)
    words = [" ".join(way.get("efforts") or ())]
    words += [f"budget from {way['min_budget']:,}"] if way.get("min_budget") and not words[0] else []
    always = "off" in way and way["off"] is None and way.get("default_on", True)
    return ", ".join([word for word in (*words, "always" if always else "") if word]) or "yes"


def knobs(config: ModelConfig) -> str:
    """The sampling parameters that it takes."""
    words = list(config.feature("sampling") or ())
    way = config.feature("reasoning")
    apart = isinstance(way, Mapping) and way.get("sampling") is False
    words += ["top_k"] if isinstance(config.feature("top_k"), str) else []
    return (", ".join(words) or NO) + (" while it does not reason" if apart else "")


def cache(config: ModelConfig) -> str:
    """Where a cache point may stand."""
    points = config.feature("cache_points")
    return UNKNOWN if points is None else ", ".join(points) or "itself"


def cells(config: ModelConfig) -> tuple[str, ...]:
    """A line of the table, less the names."""
    schema = said(config.feature("structured_output"))
    return media(config) or NO, tools(config), schema, reasoning(config), knobs(config), cache(config)


def lines(provider: str) -> Iterator[str]:
    """The section of a provider."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in dict.fromkeys(map(without_geo if provider == "bedrock" else str, known_models(provider))):
        row = cells(find(name, provider=provider))
        if provider not in RESOLD or row != cells(find(name, provider=RESOLD[provider])):
            groups.setdefault(row, []).append(name)
    if not groups:
        return
    yield from (f"## {provider}", "", *((NOTES[provider], "") if provider in NOTES else ()))
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|" + "---|" * len(COLUMNS)
    for row, names in groups.items():
        yield f"| {', '.join(f'`{name}`' for name in names)} | {' | '.join(row)} |"
    yield ""


def page() -> str:
    """The whole page."""
    return HEAD + "\n" + "\n".join(line for provider in known_providers() for line in lines(provider)).rstrip() + "\n"


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page would change")
    if parser.parse_args().check:
        return int(PAGE.read_text() != page())
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
