"""A body carried by its maker's own API: JSON over HTTPS, streams as server-sent events or lines of JSON."""

from bedrock_llm.codecs.direct.codec import Api, DirectCodec

__all__ = ["Api", "DirectCodec"]
