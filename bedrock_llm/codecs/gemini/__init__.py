"""The body `gemini`: Google's generateContent, with an API key and at Vertex AI alike."""

from bedrock_llm.codecs.gemini.body import GeminiBody

__all__ = ["GeminiBody"]
