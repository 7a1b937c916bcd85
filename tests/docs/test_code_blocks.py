"""Every ```python block of the documentation runs: a page from top to bottom, in one namespace, against the emulator.

A block that begins with `# not run` is only compiled.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re

import pytest

from bedrock_llm.testing import Emulator
from tests.architecture.sources import ROOT, shown

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _blocks(text):
    """Each block with the page's own line numbers, and whether it shall run."""
    for found in BLOCK.finditer(text):
        source = found[1]
        above = text.count("\n", 0, found.start(1))
        yield "\n" * above + source, not source.startswith("# not run")


def _run(page):
    namespace = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for source, wanted in _blocks(page.read_text(encoding="utf-8")):
            code = compile(source, shown(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            if not wanted:
                continue
            outcome = eval(code, namespace)
            if inspect.isawaitable(outcome):
                runner.run(outcome)


@pytest.fixture
def emulated(monkeypatch):
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_SESSION_TOKEN", "BEDROCK_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with Emulator(access_key_id="AKIDEXAMPLE", secret_access_key="not-a-real-secret") as emulator:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", emulator.url)
        yield emulator


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))], ids=shown)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, emulated):
    _run(page)
