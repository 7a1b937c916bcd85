"""What the documentation lists is what there is."""

from __future__ import annotations

import ast
import json
import re

import pytest

import bedrock_llm
from bedrock_llm import errors, operations, testing
from bedrock_llm.parameters import Parameters
from tests.architecture.sources import PACKAGE, ROOT, shown
from tests.docs.pages import DOCS, PAGES

MOST_LINES = 200


def _text(page):
    return (DOCS / page).read_text(encoding="utf-8")


def _first_cells(page):
    """The names in backticks in the first column of the tables of a page."""
    cells = [line.split("|")[1] for line in _text(page).splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def _from_docstrings(home):
    """The names of a module that the reference takes from docstrings."""
    pages = [path.read_text(encoding="utf-8") for path in sorted((DOCS / "reference").glob("*.md"))]
    return sorted(re.findall(rf"^::: {re.escape(home)}\.(\w+)$", "\n".join(pages), re.MULTILINE))


def test_every_error_is_on_the_page_of_errors_with_its_cause_or_cure():
    entry = re.compile(r"^::: bedrock_llm\.(\w+)\n(.*?)(?=^:::|^## |\Z)", re.MULTILINE | re.DOTALL)
    entries = dict(entry.findall(_text("reference/errors.md")))
    roots = {"LLMError", "UsageError", "TransportError", "ProviderError"}
    assert sorted(entries) == errors.__all__
    assert [name for name in entries if name not in roots and not re.search(r"\*(Cause|Cure):\*", entries[name])] == []


def test_the_tree_is_drawn_in_the_docs_as_in_the_code():
    drawn = re.search(r"```text\n(.*?)```", _text("reference/errors.md"), re.DOTALL)[1]
    here = [re.split(r"  +", line)[0] for line in drawn.replace("│   ", "│···").replace("    ├", "····├").splitlines()]
    there = [line[4:] for line in errors.__doc__.splitlines() if line.startswith("    ")]
    assert [line.replace("·", " ").rstrip() for line in here] == there


def test_every_public_name_is_in_the_reference_once():
    assert sorted([*_from_docstrings("bedrock_llm"), "__version__"]) == bedrock_llm.__all__
    assert _from_docstrings("bedrock_llm.operations") == sorted(operations.__all__)
    assert _from_docstrings("bedrock_llm.testing") == sorted(testing.__all__)


def test_every_parameter_is_listed():
    assert _first_cells("reference/parameters.md") == {*Parameters.__annotations__, "output_type"}


def test_every_feature_that_the_catalog_uses_is_listed():
    files = [json.loads(path.read_text(encoding="utf-8")) for path in (PACKAGE / "catalog").glob("*/*.json")]
    holders = [item for file in files for kind in ("profiles", "rows") for item in file.get(kind, {}).values()]
    used = {name for holder in holders for name in holder.get("features", {})}
    used |= {name for file in files for name in file.get("common", {})}
    listed = {name.partition(".")[0] for name in _first_cells("reference/features.md")}
    assert used - listed == set()


def test_every_option_of_every_command_is_listed_and_no_other():
    typer = pytest.importorskip("typer")
    from bedrock_llm.cli.application import application

    root = typer.main.get_command(application)
    for name, command in root.commands.items():
        section = re.search(rf"^## {name}\n(.*?)(?=^## )", _text("reference/cli.md"), re.MULTILINE | re.DOTALL)[1]
        cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        listed = {option for cell in cells for option in re.findall(r"`(--?[\w-]+)`", cell)}
        options = [parameter.opts for parameter in command.params if parameter.param_type_name == "option"]
        assert listed == {option for opts in options for option in opts} - {"--help", "-h"}, name


def test_every_variable_of_the_environment_that_the_package_reads_is_listed():
    names = re.compile(r"(?:AWS|BEDROCK_LLM|SSL_CERT)_[A-Z0-9_]*[A-Z0-9]")
    read = {
        node.value
        for path in PACKAGE.rglob("*.py")
        if "testing" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and names.fullmatch(node.value)
    }
    sensitive = {"AWS_ACCESS_KEY", "AWS_SECRET_KEY"}  # what guardrails find, not variables
    assert read - sensitive - _first_cells("reference/environment.md") == set()


def test_every_test_that_is_named_exists():
    for path, name in re.findall(
        r"`(tests/[\w/.]+)(?:::(\w+))?`", "\n".join(page.read_text("utf-8") for page in PAGES)
    ):
        assert (ROOT / path).exists(), path
        if name:
            assert re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8")), f"{path}::{name}"


def test_every_example_that_is_named_exists():
    named = {name for page in PAGES for name in re.findall(r"examples/\w+\.py", page.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_no_page_is_long():
    pages = [page for page in PAGES if page.is_relative_to(DOCS) and page.name != "decisions.md"]  # that one is a log
    assert [shown(page) for page in pages if len(page.read_text(encoding="utf-8").splitlines()) > MOST_LINES] == []
