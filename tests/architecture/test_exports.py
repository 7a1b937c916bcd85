from __future__ import annotations

import ast
import inspect

import pytest

import bedrock_llm
from bedrock_llm import errors
from tests.architecture.sources import PACKAGE, tree

NAMES = [name for name in bedrock_llm.__all__ if name != "__version__"]


def test_the_public_names_are_sorted_and_unique():
    assert sorted(set(bedrock_llm.__all__)) == bedrock_llm.__all__


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_and_says_what_it_is(name):
    value = getattr(bedrock_llm, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)
        assert value.__name__ == name


def test_type_checkers_see_the_same_names_from_the_same_modules_as_the_running_program():
    seen = {}
    for node in ast.walk(tree(PACKAGE / "__init__.py")):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bedrock_llm."):
            seen.update({alias.name: node.module for alias in node.names})
    assert seen == bedrock_llm._HOME_OF
    assert sorted([*seen, "__version__"]) == bedrock_llm.__all__


def test_a_module_lists_each_of_its_public_names_in_its_own_all():
    missing = []
    for name, home in bedrock_llm._HOME_OF.items():
        getattr(bedrock_llm, name)
        listed = getattr(__import__(home, fromlist=["__all__"]), "__all__", ())
        if name not in listed:
            missing.append(f"{home}.{name}")
    assert missing == []


def test_every_error_is_public():
    assert set(errors.__all__) <= set(bedrock_llm.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = bedrock_llm.Nothing


def test_dir_lists_what_has_not_been_loaded_yet():
    assert set(bedrock_llm.__all__) <= set(dir(bedrock_llm))


def test_a_star_import_brings_exactly_the_public_names():
    namespace: dict[str, object] = {}
    exec("from bedrock_llm import *", namespace)
    namespace.pop("__builtins__")
    assert sorted(namespace) == bedrock_llm.__all__
