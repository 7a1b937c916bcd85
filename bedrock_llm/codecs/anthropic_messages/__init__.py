"""The body `anthropic_messages`: how Claude is written to, on Bedrock's InvokeModel and at Anthropic."""

from bedrock_llm.codecs.anthropic_messages.body import MessagesBody
from bedrock_llm.codecs.anthropic_messages.carrier import BEDROCK, Carrier

__all__ = ["BEDROCK", "Carrier", "MessagesBody"]
