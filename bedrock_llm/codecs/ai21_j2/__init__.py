"""AI21's Jurassic-2: a prompt in, completions out."""

from bedrock_llm.codecs.ai21_j2.body import J2Body

__all__ = ["J2Body"]
