"""When Cohere bills other counts than the tokens it reports.

Here: that one question, for both versions of its API. Not here: prices (catalog/prices.py). Called by: the bodies
cohere_v2 and cohere_chat.
"""

from __future__ import annotations

from bedrock_llm.codecs.shared.reading import Json

__all__ = ["BILLED_UNITS", "class_of_bill"]

BILLED_UNITS = "billed_units"
"""What Cohere calls the counts it bills, and the class of prices of an answer that has such."""


def class_of_bill(counts: Json) -> str | None:
    """`BILLED_UNITS` where an answer's `usage` (version 2) or `meta` (version 1) bills other counts than its tokens.

    The catalog has no prices of this class, so such an answer has no cost: one made from the tokens, which hold the
    template around the user's own words, would be too high.
    """
    fields = counts if counts.__class__ is dict else {}
    billed, tokens = fields.get(BILLED_UNITS), fields.get("tokens")
    if billed.__class__ is not dict or tokens.__class__ is not dict:
        return None
    same = all(billed.get(name) == tokens.get(name) for name in ("input_tokens", "output_tokens"))
    return None if same else BILLED_UNITS
