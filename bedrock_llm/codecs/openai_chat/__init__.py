"""OpenAI's chat completions body, which many makers' models take."""

from bedrock_llm.codecs.openai_chat.body import ChatBody

__all__ = ["ChatBody"]
