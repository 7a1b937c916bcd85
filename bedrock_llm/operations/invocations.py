"""Asynchronous invocations: models that write what they make into S3.

Here: `AsyncInvocation`, the bodies and paths, and how the answers are read. Not here: waiting (waiting.py). Called by:
door.
Follows: the service model `bedrock-runtime/2023-09-30`, StartAsyncInvoke, GetAsyncInvoke and ListAsyncInvokes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote, urlencode

from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, string_of
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.operations.reading import INSTANT, answer_of, instant, member, word
from bedrock_llm.values import Converter, Value, frozen

__all__ = [
    "COMPLETED", "FAILED", "AsyncInvocation", "StartOptions", "arn_of", "invocation_path", "list_path",
    "read_invocation", "read_page", "read_started", "start_body",
]  # fmt: skip

COMPLETED = "Completed"
FAILED = "Failed"
STATUSES = ("InProgress", COMPLETED, FAILED)
MAX_TAGS = 200

_S3_URI = re.compile(r"s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](/.*)?", re.DOTALL)
_MODEL = re.compile(r"[a-zA-Z_.\-/0-9:]{1,256}")
_TOKEN = re.compile(r"[!-~]{1,256}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:async-invoke/[a-z0-9]+")


@frozen
class AsyncInvocation(Value):
    """An invocation that runs at the service.

    Attributes:
        arn: Its name; ask for it again by this.
        model_arn: The model, or None where the service did not say it yet.
        status: `InProgress`, `Completed`, `Failed`; or None where the service did not say it yet.
        failure_message: Why it failed, or None.
        submitted_at: When it was started.
        last_modified_at: When its status changed last.
        ended_at: When it ended, or None.
        output_s3_uri: Where the output is written.
        raw: The answer as it came.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "submitted_at": INSTANT,
        "last_modified_at": INSTANT,
        "ended_at": INSTANT,
    }
    arn: str
    model_arn: str | None = None
    status: str | None = None
    failure_message: str | None = None
    submitted_at: datetime | None = None
    last_modified_at: datetime | None = None
    ended_at: datetime | None = None
    output_s3_uri: str | None = None
    raw: Any = field(default=None, compare=False, repr=False)


class StartOptions(NamedTuple):
    """Where the output goes and how the invocation is marked; see `BedrockOperations.start_async_invoke`."""

    output_s3_uri: str
    kms_key_id: str | None
    bucket_owner: str | None
    tags: Mapping[str, str] | None
    client_request_token: str


def start_body(model: str, model_input: Mapping[str, Json], options: StartOptions) -> bytes:
    """The body of StartAsyncInvoke.

    Raises:
        InvalidRequestError: Names what is wrong, and what is allowed.
    """
    _check("model", model, _MODEL, "a model id or ARN of up to 256 characters")
    if not isinstance(model_input, Mapping):
        raise InvalidRequestError.of("model_input", model_input, "a mapping: the model's own JSON")
    _check("output_s3_uri", options.output_s3_uri, _S3_URI, "an s3:// address of a bucket or of a folder in it")
    _check("client_request_token", options.client_request_token, _TOKEN, "1 to 256 visible ASCII characters")
    place = {"s3Uri": options.output_s3_uri}
    if options.kms_key_id is not None:
        place["kmsKeyId"] = _checked_text("kms_key_id", options.kms_key_id)
    if options.bucket_owner is not None:
        _check("bucket_owner", options.bucket_owner, _ACCOUNT, "an account's 12 digits")
        place["bucketOwner"] = options.bucket_owner
    body: dict[str, Json] = {
        "clientRequestToken": options.client_request_token,
        "modelId": model,
        "modelInput": model_input,
        "outputDataConfig": {"s3OutputDataConfig": place},
    }
    if options.tags:
        body["tags"] = _tags(options.tags)
    return to_bytes(body)


def _check(name: str, value: object, pattern: re.Pattern[str], allowed: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidRequestError.of(name, value, allowed)


def _checked_text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError.of(name, value, "a string that is not blank")
    return value


def _tags(tags: Any) -> list[Json]:
    if not isinstance(tags, Mapping) or len(tags) > MAX_TAGS:
        raise InvalidRequestError.of("tags", tags, f"a mapping of at most {MAX_TAGS} strings to strings")
    for key, value in tags.items():
        if not isinstance(key, str) or not isinstance(value, str) or not key:
            raise InvalidRequestError.of(f"tags[{key!r}]", value, "a string")
    return [{"key": key, "value": value} for key, value in tags.items()]


def arn_of(invocation: AsyncInvocation | str) -> str:
    """The ARN of an invocation, given as such or as the invocation.

    Raises:
        InvalidRequestError: It is none.
    """
    arn = invocation.arn if isinstance(invocation, AsyncInvocation) else invocation
    _check("arn", arn, _ARN, "the ARN of an asynchronous invocation (arn:aws:bedrock:...:async-invoke/...)")
    return arn


def invocation_path(arn: str) -> str:
    """The path of GetAsyncInvoke."""
    return f"/async-invoke/{quote(arn, safe='-._~')}"


def list_path(
    status: str | None, submitted_after: datetime | None, submitted_before: datetime | None, page: str | None
) -> str:
    """The path and query of ListAsyncInvokes, newest first.

    Raises:
        InvalidRequestError: There is no such status, or a time is none.
    """
    query = {"sortBy": "SubmissionTime", "sortOrder": "Descending"}
    if status is not None:
        if status not in STATUSES:
            raise InvalidRequestError.of("status", status, "one of " + ", ".join(STATUSES))
        query["statusEquals"] = status
    for name, ours, value in (
        ("submitTimeAfter", "submitted_after", submitted_after),
        ("submitTimeBefore", "submitted_before", submitted_before),
    ):
        if value is not None:
            query[name] = _moment(ours, value)
    if page is not None:
        query["nextToken"] = page
    return f"/async-invoke?{urlencode(query, quote_via=quote, safe='-._~')}"


def _moment(name: str, value: object) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidRequestError.of(name, value, "a datetime with its time zone")
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_started(body: bytes, output_s3_uri: str) -> AsyncInvocation:
    """StartAsyncInvoke's answer: it says the ARN and nothing more.

    Raises:
        ProtocolError: It is none.
    """
    data = answer_of(body)
    return AsyncInvocation(string_of(data.get("invocationArn"), "invocationArn"), output_s3_uri=output_s3_uri, raw=data)


def read_invocation(body: bytes) -> AsyncInvocation:
    """GetAsyncInvoke's answer.

    Raises:
        ProtocolError: It is none.
    """
    data = answer_of(body)
    string_of(data.get("status"), "status")
    return _invocation(data)


def read_page(body: bytes) -> tuple[tuple[AsyncInvocation, ...], str | None]:
    """A page of ListAsyncInvokes, and the mark of the next one.

    Raises:
        ProtocolError: It is none.
    """
    data = answer_of(body)
    entries = list_of(data.get("asyncInvokeSummaries"), "asyncInvokeSummaries")
    found = tuple(_invocation(object_of(entry, "asyncInvokeSummaries")) for entry in entries)
    return found, word(data, "nextToken")


def _invocation(data: dict[str, Json]) -> AsyncInvocation:
    return AsyncInvocation(
        arn=string_of(data.get("invocationArn"), "invocationArn"),
        model_arn=word(data, "modelArn"),
        status=word(data, "status"),
        failure_message=word(data, "failureMessage"),
        submitted_at=instant(data.get("submitTime")),
        last_modified_at=instant(data.get("lastModifiedTime")),
        ended_at=instant(data.get("endTime")),
        output_s3_uri=word(member(member(data, "outputDataConfig"), "s3OutputDataConfig"), "s3Uri"),
        raw=data,
    )
