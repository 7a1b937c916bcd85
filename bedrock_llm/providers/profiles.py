"""The AWS config and credentials files, as far as they say where Bedrock is.

Here: `read_profile`, which reads both and gives what they hold of one profile. Not here: which keys count, and after
what (settings.py); keys and roles, which botocore finds by itself (chain.py). Called by: settings.py.
Follows: botocore's configloader.py (1.44.5), so that boto3 and we find the same:

    config file        [default], [profile name], [profile "a name"]; the last section of a profile counts
    credentials file   each section is a profile; its keys are laid over those of the config file
    nested keys        an empty value, then indented lines `key = value`
    [services name]    for each service, by its name in snake case, nested keys

botocore takes 150 ms to import, and these files are read before the first call, so this reads them itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from bedrock_llm.errors import ConfigurationError

__all__ = ["Profile", "read_profile"]

_QUOTING = frozenset("\"'\\")

Section = dict[str, Any]  # key to a value, or to nested keys


class Profile:
    """What the files say of a profile. Its repr shows nothing of it: the credentials file holds secrets.

    Args:
        name: Of the profile.
        values: Key, in lower case, to its value and the file that it stands in.
        services: The `[services ...]` sections by name.
    """

    __slots__ = ("_services", "_values", "name")

    def __init__(self, name: str, values: Mapping[str, tuple[Any, str]], services: Mapping[str, Section]) -> None:
        self.name = name
        self._values = values
        self._services = services

    def get(self, key: str) -> tuple[str, str] | None:
        """A value that is not blank, and where it stands; None where there is none."""
        value, path = self._values.get(key, (None, ""))
        if not isinstance(value, str) or not value.strip():
            return None
        return value.strip(), f"{key} of the profile {self.name} in {path}"

    def endpoint_url(self, service: str) -> tuple[str, str] | None:
        """The address of a service in the profile's `services` section, and where it stands.

        Args:
            service: In snake case, e.g. `bedrock_runtime`.

        Raises:
            ConfigurationError: The profile names a section that is not there.
        """
        named = self.get("services")
        if named is None:
            return None
        section = self._services.get(named[0])
        if not section:
            raise ConfigurationError(f"{named[1]} is {named[0]!r}, but the config file has no [services {named[0]}]")
        keys = section.get(service)
        value = keys.get("endpoint_url") if isinstance(keys, dict) else None
        return (value, f"{service}.endpoint_url of [services {named[0]}]") if value else None


def read_profile(environ: Mapping[str, str], name: str) -> Profile:
    """Read the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, or `~/.aws/config` and its neighbour.

    Args:
        environ: The variables; HOME is `~`.
        name: Of the profile; one that is in neither file is empty.

    Raises:
        ConfigurationError: A file is no config file. What stands in it is not shown.
    """
    config = _path(environ, "AWS_CONFIG_FILE", "config")
    values: dict[str, tuple[Any, str]] = {}
    services: dict[str, Section] = {}
    for heading, section in _sections(config).items():
        kind, named = _heading(heading)
        if kind == "services":
            services[named] = section
        elif (kind, named) == ("profile", name):
            values = {key: (value, config) for key, value in section.items()}
    credentials = _path(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
    for key, value in _sections(credentials).get(name, {}).items():
        values[key] = (value, credentials)
    return Profile(name, values, services)


def _path(environ: Mapping[str, str], variable: str, default: str) -> str:
    home = os.path.expanduser("~") if environ is os.environ else environ.get("HOME", "")
    path = environ.get(variable, "").strip()
    if not path:
        return f"{home}/.aws/{default}" if home else ""
    path = os.path.expandvars(path)
    return home + path[1:] if path == "~" or path.startswith("~/") else os.path.expanduser(path)


def _heading(heading: str) -> tuple[str, str]:
    """A section's kind and name; kind and name are blank where it is neither a profile nor of services."""
    if heading == "default":
        return "profile", heading
    for kind in ("profile", "services"):
        if heading.startswith(kind):
            parts = _words(heading)
            return (kind, parts[1]) if len(parts) == 2 else ("", "")
    return "", ""


def _words(heading: str) -> list[str]:
    if _QUOTING.isdisjoint(heading):
        return heading.split()
    import shlex

    try:
        return shlex.split(heading)
    except ValueError:  # a quotation without an end
        return []


def _sections(path: str) -> dict[str, Section]:
    """Section to its keys; nothing where there is no such file."""
    if not path or not os.path.isfile(path):
        return {}
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8-sig")
        return {
            section: {key: _nested(value) if value.startswith("\n") else value for key, value in parser.items(section)}
            for section in parser.sections()
        }
    except (Error, ValueError):  # without it: it quotes the line, and that may be a secret
        variables = "AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
        text = f"the AWS config file {path} cannot be read: mend it, or name another one in {variables}"
        raise ConfigurationError(text) from None


def _nested(text: str) -> Section:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, value = line.split("=", 1)
        found[key.strip()] = value.strip()
    return found
