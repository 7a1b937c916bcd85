"""Recorded answers of Mistral, each to its expected content, whole and however it is cut."""

from __future__ import annotations

from collections import Counter

from bedrock_llm.codecs.mistral_prompt import MistralPromptBody
from tests.codecs.shared.text_bodies import check_record, config_of, records_of

MODELS = ("mistral.mistral-7b", "mistral.mistral-small-2402", "mistral.mixtral", "mistral.mistral-large-2402")


def test_every_recorded_answer_is_read_to_its_expected_content():
    counted = Counter()
    for record, expected in records_of(*MODELS):
        config = config_of({"body": "mistral_prompt"})
        counted[check_record(MistralPromptBody(), config, record, expected)] += 1
    assert counted == {"whole": 3, "streamed": 2, "refused": 2}
