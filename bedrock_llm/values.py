"""The dict form of our frozen values.

Here: `Value`, the mix-in that gives a dataclass `to_dict` and `from_dict`, and the converters for fields that JSON
cannot hold. Not here: any value. Called by: config, messages, parameters, request, response, events.

Rule 1: data decides nothing. A field is read by the converter its class names, never by a tag that a stranger could
put into tool arguments; only the closed sets of parts and events are told apart by their `type`.
Rule 2: a field that has its default is left out, so that `None` and 0 stay apart.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar, dataclass_transform, overload

from bedrock_llm.errors import InvalidRequestError

__all__ = ["DECIMAL", "DECIMALS", "SOURCE", "TUPLE", "Converter", "Frozen", "Value", "frozen", "many", "one", "union"]

Self = TypeVar("Self", bound="Value")
T = TypeVar("T")


class Converter(NamedTuple):
    """How one field is written to JSON and read back."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


class _Names(NamedTuple):
    """Which of a class's fields are compared, hashed and shown."""

    compared: tuple[str, ...]
    hashed: tuple[str, ...]
    shown: tuple[str, ...]


_NAMES: dict[Any, _Names] = {}


def _names(value: Any) -> _Names:
    kind = value.__class__
    known = _NAMES.get(kind)
    if known is not None:
        return known
    made = fields(kind)
    _NAMES[kind] = _Names(
        tuple(item.name for item in made if item.compare),
        tuple(item.name for item in made if (item.compare if item.hash is None else item.hash)),
        tuple(item.name for item in made if item.repr),
    )
    return _NAMES[kind]


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, weakref_slot: bool = ...) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, eq_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, weakref_slot: bool = False) -> Any:
    """Make a subclass of `Frozen` or `Value` a frozen dataclass with slots.

    What `dataclass(frozen=True, slots=True)` does, at a third of what it takes to define the class and two thirds of
    what it takes to make a value: the one method that is written for each class is `__init__`, and it fills the slots
    directly. The values are many, they are defined whenever the package is imported, and made for every call.

    Args:
        cls: The class.
        weakref_slot: Whether its values can be referred to weakly.
    """
    if cls is None:
        return lambda decorated: _define(decorated, weakref_slot=weakref_slot)
    return _define(cls, weakref_slot=weakref_slot)


def _define(cls: Any, *, weakref_slot: bool) -> Any:
    made: Any = dataclass(init=False, eq=False, repr=False, slots=True, weakref_slot=weakref_slot)(cls)
    scope: dict[str, Any] = {"_absent": MISSING}
    positional, named, body = ["self"], ["*"], []
    for item in fields(made):
        name = item.name
        scope[f"_set_{name}"] = getattr(made, name).__set__
        given, default = name, ""
        if item.default is not MISSING:
            scope[f"_default_{name}"], default = item.default, f"=_default_{name}"
        elif item.default_factory is not MISSING:
            scope[f"_make_{name}"], default = item.default_factory, "=_absent"
            given = f"_make_{name}() if {name} is _absent else {name}"
        (named if item.kw_only else positional).append(name + default)
        body.append(f"    _set_{name}(self, {given})")
    if hasattr(made, "__post_init__"):
        body.append("    self.__post_init__()")
    parameters = ", ".join(positional + (named if len(named) > 1 else []))
    exec("\n".join((f"def __init__({parameters}):", *body)), scope)  # as dataclasses writes its own methods
    made.__init__ = scope["__init__"]
    made.__init__.__qualname__ = f"{made.__qualname__}.__init__"
    made.__init__.__annotations__ = {item.name: item.type for item in fields(made)} | {"return": None}
    return made


class Frozen:
    """Base of our frozen values: equality by value, hash, repr, pickling; no dict form. Decorate with `frozen`."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self) -> list[Any]:
        return [getattr(self, item.name) for item in fields(self)]

    def __setstate__(self, state: Sequence[Any]) -> None:
        for item, entry in zip(fields(self), state, strict=True):
            object.__setattr__(self, item.name, entry)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        names = _names(self).compared
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in _names(self).hashed))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _names(self).shown)
        return f"{self.__class__.__qualname__}({shown})"


class Value(Frozen):
    """Base of our frozen values that have a dict form. Decorate with `frozen`."""

    __slots__ = ()
    tag: ClassVar[str | None] = None
    converters: ClassVar[Mapping[str, Converter]] = {}
    omitted: ClassVar[frozenset[str]] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """This value as JSON-able data; fields at their defaults are left out."""
        data: dict[str, Any] = {} if self.tag is None else {"type": self.tag}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in self.omitted or value == _default(item):
                continue
            converter = self.converters.get(item.name)
            data[item.name] = converter.encode(value) if converter else _plain(value)
        return data

    @classmethod
    def from_dict(cls: type[Self], data: Mapping[str, Any]) -> Self:
        """The value that `to_dict` wrote.

        Raises:
            InvalidRequestError: A field is unknown or missing, or its class or converter refuses what it holds.
        """
        if not isinstance(data, Mapping):
            raise InvalidRequestError.of(cls.__name__, data, "a mapping as to_dict() writes it")
        known = {item.name for item in fields(cls) if item.name not in cls.omitted}
        values = {}
        for name, value in data.items():
            if name == "type" and cls.tag is not None and name not in known:
                if value != cls.tag:
                    raise InvalidRequestError.of(f"{cls.__name__}.type", value, repr(cls.tag))
                continue
            if name not in known:
                allowed = ", ".join(sorted(known))
                raise InvalidRequestError.of(f"{cls.__name__}.{name}", value, f"absent; the fields are {allowed}")
            values[name] = _decoded(cls, name, value)
        try:
            return cls(**values)
        except TypeError as error:
            raise InvalidRequestError(f"{cls.__name__} cannot be read: {error}", parameter=cls.__name__) from error


def _decoded(cls: type[Value], name: str, value: Any) -> Any:
    converter = cls.converters.get(name)
    if converter is None:
        return value
    try:
        return converter.decode(value)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise InvalidRequestError.of(f"{cls.__name__}.{name}", value, "as to_dict() writes it") from error


def _default(item: Any) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def one(kind: Callable[[], type[Value]]) -> Converter:
    """A field that holds one value (or None) of a class, named late so that classes may refer to one another."""
    return Converter(
        lambda value: None if value is None else value.to_dict(),
        lambda data: None if data is None else kind().from_dict(data),
    )


def union(kinds: Callable[[], Mapping[str, type[Value]]]) -> Converter:
    """A field that holds one of several classes, told apart by `type`."""

    def decode(data: Any) -> Value:
        tag = data.get("type") if isinstance(data, Mapping) else None
        known = kinds()
        if not isinstance(tag, str) or tag not in known:
            raise InvalidRequestError.of("type", tag, "one of " + ", ".join(sorted(known)))
        return known[tag].from_dict(data)

    return Converter(lambda value: value.to_dict(), decode)


def many(item: Converter) -> Converter:
    """A tuple of what `item` converts."""
    return Converter(
        lambda values: [item.encode(value) for value in values],
        lambda data: tuple(item.decode(entry) for entry in _listed(data)),
    )


def _listed(data: Any) -> Any:
    """`data` if it is a list: the characters of a string and the keys of a mapping are no entries."""
    if not isinstance(data, (list, tuple)):
        raise TypeError(f"a list was expected, not {type(data).__name__}")
    return data


def _encode_source(source: Any) -> Any:
    if isinstance(source, bytes):
        return {"base64": base64.b64encode(source).decode("ascii")}
    return {"path": str(source)} if isinstance(source, Path) else source


def _decode_source(data: Any) -> Any:
    if isinstance(data, Mapping):
        return base64.b64decode(data["base64"], validate=True) if "base64" in data else Path(data["path"])
    return data


TUPLE = Converter(
    lambda values: None if values is None else list(values),
    lambda data: None if data is None else tuple(_listed(data)),
)
SOURCE = Converter(_encode_source, _decode_source)
DECIMAL = Converter(
    lambda value: None if value is None else str(value), lambda data: None if data is None else Decimal(data)
)
DECIMALS = Converter(
    lambda values: None if values is None else {name: str(value) for name, value in values.items()},
    lambda data: None if data is None else {name: Decimal(value) for name, value in data.items()},
)
