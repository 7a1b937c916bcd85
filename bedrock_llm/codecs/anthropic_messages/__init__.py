"""The Messages API: Claude's own body, whoever carries it."""

from bedrock_llm.codecs.anthropic_messages.body import MessagesBody, direct_body

__all__ = ["MessagesBody", "direct_body"]
