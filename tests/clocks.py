"""A clock that only sleeping moves, and chance that is not."""

from __future__ import annotations

from bedrock_llm.retry import RetryClock


class StillClock(RetryClock):
    """Starts at 0 and moves by what is slept; `random` always gives `chance`."""

    def __init__(self, chance: float = 0.5) -> None:
        super().__init__(lambda: self.time_s, self._move, lambda: chance)
        self.time_s = 0.0
        self.slept: list[float] = []

    async def _move(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time_s += seconds
