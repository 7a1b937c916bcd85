"""The hard limits of size. A breach is mended by splitting along a noun, not by raising the number."""

from __future__ import annotations

import ast

from tests.architecture.sources import PACKAGE, modules, shown, tree

MAX_FILE_LINES = 400
MAX_FLOW_LINES = 200
MAX_FUNCTION_LINES = 60  # docstring left out
FORBIDDEN_NAMES = {"common", "helpers", "misc", "util", "utils"}


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def test_no_file_is_longer_than_a_reader_can_hold():
    sizes = {shown(path): path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_the_path_of_a_call_stays_one_page():
    assert (PACKAGE / "flow.py").read_text(encoding="utf-8").count("\n") <= MAX_FLOW_LINES


def test_no_function_is_longer_than_a_screen():
    long = {}
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _lines(node) > MAX_FUNCTION_LINES:
                long[f"{shown(path)}:{node.lineno} {node.name}"] = _lines(node)
    assert long == {}


def test_no_module_is_named_after_nothing():
    assert [
        shown(path) for path in modules() if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES
    ] == []
