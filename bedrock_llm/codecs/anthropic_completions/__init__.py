"""Claude's first body, of Claude 2 and Claude Instant: a prompt in, its completion out."""

from bedrock_llm.codecs.anthropic_completions.body import CompletionsBody

__all__ = ["CompletionsBody"]
