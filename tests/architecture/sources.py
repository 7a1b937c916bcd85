"""The files of the repository, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bedrock_llm"
FOLDERS = ("bedrock_llm", "tests", "docs", "examples", "benchmarks", ".ci", ".github")
TEXT_SUFFIXES = {"", ".cfg", ".css", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}


def modules() -> list[Path]:
    """Every source file of the package."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def texts() -> Iterator[Path]:
    """Every text file that belongs to the project."""
    for path in sorted(ROOT.iterdir()):
        if path.is_file() and path.suffix in TEXT_SUFFIXES and not path.name.startswith(".coverage"):
            yield path
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in TEXT_SUFFIXES and "__pycache__" not in path.parts:
                yield path


def shown(path: Path) -> str:
    """A path as messages name it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))
