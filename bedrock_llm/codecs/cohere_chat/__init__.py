"""Cohere's first chat body: Command R and R+."""

from bedrock_llm.codecs.cohere_chat.body import CohereChatBody, direct_body

__all__ = ["CohereChatBody", "direct_body"]
