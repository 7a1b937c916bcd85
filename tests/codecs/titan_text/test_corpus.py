"""Recorded answers of Titan, each to its expected content, whole and however it is cut."""

from __future__ import annotations

from collections import Counter

from bedrock_llm.codecs.titan_text import TitanTextBody
from tests.codecs.shared.text_bodies import check_record, config_of, records_of

MODELS = (
    "amazon.titan-text",
    "amazon.titan-tg1",
)


def test_every_recorded_answer_is_read_to_its_expected_content():
    counted = Counter()
    for record, expected in records_of(*MODELS):
        config = config_of({"body": "titan_text"})
        counted[check_record(TitanTextBody(), config, record, expected)] += 1
    assert counted == {"whole": 11, "streamed": 8, "refused": 3, "interrupted": 1}
