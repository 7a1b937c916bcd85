"""Ways to damage bytes and JSON.

Here: pure functions of a seeded `Random`. Not here: what is damaged (targets.py).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

__all__ = ["cuts", "damaged_bytes", "damaged_json"]

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**53, 1e308, "", " ", "x" * 300, "\ud800", "\u2028", "<think>", "null", "[DONE]"),
    *([], [[]], {}, {"": None}, [None], "{\"a\": ", "1e999", "NaN", "\x00"),
)  # fmt: skip
DEEP = 90  # levels of nesting; our own copying of it needs several frames for each


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """`data` with one to four places changed, cut, doubled or moved."""
    made = bytearray(data)
    for _ in range(random.randint(1, 4)):
        random.choice(_BYTE_STEPS)(random, made)
    return bytes(made)


def _flip(random: Random, made: bytearray) -> None:
    if made:
        made[random.randrange(len(made))] ^= 1 << random.randrange(8)


def _put(random: Random, made: bytearray) -> None:
    place = random.randint(0, len(made))
    made[place:place] = bytes(random.randrange(256) for _ in range(random.randint(1, 8)))


def _drop(random: Random, made: bytearray) -> None:
    start = random.randint(0, len(made))
    del made[start : start + random.randint(1, 40)]


def _double(random: Random, made: bytearray) -> None:
    start = random.randint(0, len(made))
    made[start:start] = made[start : start + random.randint(1, 200)]


def _end(random: Random, made: bytearray) -> None:
    del made[random.randint(0, len(made)) :]


_BYTE_STEPS: tuple[Callable[[Random, bytearray], None], ...] = (_flip, _put, _drop, _double, _end)


def damaged_json(random: Random, value: Any) -> Any:
    """A copy of a JSON value with one to three members changed, renamed, taken away or put elsewhere."""
    made = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        made = _damaged_once(random, made)
    return made


def _damaged_once(random: Random, value: Any) -> Any:
    places = list(_places(value))
    if not places:
        return random.choice(ODD)
    holder, key = random.choice(places)
    step = random.randrange(6)
    if step == 0:
        del holder[key]
    elif step == 1 and isinstance(holder, dict):
        holder[str(key) + "x"] = holder.pop(key)
    elif step == 2:
        holder[key] = copy.deepcopy(_at(random.choice(places)))
    elif step == 3 and isinstance(holder, list):
        holder.insert(random.randint(0, len(holder)), copy.deepcopy(holder[key]))
    elif step == 4:
        holder[key] = _deep(random, holder[key])
    else:
        holder[key] = copy.deepcopy(random.choice(ODD))
    return value


def _places(value: Any) -> Any:
    """Every member of every object and list, with what holds it."""
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for key in range(len(value)):
            yield value, key
            yield from _places(value[key])


def _at(place: tuple[Any, Any]) -> Any:
    holder, key = place
    return holder[key]


def _deep(random: Random, value: Any) -> Any:
    depth = random.choice((2, DEEP))
    text = "[" * depth + json.dumps(None) + "]" * depth
    return [value, json.loads(text)]


def cuts(random: Random, data: bytes) -> list[bytes]:
    """`data` in pieces: single bytes, or at up to twelve random places."""
    if len(data) < 400 and random.random() < 0.3:
        return [data[place : place + 1] for place in range(len(data))]
    places = sorted(random.randint(0, len(data)) for _ in range(random.randint(1, 12)))
    edges = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(edges)]
