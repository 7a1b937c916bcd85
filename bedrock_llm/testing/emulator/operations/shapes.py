"""The shapes of the requests: which members there are, their types and their own limits.

Here: one check for each body. Not here: what the checks are made of (schema.py, whose pieces serve Converse too).
Called by: the files beside this one.
Follows: the service model `bedrock-runtime/2023-09-30`.
"""

from __future__ import annotations

from bedrock_llm.operations.checks import ATTACK_CATEGORIES, CONTENT_CATEGORIES, ENTITY_TYPES
from bedrock_llm.testing.emulator.schema import (
    _GUARD,
    _MEMBERS,
    Check,
    _anything,
    _blob,
    _list,
    _string,
    _struct,
    _union,
)

__all__ = ["APPLY_GUARDRAIL", "COUNT_TOKENS", "GUARDRAIL_CHECKS", "START_ASYNC_INVOKE"]

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
_LABEL = r"[a-zA-Z0-9\s._:/=+@-]*"
_KEY = r"arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+))"

COUNT_TOKENS: Check = _struct(
    "input",
    input=_union(
        invokeModel=_struct("body", body=_blob),
        converse=_struct(**{name: _MEMBERS[name] for name in _COUNTED}),
    ),
)

APPLY_GUARDRAIL: Check = _struct(
    "source content",
    source=_string(one_of="INPUT OUTPUT"),
    content=_list(_GUARD, 1),
    outputScope=_string(one_of="INTERVENTIONS FULL"),
)


def _entries(member: str, words: tuple[str, ...]) -> Check:
    return _list(_struct(member, **{member: _string(one_of=" ".join(words))}), 1, len(words))


GUARDRAIL_CHECKS: Check = _struct(
    "messages checks",
    messages=_list(
        _struct(
            "role content",
            role=_string(one_of="user assistant system"),
            content=_list(_union(text=_string(1)), 1),
        ),
        1,
    ),
    checks=_struct(
        contentFilter=_struct("categories", categories=_entries("category", CONTENT_CATEGORIES)),
        promptAttack=_struct("categories", categories=_entries("category", ATTACK_CATEGORIES)),
        sensitiveInformation=_struct("entities", entities=_entries("type", ENTITY_TYPES)),
    ),
)

START_ASYNC_INVOKE: Check = _struct(
    "modelId modelInput outputDataConfig",
    clientRequestToken=_string(1, 256, "[!-~]*"),
    modelId=_string(1, 256, r"[a-zA-Z_\.\-/0-9:]+"),
    modelInput=_anything,
    outputDataConfig=_union(
        s3OutputDataConfig=_struct(
            "s3Uri",
            s3Uri=_string(1, 1024, r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?"),
            kmsKeyId=_string(1, 2048, _KEY),
            bucketOwner=_string(pattern="[0-9]{12}"),
        )
    ),
    tags=_list(_struct("key value", key=_string(1, 128, _LABEL), value=_string(0, 256, _LABEL)), 0, 200),
)
