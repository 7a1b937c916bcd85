"""What an answer cost, in exact decimals.

Here: `price`. Not here: where prices come from (lookup.py), the sum over calls (observers/). Called by: flow, and
`overrides` for the names of the buckets.

Rule 1: an unknown price makes an unknown cost, never 0. Rule 2: nothing is rounded.
"""

from __future__ import annotations

from decimal import Context, Decimal
from operator import attrgetter

from bedrock_llm.config import ModelConfig
from bedrock_llm.response import Cost, CostLine, Usage

__all__ = ["BUCKETS", "price"]

BUCKETS = (
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "output",
    "input_audio",
    "output_audio",
    "input_image",
    "searches",
    "images",
)
"""What is priced: the fields of `Usage` without `_tokens`."""

_ZERO = Decimal(0)
_EXACT = Context(prec=60)  # of our own: what a caller set for his decimals shall not round ours
_QUANTITIES = attrgetter(*(name if name in ("searches", "images") else f"{name}_tokens" for name in BUCKETS))
_STANDARD = (None, "default", "standard")  # what the providers call the tier and the latency without a name of its own


def price(
    usage: Usage, config: ModelConfig, *, price_class: str | None = None, lower_bound: bool = False
) -> Cost | None:
    """What `usage` costs at the prices in `config`.

    Args:
        usage: What was used.
        config: Whose prices are taken; they are for one request.
        price_class: The service tier or latency that the answer reports ("flex", "priority", "optimized" ...), where
            it is priced apart; None, "default" and "standard" mean the standard price.
        lower_bound: Whether more may have been billed.

    Returns:
        The cost with one line per bucket used, or None where input or output is unknown, or a bucket that was used
        has no price.
    """
    prices = config.prices
    if not prices or usage.input_tokens is None or usage.output_tokens is None:
        return None
    prefix = "" if price_class in _STANDARD else f"{price_class}/"
    threshold = config.feature("long_context_tokens")
    if threshold is not None and (usage.total_input_tokens or 0) > threshold:
        prefix += "long/"  # the whole request is billed at the higher price
    multiply, add, per_token = _EXACT.multiply, _EXACT.add, _per_token(config)
    lines = []
    total = _ZERO
    for bucket, quantity in zip(BUCKETS, _QUANTITIES(usage), strict=True):
        if quantity:
            rate = prices.get(prefix + bucket)
            if rate is None or quantity < 0:
                return None
            amount = multiply(per_token[prefix + bucket], quantity)
            total = add(total, amount)
            lines.append(CostLine(bucket, quantity, rate, amount))
    return Cost(total, "USD", tuple(lines), lower_bound, config.source, config.as_of)


_KNOWN: dict[int, tuple[ModelConfig, dict[str, Decimal]]] = {}
_MAX_KNOWN = 256  # models whose prices are remembered in this form


def _per_token(config: ModelConfig) -> dict[str, Decimal]:
    """The prices for one token (or piece) each."""
    known = _KNOWN.get(id(config))
    if known is not None and known[0] is config:
        return known[1]
    if len(_KNOWN) >= _MAX_KNOWN:
        _KNOWN.clear()
    made = {bucket: _EXACT.scaleb(rate, -6) for bucket, rate in (config.prices or {}).items()}
    _KNOWN[id(config)] = (config, made)
    return made
