"""DeepSeek-R1, and others that complete a text: a prompt in, choices out, reasoning told apart."""

from bedrock_llm.codecs.deepseek_prompt.body import DeepSeekPromptBody

__all__ = ["DeepSeekPromptBody"]
