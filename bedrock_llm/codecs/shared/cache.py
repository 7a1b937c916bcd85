"""Cache points: where `cache=` puts them, and what the services allow of them.

Here: the rules on a request's tools, system and messages. Not here: how a point is written, what a wire refuses a point
behind (each codec). Called by: what prepares a request for a wire.
Follows: the guides on prompt caching of Amazon Bedrock and Anthropic: at most four points; tools, then system, then
messages are cached in this order; a longer life must not follow a shorter; not first in a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, cast

from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import CachePoint, Message, Part, Text
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["place_cache_points"]

MAX_POINTS = 4
_PLACES = ("tools", "system", "messages")
# Families whose caches are known where the catalog has no row.
_PLACES_OF_FAMILY = {"claude": _PLACES, "nova": ("system", "messages")}

TTL: TypeAlias = "Literal['5m', '1h'] | None"


class _Layout:
    """Tools, system and messages of a request as lists that may be changed, and what was done to them.

    System messages that lead the conversation are part of the system text, as on the wire.
    """

    def __init__(self, request: Request) -> None:
        system, messages = request.get("system", ()), request.messages
        leading = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
        self.tools: list[Any] = list(request.get("tools", ()))
        said: list[Any] = [Text(system)] if isinstance(system, str) else list(system)
        said += [part for message in messages[:leading] for part in message.parts]
        self.system = [part for part in said if not isinstance(part, Text) or part.text.strip()]
        self.messages: list[Message] = list(messages[leading:])
        self.warnings: list[ResponseWarning] = []

    def place(self, name: str) -> list[Any]:
        """The entries of tools or system."""
        return self.tools if name == "tools" else self.system

    def warn(self, kind: str, text: str) -> None:
        """Say what was done, once."""
        warning = ResponseWarning(kind, text, "cache")
        if warning not in self.warnings:
            self.warnings.append(warning)


def place_cache_points(
    request: Request, config: ModelConfig, *, api: str, refused_behind: Callable[[Part], bool]
) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request with its cache points where the model takes them, `cache` turned into points of its own.

    Args:
        request: As the caller made it.
        config: Of the model; where its caches are not known, the caller's own points stay and `cache` adds none.
        api: The wire's name in warnings.
        refused_behind: Whether the service refuses a point right behind this part; `cache` then sets it before.
    """
    cache = request.get("cache")
    if not cache and not _has_points(request):
        return (request if cache is None else request.with_(cache=None)), ()
    layout = _Layout(request)
    known = config.feature("cache_points")
    places = _PLACES_OF_FAMILY.get(config.family or "") if known is None else tuple(known)
    if places is not None:
        _drop_elsewhere(layout, places)
    if cache:
        point = CachePoint() if cache is True else CachePoint(cache)
        _add_automatic(layout, places or (), point, refused_behind)
    _drop_misplaced(layout)
    _drop_surplus(layout, api)
    _settle_ttls(layout, long_life=config.feature("cache_ttl_1h") is not False)
    return _rebuilt(request, layout), tuple(layout.warnings)


def _has_points(request: Request) -> bool:
    system = request.get("system", "")
    if system.__class__ is str and "tools" not in request.parameters:  # as in most requests
        return CachePoint in {part.__class__ for message in request.messages for part in message.parts}
    entries: list[Iterable[Any]] = [message.parts for message in request.messages]
    entries += [request.get("tools", ()), () if isinstance(system, str) else system]
    return any(entry.__class__ is CachePoint for group in entries for entry in group)


def _without_points(parts: Iterable[Any]) -> list[Any]:
    return [part for part in parts if part.__class__ is not CachePoint]


def _drop_elsewhere(layout: _Layout, places: Sequence[str]) -> None:
    """Leave out points where the model takes none."""
    for name in ("tools", "system"):
        entries = layout.place(name)
        if name not in places and any(entry.__class__ is CachePoint for entry in entries):
            entries[:] = _without_points(entries)
            layout.warn("unsupported", f"cache points in {name} were left out: the model takes none there")
    if "messages" not in places:
        for index, message in enumerate(layout.messages):
            if any(part.__class__ is CachePoint for part in message.parts):
                layout.messages[index] = replace(message, parts=tuple(_without_points(message.parts)))
                layout.warn("unsupported", "cache points in messages were left out: the model takes none there")


def _add_automatic(
    layout: _Layout, places: Sequence[str], point: CachePoint, refused_behind: Callable[[Part], bool]
) -> None:
    """Points behind the tools, the system text and the last user message."""
    if not places:
        layout.warn("unsupported", "cache was left out: the model is not known to take cache points")
    for name in ("tools", "system"):
        entries = layout.place(name)
        if name in places and entries and entries[-1].__class__ is not CachePoint:
            entries.append(point)
    last = next((i for i in reversed(range(len(layout.messages))) if layout.messages[i].role == "user"), None)
    if "messages" in places and last is not None:
        parts = list(layout.messages[last].parts)
        end = len(parts)
        while end and refused_behind(parts[end - 1]):
            end -= 1
        if end and parts[end - 1].__class__ is not CachePoint:
            parts.insert(end, point)
            layout.messages[last] = replace(layout.messages[last], parts=tuple(parts))


def _drop_misplaced(layout: _Layout) -> None:
    """No point stands first, and no two stand together. One that begins a message ends the user's before it."""
    for name in ("tools", "system"):
        layout.place(name)[:] = _tidied(layout.place(name), layout)
    before: int | None = None
    for index, message in enumerate(layout.messages):
        if message.parts[:1] and message.parts[0].__class__ is CachePoint and before is not None:
            earlier = layout.messages[before]
            layout.messages[before] = replace(earlier, parts=tuple(_tidied((*earlier.parts, message.parts[0]), layout)))
        parts = tuple(_tidied(message.parts, layout))
        if parts != message.parts:
            layout.messages[index] = replace(message, parts=parts)
        before = index if message.role == "user" else before


def _tidied(entries: Sequence[Any], layout: _Layout) -> list[Any]:
    kept: list[Any] = []
    for entry in entries:
        if entry.__class__ is CachePoint and (not kept or kept[-1].__class__ is CachePoint):
            layout.warn("repaired", "cache points that stood first or behind another one were moved or left out")
        else:
            kept.append(entry)
    return kept


def _drop_surplus(layout: _Layout, api: str) -> None:
    """At most four: the oldest in messages go first, as what they cached is covered by the later ones."""
    groups: list[Sequence[Any]] = [*(message.parts for message in layout.messages), layout.tools, layout.system]
    surplus = sum(entry.__class__ is CachePoint for group in groups for entry in group) - MAX_POINTS
    if surplus <= 0:
        return
    layout.warn("repaired", f"the {surplus} oldest cache points were left out: {api} takes {MAX_POINTS} in all")
    for index, message in enumerate(layout.messages):
        kept, surplus = _without_first(message.parts, surplus)
        layout.messages[index] = replace(message, parts=tuple(kept))
    for name in ("tools", "system"):
        layout.place(name)[:], surplus = _without_first(layout.place(name), surplus)


def _without_first(entries: Sequence[Any], count: int) -> tuple[list[Any], int]:
    """The entries less up to `count` cache points from the start, and how many are still to go."""
    kept: list[Any] = []
    for entry in entries:
        if entry.__class__ is CachePoint and count > 0:
            count -= 1
        else:
            kept.append(entry)
    return kept, count


def _settle_ttls(layout: _Layout, *, long_life: bool) -> None:
    """No hour where the model has none; and nothing shorter before something longer. Read from the end."""
    longest: TTL = None

    def settled(entries: Iterable[Any]) -> list[Any]:
        nonlocal longest
        made: list[Any] = []
        for entry in reversed(list(entries)):
            point = _settled(entry, longest, long_life, layout) if entry.__class__ is CachePoint else entry
            longest = "1h" if point.__class__ is CachePoint and point.ttl == "1h" else longest
            made.append(point)
        return made[::-1]

    for index in reversed(range(len(layout.messages))):
        parts = tuple(settled(layout.messages[index].parts))
        if parts != layout.messages[index].parts:
            layout.messages[index] = replace(layout.messages[index], parts=parts)
    layout.system[:] = settled(layout.system)
    layout.tools[:] = settled(layout.tools)


def _settled(point: CachePoint, longest: TTL, long_life: bool, layout: _Layout) -> CachePoint:
    if point.ttl == "1h" and not long_life:
        layout.warn("unsupported", "cache points of 1 hour became points of 5 minutes: the model has no longer life")
        return CachePoint()
    if longest == "1h" and point.ttl != "1h":
        layout.warn("repaired", "cache points of 5 minutes before one of 1 hour became points of 1 hour")
        return CachePoint("1h")
    return point


def _rebuilt(request: Request, layout: _Layout) -> Request:
    """The request of the layout; unchanged members keep their own form."""
    system: Any = request.get("system", ())
    if not isinstance(system, str) or layout.system != [Text(system)]:
        system = tuple(layout.system) or None
    tools = cast("Any", tuple(layout.tools) or None)
    return request.with_(messages=layout.messages, tools=tools, system=system, cache=None)
