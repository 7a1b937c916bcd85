"""An estimate of a text's tokens, from its characters alone.

Here: `estimate`, pure and without a vocabulary. Not here: messages, requests, families of models (counter.py). Called
by: counter, context, the emulator, `ScriptedModel`.

A tokenizer cuts English into pieces of about a word, capitals and digits into smaller ones, punctuation and line breaks
mostly into one each. So a weighted sum over the classes of the UTF-8 bytes comes close, and costs one pass in C and a
few counts: some 4 µs for a kilobyte.

Source: the weights of the ASCII classes are a least-squares fit (relative error) of the o200k vocabulary's counts on
4,025 texts of recorded traffic, 1.2 million characters: English, JSON, code. Those of the other scripts are rules of
thumb between the vocabularies in use, which differ there by a factor of two: half of what they add is doubt.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Weight", "estimate", "weigh_text"]


class Weight(NamedTuple):
    """An estimate before it is fitted to a family of models.

    Attributes:
        tokens: How many.
        doubt: By how many it may be off, beyond the error that every estimate has.
    """

    tokens: float
    doubt: float = 0.0


_LOWER, _UPPER, _DIGIT, _SPACE, _BREAK, _PUNCTUATION, _FOLLOWING, _TWO, _INDIC, _SYMBOL, _THREE, _FOUR = range(12)
_ASCII_WEIGHTS = {_LOWER: 0.173, _UPPER: 0.523, _DIGIT: 0.75, _SPACE: 0.218, _BREAK: 0.425, _PUNCTUATION: 0.486}
_OTHER_WEIGHTS = {
    _TWO: 0.6,  # accents, Greek, Cyrillic, Hebrew, Arabic
    _INDIC: 0.8,  # Indic scripts, Thai, Georgian, Tibetan
    _SYMBOL: 0.9,  # typographic punctuation, arrows, signs
    _THREE: 1.0,  # Chinese, Japanese, Korean
    _FOUR: 2.0,  # emoji and rare signs
}
_OTHER_DOUBT = 0.5


def _class(byte: int) -> int:
    """The class of a byte of UTF-8; what follows a first byte counts nothing."""
    bounds = (
        (0x20, _BREAK),
        (0x21, _SPACE),
        (0x30, _PUNCTUATION),
        (0x3A, _DIGIT),
        (0x41, _PUNCTUATION),
        (0x5B, _UPPER),
        (0x61, _PUNCTUATION),
        (0x7B, _LOWER),
        (0x80, _PUNCTUATION),
        (0xC0, _FOLLOWING),
        (0xE0, _TWO),
        (0xE2, _INDIC),
        (0xE3, _SYMBOL),
        (0xF0, _THREE),
        (0x100, _FOUR),
    )
    return next(kind for below, kind in bounds if byte < below)


_CLASSES = bytes(map(_class, range(256)))
_ASCII = tuple((bytes([kind]), weight) for kind, weight in _ASCII_WEIGHTS.items())
_OTHER = tuple((bytes([kind]), weight) for kind, weight in _OTHER_WEIGHTS.items())


def weigh_text(text: str) -> Weight:
    """The estimate of a text with its doubt, unrounded."""
    count = text.encode("utf-8", "replace").translate(_CLASSES).count
    tokens = 0.0
    for kind, weight in _ASCII:
        tokens += weight * count(kind)
    if text.isascii():
        return Weight(tokens)
    other = sum(weight * count(kind) for kind, weight in _OTHER)
    return Weight(tokens + other, other * _OTHER_DOUBT)


def estimate(text: str) -> int:
    """About how many tokens `text` is for a current vocabulary; 0 only for the empty text."""
    return math.ceil(weigh_text(text).tokens)
