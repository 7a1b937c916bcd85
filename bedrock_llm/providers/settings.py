"""Where region, base URL and switches are looked up. Reads the environment and, through profiles.py, the AWS files.

Here: `Settings`, the order of the lookups. Not here: keys (credentials.py), what a region or a URL may look like
(endpoints.py). Called by: bedrock.py, credentials.py.

    region         argument, that of the session in `credentials=`, AWS_REGION, AWS_DEFAULT_REGION, profile
    base URL       argument, AWS_ENDPOINT_URL_BEDROCK_RUNTIME, AWS_ENDPOINT_URL, the profile's services section, its
                   endpoint_url; all but the argument are switched off by AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
    all others     the variable, then the profile
    profile        argument, that of the session, AWS_DEFAULT_PROFILE, AWS_PROFILE, `default`

That is botocore's order, with AWS_REGION, which botocore does not read, before its own variable. Blank variables and
keys count as unset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from bedrock_llm.errors import ConfigurationError, redact
from bedrock_llm.providers.profiles import Profile, read_profile

__all__ = ["PROFILE_VARIABLES", "Settings", "variable"]

PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # botocore asks them in this order

Found = tuple[str, str] | None  # a value, and what it is called in a message


class Settings:
    """What the surroundings say. The files are read once, when they are first asked about.

    Args:
        environ: Read instead of the process's environment; None for that.
        profile: The profile's name, where the caller gave one.
        session: What was given as `credentials=`; a session has a region and a profile of its own.
    """

    def __init__(self, environ: Mapping[str, str] | None, profile: str | None = None, session: Any = None) -> None:
        self.environ = os.environ if environ is None else environ
        self._name = profile
        self._session = session if hasattr(session, "get_credentials") else None
        self._profile: Profile | None = None

    @property
    def profile(self) -> Profile:
        """What the AWS files say.

        Raises:
            ConfigurationError: A file is no config file.
        """
        if self._profile is None:
            name = self._name or self._of_session("profile_name", "profile")
            named = (variable(self.environ, each) for each in PROFILE_VARIABLES)
            self._profile = read_profile(self.environ, name or next(filter(None, named), "default"))
        return self._profile

    def region(self, given: str | None) -> Found:
        """The region and its source.

        Raises:
            ConfigurationError: An AWS file, or the session, cannot be read.
        """
        if given is not None:
            return given, "region"
        own = self._of_session("region_name", "region")
        if own is not None:
            return own, "the region of the session in credentials="
        return self._variable("AWS_REGION") or self._variable("AWS_DEFAULT_REGION") or self.profile.get("region")

    def base_url(self, given: str | None, service: str = "bedrock_runtime") -> Found:
        """The base URL and its source; None for AWS's own.

        Args:
            given: By the caller.
            service: The service's name in snake case: `bedrock_runtime`, or `bedrock` for the control plane.

        Raises:
            ConfigurationError: An AWS file cannot be read, or names a services section that is not there.
        """
        if given is not None:
            return given, "base_url"
        if self.switch("ignore_configured_endpoint_urls") is not None:
            return None
        return (
            self._variable(f"AWS_ENDPOINT_URL_{service.upper()}")
            or self._variable("AWS_ENDPOINT_URL")
            or self.profile.endpoint_url(service)
            or self.profile.get("endpoint_url")
        )

    def switch(self, key: str) -> str | None:
        """The source of a switch that is on (says true, in any case); None where it is off.

        Args:
            key: As the config file has it, e.g. `use_fips_endpoint`.

        Raises:
            ConfigurationError: An AWS file cannot be read.
        """
        found = self.text(key)
        return found[1] if found is not None and found[0].strip().lower() == "true" else None

    def text(self, key: str) -> Found:
        """The value of a key, and its source: the variable `AWS_` and the key in upper case, then the profile.

        Raises:
            ConfigurationError: An AWS file cannot be read.
        """
        return self._variable(f"AWS_{key.upper()}") or self.profile.get(key)

    def prefers_signatures(self) -> bool:
        """Whether, of the two ways that Bedrock takes, `auth_scheme_preference` has signatures before API keys.

        Raises:
            ConfigurationError: An AWS file cannot be read.
        """
        schemes = (self.text("auth_scheme_preference") or ("", ""))[0].split(",")
        known = [scheme for scheme in map(str.strip, schemes) if scheme in ("sigv4", "httpBearerAuth")]
        return known[:1] == ["sigv4"]

    def _variable(self, name: str) -> Found:
        value = variable(self.environ, name)
        return None if value is None else (value, name)

    def _of_session(self, attribute: str, key: str) -> str | None:
        """What a session says of itself: boto3's and aioboto3's by attribute, botocore's and aiobotocore's by key."""
        if self._session is None:
            return None
        try:
            value = getattr(self._session, attribute, None)
            if value is None and hasattr(self._session, "get_config_variable"):
                value = self._session.get_config_variable(key)
        except Exception as error:
            raise ConfigurationError(f"the session in credentials= failed: {redact(str(error))}") from error
        return value if isinstance(value, str) and value.strip() else None


def variable(environ: Mapping[str, str], name: str) -> str | None:
    """A variable as it is; None where it is unset or blank."""
    value = environ.get(name)
    return value if value is not None and value.strip() else None
