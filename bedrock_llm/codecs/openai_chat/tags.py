"""Reasoning between tags inside the text of an answer.

Here: text in, pieces of text and of reasoning out. Called by: assembly.py, for models that are known to write so.

Rule: only a pair that is complete is reasoning. Until its end has come nothing behind the first tag is handed out;
where it does not come, all of it was text.
"""

from __future__ import annotations

import re

__all__ = ["TagSplitter"]


class TagSplitter:
    """Splits a text that comes in pieces, however it was cut.

    Args:
        names: Of the tags, e.g. `think`.
    """

    __slots__ = ("_ending", "_held", "_inside", "_opened", "_opening", "_tags")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._tags = tuple(f"<{name}>" for name in names)
        self._opening = re.compile("|".join(map(re.escape, self._tags)))
        self._opened = self._ending = ""
        self._inside: list[str] = []
        self._held = ""  # what may be the beginning of a tag, or of its end

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """What `text` completes: whether it is reasoning, and its words."""
        found: list[tuple[bool, str]] = []
        rest = self._held + text
        while rest:
            if not self._ending:
                begin = self._opening.search(rest)
                if begin is None:
                    return found + self._hold(rest)
                found += [(False, rest[: begin.start()])] if begin.start() else []
                self._opened, self._ending = begin[0], f"</{begin[0][1:]}"
                rest = rest[begin.end() :]
            place = rest.find(self._ending)
            if place < 0:
                kept = min(len(rest), len(self._ending) - 1)
                self._inside.append(rest[: len(rest) - kept])
                self._held = rest[len(rest) - kept :]
                return found
            thought = "".join([*self._inside, rest[:place]])
            found += [(True, thought)] if thought else []
            rest = rest[place + len(self._ending) :]
            self._begin_anew()
        return found

    def close(self) -> str:
        """What was held back: it is text after all."""
        held = "".join([self._opened, *self._inside, self._held])
        self._begin_anew()
        return held

    def _begin_anew(self) -> None:
        self._opened = self._ending = self._held = ""
        self._inside = []

    def _hold(self, rest: str) -> list[tuple[bool, str]]:
        """The text less an end that may become a tag."""
        place = rest.rfind("<")
        begun = place >= 0 and any(tag.startswith(rest[place:]) for tag in self._tags)
        self._held, said = (rest[place:], rest[:place]) if begun else ("", rest)
        return [(False, said)] if said else []
