"""Cache points, as Converse takes them.

Here: what Converse refuses a point behind. Not here: the rules that all services share (shared/cache.py), how a point
is written (tools.py). Called by: prepare.py.
Follows: the Bedrock user guide on prompt caching: no point right behind certain attachments.
"""

from __future__ import annotations

from bedrock_llm.codecs.shared import cache
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Audio, Document, Part, Video
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["place_cache_points"]


def place_cache_points(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request with its cache points where Converse and the model take them (see `shared.cache`)."""
    return cache.place_cache_points(request, config, api="Converse", refused_behind=_refused_behind)


def _refused_behind(part: Part) -> bool:
    if isinstance(part, Document):
        return not part.citations and part.media_type != "application/pdf"
    return isinstance(part, (Video, Audio))
