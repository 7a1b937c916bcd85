"""Every ```python block of the documentation runs: a page from top to bottom, in one namespace, against the emulator.

A block with a title is a file too, which the blocks below it can import. One that begins with `# not run` is only
compiled.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock_llm.testing import Emulator
from tests.architecture.sources import shown
from tests.docs.pages import DOCS, PAGES, blocks


def _run(page):
    namespace = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for block in blocks(page, "python"):
            source = "\n" * block.above + block.code  # so that a traceback names the page's own lines
            code = compile(source, shown(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            if block.title is not None:
                Path(block.title).write_text(block.code, encoding="utf-8")
            if block.code.startswith("# not run"):
                continue
            outcome = eval(code, namespace)
            if inspect.isawaitable(outcome):
                runner.run(outcome)


@pytest.fixture
def emulated(monkeypatch, tmp_path):
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_SESSION_TOKEN", "BEDROCK_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with Emulator(access_key_id="AKIDEXAMPLE", secret_access_key="not-a-real-secret") as emulator:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", emulator.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", emulator.url)
        for name, path in (("ANTHROPIC", ""), ("OPENAI", "/v1"), ("GOOGLE_GEMINI", "/v1beta")):
            monkeypatch.setenv(f"{name}_BASE_URL", emulator.url + path)
            monkeypatch.setenv(f"{name.removesuffix('_GEMINI')}_API_KEY", emulator.api_key)
        monkeypatch.chdir(tmp_path)  # what a page writes stays out of the tree
        monkeypatch.syspath_prepend(tmp_path)
        yield emulator


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "python"))], ids=shown)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, emulated):
    _run(page)


def test_the_tests_that_are_shown_pass(tmp_path):
    """The page on testing shows a program, its tests and their fixture as three files."""
    for block in blocks(DOCS / "how-to" / "testing.md", "python"):
        if block.title is not None:
            (tmp_path / block.title).write_text(block.code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_every_block_of_code_says_what_it_is_written_in():
    """A fence without a language would be run by nobody."""
    bare = []
    for page in PAGES:
        open_ = False
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("```"):
                open_ = not open_
                if open_ and line == "```":
                    bare.append(f"{shown(page)}:{number}")
    assert bare == []
