"""The tutorial is followed word for word: its programs are saved, its commands run, and its outputs are what it shows.

In a shown output `...` stands for what differs from run to run.
"""

from __future__ import annotations

import doctest
import itertools
import re
import subprocess
import sys

import pytest

from bedrock_llm.testing import Emulator
from tests.architecture.sources import shown
from tests.docs.pages import DOCS, blocks
from tests.examples.conftest import emulator, environment  # noqa: F401  # fixtures

DEADLINE_S = 30
PAGES = sorted((DOCS / "tutorial").glob("*.md"))
# What prepares the terminal, or needs an account; all other commands are run.
PREPARATIONS = ("mkdir ", "cd ", "python3 -m venv", ". .venv", "pip install", "bedrock-llm emulate", "set -a")
PREPARATIONS += ("unset ", "export ", "aws ")


def _run(line, folder, env):
    words = line.replace("python ", f"{sys.executable} ", 1) if line.startswith("python ") else line
    words = re.sub("^bedrock-llm ", f"{sys.executable} -m bedrock_llm ", words)
    return subprocess.run(
        words, shell=True, cwd=folder, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="written for a POSIX shell")
@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_a_page_is_followed_word_for_word(page, tmp_path, environment):  # noqa: F811
    said = None
    for block in blocks(page):
        if block.language == "python":
            (tmp_path / block.title).write_text(block.code, encoding="utf-8")
        elif block.language == "sh":
            for line in block.code.splitlines():
                if not line.startswith(PREPARATIONS):
                    done = _run(line, tmp_path, environment)
                    assert done.returncode == 0, done.stderr
                    said = done.stdout
        elif block.language == "text":
            assert doctest.OutputChecker().check_output(block.code, said, doctest.ELLIPSIS), said


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_a_page_ends_with_what_was_learnt_and_where_to_go(page):
    headings = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[-1] in ("What you have learnt", "Where to go")


def test_the_pages_are_one_path():
    for page, following in itertools.pairwise(PAGES):
        assert f"({following.name})" in page.read_text(encoding="utf-8"), page.name


def test_what_the_emulator_sets_is_unset_before_aws_is_asked():
    from bedrock_llm.cli.emulate import _environment

    with Emulator() as running:
        printed = set(re.findall(r"^(\w+)=", _environment(running), re.MULTILINE))
    (line,) = re.findall(r"^unset (.*)$", PAGES[-1].read_text(encoding="utf-8"), re.MULTILINE)
    assert set(line.split()) == printed
