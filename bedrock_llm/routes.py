"""How each provider's model is put together: its codec, its provider, its facts.

Here: one maker for AWS and one for all who are asked with a key, and the rows of those. Not here: how a name is read
(factory.py), APIs and bodies (apis.py), hosts that speak as OpenAI does (catalog/hosts.json). Called by: factory.

This is the one place where provider, codec and model family meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bedrock_llm.apis import BODIES, Path, body_of, direct_codec, loaded
from bedrock_llm.catalog.lookup import find
from bedrock_llm.codecs.base import Codec
from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.config import AWSCredentials, ModelConfig, ProviderOptions
from bedrock_llm.errors import ConfigurationError
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.models.remote import RemoteModel
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.providers.endpoints import check_model_id
from bedrock_llm.transports.base import Transport
from bedrock_llm.transports.choose import default_transport

__all__ = [
    "APPLICATION_PROFILE",
    "FAMILIES",
    "KEYED",
    "host_names",
    "is_host",
    "make_bedrock",
    "make_keyed",
    "make_mantle",
]

APPLICATION_PROFILE = ":application-inference-profile/"
"""What an ARN holds that names a profile of the account, and so no model."""

# Families whose rules are more than data.
FAMILIES: Mapping[str, str] = {
    "claude": "bedrock_llm.models.claude:ClaudeImplementation",
    "llama": "bedrock_llm.models.llama:LlamaImplementation",
}


def _class_of(config: ModelConfig) -> type[RemoteModel]:
    place = FAMILIES.get(config.family or "")
    made: type[RemoteModel] = RemoteModel if place is None else loaded(place)
    return made


def _overrides(options: ProviderOptions) -> Any:
    rows = options.get("catalog")
    if rows is None:
        return None
    from bedrock_llm.catalog.overrides import Catalog

    return Catalog.of(rows)


def _base_url(options: ProviderOptions) -> str | None:
    base_url, endpoint_url = options.get("base_url"), options.get("endpoint_url")
    if base_url is not None and endpoint_url is not None and base_url != endpoint_url:
        raise ConfigurationError("base_url and endpoint_url mean the same: give one of them")
    return endpoint_url if base_url is None else base_url


# --- Amazon Bedrock ---------------------------------------------------------------------------------------------------


def make_bedrock(
    name: str, model: str, options: ProviderOptions, transport: Transport | None, owned: bool
) -> BaseModelImplementation:
    """A model at Amazon Bedrock.

    Raises:
        ConfigurationError: An option cannot be used.
    """
    api = options.get("api")
    provider = _at_aws(options, _BEDROCK_APIS.get(api or ""))
    base_model = _base_model(options)
    resolve = options.get("resolve_profiles", False)
    if resolve.__class__ is not bool:
        raise ConfigurationError(f"resolve_profiles must be True or False, not {resolve!r}")
    overrides = _overrides(options)
    check_model_id(model)
    carrier = transport or default_transport(provider.ca_bundle)

    def remote(base: str | None) -> RemoteModel:
        config = find(model, provider=name, base_model=base, overrides=overrides)
        codec = _bedrock_codec(api, config)
        return _class_of(config)(
            config, codec=codec, provider=provider, transport=carrier, base_model=base, owns_transport=owned
        )

    if not resolve or base_model is not None or APPLICATION_PROFILE not in model:
        return remote(base_model)
    from bedrock_llm.models.resolving import ResolvingModel
    from bedrock_llm.operations.behind import model_behind

    return ResolvingModel(remote(None), lambda: model_behind(model, provider), remote)


def make_mantle(
    name: str, model: str, options: ProviderOptions, transport: Transport | None, owned: bool
) -> BaseModelImplementation:
    """A model at Amazon Bedrock's other endpoint, which has the APIs of OpenAI and Anthropic alone.

    Raises:
        ConfigurationError: An option cannot be used.
    """
    base_model = _base_model(options)
    config = find(model, provider="bedrock", base_model=base_model, overrides=_overrides(options))
    native = config.feature("native") or {}
    own = (api for api, path in _MANTLE_APIS.items() if body_of(path) == native.get("body"))
    api: str = options.get("api") or next(own, "openai")
    path = _MANTLE_APIS.get(api)
    if path is None:
        known = ", ".join(map(repr, _MANTLE_APIS))
        raise ConfigurationError(f"api={api!r} is not available for {name}; allowed: {known}")
    provider = _at_aws(options, path, mantle=True)
    check_model_id(model)
    if api == "openai-responses":
        path, config = _mantle_responses(path, config)
    config = replace(config, provider=name)
    carrier = transport or default_transport(provider.ca_bundle)
    return _class_of(config)(
        config, codec=direct_codec(path), provider=provider, transport=carrier, owns_transport=owned
    )


def _mantle_responses(path: Path, config: ModelConfig) -> tuple[Path, ModelConfig]:
    """Where Responses is for this model, and what holds for it there: reasoning has no sealed form."""
    features, native = dict(config.features or {}), dict(config.feature("native") or {})
    said = native.get("mantle") or {}
    if "tool_choice" in said:
        features["tool_choice"] = said["tool_choice"]
    features["native"] = {**native, "encrypted_reasoning": False}
    return path._replace(prefix=said.get("responses", path.prefix)), replace(config, features=features)


def _at_aws(options: ProviderOptions, path: Path | None, *, mantle: bool = False) -> BedrockProvider:
    """Who asks, with the headers that the API has of its own; the user's win."""
    given, own = options.get("extra_headers"), {} if path is None else path.headers
    # What is no mapping is refused where headers are checked.
    headers = {**own, **(given or {})} if own and (given is None or isinstance(given, Mapping)) else given
    return BedrockProvider(
        region=options.get("region"),
        api_key=options.get("api_key"),
        base_url=_base_url(options),
        profile=options.get("profile"),
        credentials=options.get("credentials"),
        extra_headers=headers,
        mantle=mantle,
    )


def _base_model(options: ProviderOptions) -> str | None:
    given = options.get("base_model")
    if given is not None and (given.__class__ is not str or not given.strip()):
        raise ConfigurationError(f"base_model must be a model's name, not {given!r}")
    return given


def _bedrock_codec(api: str | None, config: ModelConfig) -> Codec:
    """How Bedrock is spoken to: through Converse, with the model's own body, or in another API's shape."""
    if api in (None, "converse"):
        return ConverseCodec()
    if api in _BEDROCK_APIS:
        return direct_codec(_BEDROCK_APIS[api])
    if api != "invoke":
        known = ", ".join(map(repr, ("converse", "invoke", *_BEDROCK_APIS)))
        raise ConfigurationError(f"api={api!r} is not available for bedrock; allowed: {known}")
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

    return InvokeCodec(loaded(place)())


# --- those who are asked with a key -----------------------------------------------------------------------------------


class Keyed(NamedTuple):
    """A provider that one asks with a key, as a row.

    Attributes:
        access: The fields of `Access`.
        apis: The option `api=` to the API that it means; the first one is the default.
        features: Lays what holds for every model there under what the catalog knows of one, for an API; or None.
    """

    access: Mapping[str, Any]
    apis: Mapping[str, Path]
    features: Callable[[Mapping[str, Any] | None, str], Mapping[str, Any]] | None = None


_BEDROCK_APIS: Mapping[str, Path] = {
    "openai": Path("openai-chat", "/openai/v1"),
    "openai-responses": Path("openai-responses", "/openai/v1"),
    "anthropic": Path("anthropic", "/anthropic", {"anthropic-version": "2023-06-01"}),
}

_MANTLE_APIS: Mapping[str, Path] = {
    "openai": Path("openai-chat", "/v1"),
    "openai-responses": Path("openai-responses", "/openai/v1"),
    "anthropic": _BEDROCK_APIS["anthropic"],
}


def _as_openai(features: Mapping[str, Any] | None, api: str) -> Mapping[str, Any]:
    return _under("openai", features, api)


def _as_ollama(features: Mapping[str, Any] | None, api: str) -> Mapping[str, Any]:
    """The row of the catalog is of the chat that Ollama has beside its own API."""
    return _under("ollama", features, api) if api == "chat" else features or {}


def _under(host: str, features: Mapping[str, Any] | None, api: str) -> Mapping[str, Any]:
    made: Mapping[str, Any] = _hosts()[host].under(features, api)
    return made


KEYED: Mapping[str, Keyed] = {
    "anthropic": Keyed(
        {
            "base_url": "https://api.anthropic.com",
            "key_env": ("ANTHROPIC_API_KEY",),
            "key_header": "x-api-key",
            "key_prefix": "",
            "url_env": ("ANTHROPIC_BASE_URL",),
            "headers": {"anthropic-version": "2023-06-01"},
        },
        {"anthropic": Path("anthropic"), "completions": Path("anthropic-completions")},
    ),
    "azure": Keyed(
        {
            "base_url": None,
            "key_env": ("AZURE_OPENAI_API_KEY",),
            "key_header": "api-key",
            "key_prefix": "",
            "url_env": ("AZURE_OPENAI_BASE_URL",),
        },
        {"responses": Path("openai-responses"), "chat": Path("openai-chat")},
        _as_openai,
    ),
    "google": Keyed(
        {
            "base_url": "https://generativelanguage.googleapis.com/v1beta",
            "key_env": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
            "key_header": "x-goog-api-key",
            "key_prefix": "",
            "url_env": ("GOOGLE_GEMINI_BASE_URL",),
        },
        {"gemini": Path("gemini")},
    ),
    "vertex": Keyed(
        {"base_url": None, "key_env": (), "url_env": ("GOOGLE_VERTEX_BASE_URL",)},
        {"gemini": Path("gemini"), "anthropic": Path("anthropic-vertex", facts="anthropic")},
    ),
    "cohere": Keyed(
        {
            "base_url": "https://api.cohere.com",
            "key_env": ("COHERE_API_KEY", "CO_API_KEY"),
            "url_env": ("CO_API_URL",),
        },
        {"cohere": Path("cohere"), "v1": Path("cohere-v1")},
    ),
    "ollama": Keyed(
        {
            "base_url": "http://localhost:11434",
            "key_env": ("OLLAMA_API_KEY",),
            "url_env": ("OLLAMA_BASE_URL", "OLLAMA_HOST"),
            "needs_key": False,
        },
        {"ollama": Path("ollama"), "chat": Path("openai-chat", "/v1")},
        _as_ollama,
    ),
}


def is_host(name: str) -> bool:
    """Whether a host of the catalog has this name. One with a dot is a model's, never a host's."""
    return "." not in name and name in _hosts()


def host_names() -> tuple[str, ...]:
    """The hosts of the catalog."""
    return tuple(_hosts())


def _hosts() -> Mapping[str, Any]:
    from bedrock_llm.catalog.hosts import hosts

    return hosts()


def _row(name: str) -> Keyed:
    """The provider's row; of a host that speaks as OpenAI does it is made from the catalog's."""
    known = KEYED.get(name)
    if known is not None:
        return known
    host = _hosts()[name]
    fields = ("base_url", "key_env", "key_header", "key_prefix", "url_env", "needs_key")
    first, second = ("responses", "chat") if host.api == "responses" else ("chat", "responses")
    apis = {api: Path(f"openai-{api}") for api in (first, second)}
    return Keyed({name: getattr(host, name) for name in fields}, apis, host.under)


def _facts(name: str, path: Path, model: str, overrides: Any) -> ModelConfig:
    """What the catalog knows of a model. Where it is looked up as another provider's, `@` stands before its date."""
    if path.facts is None:
        return find(model, provider=name, overrides=overrides)
    return find(model.replace("@", "-"), provider=path.facts, overrides=overrides)


def _api_of(name: str, row: Keyed, model: str, overrides: Any) -> str:
    """The API that the model's own body is spoken in, or the provider's first one where that is not known."""
    for api, path in row.apis.items():
        native = _facts(name, path, model, overrides).feature("native") or {}
        if native.get("body") == body_of(path):
            return api
    return next(iter(row.apis))


def _token_source(options: ProviderOptions) -> Any:
    """Who gives bearer tokens. AWS's keys may stand among the options of a client that asks several providers."""
    given = options.get("credentials")
    return None if isinstance(given, AWSCredentials) or hasattr(given, "get_credentials") else given


def make_keyed(
    name: str, model: str, options: ProviderOptions, transport: Transport | None, owned: bool
) -> BaseModelImplementation:
    """A model at a provider that one asks with a key.

    Raises:
        ConfigurationError: An option cannot be used.
    """
    from bedrock_llm.providers.keyed import Access, KeyedProvider

    row = _row(name)
    named, overrides = _base_model(options) or model, _overrides(options)
    api: Any = options.get("api") or _api_of(name, row, named, overrides)
    path = row.apis.get(api) if api.__class__ is str else None
    if path is None:
        known = ", ".join(map(repr, row.apis))
        raise ConfigurationError(f"api={api!r} is not available for {name}; allowed: {known}")
    provider = KeyedProvider(
        Access(name, **row.access),
        api_key=options.get("api_key"),
        base_url=_base_url(options),
        credentials=_token_source(options),
        extra_headers=options.get("extra_headers"),
    )
    config = _facts(name, path, named, overrides)
    features = config.features if row.features is None else row.features(config.features, api)
    config = replace(config, provider=name, model=model, features=features)
    carrier = transport or default_transport()
    return _class_of(config)(
        config, codec=direct_codec(path), provider=provider, transport=carrier, owns_transport=owned
    )
