"""OpenAI's Responses body, which some other makers' models take as well."""

from bedrock_llm.codecs.openai_responses.body import ResponsesBody

__all__ = ["ResponsesBody"]
