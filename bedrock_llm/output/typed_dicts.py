"""`typing.TypedDict` in a form that pydantic reads on every Python.

Here: the one conversion. Not here: schemas. Called by: the package.
Follows: https://errors.pydantic.dev/2/u/typed-dict-version (before Python 3.12 pydantic takes only the class of
typing_extensions, as the standard one forgets which keys were inherited).
"""

from __future__ import annotations

import sys
import types
from typing import Annotated, Any, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["readable"]


def readable(kind: Any) -> Any:
    """`kind` with every `typing.TypedDict` in it made one of typing_extensions, where pydantic needs that."""
    return kind if sys.version_info >= (3, 12) else _converted(kind, {})


def _converted(kind: Any, done: dict[Any, Any]) -> Any:
    if isinstance(kind, type) and is_typeddict(kind):
        return _typed_dict(kind, done) if type(kind).__module__ == "typing" else kind
    origin, arguments = get_origin(kind), get_args(kind)
    if not arguments or not any(map(_holds_typed_dict, arguments)):
        return kind
    if origin is Annotated:
        return Annotated[(_converted(arguments[0], done), *arguments[1:])]
    inner = tuple(_converted(argument, done) for argument in arguments)
    if origin in (Union, types.UnionType):
        return Union[inner]  # noqa: UP007  # made at run time
    return origin[inner]


def _holds_typed_dict(kind: Any) -> bool:
    return (isinstance(kind, type) and is_typeddict(kind)) or any(map(_holds_typed_dict, get_args(kind)))


def _typed_dict(kind: Any, done: dict[Any, Any]) -> Any:
    import typing_extensions

    if kind in done:
        return done[kind]
    # A recursive one refers to itself by name; there the standard class stays and pydantic says what it wants.
    done[kind] = kind
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        wrapper = get_origin(hint)
        wrapped = wrapper in (Required, NotRequired)
        inner = _converted(get_args(hint)[0] if wrapped else hint, done)
        required = wrapper is Required if wrapped else name in kind.__required_keys__
        fields[name] = inner if required else NotRequired[inner]
    make: Any = typing_extensions.TypedDict  # a type checker reads no class made at run time
    made = make(kind.__name__, fields)
    made.__doc__ = kind.__doc__
    made.__module__ = kind.__module__
    done[kind] = made
    return made
