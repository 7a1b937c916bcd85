"""From a name to a model: the routing table.

Here: how a model's name is read, and what each provider is made of. Not here: facts (catalog/), keys (providers/).
Called by: client, users.

This is the one place where provider, codec and model family meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack

from bedrock_llm.catalog.lookup import find, is_bedrock_id, nearest
from bedrock_llm.codecs.base import Codec
from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.config import ModelConfig, ProviderOptions
from bedrock_llm.errors import ConfigurationError, UnknownModelError
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.models.remote import RemoteModel
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.providers.endpoints import check_model_id
from bedrock_llm.transports.base import Transport
from bedrock_llm.transports.choose import default_transport

if TYPE_CHECKING:
    import httpx2

__all__ = ["ModelFactory"]


class ModelFactory:
    """Makes models of names."""

    @classmethod
    def create_model(
        cls,
        model_name: str,
        *,
        transport: Transport | None = None,
        http_client: httpx2.AsyncClient | Any | None = None,
        **options: Unpack[ProviderOptions],
    ) -> BaseModelImplementation:
        """The model behind a name.

        Args:
            model_name: `bedrock/<model id, inference profile or ARN>`, `bedrock:...`, or a Bedrock id alone.
            transport: What carries the bytes; stays open when the model is closed. None for one of its own.
            http_client: An `httpx2.AsyncClient` or `httpx.AsyncClient` to use; stays open when the model is closed.
            options: Where the model is and who asks; see `ProviderOptions`.

        Raises:
            UnknownModelError: No provider fits the name; `.nearest` holds names that do.
            ConfigurationError: An option is unknown or unusable.
        """
        provider, model = route(model_name)
        check_options(options)
        owned = transport is None and http_client is None
        make = ROUTES[provider]
        return make(model, options, transport_of(transport, http_client), owned)


def route(model_name: str) -> tuple[str, str]:
    """The provider and the model's own name there.

    `arn:` is tested first; then the first of `/` and `:` splits, if what stands before it is a provider; then
    `[geo.]vendor.rest` with a vendor that Bedrock has.

    Raises:
        UnknownModelError: No provider fits.
    """
    if not isinstance(model_name, str) or not model_name.strip():  # type: ignore[redundant-expr]  # untyped callers
        raise UnknownModelError(f"a model's name is a string such as 'bedrock/<model id>', not {model_name!r}")
    if model_name.startswith("arn:"):
        return "bedrock", model_name
    places = [place for place in (model_name.find("/"), model_name.find(":")) if place > 0]
    if places:
        prefix, rest = model_name[: min(places)], model_name[min(places) + 1 :]
        if prefix in ROUTES and rest:
            return prefix, rest
    if is_bedrock_id(model_name):
        return "bedrock", model_name
    near = nearest(model_name)
    hint = f" Did you mean {' or '.join(repr('bedrock/' + name) for name in near)}?" if near else ""
    known = ", ".join(ROUTES)
    raise UnknownModelError(
        f"no provider fits the model name {model_name!r}: write provider/model with a provider of: {known}.{hint}",
        nearest=tuple(near),
    )


def check_options(options: Mapping[str, Any], others: Iterable[str] = ("transport", "http_client")) -> None:
    """Refuse an option that nobody knows.

    Args:
        options: What was given.
        others: Keywords of whoever takes the options, for the hint.

    Raises:
        ConfigurationError: Names the option and the nearest one.
    """
    known = (*others, *ProviderOptions.__annotations__)
    for name in options:
        if name not in ProviderOptions.__annotations__:
            import difflib

            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigurationError(f"there is no option {name!r}; {hint}it can be one of {', '.join(known)}")


def transport_of(transport: Transport | None, http_client: Any) -> Transport | None:
    """What shall carry the bytes, where the caller says so.

    Raises:
        ConfigurationError: Both are given, or one is not what it should be.
    """
    if transport is not None and http_client is not None:
        raise ConfigurationError("give transport= or http_client=, not both")
    if transport is not None and not isinstance(transport, Transport):
        raise ConfigurationError(f"transport must be a Transport, not {type(transport).__name__}")
    if http_client is None:
        return transport
    from bedrock_llm.transports.httpx2_transport import HttpxTransport

    return HttpxTransport(http_client)


def _bedrock(model: str, options: ProviderOptions, transport: Transport | None, owned: bool) -> BaseModelImplementation:
    base_url, endpoint_url = options.get("base_url"), options.get("endpoint_url")
    if base_url is not None and endpoint_url is not None and base_url != endpoint_url:
        raise ConfigurationError("base_url and endpoint_url mean the same: give one of them")
    provider = BedrockProvider(
        region=options.get("region"),
        api_key=options.get("api_key"),
        base_url=endpoint_url if base_url is None else base_url,
        profile=options.get("profile"),
        credentials=options.get("credentials"),
        extra_headers=options.get("extra_headers"),
    )
    base_model = options.get("base_model")
    if base_model is not None and (base_model.__class__ is not str or not base_model.strip()):
        raise ConfigurationError(f"base_model must be a model's name, not {base_model!r}")
    resolve = options.get("resolve_profiles", False)
    if resolve.__class__ is not bool:
        raise ConfigurationError(f"resolve_profiles must be True or False, not {resolve!r}")
    rows, overrides = options.get("catalog"), None
    if rows is not None:
        from bedrock_llm.catalog.overrides import Catalog

        overrides = Catalog.of(rows)
    check_model_id(model)
    carrier = transport or default_transport(provider.ca_bundle)

    def remote(base: str | None) -> RemoteModel:
        config = find(model, provider="bedrock", base_model=base, overrides=overrides)
        codec = _bedrock_codec(options.get("api"), config)
        return _class_of(config)(
            config, codec=codec, provider=provider, transport=carrier, base_model=base, owns_transport=owned
        )

    if not resolve or base_model is not None or APPLICATION_PROFILE not in model:
        return remote(base_model)
    from bedrock_llm.models.resolving import ResolvingModel
    from bedrock_llm.operations.behind import model_behind

    return ResolvingModel(remote(None), lambda: model_behind(model, provider), remote)


def _bedrock_codec(api: str | None, config: ModelConfig) -> Codec:
    """How Bedrock is spoken to: through Converse, or with the model's own body."""
    if api in (None, "converse"):
        return ConverseCodec()
    if api != "invoke":
        raise ConfigurationError(f"api={api!r} is not available for bedrock; allowed: 'converse', 'invoke'")
    native = config.feature("native") or {}
    place = BODIES.get(native.get("body", ""))
    if place is None:
        known = ", ".join(BODIES)
        raise ConfigurationError(
            f"the native body of {config.model} is not known: use api='converse', name the model behind it with "
            f"base_model=, or give catalog={{{config.model!r}: {{'features': {{'native': {{'body': ...}}}}}}}} with "
            f"one of: {known}"
        )
    from bedrock_llm.codecs.invoke import InvokeCodec

    module, _, name = place.partition(":")
    return InvokeCodec(getattr(import_module(module), name)())


def _class_of(config: ModelConfig) -> type[RemoteModel]:
    """A family has a class of its own only where its rules are more than data."""
    place = FAMILIES.get(config.family or "")
    if place is None:
        return RemoteModel
    module, _, name = place.partition(":")
    made: type[RemoteModel] = getattr(import_module(module), name)
    return made


APPLICATION_PROFILE = ":application-inference-profile/"
"""What an ARN holds that names a profile of the account, and so no model."""

# Native bodies by the name that the feature `native.body` has for them; loaded when first asked for.
BODIES: Mapping[str, str] = {
    "ai21_j2": "bedrock_llm.codecs.ai21_j2:J2Body",
    "anthropic_completions": "bedrock_llm.codecs.anthropic_completions:CompletionsBody",
    "anthropic_messages": "bedrock_llm.codecs.anthropic_messages:MessagesBody",
    "cohere_chat": "bedrock_llm.codecs.cohere_chat:CohereChatBody",
    "cohere_prompt": "bedrock_llm.codecs.cohere_prompt:CoherePromptBody",
    "deepseek_prompt": "bedrock_llm.codecs.deepseek_prompt:DeepSeekPromptBody",
    "llama_prompt": "bedrock_llm.codecs.llama_prompt:LlamaPromptBody",
    "mistral_prompt": "bedrock_llm.codecs.mistral_prompt:MistralPromptBody",
    "nova": "bedrock_llm.codecs.converse.nova:NovaBody",
    "openai_chat": "bedrock_llm.codecs.openai_chat:ChatBody",
    "titan_text": "bedrock_llm.codecs.titan_text:TitanTextBody",
}

FAMILIES: Mapping[str, str] = {
    "claude": "bedrock_llm.models.claude:ClaudeImplementation",
    "llama": "bedrock_llm.models.llama:LlamaImplementation",
}

ROUTES: Mapping[str, Callable[[str, ProviderOptions, Transport | None, bool], BaseModelImplementation]] = {
    "bedrock": _bedrock,
}
