"""The loop: cases by number, each with a `Random` of its own, so that any of them can be had again.

Here: `case` and `run`. Not here: what a case is (targets.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from random import Random

from tests.fuzz.targets import TARGETS

__all__ = ["case", "run"]


def case(target: str, seed: int, number: int) -> None:
    """One case; raises what it finds, with a note how to have it again."""
    try:
        TARGETS[target](Random(f"{seed} {target} {number}"))
    except Exception as error:
        error.add_note(f"again: python -m tests.fuzz --seed {seed} --only {target!r} --number {number}")
        raise


def run(seed: int, seconds: float, only: str | None, clock: Callable[[], float] = time.monotonic) -> int:
    """All targets in turn until the time is over; the number of cases."""
    chosen = [only] if only else list(TARGETS)
    end, number = clock() + seconds, 0
    while clock() < end:
        for target in chosen:
            case(target, seed, number)
        number += 1
        if number % 1000 == 0:
            sys.stdout.write(f"{number * len(chosen)} cases\n")
            sys.stdout.flush()
    return number * len(chosen)
