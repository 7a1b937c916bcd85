"""What a client's keywords mean: from options to the services of a client.

Here: `ClientOptions`, `open_flow` for the constructor, `derive_flow` for `with_options`. Not here: names (factory.py),
what the services do (flow.py). Called by: client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_llm.config import Limits, ProviderOptions, RetryPolicy, Timeouts
from bedrock_llm.errors import ConfigurationError
from bedrock_llm.factory import ModelFactory, check_options, route, transport_of
from bedrock_llm.flow import Flow
from bedrock_llm.limits import Slots
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.models.remote import RemoteModel
from bedrock_llm.observers.base import ObserverGroup
from bedrock_llm.retry import RetryBudget, RetryClock
from bedrock_llm.strategy import ModelStrategy
from bedrock_llm.transports.base import Transport

if TYPE_CHECKING:
    import httpx2

    from bedrock_llm.context import ContextPolicy
    from bedrock_llm.derived import DerivedFlow

__all__ = ["ClientOptions", "Origin", "derive_flow", "open_flow"]


class ClientOptions(ProviderOptions, total=False):
    """Keywords of `LLMClient.with_options`: those of the constructor. What is not given is the parent's."""

    model: str | BaseModelImplementation | ModelStrategy
    observers: Sequence[Any]
    retry: RetryPolicy | None
    timeouts: Timeouts | None
    limits: Limits | None
    context: str | ContextPolicy | None
    transport: Transport | None
    http_client: httpx2.AsyncClient | Any | None
    strict: bool


_SERVICES = ("observers", "retry", "timeouts", "limits", "context", "transport", "http_client", "strict")
_CARRIERS = ("transport", "http_client")
_SHARED = ("strategy", "observers", "context", "retry", "budget", "slots", "timeouts", "strict", "clock")  # of a Flow
# Options that say the same thing in different words: to give one of them is to give them all.
_SAME = (("base_url", "endpoint_url"), ("api_key", "credentials", "profile"))


class Origin(NamedTuple):
    """What a client's models were made of, for the clients that are derived from it.

    Attributes:
        name: The model's name, or None where it was given as an object or a strategy.
        options: The provider options given.
        providers: The providers of the models that were made with them; no other is ever given these options, as there
            are keys among them.
    """

    name: str | None
    options: Mapping[str, Any]
    providers: frozenset[str]


def open_flow(model: str | BaseModelImplementation | ModelStrategy, given: Mapping[str, Any]) -> tuple[Flow, Origin]:
    """The services of a new client.

    Args:
        model: As the constructor takes it.
        given: Its keywords.

    Raises:
        ConfigurationError: One of them is unknown or unusable.
        UnknownModelError: No provider fits the name.
    """
    options = _provider_options(given, _SERVICES)
    services = _services(given)
    shared = transport_of(given.get("transport"), given.get("http_client"))
    strategy = model if isinstance(model, ModelStrategy) else ModelStrategy(model)
    providers = _bind(strategy, lambda name: ModelFactory.create_model(name, transport=shared, **options), given)
    flow = Flow(strategy=strategy, clock=RetryClock(time.monotonic), **services)
    return flow, Origin(model if isinstance(model, str) else None, options, providers)


def derive_flow(flow: Flow, origin: Origin, given: Mapping[str, Any]) -> tuple[DerivedFlow, Origin]:
    """The services of a client that shares those of another where `given` says nothing else.

    Args:
        flow: The parent's services.
        origin: What its models were made of.
        given: The keywords of `with_options`.

    Raises:
        ConfigurationError: One of them is unknown or unusable.
        UnknownModelError: No provider fits the name.
    """
    from bedrock_llm.derived import DerivedFlow

    options = _provider_options(given, ("model", *_SERVICES))
    services = {name: getattr(flow, name) for name in _SHARED} | _services(given)
    if services["retry"] == flow.retry:
        services["budget"] = flow.budget
    if "model" not in given and not options and not _carriers(given):
        return DerivedFlow(flow, (), **services), origin
    strategy, origin = _other_models(flow, origin, given, options)
    parents = {id(model) for model in flow.strategy.models}
    owned = [model for model in strategy.models if id(model) not in parents]
    return DerivedFlow(flow, owned, **{**services, "strategy": strategy}), origin


def _other_models(
    flow: Flow, origin: Origin, given: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[ModelStrategy, Origin]:
    """Models made anew: of the same name with other options, or of another name."""
    model = given.get("model", origin.name)
    if model is None and "model" not in given:
        names = ", ".join([*options, *_carriers(given)])
        raise ConfigurationError(
            f"the client's model was given as an object or a strategy, for which these options say nothing: {names}. "
            "Give model= beside them"
        )
    transport = transport_of(given.get("transport"), given.get("http_client")) or _carrier_of(flow.strategy)

    def create(name: str) -> BaseModelImplementation:
        inherited = origin.options if route(name)[0] in origin.providers else {}
        return ModelFactory.create_model(
            name, transport=transport, **_laid_over(inherited, options, same_model=name == origin.name)
        )

    strategy = model if isinstance(model, ModelStrategy) else ModelStrategy(model)
    providers = _bind(strategy, create, given)
    if not providers:
        return strategy, Origin(None, {}, frozenset())
    inherited = origin.options if providers <= origin.providers else {}
    laid = _laid_over(inherited, options, same_model=model == origin.name)
    return strategy, Origin(model if isinstance(model, str) else None, laid, providers)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any], *, same_model: bool) -> dict[str, Any]:
    """The provider options `above` over those `below`."""
    hidden = {name for names in _SAME if not above.keys().isdisjoint(names) for name in names}
    if not same_model:
        hidden.add("base_model")  # says what is behind the other name
    return {**{name: value for name, value in below.items() if name not in hidden}, **above}


def _carrier_of(strategy: ModelStrategy) -> Transport | None:
    """What carries the bytes of a client's models, so that its connections can be shared."""
    return next((model.transport for model in strategy.models if isinstance(model, RemoteModel)), None)


def _provider_options(given: Mapping[str, Any], others: Sequence[str]) -> ProviderOptions:
    """Those of the keywords that say where a model is and who asks."""
    options: Any = {name: value for name, value in given.items() if name not in others}
    check_options(options, others)
    return options  # type: ignore[no-any-return]  # its names were just checked, its values are by the provider


def _services(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Flow` that are said by those of the keywords that were given."""
    _check("retry", given.get("retry"), RetryPolicy)
    _check("timeouts", given.get("timeouts"), Timeouts)
    _check("limits", given.get("limits"), Limits)
    _check("strict", given.get("strict"), bool)
    return dict(_fields(given))


def _fields(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "observers" in given:
        observers = given["observers"]
        if isinstance(observers, str) or not isinstance(observers, Sequence):
            raise ConfigurationError(f"observers must be a list of observers, not {observers!r}")
        yield "observers", ObserverGroup(observers)
    if "retry" in given:
        policy = given["retry"] or RetryPolicy()
        yield "retry", policy
        yield "budget", RetryBudget(policy)
    if "timeouts" in given:
        yield "timeouts", given["timeouts"] or Timeouts()
    if "limits" in given:
        yield "slots", Slots(given["limits"])
    if "context" in given:
        yield "context", _policy(given["context"])
    if "strict" in given:
        yield "strict", given["strict"]


def _carriers(given: Mapping[str, Any]) -> list[str]:
    return [name for name in _CARRIERS if given.get(name) is not None]


_OF_ONE_PROVIDER = ("api_key", "base_url", "endpoint_url", "api")


def _bind(
    strategy: ModelStrategy, create: Callable[[str], BaseModelImplementation], given: Mapping[str, Any]
) -> frozenset[str]:
    """Have the strategy's names made into models.

    Returns:
        The providers of those that were made.

    Raises:
        ConfigurationError: There are options that only a made model takes, and no model was made with them; or options
            that are of one provider, as a key is, and models of several.
    """
    made: set[str] = set()
    of_one = [name for name in _OF_ONE_PROVIDER if given.get(name) is not None]
    of_one += ["credentials"] if callable(given.get("credentials")) else []

    def create_and_note(name: str) -> BaseModelImplementation:
        provider = route(name)[0]
        if of_one and not made <= {provider}:
            both = " and ".join(sorted({provider, *made}))
            raise ConfigurationError(
                f"{', '.join(of_one)} cannot be for {both} alike: make each model with ModelFactory.create_model and "
                "options of its own, and give the strategy those"
            )
        model = create(name)
        made.add(provider)
        return model

    strategy.bind(create_and_note)
    unused = [name for name in given if name not in ("model", *_SERVICES)] + _carriers(given)
    if unused and not made:
        text = "the model was given as an object, which has its own keys and transport; these options say nothing"
        names = ", ".join(unused)
        raise ConfigurationError(f"{text}: {names}. Give them to ModelFactory.create_model, or give a model's name")
    return frozenset(made)


def _policy(context: str | ContextPolicy | None) -> ContextPolicy | None:
    if context is None:
        return None
    from bedrock_llm.context import policy_of

    return policy_of(context)


def _check(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not {value!r}")
