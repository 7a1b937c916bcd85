"""Bedrock's control plane, asked through boto3 in a thread.

Here: `ControlPlane`, one call of boto3, and its exceptions as our errors. Not here: the values (account.py), who tries
again (caller.py). Called by: door, `bedrock-llm models --account`, factory (the model behind an opaque ARN).

Rule 1: boto3 gets the keys that the provider has, and looks for none itself; a bearer token is set on each request.
Rule 2: boto3 sends once; `with_retry` owns the rest. Rule 3: a client of boto3 lives for one call, in that call's
thread: nothing is left open, and a caller that is cancelled leaves the thread to its own deadlines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from bedrock_llm.codecs.shared.aws_errors import from_http
from bedrock_llm.codecs.shared.reading import Json, list_of
from bedrock_llm.config import AWSCredentials, Timeouts
from bedrock_llm.errors import (
    ConfigurationError,
    ConnectionFailedError,
    InvalidRequestError,
    LLMError,
    ProtocolError,
    RequestTimeoutError,
    UsageError,
)
from bedrock_llm.models.exchange import clean, explain
from bedrock_llm.operations.account import FoundationModel, InferenceProfile, read_model, read_profile
from bedrock_llm.operations.caller import Caller, Services
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.providers.credentials import BearerToken
from bedrock_llm.providers.endpoints import arn_region

__all__ = ["ControlPlane"]

PAGE_SIZE = 1000  # the most that the service gives at once


class ControlPlane:
    """What the account can reach.

    Args:
        provider: Who asks, and where.
        services: Retries and deadlines.
        now: Seconds since the epoch.
    """

    def __init__(self, provider: BedrockProvider, services: Services, now: Callable[[], float]) -> None:
        self._provider = provider
        self._services = services
        self._now = now

    async def list_foundation_models(
        self,
        *,
        provider: str | None = None,
        output_modality: str | None = None,
        inference_type: str | None = None,
        customization: str | None = None,
    ) -> tuple[FoundationModel, ...]:
        """See `BedrockOperations.list_foundation_models`."""
        given = {
            "byProvider": _text("provider", provider),
            "byOutputModality": _upper("output_modality", output_modality),
            "byInferenceType": _upper("inference_type", inference_type),
            "byCustomizationType": _upper("customization", customization),
        }
        answer = await self._ask(_MODELS, given)
        return tuple(map(read_model, list_of(answer.get("modelSummaries"), "modelSummaries")))

    async def list_inference_profiles(self, *, kind: str | None = None) -> tuple[InferenceProfile, ...]:
        """See `BedrockOperations.list_inference_profiles`."""
        if kind is not None and kind not in _KINDS:
            raise InvalidRequestError.of("kind", kind, "'system' or 'application'")
        found: list[InferenceProfile] = []
        given: dict[str, Any] = {"maxResults": PAGE_SIZE, "typeEquals": None if kind is None else _KINDS[kind]}
        while True:
            answer = await self._ask(_PROFILES, given)
            entries = list_of(answer.get("inferenceProfileSummaries"), "inferenceProfileSummaries")
            found += map(read_profile, entries)
            page = answer.get("nextToken")
            if not page or page == given.get("nextToken"):
                return tuple(found)
            given["nextToken"] = page

    async def get_inference_profile(self, identifier: str) -> InferenceProfile:
        """See `BedrockOperations.get_inference_profile`."""
        if _text("identifier", identifier) is None:
            raise InvalidRequestError.of("identifier", identifier, "a profile's id or ARN")
        asked = _PROFILE._replace(path=f"{_PROFILE.path}/{quote(identifier, safe='-._~')}")
        return read_profile(await self._ask(asked, {"inferenceProfileIdentifier": identifier}))

    async def _ask(self, asked: _Asked, given: Mapping[str, Any]) -> dict[str, Json]:
        parameters = {name: value for name, value in given.items() if value is not None}
        caller = Caller(self._services, self._provider.recover, provider=self._provider.name)
        return await caller.run(lambda: self._once(asked, parameters))

    async def _once(self, asked: _Asked, parameters: Mapping[str, Any]) -> dict[str, Json]:
        from anyio.to_thread import run_sync

        provider, credentials = self._provider, None
        try:
            credentials = await provider.credentials()
            endpoint = provider.control_url(asked.path).removesuffix(asked.path)
            place = _Place(provider.region or arn_region(asked.path), endpoint, provider.ca_bundle)
            ask = partial(_ask_boto3, place, credentials, self._services.timeouts, asked.method, parameters)
            outcome = await run_sync(ask, abandon_on_cancel=True)
            if isinstance(outcome, LLMError):
                raise outcome
            return outcome
        except LLMError as error:
            clean(error, () if isinstance(error, UsageError) else provider.secrets(credentials), self._now)
            raise explain(error, provider, asked.operation, f"bedrock:{asked.operation}") from error.__cause__


class _Asked(NamedTuple):
    """One operation: as the service calls it, as boto3 does, and its path, which says where it is."""

    operation: str
    method: str
    path: str


_MODELS = _Asked("ListFoundationModels", "list_foundation_models", "/foundation-models")
_PROFILES = _Asked("ListInferenceProfiles", "list_inference_profiles", "/inference-profiles")
_PROFILE = _Asked("GetInferenceProfile", "get_inference_profile", "/inference-profiles")
_KINDS = {"system": "SYSTEM_DEFINED", "application": "APPLICATION"}


def _text(name: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InvalidRequestError.of(name, value, "a string that is not blank, or None")
    return value


def _upper(name: str, value: object) -> str | None:
    text = _text(name, value)
    return None if text is None else text.upper()


class _Place(NamedTuple):
    """Where boto3 shall ask; a region of None is one that nobody named, and a bundle of None the system's."""

    region: str | None
    endpoint_url: str
    ca_bundle: str | None


def _ask_boto3(
    place: _Place,
    credentials: AWSCredentials | BearerToken,
    timeouts: Timeouts,
    method: str,
    parameters: Mapping[str, Any],
) -> dict[str, Json] | LLMError:
    """One call, in a thread; the error is returned, as it is cleaned where the secrets are known."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it ships no types

    try:
        client = _client(place, credentials, timeouts)
        try:
            answer = getattr(client, method)(**parameters)
        finally:
            client.close()
    except ClientError as error:
        return _refusal(error)
    except BotoCoreError as error:
        return _failure(error, timeouts)
    return {name: _plain(value) for name, value in answer.items() if name != "ResponseMetadata"}


def _client(place: _Place, credentials: AWSCredentials | BearerToken, timeouts: Timeouts) -> Any:
    import boto3  # type: ignore[import-untyped]  # it ships no types
    from botocore import UNSIGNED  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    bearer = isinstance(credentials, BearerToken)
    config = Config(
        connect_timeout=timeouts.connect_s,
        read_timeout=timeouts.first_event_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        # Said here, because boto3 would let a bearer token of the environment beat the keys that it is given.
        signature_version=UNSIGNED if bearer else "v4",
        use_fips_endpoint=False,  # the address that is given is the one that was asked for
        use_dualstack_endpoint=False,
    )
    options: dict[str, Any] = {"region_name": place.region, "endpoint_url": place.endpoint_url, "config": config}
    if place.ca_bundle is not None:
        options["verify"] = place.ca_bundle
    if isinstance(credentials, AWSCredentials):
        options["aws_access_key_id"] = credentials.access_key_id
        options["aws_secret_access_key"] = credentials.secret_access_key
        options["aws_session_token"] = credentials.session_token
    client = boto3.Session().client("bedrock", **options)
    if isinstance(credentials, BearerToken):
        header = f"Bearer {credentials.token}"

        def authorize(request: Any, **_: Any) -> None:
            request.headers["Authorization"] = header

        client.meta.events.register("before-send.bedrock", authorize)
    return client


def _refusal(error: Any) -> LLMError:
    """A `ClientError` through the table that all of Bedrock's refusals go through."""
    said, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    headers = {str(name).lower(): str(value) for name, value in about.get("HTTPHeaders", {}).items()}
    if said.get("Code"):
        headers["x-amzn-errortype"] = str(said["Code"])
    body = {"message": str(said.get("Message") or "")}
    return from_http(int(about.get("HTTPStatusCode", 500)), headers, json.dumps(body).encode())


def _failure(error: Exception, timeouts: Timeouts) -> LLMError:
    """What boto3 raises itself, as ours; the first class that fits decides."""
    from botocore import exceptions

    text = f"the control plane was not reached: {error}"
    made: LLMError
    if isinstance(error, exceptions.ConnectTimeoutError):
        made = RequestTimeoutError(text, phase="connect", after_s=timeouts.connect_s, sent=False)
    elif isinstance(error, exceptions.ReadTimeoutError):
        made = RequestTimeoutError(text, phase="first_event", after_s=timeouts.first_event_s)
    elif isinstance(error, exceptions.SSLError):
        made = ConnectionFailedError(text, sent=False, retryable=False)
    elif isinstance(error, (exceptions.EndpointConnectionError, exceptions.ProxyConnectionError)):
        made = ConnectionFailedError(text, sent=False)
    elif isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
        made = ConnectionFailedError(text)
    elif isinstance(error, exceptions.ParamValidationError):
        made = InvalidRequestError(f"the control plane would refuse this: {error}")
    elif "Parser" in type(error).__name__:
        made = ProtocolError(f"the control plane's answer cannot be read: {error}")
    else:
        made = ConfigurationError(f"boto3 cannot ask the control plane: {error}")
    made.__cause__ = error
    return made


def _plain(value: Any) -> Any:
    """boto3's values as JSON has them: times become text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value
