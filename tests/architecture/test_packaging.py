"""What a user installs: the wheel's contents, and the extras that messages name."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile

import pytest

import bedrock_llm
from tests.architecture.sources import PACKAGE, ROOT, modules, tree

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The built wheel; the builder runs from this environment, so nothing is downloaded."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    folders = {name.partition("/")[0] for name in wheel.namelist()}
    assert folders == {"bedrock_llm", f"bedrock_llm-{bedrock_llm.__version__}.dist-info"}
    assert [name for name in wheel.namelist() if name.endswith((".pth", ".pyc", ".so"))] == []


def test_the_wheel_holds_every_file_of_the_package(wheel):
    held = {name for name in wheel.namelist() if name.startswith("bedrock_llm/")}
    here = {
        path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    assert held == here
    assert "bedrock_llm/py.typed" in held


def test_the_wheel_carries_the_licence_and_the_notice(wheel):
    info = f"bedrock_llm-{bedrock_llm.__version__}.dist-info"
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= set(wheel.namelist())
    metadata = wheel.read(f"{info}/METADATA").decode("utf-8")
    assert "License-Expression: Apache-2.0" in metadata
    assert f"Version: {bedrock_llm.__version__}" in metadata


def test_every_extra_that_a_message_names_exists():
    named = {
        str(ast.literal_eval(node.args[0]))
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("MissingExtraError.needing")
        and isinstance(node.args[0], ast.Constant)
    }
    assert named - set(PROJECT["optional-dependencies"]) == set()


def test_no_dependency_is_capped():
    wanted = [
        *PROJECT["dependencies"],
        *(line for lines in PROJECT["optional-dependencies"].values() for line in lines),
    ]
    assert [line for line in wanted if "<" in line.partition(";")[0] or "==" in line.partition(";")[0]] == []


def test_the_changelog_knows_the_version():
    assert f"## {bedrock_llm.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
