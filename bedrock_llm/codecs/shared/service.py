"""What Bedrock itself wants of a request, whichever operation carries it: guardrail and metadata, checked.

Here: the service's own limits. Not here: where each stands on a wire. Called by: codecs of Bedrock's operations.
Follows: the service model `bedrock-runtime/2023-09-30`, GuardrailConfiguration and RequestMetadata.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bedrock_llm.errors import InvalidRequestError

__all__ = ["check_guardrail", "checked_metadata"]

MAX_METADATA_ENTRIES = 16

_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]*")
_GUARDRAIL_VERSION = re.compile(r"DRAFT|[1-9][0-9]{0,7}")
_GUARDRAIL_WORDS: Mapping[str, tuple[str, ...]] = {
    "trace": ("enabled", "disabled", "enabled_full"),
    "stream_processing_mode": ("sync", "async"),
}


def check_guardrail(given: Mapping[str, str]) -> None:
    """Refuse a guardrail that the service would.

    Raises:
        InvalidRequestError: Names the member and what is allowed.
    """
    if not _GUARDRAIL_VERSION.fullmatch(given["version"]):
        raise InvalidRequestError.of("guardrail['version']", given["version"], "'DRAFT' or a number of up to 8 digits")
    for name, words in _GUARDRAIL_WORDS.items():
        if name in given and given[name] not in words:
            raise InvalidRequestError.of(f"guardrail[{name!r}]", given[name], "one of " + ", ".join(words))


def checked_metadata(given: Mapping[str, str]) -> dict[str, str]:
    """The request's metadata as the service takes it.

    Raises:
        InvalidRequestError: Names the entry and what is allowed.
    """
    if len(given) > MAX_METADATA_ENTRIES:
        raise InvalidRequestError.of("metadata", f"{len(given)} entries", f"at most {MAX_METADATA_ENTRIES} entries")
    allowed = "up to 256 of the characters a-z A-Z 0-9 : _ @ $ # = / + , - . and white space"
    for name, value in given.items():
        for text, least in ((name, 1), (value, 0)):
            if not least <= len(text) <= 256 or not _METADATA.fullmatch(text):
                raise InvalidRequestError.of(f"metadata[{name!r}]", text, allowed)
    return dict(given)
