"""`client.bedrock`: Bedrock's operations beside answers.

Here: the methods, what their keywords mean, and which file does each job. Not here: any job. Called by: client, users.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.models.exchange import Operation, exchange
from bedrock_llm.models.remote import RemoteModel
from bedrock_llm.operations.account import FoundationModel, InferenceProfile
from bedrock_llm.operations.caller import Caller, Services, count_at_provider
from bedrock_llm.operations.checks import Checks, GuardrailChecksResult, checks_body, read_checks_result
from bedrock_llm.operations.control_plane import ControlPlane
from bedrock_llm.operations.guardrail_content import GuardrailContent, guardrail_body, guardrail_path
from bedrock_llm.operations.guardrails import GuardrailResult, read_guardrail_result
from bedrock_llm.operations.invocations import (
    AsyncInvocation,
    StartOptions,
    arn_of,
    invocation_path,
    list_path,
    read_invocation,
    read_page,
    read_started,
    start_body,
)
from bedrock_llm.operations.waiting import OnProgress, wait
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.request import MessagesInput, Request
from bedrock_llm.response import TokenCount

__all__ = ["BedrockOperations"]

T = TypeVar("T")


class BedrockOperations:
    """Bedrock's other operations, with a client's keys, retries, deadlines and slots. `client.bedrock` is one.

    Each method raises an `LLMError` where the call failed, with what was tried in `.attempts`, and an
    `InvalidRequestError` that names the parameter where an argument is wrong. Observers are not told of them.

    Args:
        model: The model whose provider, transport and name are used.
        services: The client's.
    """

    def __init__(self, model: BaseModelImplementation, services: Services) -> None:
        self._model = model
        self._remote, self._provider = _at_bedrock(model)
        self._services = services
        self._control = ControlPlane(self._provider, services, self._remote.wire.now)

    @classmethod
    def of(cls, models: Sequence[BaseModelImplementation], services: Services) -> BedrockOperations:
        """The operations with the first of a client's models that is one of Bedrock's.

        Raises:
            UnsupportedFeatureError: None is.
        """
        for model in models[:-1]:
            try:
                return cls(model, services)
            except UnsupportedFeatureError:
                continue
        return cls(models[-1], services)

    def __repr__(self) -> str:
        return f"BedrockOperations({self._model!r})"

    async def count_tokens(self, messages: MessagesInput, *, system: Any = None, tools: Any = None) -> TokenCount:
        """Input tokens as Bedrock's CountTokens says (`source` is "provider"); nothing is charged.

        The request is counted in the form in which the client's `api` would send it.

        Args:
            messages: As for `generate`.
            system: As for `generate`.
            tools: As for `generate`.

        Raises:
            UnsupportedFeatureError: Bedrock does not count for this model (it does for Claude, by base model id).
        """
        model = self._model
        prepared, _ = model.prepare(Request.of(messages, system=system, tools=tools))
        return await count_at_provider(model, prepared, self._services)

    async def apply_guardrail(
        self,
        content: GuardrailContent,
        *,
        identifier: str,
        version: str | int,
        source: str = "input",
        scope: str | None = None,
    ) -> GuardrailResult:
        """What a guardrail says of a content, without asking a model.

        Args:
            content: A text, an `Image` (PNG or JPEG), a `GuardrailText` with qualifiers, or a list of these.
            identifier: The guardrail's id or ARN.
            version: Its number, or "DRAFT".
            source: "input" judges it as a user's words, "output" as a model's.
            scope: "full" reports what was looked for and not found too; None and "interventions" only what was found.
        """
        body, path = await guardrail_body(content, source, scope), guardrail_path(identifier, version)
        return await self._run("ApplyGuardrail", path, read_guardrail_result, body)

    async def guardrail_checks(
        self,
        messages: MessagesInput,
        *,
        content_filter: Iterable[str] | bool | None = None,
        prompt_attack: Iterable[str] | bool | None = None,
        sensitive_information: Iterable[str] | bool | None = None,
    ) -> GuardrailChecksResult:
        """Scores for harmful content, prompt attacks and sensitive information; no guardrail needs to exist.

        Args:
            messages: As for `generate`; texts only.
            content_filter: True for every category, or some of HATE, INSULTS, MISCONDUCT, SEXUAL, VIOLENCE.
            prompt_attack: True, or some of JAILBREAK, PROMPT_INJECTION, PROMPT_LEAKAGE.
            sensitive_information: True, or types of information such as EMAIL, PHONE, CREDIT_DEBIT_CARD_NUMBER.
        """
        body = checks_body(messages, Checks(content_filter, prompt_attack, sensitive_information))
        return await self._run("InvokeGuardrailChecks", "/guardrail-checks/invoke", read_checks_result, body)

    async def start_async_invoke(
        self,
        model_input: Mapping[str, Any],
        *,
        output_s3_uri: str,
        model: str | None = None,
        kms_key_id: str | None = None,
        bucket_owner: str | None = None,
        tags: Mapping[str, str] | None = None,
        client_request_token: str | None = None,
    ) -> AsyncInvocation:
        """Start a model that writes what it makes into S3 (video, embeddings of long media).

        Args:
            model_input: The model's own JSON.
            output_s3_uri: The bucket or folder to write to, `s3://...`.
            model: The model; None for the client's.
            kms_key_id: The ARN of the key that encrypts the output, or None.
            bucket_owner: The account that owns the bucket, 12 digits; None for the caller's.
            tags: Marks for the invocation, up to 200.
            client_request_token: Two starts with the same one are one invocation; None makes a new one, which the
                retries of this call share.
        """
        name = (self._remote.config.model or "") if model is None else _own_name(model)
        token = os.urandom(16).hex() if client_request_token is None else client_request_token
        options = StartOptions(output_s3_uri, kms_key_id, bucket_owner, tags, token)
        body = start_body(name, model_input, options)
        read = partial(read_started, output_s3_uri=output_s3_uri)
        return await self._run("StartAsyncInvoke", "/async-invoke", read, body, "bedrock:InvokeModel", name)

    async def get_async_invoke(self, invocation: AsyncInvocation | str) -> AsyncInvocation:
        """How an invocation stands.

        Args:
            invocation: What `start_async_invoke` gave, or its ARN.
        """
        return await self._run("GetAsyncInvoke", invocation_path(arn_of(invocation)), read_invocation)

    async def list_async_invokes(
        self,
        *,
        status: str | None = None,
        submitted_after: datetime | None = None,
        submitted_before: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[AsyncInvocation, ...]:
        """The account's invocations in this region, newest first.

        Args:
            status: "InProgress", "Completed" or "Failed"; None for all.
            submitted_after: Only those started later; with its time zone.
            submitted_before: Only those started earlier.
            limit: How many at most; None for all, whatever pages they come in.
        """
        if limit is not None and (limit.__class__ is not int or limit < 1):
            raise InvalidRequestError.of("limit", limit, "a whole number from 1, or None")
        found: list[AsyncInvocation] = []
        page: str | None = None
        while True:
            path = list_path(status, submitted_after, submitted_before, page)
            more, following = await self._run("ListAsyncInvokes", path, read_page)
            found += more
            if following in (None, page) or (limit is not None and len(found) >= limit):
                return tuple(found[:limit])
            page = following

    async def wait_for_async_invoke(
        self,
        invocation: AsyncInvocation | str,
        *,
        poll_s: float = 5,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> AsyncInvocation:
        """The invocation once it has completed; its output is then in S3.

        Each look is a call of its own, with the client's retries and deadlines. A cancelled wait leaves the invocation
        running.

        Args:
            invocation: What `start_async_invoke` gave, or its ARN.
            poll_s: Seconds between two looks.
            timeout_s: Seconds to wait at most; None for as long as it takes.
            on_progress: Called with the `AsyncInvocation` of every look; may be async.

        Raises:
            ProviderError: It failed; the message is the service's, `.raw` its whole answer.
            RequestTimeoutError: It had not ended after `timeout_s`; it goes on.
        """
        arn = arn_of(invocation)
        return await wait(
            lambda: self.get_async_invoke(arn),
            self._services.clock,
            poll_s=poll_s,
            timeout_s=timeout_s,
            on_progress=on_progress,
        )

    async def list_foundation_models(
        self,
        *,
        provider: str | None = None,
        output_modality: str | None = None,
        inference_type: str | None = None,
        customization: str | None = None,
    ) -> tuple[FoundationModel, ...]:
        """The models that the region offers (boto3, in a thread).

        Args:
            provider: Only this maker's, e.g. "Anthropic".
            output_modality: Only those that make "text", "image" or "embedding".
            inference_type: Only "on_demand" or "provisioned".
            customization: Only those that can be customized so, e.g. "fine_tuning".
        """
        return await self._control.list_foundation_models(
            provider=provider,
            output_modality=output_modality,
            inference_type=inference_type,
            customization=customization,
        )

    async def list_inference_profiles(self, *, kind: str | None = None) -> tuple[InferenceProfile, ...]:
        """The inference profiles that can be asked (boto3, in a thread); all pages.

        Args:
            kind: "system" (AWS's own, across regions), "application" (made in this account); None for both.
        """
        return await self._control.list_inference_profiles(kind=kind)

    async def get_inference_profile(self, identifier: str) -> InferenceProfile:
        """One inference profile (boto3, in a thread); tells the model behind an opaque ARN.

        Args:
            identifier: Its id or ARN.
        """
        return await self._control.get_inference_profile(identifier)

    async def _run(
        self,
        name: str,
        path: str,
        read: Callable[[bytes], T],
        body: bytes = b"",
        permission: str | None = None,
        model: str | None = None,
    ) -> T:
        wire, method = self._remote.wire, "POST" if body else "GET"
        url = self._provider.operation_url(path)
        operation = Operation(name, method, url, body, permission or f"bedrock:{name}")
        caller = Caller(self._services, self._provider.recover, provider=self._provider.name, model=model)
        return await caller.run(lambda: exchange(wire, operation, read))


def _own_name(model: object) -> str:
    if not isinstance(model, str):
        raise InvalidRequestError.of("model", model, "a model's name, or None for the client's")
    return model.removeprefix("bedrock/")


def _at_bedrock(model: BaseModelImplementation) -> tuple[RemoteModel, BedrockProvider]:
    """The remote model inside, and its provider.

    Raises:
        UnsupportedFeatureError: It is not at Bedrock.
    """
    inner: Any = model
    while not isinstance(inner, RemoteModel) and getattr(inner, "wrapped", None) is not None:
        inner = inner.wrapped
    if isinstance(inner, RemoteModel) and isinstance(inner.provider, BedrockProvider) and not inner.provider.mantle:
        return inner, inner.provider
    name = f"{model.config.provider}/{model.config.model}" if model.config.model else type(model).__name__
    text = f"client.bedrock has Bedrock's own operations, and {name} is not asked there"
    raise UnsupportedFeatureError(text, parameter="model", value=name, allowed="a model of Bedrock (bedrock/...)")
