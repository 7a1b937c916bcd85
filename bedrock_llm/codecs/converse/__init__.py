"""Amazon Bedrock's Converse and ConverseStream, written and read."""

from bedrock_llm.codecs.converse.codec import ConverseCodec

__all__ = ["ConverseCodec"]
