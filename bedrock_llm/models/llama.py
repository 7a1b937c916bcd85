"""Llama: what its rules are beyond data.

Here: `LlamaImplementation`. Not here: facts (catalog/), how it is written to (codecs/). Called by: factory.
"""

from __future__ import annotations

from bedrock_llm.models.remote import RemoteModel

__all__ = ["LlamaImplementation"]


class LlamaImplementation(RemoteModel):
    """A Llama model behind an API."""
