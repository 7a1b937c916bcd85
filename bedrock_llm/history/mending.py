"""The order in which a conversation is mended.

Here: that order. Not here: the steps (turns.py, pairs.py, attached.py). Called by: `repair`, once there is something
to mend; most conversations need nothing, so this is loaded late.
"""

from __future__ import annotations

from bedrock_llm.history.attached import add_document_texts, move_media, split_results
from bedrock_llm.history.pairs import pair_results
from bedrock_llm.history.turns import Notes, Turn, drop_blanks, fill_empty, mend_ends, merge, place_system

__all__ = ["STEPS", "Notes", "Turn"]

STEPS = (
    drop_blanks,
    place_system,
    merge,
    pair_results,
    move_media,
    split_results,
    add_document_texts,
    fill_empty,
    mend_ends,
)
