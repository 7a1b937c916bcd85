"""What the documentation lists is what there is."""

from __future__ import annotations

import json
import re

import bedrock_llm
from bedrock_llm import errors
from bedrock_llm.parameters import Parameters
from tests.architecture.sources import PACKAGE, ROOT

DOCS = ROOT / "docs"


def _first_cells(page):
    """The names in backticks in the first column of the tables of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_error_has_its_cause_and_cure():
    headings = re.findall(r"^### (\w+)$", (DOCS / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    roots = {"LLMError", "UsageError", "TransportError", "ProviderError"}
    assert sorted([*headings, *roots]) == errors.__all__


def test_the_tree_is_drawn_in_the_docs_as_in_the_code():
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    drawn = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    here = [re.split(r"  +", line)[0] for line in drawn.replace("│   ", "│···").replace("    ├", "····├").splitlines()]
    there = [line[4:] for line in errors.__doc__.splitlines() if line.startswith("    ")]
    assert [line.replace("·", " ").rstrip() for line in here] == there


def test_every_public_name_is_in_the_reference():
    listed = re.findall(
        r"^::: bedrock_llm\.(\w+)$", (DOCS / "reference" / "api.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted([*listed, "__version__"]) == bedrock_llm.__all__


def test_every_parameter_is_listed():
    assert _first_cells("reference/parameters.md") == {*Parameters.__annotations__, "output_type"}


def test_every_feature_that_the_catalog_uses_is_listed():
    families = json.loads((PACKAGE / "catalog" / "families.json").read_text(encoding="utf-8"))
    models = json.loads((PACKAGE / "catalog" / "models.json").read_text(encoding="utf-8"))
    used = {name for profile in families["profiles"].values() for name in profile.get("features", {})}
    used |= {name for row in models["rows"].values() for name in row.get("features", {})}
    listed = {name for name in _first_cells("reference/features.md") if "." not in name}
    assert used - listed == set()
