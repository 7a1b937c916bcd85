"""StartAsyncInvoke, GetAsyncInvoke and ListAsyncInvokes.

Here: `Invocations`, which complete after so many looks. Nothing is written into any bucket. Called by: table.
Follows: the service model `bedrock-runtime/2023-09-30`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bedrock_llm.testing.emulator.operations.call import OperationCall
from bedrock_llm.testing.emulator.validate import Invalid, check_model
from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["Invocations"]

_ARN = re.compile(r"arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:async-invoke/[a-z0-9]{12}")
_STATUSES = ("InProgress", "Completed", "Failed")
_PAGE = 100
_MAX_PAGE = 1000


@dataclass(slots=True)
class _Job:
    """One invocation; `looks` is how often it will be seen in progress still."""

    arn: str
    body: dict[str, Any]
    submitted: float
    looks: int
    failure: str | None
    ended: float | None = None

    @property
    def status(self) -> str:
        if self.ended is None:
            return "InProgress"
        return "Completed" if self.failure is None else "Failed"


class Invocations:
    """The account's invocations.

    Attributes:
        looks_in_progress: How often GetAsyncInvoke sees a new invocation in progress before it has ended.
    """

    def __init__(self, region: str) -> None:
        self.looks_in_progress: int = 1
        self._region = region
        self._jobs: dict[str, _Job] = {}
        self._failures: list[str] = []

    def fail(self, message: str) -> None:
        """Let the next invocation that is started fail, with this message."""
        self._failures.append(message)

    def start(self, call: OperationCall) -> dict[str, Any]:
        """StartAsyncInvoke's answer; the same token gives the same invocation again."""
        body = call.body
        check_model(body["modelId"])
        if not isinstance(body["modelInput"], dict):
            raise Invalid("The modelInput field must be a JSON object.")
        token = body.get("clientRequestToken")
        for job in self._jobs.values():
            if token is not None and job.body.get("clientRequestToken") == token:
                if job.body != body:
                    message = "The client request token was used for another request."
                    raise Refusal("ConflictException", message)
                return {"invocationArn": job.arn}
        arn = f"arn:aws:bedrock:{self._region}:000000000000:async-invoke/{len(self._jobs) + 1:012d}"
        failure = self._failures.pop(0) if self._failures else None
        self._jobs[arn] = _Job(arn, body, call.now, self.looks_in_progress, failure)
        return {"invocationArn": arn}

    def get(self, call: OperationCall) -> dict[str, Any]:
        """GetAsyncInvoke's answer."""
        arn = call.names["arn"]
        job = self._jobs.get(arn)
        if not _ARN.fullmatch(arn) or job is None:
            raise Invalid("The provided invocation ARN is invalid.")
        if job.ended is None:
            job.looks -= 1
            if job.looks < 0:
                job.ended = call.now
        return self._shown(job)

    def list(self, call: OperationCall) -> dict[str, Any]:
        """ListAsyncInvokes' answer."""
        query = call.query
        status = query.get("statusEquals")
        if status is not None and status not in _STATUSES:
            raise Invalid(f"Value '{status}' at 'statusEquals' failed to satisfy constraint: {list(_STATUSES)}")
        size = min(int(query.get("maxResults", _PAGE)), _MAX_PAGE)
        after, before = (_seconds(query.get(name)) for name in ("submitTimeAfter", "submitTimeBefore"))
        jobs = [job for job in self._jobs.values() if status in (None, job.status)]
        jobs = [job for job in jobs if (after is None or job.submitted > after)]
        jobs = [job for job in jobs if (before is None or job.submitted < before)]
        if query.get("sortOrder", "Descending") == "Descending":
            jobs.reverse()
        start = int(query.get("nextToken", "0"))
        answer: dict[str, Any] = {"asyncInvokeSummaries": [self._shown(job) for job in jobs[start : start + size]]}
        if start + size < len(jobs):
            answer["nextToken"] = str(start + size)
        return answer

    def _shown(self, job: _Job) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "invocationArn": job.arn,
            "modelArn": f"arn:aws:bedrock:{self._region}::foundation-model/{job.body['modelId'].rpartition('/')[2]}",
            "status": job.status,
            "submitTime": _written(job.submitted),
            "lastModifiedTime": _written(job.ended or job.submitted),
            "outputDataConfig": job.body["outputDataConfig"],
        }
        if job.body.get("clientRequestToken"):
            shown["clientRequestToken"] = job.body["clientRequestToken"]
        if job.ended is not None:
            shown["endTime"] = _written(job.ended)
        if job.status == "Failed":
            shown["failureMessage"] = job.failure
        return shown


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise Invalid(f"The timestamp {text} is not valid.") from error
