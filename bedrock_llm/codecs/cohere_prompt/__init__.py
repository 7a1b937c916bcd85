"""Cohere's older Command models: a prompt in, generations out."""

from bedrock_llm.codecs.cohere_prompt.body import CoherePromptBody

__all__ = ["CoherePromptBody"]
