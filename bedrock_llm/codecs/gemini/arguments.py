"""Arguments of a function call that come in pieces.

Here: values put where their JSON paths say. Not here: which call they belong to (assembly.py). Called by: assembly.py.
Follows: PartialArg of Vertex AI: `{"jsonPath": "$.items[0].name", "stringValue": "...", "willContinue": true}`.

Rule: pieces of a string at one path are joined; any other value is whole.
"""

from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import TypeAlias

from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, string_of
from bedrock_llm.errors import ProtocolError

__all__ = ["Arguments"]

Step: TypeAlias = "str | int"

_STEP = re.compile(r"""\.([^.\[\]]+)|\[([0-9]{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_ESCAPED = re.compile(r"\\(.)")
_MAX_STEPS = 100


class Arguments:
    """What is known of a call's arguments so far.

    Args:
        given: Those that came whole; None for none.

    Attributes:
        value: The arguments: an object, unless something else came whole.
    """

    __slots__ = ("_grown", "value")

    def __init__(self, given: Json) -> None:
        self.value: Json = {} if given is None else given
        self._grown = False

    def take(self, pieces: Json) -> None:
        """Pieces, in the order in which they came.

        Raises:
            ProtocolError: One has not the form, or its path leads nowhere.
        """
        entries = list_of(pieces, "partialArgs")
        if entries and not self._grown:
            self.value, self._grown = copy.deepcopy(self.value), True  # what came is kept as it came
        for entry in entries:
            piece = object_of(entry, "an entry of partialArgs")
            self._put(_steps(string_of(piece.get("jsonPath"), "partialArgs.jsonPath")), _value(piece))

    def _put(self, steps: list[Step], value: Json) -> None:
        place, last = self.value, steps[-1]
        for step, following in pairwise(steps):
            empty: Json = {} if following.__class__ is str else []
            place = _at(place, step, empty)
        before = _at(place, last, "" if value.__class__ is str else None)
        place[last] = before + value if before.__class__ is str and value.__class__ is str else value


def _at(place: Json, step: Step, empty: Json) -> Json:
    """What stands at a step; `empty` is put there where nothing does."""
    if step.__class__ is str and place.__class__ is dict:
        return place.setdefault(step, empty)
    if step.__class__ is int and place.__class__ is list and step <= len(place):
        if step == len(place):
            place.append(empty)
        return place[step]
    raise ProtocolError(f"a piece of a call's arguments has no place at {step!r}", excerpt=repr(place))


def _steps(path: str) -> list[Step]:
    """The steps of a JSON path from `$`."""
    steps: list[Step] = []
    place = 1
    while place < len(path) and len(steps) < _MAX_STEPS:
        found = _STEP.match(path, place)
        if found is None:
            break
        name, index, *quoted = found.groups()
        steps.append(int(index) if index else name or _ESCAPED.sub(r"\1", next(text for text in quoted if text)))
        place = found.end()
    if not steps or place < len(path) or not path.startswith("$"):
        raise ProtocolError("the path of a piece of a call's arguments cannot be read", excerpt=path)
    return steps


def _value(piece: dict[str, Json]) -> Json:
    """The value of a piece; one that names none is null."""
    for name in ("stringValue", "numberValue", "boolValue"):
        if piece.get(name) is not None:
            number = piece[name]
            whole = name == "numberValue" and number.__class__ is float and number.is_integer()
            return int(number) if whole else number
    return None
