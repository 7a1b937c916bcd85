"""The page of what each provider's models take."""

from __future__ import annotations

from bedrock_llm.catalog.lookup import known_providers
from benchmarks.make_providers_page import PAGE, page


def test_the_page_is_what_the_catalog_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m benchmarks.make_providers_page"


def test_every_provider_is_on_it():
    text = page()
    assert [name for name in known_providers() if f"## {name}\n" not in text and f"`{name}`" not in text] == []
