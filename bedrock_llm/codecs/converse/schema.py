"""The words of the Converse wire: names, formats, limits, stop reasons.

Here: tables only. Not here: reading (decode.py, stream.py) and writing (encode.py) with them. Called by: every file
beside it, and the emulator's parser.
Follows: the service model `bedrock-runtime/2023-09-30`, operations Converse and ConverseStream.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = [
    "AUDIO_FORMATS",
    "CITATION_FIELDS",
    "DOCUMENT_FORMATS",
    "IMAGE_FORMATS",
    "NAME",
    "STOP_REASONS",
    "VIDEO_FORMATS",
    "media_types",
]

NAME = "converse"

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.stop,
    "stop_sequence": StopReason.stop,
    "tool_use": StopReason.tool_use,
    "max_tokens": StopReason.length,
    "model_context_window_exceeded": StopReason.length,
    "guardrail_intervened": StopReason.content_filter,
    "content_filtered": StopReason.content_filter,
    "malformed_model_output": StopReason.error,
    "malformed_tool_use": StopReason.error,
}

CITATION_FIELDS = frozenset({"title", "source", "sourceContent", "location"})

# Format word of the wire to media types; the first is the one a format is read as.
IMAGE_FORMATS: Mapping[str, tuple[str, ...]] = {
    "png": ("image/png",),
    "jpeg": ("image/jpeg", "image/jpg"),
    "gif": ("image/gif",),
    "webp": ("image/webp",),
}
DOCUMENT_FORMATS: Mapping[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "csv": ("text/csv", "application/csv"),
    "doc": ("application/msword",),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    "xls": ("application/vnd.ms-excel",),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    "html": ("text/html", "application/xhtml+xml"),
    "txt": ("text/plain",),
    "md": ("text/markdown", "text/x-markdown"),
}
VIDEO_FORMATS: Mapping[str, tuple[str, ...]] = {
    "mkv": ("video/x-matroska", "video/matroska", "video/mkv"),
    "mov": ("video/quicktime", "video/mov"),
    "mp4": ("video/mp4",),
    "webm": ("video/webm",),
    "flv": ("video/x-flv", "video/flv"),
    "mpeg": ("video/mpeg",),
    "mpg": ("video/mpg", "video/x-mpg"),
    "wmv": ("video/x-ms-wmv", "video/wmv"),
    "three_gp": ("video/3gpp", "video/3gp", "video/three_gp"),
}
AUDIO_FORMATS: Mapping[str, tuple[str, ...]] = {
    "mp3": ("audio/mpeg", "audio/mp3"),
    "opus": ("audio/opus",),
    "wav": ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
    "aac": ("audio/aac",),
    "flac": ("audio/flac", "audio/x-flac"),
    "mp4": ("audio/mp4",),
    "ogg": ("audio/ogg",),
    "mkv": ("audio/x-matroska", "audio/matroska"),
    "mka": ("audio/mka",),
    "x-aac": ("audio/x-aac",),
    "m4a": ("audio/m4a", "audio/x-m4a"),
    "mpeg": ("audio/x-mpeg",),
    "mpga": ("audio/mpga",),
    "pcm": ("audio/pcm", "audio/l16"),
    "webm": ("audio/webm",),
}


def media_types(formats: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Media type to format word, the other way round."""
    return {media_type: word for word, types in formats.items() for media_type in types}
