"""bedrock_llm: an async client for language models, Amazon Bedrock first.

Here: the public names. A name is loaded when it is first used, so that `import bedrock_llm` costs next to nothing and
loads no HTTP library, no AWS SDK and no validation library. Not here: anything else. A name that this list lacks is
private, whatever its spelling, unless a page of the docs names its module.
"""

from __future__ import annotations

TYPE_CHECKING = False  # true to type checkers, by its name; to import typing for it would cost more than all the rest

if TYPE_CHECKING:
    from bedrock_llm.client import LLMClient
    from bedrock_llm.config import (
        AWSCredentials,
        Limits,
        ModelConfig,
        ParameterRule,
        ProviderOptions,
        RetryPolicy,
        Timeouts,
    )
    from bedrock_llm.conversation import Conversation
    from bedrock_llm.errors import (
        AuthenticationError,
        BudgetExceededError,
        CallCancelledError,
        ConfigurationError,
        ConnectionFailedError,
        ContextTooLongError,
        ContextWindowExceededError,
        InvalidRequestError,
        LLMError,
        MissingCredentialsError,
        MissingExtraError,
        NotFoundError,
        OutputValidationError,
        OverloadedError,
        PermissionDeniedError,
        ProtocolError,
        ProviderError,
        QuotaExceededError,
        RateLimitError,
        RejectedRequestError,
        RequestTimeoutError,
        ServerError,
        StreamInterruptedError,
        ToolRoundsExceededError,
        TransportError,
        UnknownModelError,
        UnsupportedFeatureError,
        UsageError,
    )
    from bedrock_llm.events import (
        CitationAdded,
        Event,
        Finished,
        OpaqueEvent,
        PartFinished,
        TextDelta,
        ThinkingDelta,
        ToolCallDelta,
        ToolCallFinished,
        ToolCallStarted,
        UsageReported,
        accumulate,
        empty_response,
    )
    from bedrock_llm.factory import ModelFactory
    from bedrock_llm.messages import (
        Audio,
        CachePoint,
        Citation,
        Document,
        Image,
        Message,
        Opaque,
        Part,
        Text,
        Thinking,
        ToolCall,
        ToolResult,
        Video,
    )
    from bedrock_llm.models.base import BaseModelImplementation
    from bedrock_llm.models.wrapper import WrapperImplementation
    from bedrock_llm.observers.base import ModelObserver
    from bedrock_llm.observers.cost import CostTracker
    from bedrock_llm.observers.logging import LoggingObserver
    from bedrock_llm.parameters import Parameters, ToolSpec
    from bedrock_llm.providers.api_keys import short_term_api_key
    from bedrock_llm.request import Request
    from bedrock_llm.response import Attempt, Cost, CostLine, Response, ResponseWarning, StopReason, TokenCount, Usage
    from bedrock_llm.strategy import FallbackStrategy, ModelStrategy
    from bedrock_llm.stream import ResponseStream
    from bedrock_llm.sync import SyncConversation, SyncLLMClient, SyncResponseStream
    from bedrock_llm.transports.base import HTTPCall, HTTPReply, ReplyStream, Transport

__version__ = "0.1.0"

__all__ = [
    "AWSCredentials",
    "Attempt",
    "Audio",
    "AuthenticationError",
    "BaseModelImplementation",
    "BudgetExceededError",
    "CachePoint",
    "CallCancelledError",
    "Citation",
    "CitationAdded",
    "ConfigurationError",
    "ConnectionFailedError",
    "ContextTooLongError",
    "ContextWindowExceededError",
    "Conversation",
    "Cost",
    "CostLine",
    "CostTracker",
    "Document",
    "Event",
    "FallbackStrategy",
    "Finished",
    "HTTPCall",
    "HTTPReply",
    "Image",
    "InvalidRequestError",
    "LLMClient",
    "LLMError",
    "Limits",
    "LoggingObserver",
    "Message",
    "MissingCredentialsError",
    "MissingExtraError",
    "ModelConfig",
    "ModelFactory",
    "ModelObserver",
    "ModelStrategy",
    "NotFoundError",
    "Opaque",
    "OpaqueEvent",
    "OutputValidationError",
    "OverloadedError",
    "ParameterRule",
    "Parameters",
    "Part",
    "PartFinished",
    "PermissionDeniedError",
    "ProtocolError",
    "ProviderError",
    "ProviderOptions",
    "QuotaExceededError",
    "RateLimitError",
    "RejectedRequestError",
    "ReplyStream",
    "Request",
    "RequestTimeoutError",
    "Response",
    "ResponseStream",
    "ResponseWarning",
    "RetryPolicy",
    "ServerError",
    "StopReason",
    "StreamInterruptedError",
    "SyncConversation",
    "SyncLLMClient",
    "SyncResponseStream",
    "Text",
    "TextDelta",
    "Thinking",
    "ThinkingDelta",
    "Timeouts",
    "TokenCount",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallFinished",
    "ToolCallStarted",
    "ToolResult",
    "ToolRoundsExceededError",
    "ToolSpec",
    "Transport",
    "TransportError",
    "UnknownModelError",
    "UnsupportedFeatureError",
    "Usage",
    "UsageError",
    "UsageReported",
    "Video",
    "WrapperImplementation",
    "__version__",
    "accumulate",
    "empty_response",
    "short_term_api_key",
]

# The imports above, for the running program; tests/architecture compares the two.
_NAMES_OF = {
    "bedrock_llm.client": "LLMClient",
    "bedrock_llm.config": "AWSCredentials Limits ModelConfig ParameterRule ProviderOptions RetryPolicy Timeouts",
    "bedrock_llm.conversation": "Conversation",
    "bedrock_llm.errors": (
        "AuthenticationError BudgetExceededError CallCancelledError ConfigurationError ConnectionFailedError "
        "ContextTooLongError ContextWindowExceededError InvalidRequestError LLMError MissingCredentialsError "
        "MissingExtraError NotFoundError OutputValidationError OverloadedError PermissionDeniedError "
        "ProtocolError ProviderError QuotaExceededError RateLimitError RejectedRequestError RequestTimeoutError "
        "ServerError StreamInterruptedError ToolRoundsExceededError TransportError UnknownModelError "
        "UnsupportedFeatureError UsageError"
    ),
    "bedrock_llm.events": (
        "CitationAdded Event Finished OpaqueEvent PartFinished TextDelta ThinkingDelta ToolCallDelta "
        "ToolCallFinished ToolCallStarted UsageReported accumulate empty_response"
    ),
    "bedrock_llm.factory": "ModelFactory",
    "bedrock_llm.messages": (
        "Audio CachePoint Citation Document Image Message Opaque Part Text Thinking ToolCall ToolResult Video"
    ),
    "bedrock_llm.models.base": "BaseModelImplementation",
    "bedrock_llm.models.wrapper": "WrapperImplementation",
    "bedrock_llm.observers.base": "ModelObserver",
    "bedrock_llm.observers.cost": "CostTracker",
    "bedrock_llm.observers.logging": "LoggingObserver",
    "bedrock_llm.parameters": "Parameters ToolSpec",
    "bedrock_llm.providers.api_keys": "short_term_api_key",
    "bedrock_llm.request": "Request",
    "bedrock_llm.response": "Attempt Cost CostLine Response ResponseWarning StopReason TokenCount Usage",
    "bedrock_llm.strategy": "FallbackStrategy ModelStrategy",
    "bedrock_llm.stream": "ResponseStream",
    "bedrock_llm.sync": "SyncConversation SyncLLMClient SyncResponseStream",
    "bedrock_llm.transports.base": "HTTPCall HTTPReply ReplyStream Transport",
}
_HOME_OF = {name: home for home, names in _NAMES_OF.items() for name in names.split()}


if not TYPE_CHECKING:  # a checker that saw this function would accept any name

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(home), name)
        globals()[name] = value  # the next use does not come here
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
