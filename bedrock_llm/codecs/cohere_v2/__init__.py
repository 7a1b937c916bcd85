"""Cohere's chat body of version 2: every Command model of its own API."""

from bedrock_llm.codecs.cohere_v2.body import CohereV2Body

__all__ = ["CohereV2Body"]
