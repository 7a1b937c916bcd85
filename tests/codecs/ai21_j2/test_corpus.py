"""Recorded answers of Jurassic-2, each to its expected content, whole and however it is cut."""

from __future__ import annotations

from collections import Counter

from bedrock_llm.codecs.ai21_j2 import J2Body
from tests.codecs.shared.text_bodies import check_record, config_of, records_of

MODELS = ("ai21.j2",)


def test_every_recorded_answer_is_read_to_its_expected_content():
    counted = Counter()
    for record, expected in records_of(*MODELS):
        config = config_of({"body": "ai21_j2"})
        counted[check_record(J2Body(), config, record, expected)] += 1
    assert counted == {"whole": 1}
