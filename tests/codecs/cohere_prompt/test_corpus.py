"""Recorded answers of Command, each to its expected content, whole and however it is cut."""

from __future__ import annotations

from collections import Counter

from bedrock_llm.codecs.cohere_prompt import CoherePromptBody
from tests.codecs.shared.text_bodies import check_record, config_of, records_of

MODELS = (
    "cohere.command-text",
    "cohere.command-light",
)


def test_every_recorded_answer_is_read_to_its_expected_content():
    counted = Counter()
    for record, expected in records_of(*MODELS):
        config = config_of({"body": "cohere_prompt"})
        counted[check_record(CoherePromptBody(), config, record, expected)] += 1
    assert counted == {"whole": 4, "streamed": 2, "refused": 1}
