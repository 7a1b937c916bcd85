"""Errors of chat completions.

Here: their name among the files of this body; OpenAI's two bodies share them. Called by: whoever carries the body.
"""

from bedrock_llm.codecs.shared.openai_errors import error_of

__all__ = ["error_of"]
