"""Meta's Llama: a prompt in the model's own template, a generation out."""

from bedrock_llm.codecs.llama_prompt.body import LlamaPromptBody

__all__ = ["LlamaPromptBody"]
