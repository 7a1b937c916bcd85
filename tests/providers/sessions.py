"""Sessions and credentials shaped like those of boto3 and aioboto3, that count what is asked of them."""

from __future__ import annotations

import threading
from typing import NamedTuple


class Frozen(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None


class Credentials:
    """Like botocore's `Credentials`: they stay."""

    def __init__(self, key_id="AKIDSESSION", secret="secret-of-the-session", token=None):
        self.frozen = Frozen(key_id, secret, token)

    def get_frozen_credentials(self):
        return self.frozen


class RefreshableCredentials(Credentials):
    """Like botocore's: they know how many seconds are left to them; a refresh gives the next ones."""

    def __init__(self, seconds_left=3600.0):
        super().__init__("AKIDFIRST", "secret-number-0", "token-number-0")
        self.seconds_left = seconds_left
        self.refreshes = 0
        self.failure: Exception | None = None

    def refresh_needed(self, refresh_in=None):
        return self.seconds_left < (900 if refresh_in is None else refresh_in)

    def get_frozen_credentials(self):
        if self.refresh_needed():
            self.refreshes += 1
            if self.failure is not None:
                raise self.failure
            self.seconds_left = 3600.0
            self.frozen = Frozen("AKIDNEXT", f"secret-number-{self.refreshes}", f"token-number-{self.refreshes}")
        return self.frozen


class Session:
    """Like `boto3.Session`."""

    def __init__(self, credentials=None, region_name=None):
        self.credentials = Credentials() if credentials is None else credentials
        self.region_name = region_name
        self.calls = 0
        self.threads: set[str] = set()

    def get_credentials(self):
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        return self.credentials


class AsyncCredentials(Credentials):
    async def get_frozen_credentials(self):
        return self.frozen


class AsyncSession(Session):
    """Like `aioboto3.Session`."""

    async def get_credentials(self):
        return Session.get_credentials(self)
