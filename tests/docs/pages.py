"""The blocks of code of a documentation page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """A fenced block: what it is written in, the file that it is to be saved as, its text, and the lines above it."""

    language: str
    title: str | None
    code: str
    above: int


def blocks(page: Path, language: str | None = None) -> Iterator[Block]:
    """The blocks of a page, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        if language in (None, found["language"]):
            yield Block(found["language"], found["title"], found["code"], text.count("\n", 0, found.start("code")))
