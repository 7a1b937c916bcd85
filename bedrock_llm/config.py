"""Settings and facts: what a client is told, and what is known of a model.

Here: frozen values with their units in their names, and the types of the keyword options. Not here: reading of the
environment (providers/), the catalog's rows (catalog/). Called by: everything above.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, TypedDict

from bedrock_llm.errors import ConfigurationError
from bedrock_llm.values import DECIMALS, TUPLE, Converter, Frozen, Value, frozen, one

__all__ = [
    "AWSCredentials",
    "CredentialsSource",
    "Limits",
    "ModelConfig",
    "ParameterRule",
    "ProviderOptions",
    "RetryPolicy",
    "Timeouts",
    "check_secret",
]


def _positive(name: str, value: object, *, none: bool = False) -> None:
    if none and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        allowed = "a number above 0" + (", or None" if none else "")
        raise ConfigurationError(f"{name} must be {allowed}, not {value!r}")


def _whole(name: str, value: object, minimum: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigurationError(f"{name} must be a whole number from {minimum}, not {value!r}")


@frozen
class Timeouts(Frozen):
    """Deadlines of a call, in seconds, each for a phase of its own.

    Attributes:
        connect_s: Until the connection stands.
        pool_s: Waiting for a free slot (`Limits`).
        first_event_s: From sending to the first event of a stream; without streaming, to the headers.
        idle_s: Between two pieces of an answer. Models may think for minutes without a byte.
        total_s: For the whole call, retries included; None for no limit.
    """

    connect_s: float = 10
    pool_s: float = 30
    first_event_s: float = 300
    idle_s: float = 300
    total_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("connect_s", "pool_s", "first_event_s", "idle_s"):
            _positive(f"Timeouts.{name}", getattr(self, name))
        _positive("Timeouts.total_s", self.total_s, none=True)


@frozen
class RetryPolicy(Frozen):
    """When a request is sent again. One policy, and one budget, for all calls of a client.

    Attributes:
        max_attempts: Requests in all; 1 never retries.
        wait: A tenacity `wait_*` object; None for full jitter (up to 1 s after throttling, 0.05 s otherwise, doubled
            each time), the figures of the AWS SDKs' standard mode.
        stop: A tenacity `stop_*` object, asked beside `max_attempts`; or None.
        max_wait_s: Longest wait of our own choosing.
        retry_after_cap_s: A server that asks for more is not waited for: the error is raised at once.
        budget: Tokens in the bucket that all calls of the client share.
        cost: What a retry takes out of it.
        throttle_cost: What a retry after throttling takes.
    """

    max_attempts: int = 3
    wait: Any = None
    stop: Any = None
    max_wait_s: float = 20
    retry_after_cap_s: float = 60
    budget: int = 500
    cost: int = 14
    throttle_cost: int = 5

    def __post_init__(self) -> None:
        _whole("RetryPolicy.max_attempts", self.max_attempts, 1)
        for name in ("wait", "stop"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise ConfigurationError(
                    f"RetryPolicy.{name} must be a tenacity {name}_* object or None, not {value!r}"
                )
        for name in ("max_wait_s", "retry_after_cap_s"):
            _positive(f"RetryPolicy.{name}", getattr(self, name))
        for name in ("budget", "cost", "throttle_cost"):
            _whole(f"RetryPolicy.{name}", getattr(self, name), 0)


@frozen
class Limits(Frozen):
    """What one client may have under way.

    Attributes:
        max_concurrency: Requests at once; None for no limit.
    """

    max_concurrency: int | None = None

    def __post_init__(self) -> None:
        if self.max_concurrency is not None:
            _whole("Limits.max_concurrency", self.max_concurrency, 1)


@frozen
class ParameterRule(Value):
    """What a model takes for one parameter.

    Attributes:
        type: "number", "integer", "string", "boolean" or "list".
        minimum: Smallest value, or None.
        maximum: Largest value, or None.
        allowed: The only values, or None for any.
        default: What the model uses when it is not set, or None if not known.
        required: Whether it must be set.
    """

    converters: ClassVar[Mapping[str, Converter]] = {"allowed": TUPLE}
    type: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[Any, ...] | None = None
    default: Any = None
    required: bool = False


def _rules(encode: bool) -> Callable[[Any], Any]:
    item = one(lambda: ParameterRule)
    convert = item.encode if encode else item.decode
    return lambda rules: None if rules is None else {name: convert(rule) for name, rule in rules.items()}


@frozen
class ModelConfig(Value):
    """What is known of a model; unknown is None.

    Attributes:
        provider: e.g. `bedrock`.
        model: The name sent to the provider.
        family: e.g. `claude`, `nova`, `llama`; decides who may read whose reasoning.
        context_window: Tokens of input and output together.
        max_output_tokens: Largest `max_tokens`.
        features: What it can do, by name; the names are listed in docs/reference. A name that is absent is unknown.
        parameter_rules: Parameter name to its rule.
        prices: Bucket (as in `Usage`, without `_tokens`) to USD per million tokens.
        source: Where the facts come from.
        as_of: The day they were read, ISO 8601.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "prices": DECIMALS,
        "parameter_rules": Converter(_rules(encode=True), _rules(encode=False)),
    }
    provider: str | None = None
    model: str | None = None
    family: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    features: Mapping[str, Any] | None = None
    parameter_rules: Mapping[str, ParameterRule] | None = None
    prices: Mapping[str, Decimal] | None = None
    source: str | None = None
    as_of: str | None = None

    def feature(self, name: str) -> Any:
        """What is known of a feature, or None."""
        return None if self.features is None else self.features.get(name)


@frozen
class AWSCredentials(Frozen):
    """Keys of an AWS identity. Shows no secret in its repr and refuses to be pickled.

    Attributes:
        access_key_id: e.g. `AKIA...`.
        secret_access_key: Its secret.
        session_token: For temporary credentials; otherwise None.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("access_key_id", "secret_access_key", "session_token"):
            value = getattr(self, name)
            if value is None and name == "session_token":
                continue
            check_secret(f"AWSCredentials.{name}", value)

    def __reduce__(self) -> Any:
        raise TypeError("AWSCredentials hold a secret and cannot be pickled or copied")


def check_secret(name: str, value: object) -> str:
    """`value` if it can stand in a header: a string, not blank, of one line of visible ASCII. Never shows it.

    Raises:
        ConfigurationError: It cannot.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
    if not value.strip():
        raise ConfigurationError(f"{name} is blank")
    if not value.isascii() or any(character <= " " or character == "\x7f" for character in value):
        raise ConfigurationError(f"{name} must be one line of ASCII without spaces or control characters")
    return value


CredentialsSource: TypeAlias = (
    "AWSCredentials | Callable[[], AWSCredentials] | Callable[[], Awaitable[AWSCredentials]] | Any"
)


class ProviderOptions(TypedDict, total=False):
    """Keyword options of `LLMClient` and `ModelFactory.create_model` that say where a model is and who asks.

    `endpoint_url` means the same as `base_url`. `profile` names a profile of the AWS files: for its keys, and where the
    environment has none, for its region, addresses and switches. `credentials` is `AWSCredentials`, a session (boto3,
    botocore, aioboto3, aiobotocore), or a sync or async callable that returns one. `catalog` is a path or rows by model
    id, laid over the built-in ones.
    `resolve_profiles=True` allows one request to Bedrock's control plane, before the first answer, for the model behind
    the ARN of an application inference profile (GetInferenceProfile); `base_model` says it without asking.
    """

    api_key: str | None
    base_url: str | None
    endpoint_url: str | None
    api: Literal["converse", "invoke", "openai", "openai-responses", "anthropic", "chat", "responses"] | None
    region: str | None
    profile: str | None
    credentials: CredentialsSource | None
    base_model: str | None
    resolve_profiles: bool
    catalog: Path | str | Mapping[str, Mapping[str, Any]] | None
    extra_headers: Mapping[str, str] | None
