"""Recorded answers of Llama, each to its expected content, whole and however it is cut."""

from __future__ import annotations

from collections import Counter

from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from tests.codecs.shared.text_bodies import check_record, config_of, records_of

MODELS = (
    "meta.llama2",
    "meta.llama3-8b",
)


def test_every_recorded_answer_is_read_to_its_expected_content():
    counted = Counter()
    for record, expected in records_of(*MODELS):
        config = config_of({"body": "llama_prompt", "template": "llama-2"})
        counted[check_record(LlamaPromptBody(), config, record, expected)] += 1
    assert counted == {"whole": 4, "streamed": 2}
