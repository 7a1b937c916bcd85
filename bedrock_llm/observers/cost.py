"""Adds up what calls cost.

Here: `CostTracker`. Not here: prices (catalog/), the cost of one answer (`Response.cost`, set by the flow).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from bedrock_llm.errors import ConfigurationError, LLMError
from bedrock_llm.observers.base import ModelObserver
from bedrock_llm.response import Response

__all__ = ["CostTracker"]


class CostTracker(ModelObserver):
    """Totals per model and in all. Safe to share between clients and threads.

    Args:
        limit_usd: Past this total `on_limit` is called, once; None for no limit.
        on_limit: Called with the tracker. It runs inline and cannot stop a call; use it to warn or to switch.

    Attributes:
        unpriced_requests: Answers whose cost is not known; they are in no total.
        lower_bound: Whether more may have been billed than `total_usd` (lost attempts, cancelled calls).
    """

    reads_only: ClassVar[bool] = True

    def __init__(
        self,
        limit_usd: Decimal | float | str | None = None,
        on_limit: Callable[[CostTracker], Any] | None = None,
    ) -> None:
        if on_limit is not None and not callable(on_limit):
            raise ConfigurationError(f"CostTracker.on_limit must be callable, not {on_limit!r}")
        self.limit_usd: Decimal | None = None if limit_usd is None else _amount(limit_usd)
        self._on_limit = on_limit
        self._lock = threading.Lock()
        self._by_model: dict[str, Decimal] = {}
        self._total = Decimal(0)
        self._told = False
        self.unpriced_requests: int = 0
        self.lower_bound: bool = False

    @property
    def total_usd(self) -> Decimal:
        """USD for all answers whose price is known."""
        return self._total

    @property
    def by_model(self) -> Mapping[str, Decimal]:
        """USD per model, a copy."""
        with self._lock:
            return dict(self._by_model)

    def on_request_complete(self, response: Response[Any]) -> None:
        """Add an answer's cost."""
        with self._lock:
            tell = self._add(response)
        if tell and self._on_limit is not None:
            self._on_limit(self)

    def on_error(self, error: LLMError | Exception) -> None:
        """Note that a call without an answer may have been billed."""
        attempts = getattr(error, "attempts", ())
        if any(attempt.billed != "no" for attempt in attempts):
            with self._lock:
                self.lower_bound = True

    def _add(self, response: Response[Any]) -> bool:
        """Whether the limit was passed just now."""
        cost = response.cost
        if cost is None:
            self.unpriced_requests += 1
            return False
        name = f"{response.provider}/{response.model}"
        self._by_model[name] = self._by_model.get(name, Decimal(0)) + cost.total
        self._total += cost.total
        self.lower_bound = self.lower_bound or cost.lower_bound
        passed = self.limit_usd is not None and self._total > self.limit_usd and not self._told
        self._told = self._told or passed
        return passed

    def __repr__(self) -> str:
        return f"CostTracker({self._total:f} USD, {self.unpriced_requests} unpriced)"


def _amount(value: Decimal | float | str) -> Decimal:
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise ConfigurationError(f"CostTracker.limit_usd must be an amount from 0, not {value!r}")
    return amount
