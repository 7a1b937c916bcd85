"""Mistral's older models (7B, Mixtral, Small and Large of 2402): a prompt in, texts out."""

from bedrock_llm.codecs.mistral_prompt.body import MistralPromptBody

__all__ = ["MistralPromptBody"]
