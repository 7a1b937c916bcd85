"""Bedrock's InvokeModel and its stream: what carries the models' native bodies."""

from bedrock_llm.codecs.invoke.codec import InvokeCodec

__all__ = ["InvokeCodec"]
