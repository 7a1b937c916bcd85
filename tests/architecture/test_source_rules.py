"""Rules that hold for every source file of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PACKAGE, modules, shown, tree

UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_MODULES = {"dill", "marshal", "pickle", "shelve"}
CLI = PACKAGE / "cli"


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def _public(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """The public classes and functions of a file, and the public methods that no class above describes."""
    for node in tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef) and not node.bases:
                for item in node.body:
                    if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and not item.name.startswith("_"):
                        yield f"{node.name}.{item.name}", item


def _is_overload(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(ast.unparse(item).split(".")[-1] in ("overload", "setter") for item in decorators)


def test_every_module_says_what_it_holds():
    assert [shown(path) for path in modules() if not ast.get_docstring(tree(path))] == []


def test_every_public_name_has_a_docstring():
    bare = [
        f"{shown(path)} {name}"
        for path in modules()
        for name, node in _public(path)
        if not ast.get_docstring(node) and not _is_overload(node)  # type: ignore[arg-type]
    ]
    assert bare == []


def test_only_the_command_line_prints():
    printing = [
        shown(path) for path in modules() if CLI not in path.parents for name, _ in _calls(path) if name == "print"
    ]
    assert printing == []


def test_nobody_configures_the_logging_of_the_user():
    names = {"logging.basicConfig", "basicConfig", "logging.config.dictConfig", "warnings.simplefilter"}
    assert [shown(path) for path in modules() for name, _ in _calls(path) if name in names] == []


def test_nothing_runs_code_that_came_as_data():
    found = [
        f"{shown(path)}: {name}"
        for path in modules()
        for name, _ in _calls(path)
        if name in UNSAFE_CALLS | {"yaml.load"}
    ]
    for path in modules():
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{shown(path)}: {name}" for name in names if name.partition(".")[0] in UNSAFE_MODULES]
    # values.py writes the `__init__` of our classes from their fields' names, as dataclasses does; no data is in it.
    assert found == ["bedrock_llm/values.py: exec"]


def test_no_call_opens_a_shell_or_switches_the_check_of_certificates_off():
    unsafe = {("shell", True), ("verify", False), ("ssl", False), ("verify_ssl", False), ("check_hostname", False)}
    found = [
        f"{shown(path)}: {name}({word.arg}={word.value.value})"
        for path in modules()
        for name, call in _calls(path)
        for word in call.keywords
        if isinstance(word.value, ast.Constant) and (word.arg, word.value.value) in unsafe
    ]
    assert found == []


def test_no_error_is_swallowed_whole():
    """`except Exception: pass` hides what nobody foresaw."""
    swallowed = []
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(item, ast.Pass) for item in node.body):
                caught = "" if node.type is None else ast.unparse(node.type)
                if caught in ("", "Exception", "BaseException"):
                    swallowed.append(f"{shown(path)}:{node.lineno}")
    assert swallowed == []
