"""The AWS SDK's own search for keys: profiles, SSO, roles, web identity, processes, `aws login`, containers, instances.

Here: a botocore session set up for the search. Not here: when it is asked (credentials.py), what the profile says of
regions and addresses (settings.py). Called by: credentials.py, in a thread.

The search is botocore's, unchanged: env, assume-role, web identity, SSO, credentials file, login, process, config file,
container, instance. What is set differently:

Rule 1: a session that knows no region (botocore does not read AWS_REGION) gets the client's, for the token services.
Rule 2: blank variables for the profile count as unset, as they do for us.
Rule 3: the instance's metadata service is asked three times, not once: it is slow to answer when a machine starts.
Rule 4: of botocore's table of addresses only the services that hand out keys are read: with all of its 1.2 MB the
        interpreter's lock and its garbage collector hold the event loop up for 50 ms.
"""

from __future__ import annotations

import os
import re
from typing import Any

from bedrock_llm.providers.settings import PROFILE_VARIABLES, variable

__all__ = ["new_session"]

_INSTANCE_ATTEMPTS = 3
_ASKED_FOR_KEYS = frozenset(("oidc", "portal.sso", "signin", "sts"))
_SERVICES = re.compile(r'"services"\s*:\s*\{')
_MEMBER = re.compile(r'[\s,]*(?P<member>"(?P<name>[^"]*)"\s*:\s*)')


def new_session(profile: str | None, region: str | None) -> Any:
    """A fresh botocore session, which remembers nothing of earlier searches.

    Args:
        profile: Searched instead of the one that the environment names, and without keys of the environment.
        region: For sessions that have none of their own.
    """
    from botocore.session import Session  # type: ignore[import-untyped]  # it ships no types

    named = [name for name in PROFILE_VARIABLES if variable(os.environ, name) is not None]
    attempts = "metadata_service_num_attempts"
    variables = {
        "profile": (None, named, None, None),
        attempts: (attempts, f"AWS_{attempts.upper()}", _INSTANCE_ATTEMPTS, int),
    }
    session = Session(session_vars=variables, profile=profile)
    session.get_component("data_loader").file_loader = _file_loader()
    if region is not None and not session.get_config_variable("region"):
        session.set_config_variable("region", region)
    return session


def _file_loader() -> Any:
    import gzip
    import json

    from botocore.loaders import JSONFileLoader  # type: ignore[import-untyped]

    class Frugal(JSONFileLoader):  # type: ignore[misc]
        """Reads the same files into plain dicts."""

        def load_file(self, file_path: str) -> Any:
            for ending, opened in ((".json", open), (".json.gz", gzip.open)):
                if os.path.isfile(file_path + ending):
                    with opened(file_path + ending, "rb") as file:
                        text = file.read().decode("utf-8")
                    return json.loads(_without_services(text) if file_path.endswith("endpoints") else text)
            return None

    return Frugal()


def _without_services(text: str) -> str:
    """The table of addresses, in JSON, without the services that are not asked for keys."""
    from json import JSONDecoder

    end_of = JSONDecoder().raw_decode
    pieces, at = [], 0
    while (services := _SERVICES.search(text, at)) is not None:
        pieces.append(text[at : services.end()])
        at, kept = services.end(), []
        while (member := _MEMBER.match(text, at)) is not None:
            _, at = end_of(text, member.end())
            if member["name"] in _ASKED_FOR_KEYS:
                kept.append(text[member.start("member") : at])
        pieces.append(",".join(kept))
    return "".join((*pieces, text[at:]))
