from __future__ import annotations

from bedrock_llm import errors


def _drawn() -> dict[str, str | None]:
    """Class name to parent, as the docstring of errors.py draws it."""
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.strip(" │├└─")
        if not name.endswith("Error") or " " in name:
            continue
        depth = (line.index(name) - 4) // 4
        path[depth:] = [name]
        parents[name] = path[depth - 1] if depth else None
    return parents


def _written() -> dict[str, str | None]:
    """Class name to parent, as the classes are."""
    parents: dict[str, str | None] = {}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.LLMError):
            above = [base.__name__ for base in kind.__bases__ if issubclass(base, errors.LLMError)]
            parents[kind.__name__] = above[0] if above else None
    return parents


def test_the_tree_is_as_it_is_drawn():
    assert _drawn() == _written()


def test_every_class_of_the_tree_is_listed():
    assert sorted(_written()) == errors.__all__


def test_an_unknown_model_is_a_value_error_too():
    assert issubclass(errors.UnknownModelError, ValueError)


def test_no_error_of_the_users_side_is_retryable():
    tree = [getattr(errors, name) for name in errors.__all__]
    assert [kind for kind in tree if issubclass(kind, errors.UsageError) and kind.default_retryable] == []
