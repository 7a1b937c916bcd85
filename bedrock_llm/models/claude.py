"""Claude: what its rules are beyond data.

Here: `ClaudeImplementation`. Not here: facts (catalog/), how it is written to (codecs/). Called by: factory.
"""

from __future__ import annotations

from bedrock_llm.models.remote import RemoteModel

__all__ = ["ClaudeImplementation"]


class ClaudeImplementation(RemoteModel):
    """A Claude model behind an API."""
