"""Ollama's own chat body, for every model that it runs."""

from bedrock_llm.codecs.ollama_chat.body import OllamaChatBody

__all__ = ["OllamaChatBody"]
