"""Recorded answers of DeepSeek, each to its expected content, whole and however it is cut."""

from __future__ import annotations

from collections import Counter

from bedrock_llm.codecs.deepseek_prompt import DeepSeekPromptBody
from tests.codecs.shared.text_bodies import check_record, config_of, records_of

MODELS = (
    "deepseek.r1",
    "arn:aws:sagemaker:",
)


def test_every_recorded_answer_is_read_to_its_expected_content():
    counted = Counter()
    for record, expected in records_of(*MODELS):
        config = config_of({"body": "deepseek_prompt", "thinks": "deepseek" in record["model"]})
        counted[check_record(DeepSeekPromptBody(), config, record, expected)] += 1
    assert counted == {"whole": 1}
