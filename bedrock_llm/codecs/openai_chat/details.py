"""Reasoning in entries: `reasoning_details`, while they grow.

Here: which entry a piece belongs to. Called by: assembly.py.
Follows: OpenRouter's guide on reasoning tokens, whose form other gateways share: entries of type `reasoning.text`,
`reasoning.summary` and `reasoning.encrypted`, with a format, an index, an id or a signature.

Rule: entries that came together are different ones. A later piece belongs to the last entry of its type and index,
unless it is encrypted: then it is whole.
"""

from __future__ import annotations

from bedrock_llm.codecs.shared.reading import Json, object_of

__all__ = ["Details"]

_GROWING = {"reasoning.text": "text", "reasoning.summary": "summary"}


class Details:
    """The entries of one answer, in the order in which they began."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[dict[str, Json]] = []

    def take(self, given: list[Json]) -> None:
        """The entries of a delta, or of a whole message.

        Raises:
            ProtocolError: One is no object.
        """
        before = tuple(reversed(self.entries))
        for piece in given:
            entry = object_of(piece, "an entry of reasoning_details")
            whole = next((known for known in before if _same(known, entry)), None)
            if whole is None:
                self.entries.append(dict(entry))
            else:
                _grow(whole, entry)


def _same(known: dict[str, Json], entry: dict[str, Json]) -> bool:
    kind = entry.get("type")
    growing = kind.__class__ is str and kind in _GROWING
    return growing and known.get("type") == kind and known.get("index") == entry.get("index")


def _grow(whole: dict[str, Json], piece: dict[str, Json]) -> None:
    words = _GROWING[piece["type"]]
    for name, value in piece.items():
        before = whole.get(name)
        if name == words and isinstance(before, str) and isinstance(value, str):
            whole[name] = before + value
        elif value not in (None, "") or name not in whole:
            whole[name] = value
