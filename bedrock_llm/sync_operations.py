"""`client.bedrock` of the sync door.

Here: `SyncBedrockOperations`, the twin of `BedrockOperations`. Not here: any operation (operations/), the thread
(portal.py). Called by: sync.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bedrock_llm.portal import Portal
from bedrock_llm.request import MessagesInput
from bedrock_llm.response import TokenCount

if TYPE_CHECKING:
    from bedrock_llm.operations.account import FoundationModel, InferenceProfile
    from bedrock_llm.operations.checks import GuardrailChecksResult
    from bedrock_llm.operations.door import BedrockOperations
    from bedrock_llm.operations.guardrail_content import GuardrailContent
    from bedrock_llm.operations.guardrails import GuardrailResult
    from bedrock_llm.operations.invocations import AsyncInvocation
    from bedrock_llm.operations.waiting import OnProgress

__all__ = ["SyncBedrockOperations"]


class SyncBedrockOperations:
    """Bedrock's other operations, for code without an event loop. `SyncLLMClient.bedrock` is one.

    Arguments and errors as `BedrockOperations`.
    """

    def __init__(self, portal: Portal, operations: BedrockOperations) -> None:
        self._portal = portal
        self._operations = operations

    def __repr__(self) -> str:
        return f"Sync{self._operations!r}"

    def count_tokens(self, messages: MessagesInput, *, system: Any = None, tools: Any = None) -> TokenCount:
        """Input tokens as Bedrock's CountTokens says. As `BedrockOperations.count_tokens`."""
        return self._portal.call(self._operations.count_tokens, messages, system=system, tools=tools)

    def apply_guardrail(
        self,
        content: GuardrailContent,
        *,
        identifier: str,
        version: str | int,
        source: str = "input",
        scope: str | None = None,
    ) -> GuardrailResult:
        """What a guardrail says of a content. As `BedrockOperations.apply_guardrail`."""
        about = {"identifier": identifier, "version": version, "source": source, "scope": scope}
        return self._portal.call(self._operations.apply_guardrail, content, **about)

    def guardrail_checks(
        self,
        messages: MessagesInput,
        *,
        content_filter: Iterable[str] | bool | None = None,
        prompt_attack: Iterable[str] | bool | None = None,
        sensitive_information: Iterable[str] | bool | None = None,
    ) -> GuardrailChecksResult:
        """Scores without a guardrail. As `BedrockOperations.guardrail_checks`."""
        return self._portal.call(
            self._operations.guardrail_checks,
            messages,
            content_filter=content_filter,
            prompt_attack=prompt_attack,
            sensitive_information=sensitive_information,
        )

    def start_async_invoke(
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
        """Start a model that writes what it makes into S3. As `BedrockOperations.start_async_invoke`."""
        return self._portal.call(
            self._operations.start_async_invoke,
            model_input,
            output_s3_uri=output_s3_uri,
            model=model,
            kms_key_id=kms_key_id,
            bucket_owner=bucket_owner,
            tags=tags,
            client_request_token=client_request_token,
        )

    def get_async_invoke(self, invocation: AsyncInvocation | str) -> AsyncInvocation:
        """How an invocation stands. As `BedrockOperations.get_async_invoke`."""
        return self._portal.call(self._operations.get_async_invoke, invocation)

    def list_async_invokes(
        self,
        *,
        status: str | None = None,
        submitted_after: datetime | None = None,
        submitted_before: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[AsyncInvocation, ...]:
        """The account's invocations in this region. As `BedrockOperations.list_async_invokes`."""
        return self._portal.call(
            self._operations.list_async_invokes,
            status=status,
            submitted_after=submitted_after,
            submitted_before=submitted_before,
            limit=limit,
        )

    def wait_for_async_invoke(
        self,
        invocation: AsyncInvocation | str,
        *,
        poll_s: float = 5,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> AsyncInvocation:
        """The invocation once it has completed. As `BedrockOperations.wait_for_async_invoke`."""
        return self._portal.call(
            self._operations.wait_for_async_invoke,
            invocation,
            poll_s=poll_s,
            timeout_s=timeout_s,
            on_progress=on_progress,
        )

    def list_foundation_models(
        self,
        *,
        provider: str | None = None,
        output_modality: str | None = None,
        inference_type: str | None = None,
        customization: str | None = None,
    ) -> tuple[FoundationModel, ...]:
        """The models that the region offers. As `BedrockOperations.list_foundation_models`."""
        return self._portal.call(
            self._operations.list_foundation_models,
            provider=provider,
            output_modality=output_modality,
            inference_type=inference_type,
            customization=customization,
        )

    def list_inference_profiles(self, *, kind: str | None = None) -> tuple[InferenceProfile, ...]:
        """The inference profiles that can be asked. As `BedrockOperations.list_inference_profiles`."""
        return self._portal.call(self._operations.list_inference_profiles, kind=kind)

    def get_inference_profile(self, identifier: str) -> InferenceProfile:
        """One inference profile. As `BedrockOperations.get_inference_profile`."""
        return self._portal.call(self._operations.get_inference_profile, identifier)
