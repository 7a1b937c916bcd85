"""Amazon Titan Text: a text in, results out."""

from bedrock_llm.codecs.titan_text.body import TitanTextBody

__all__ = ["TitanTextBody"]
