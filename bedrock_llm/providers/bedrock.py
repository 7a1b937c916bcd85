"""Amazon Bedrock: where it is, and who asks.

Here: `BedrockProvider`, which puts the pieces beside this file together. Not here: what a request says (codecs/).
Called by: factory.py makes it, models/remote.py uses it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from bedrock_llm.config import AWSCredentials, CredentialsSource, check_secret
from bedrock_llm.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequestError,
    LLMError,
    PermissionDeniedError,
    ProviderError,
)
from bedrock_llm.providers.base import Provider, checked_headers
from bedrock_llm.providers.credential_store import CredentialStore
from bedrock_llm.providers.credentials import BearerToken, choose_source
from bedrock_llm.providers.endpoints import (
    arn_region,
    check_base_url,
    check_path,
    check_region,
    control_plane_url,
    mantle_url,
    model_path,
    regional_url,
)
from bedrock_llm.providers.settings import Settings
from bedrock_llm.providers.sigv4 import sign
from bedrock_llm.redaction import names_secret
from bedrock_llm.transports.base import HTTPCall

__all__ = ["BedrockProvider"]

SIGNING_NAME = "bedrock"  # of all of Bedrock's endpoints, bedrock-runtime included, but this one:
MANTLE_SIGNING_NAME = "bedrock-mantle"
CLOCK_TOLERANCE_S = 240  # AWS refuses from five minutes on, and its SDKs correct from four
_MAX_URLS = 256
_OWN_HEADERS = frozenset(
    (
        *("authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"),
        *("x-amz-content-sha256", "x-amz-date", "x-amz-security-token"),
    )
)
_SIGNED_HERE = _OWN_HEADERS - {"content-type"}  # that one the codec writes


class BedrockProvider(Provider):
    """Amazon Bedrock Runtime, or a gateway that speaks like it.

    Args:
        region: e.g. `us-east-1`. Otherwise that of the session in `credentials`, AWS_REGION, AWS_DEFAULT_REGION, the
            profile's, or the one inside a model's ARN.
        api_key: A Bedrock API key; beats AWS keys unless `credentials` are given.
        base_url: Of a gateway, a VPC endpoint or the emulator; otherwise AWS_ENDPOINT_URL_BEDROCK_RUNTIME,
            AWS_ENDPOINT_URL, what the profile says, or AWS's own address of the region.
        profile: The AWS profile whose keys are used, whatever keys the environment holds, and whose region, addresses
            and switches count where the environment has none.
        credentials: `AWSCredentials`, a boto3-like session, or a sync or async callable that returns one of them.
        extra_headers: Sent and signed with every request; those of a request win over them.
        mantle: Whether to ask bedrock-mantle, the endpoint that has the APIs of OpenAI and Anthropic alone; the
            variable of its address is AWS_ENDPOINT_URL_BEDROCK_MANTLE.
        environ: Read instead of the process's environment.
        clock: Seconds since the epoch; decides when to refresh and how far this machine is off.

    Attributes:
        region: The region, or None where none was found yet.
        base_url: Of a gateway, or None for AWS's own address.
        mantle: Whether bedrock-mantle is asked.
        ca_bundle: The authorities to trust (AWS_CA_BUNDLE, or the profile's ca_bundle), or None for the system's.

    Raises:
        ConfigurationError: A key, a header, the region, the base URL or an AWS config file cannot be used. Keys that
            are missing are noticed by the first `credentials()`, a missing region by the first `url()`.
    """

    name: ClassVar[str] = "bedrock"

    def __init__(  # noqa: PLR0913  # the options of this provider, all keywords
        self,
        *,
        region: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        profile: str | None = None,
        credentials: CredentialsSource | None = None,
        extra_headers: Mapping[str, str] | None = None,
        mantle: bool = False,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if profile is not None and (profile.__class__ is not str or not profile.strip()):
            raise ConfigurationError(f"profile must be the name of an AWS profile, not {profile!r}")
        if api_key is not None:
            check_secret("api_key", api_key)
        self._extra_headers = checked_headers(extra_headers or {}, _OWN_HEADERS)
        settings = Settings(environ, profile, credentials)
        found_region = settings.region(region)
        self.region = None if found_region is None else check_region(*found_region)
        self._store = CredentialStore(choose_source(environ, credentials, api_key, profile, self.region), clock)
        fips, dual_stack = settings.switch("use_fips_endpoint"), settings.switch("use_dualstack_endpoint")
        self._fips, self._dual_stack = fips is not None, dual_stack is not None
        self._switch = fips or dual_stack
        ca_bundle = settings.text("ca_bundle")
        self.ca_bundle = None if ca_bundle is None else ca_bundle[0]
        self.mantle = mantle
        service = "bedrock_mantle" if mantle else "bedrock_runtime"
        self.base_url = self._own_address(settings.base_url(base_url, service))
        self._control_base_url = settings.base_url(base_url, "bedrock")
        self._clock = clock
        self._clock_offset_s = 0.0
        self._urls: dict[tuple[str, str], str] = {}

    def __repr__(self) -> str:
        return f"BedrockProvider(region={self.region!r}, base_url={self.base_url!r})"

    def url(self, model: str, operation: str) -> str:
        """The address of an operation on a model.

        Args:
            model: A model id, an inference profile or any ARN that Converse takes.
            operation: e.g. `converse-stream`; or a path of its own, e.g. `/openai/v1/chat/completions`, where the model
                stands in the body.

        Raises:
            ConfigurationError: No region is known, or the id cannot stand in an address.
        """
        found = self._urls.get((model, operation))
        if found is None:
            path = check_path(operation) if operation.startswith("/") else model_path(model, operation)
            found = (self.base_url or self._regional_url(model)) + path
            if len(self._urls) >= _MAX_URLS:
                self._urls.clear()
            self._urls[model, operation] = found
        return found

    def operation_url(self, path: str) -> str:
        """The address of an operation of Bedrock Runtime that has no model in its path.

        Args:
            path: Absolute and percent-encoded, e.g. `/guardrail/ab12/version/1/apply` or `/async-invoke?maxResults=5`.

        Raises:
            ConfigurationError: No region is known, nor in an ARN inside the path; or the path cannot be used.
        """
        checked = check_path(path)
        return (self.base_url or self._regional_url(checked)) + checked

    def control_url(self, path: str) -> str:
        """The address of an operation of Bedrock's control plane; signed by `authorize` like all others.

        It has an address of its own: AWS_ENDPOINT_URL_BEDROCK, or `bedrock` in the profile's services section. A
        `base_url` that was given counts for both, as keys are for that one place.

        Args:
            path: Absolute and percent-encoded, e.g. `/foundation-models?byProvider=meta`.

        Raises:
            ConfigurationError: No region is known, nor in an ARN inside the path; or path or address cannot be used.
        """
        checked = check_path(path)
        own = self._own_address(self._control_base_url)
        if own is not None:
            return own + checked
        region = self.region or self._region_of(checked)
        return control_plane_url(region, fips=self._fips, dual_stack=self._dual_stack) + checked

    async def credentials(self) -> AWSCredentials | BearerToken:
        """The keys or the API key to use now.

        Raises:
            MissingCredentialsError: There are none; says what to set.
            ConfigurationError: What was found cannot be used.
        """
        held = self._store.held
        if held is not None and held.origin is None:
            return held.value
        return await self._store.get()

    def authorize(self, call: HTTPCall, credentials: Any, now: float) -> HTTPCall:
        """`call` signed, or with the API key; header names in lower case.

        Args:
            call: With all its headers; nothing may be changed afterwards.
            credentials: As `credentials()` gave them.
            now: Seconds since the epoch by this machine's clock; what is known of its error is added.

        Raises:
            ConfigurationError: A signature needs a region, and none is known.
        """
        headers = self._extra_headers.copy()
        for name, value in call.headers.items():
            headers[name.lower()] = value
        if not _SIGNED_HERE.isdisjoint(headers):
            name = next(iter(_SIGNED_HERE.intersection(headers)))
            text = f"extra_headers must not hold {name}: the client writes it"
            raise InvalidRequestError(text, parameter="extra_headers", allowed="other headers")
        if isinstance(credentials, BearerToken):
            headers["authorization"] = f"Bearer {credentials.token}"
        else:
            region = self.region or self._region_of(call.url)
            now += self._clock_offset_s
            name = MANTLE_SIGNING_NAME if self.mantle else SIGNING_NAME
            headers.update(sign(call.method, call.url, headers, call.body, credentials, region, name, now))
        return HTTPCall(call.method, call.url, headers, call.body, call.timeouts)

    async def recover(self, error: LLMError) -> bool:
        """Learn the clock's error, or look the credentials up again, where that is what the refusal was about.

        The server's time is read from `error.server_date_s`, seconds since the epoch, where the codec set it.
        """
        from bedrock_llm.providers.hints import CLOCK_CODES, STALE_CODES  # needed where something failed

        code = getattr(error, "code", None)
        if code in CLOCK_CODES and self._learn_clock(getattr(error, "server_date_s", None)):
            return True
        held = self._store.held
        stale = code in STALE_CODES
        if held is not None and isinstance(held.value, BearerToken):  # of an expired one Bedrock says but "denied"
            stale = stale or isinstance(error, (AuthenticationError, PermissionDeniedError))
        return stale and await self._store.reload()

    def secrets(self, credentials: Any) -> Collection[str]:
        """The secret strings in `credentials` and in the extra headers."""
        found = [value for name, value in self._extra_headers.items() if names_secret(name)]
        if isinstance(credentials, BearerToken):
            found.append(credentials.token)
        elif isinstance(credentials, AWSCredentials):
            found.append(credentials.secret_access_key)
            if credentials.session_token is not None:
                found.append(credentials.session_token)
        return found

    def explain(self, error: LLMError, model: str) -> LLMError:
        """The same error, its message with what to do about it, naming model and region."""
        if isinstance(error, ProviderError):
            region = self.region or arn_region(model) or "the configured endpoint"
            from bedrock_llm.providers.hints import advice

            hint = advice(error, model, region, arn_region(model))
            if hint is not None and hint not in error.message:
                error.args = (f"{error.message} (hint: {hint})", *error.args[1:])
        return error

    def _own_address(self, found: tuple[str, str] | None) -> str | None:
        """A base URL that was found, checked."""
        if found is None:
            return None
        if self._switch is not None:
            raise ConfigurationError(
                f"{found[1]} cannot be had together with {self._switch}: FIPS and dual-stack addresses are AWS's own; "
                "switch it off (AWS_USE_FIPS_ENDPOINT=false, AWS_USE_DUALSTACK_ENDPOINT=false) or drop the base URL"
            )
        return check_base_url(*found)

    def _regional_url(self, model: str) -> str:
        region = self.region or self._region_of(model)
        if self.mantle:
            return mantle_url(region, fips=self._fips)
        return regional_url(region, fips=self._fips, dual_stack=self._dual_stack)

    def _region_of(self, model: str) -> str:
        """The region inside an ARN, or inside a URL that holds one."""
        region = arn_region(model)
        if region is None:
            raise ConfigurationError(
                "no AWS region for Bedrock: pass region=, or set AWS_REGION, AWS_DEFAULT_REGION or the profile's region"
            )
        return region

    def _learn_clock(self, server_s: float | None) -> bool:
        if server_s is None:
            return False
        known_s = self._clock_offset_s
        offset_s = server_s - self._clock()
        self._clock_offset_s = offset_s if abs(offset_s) >= CLOCK_TOLERANCE_S else 0.0
        return self._clock_offset_s != 0 or known_s != 0  # also where the clock was set right and the offset is gone
