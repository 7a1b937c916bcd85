"""Short-term Bedrock API keys, made from AWS keys on this machine.

Here: `short_term_api_key`. Not here: long-term keys, which the AWS console makes; how a key is sent (bedrock.py).
Called by: users.
Follows: the package aws-bedrock-token-generator (1.1.0), byte for byte.

Such a key is a presigned request: it holds the access key id and, of temporary keys, the session token, but never the
secret. It can do in Bedrock what the AWS keys can, and nothing elsewhere.
"""

from __future__ import annotations

import time
from base64 import b64encode

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import ConfigurationError
from bedrock_llm.providers.endpoints import check_region
from bedrock_llm.providers.sigv4 import presign

__all__ = ["short_term_api_key"]

MAX_EXPIRES_S = 43_200
_URL = "https://bedrock.amazonaws.com/?Action=CallWithBearerToken"  # in every region; the signature names the region


def short_term_api_key(
    credentials: AWSCredentials, region: str, expires_s: int = MAX_EXPIRES_S, now: float | None = None
) -> str:
    """A Bedrock API key for `api_key=` or AWS_BEARER_TOKEN_BEDROCK, made without a network.

    Args:
        credentials: Of the identity that the key stands for. Of a boto3 session:
            `AWSCredentials(*session.get_credentials().get_frozen_credentials()[:3])`.
        region: The one region in which the key is valid, e.g. `us-east-1`.
        expires_s: Its life in seconds, 12 hours at most. It ends earlier where the credentials expire earlier.
        now: Seconds since the epoch; None for this machine's clock.

    Raises:
        ConfigurationError: An argument cannot be used.
    """
    if not isinstance(credentials, AWSCredentials):
        raise ConfigurationError(f"credentials must be AWSCredentials, not {type(credentials).__name__}")
    if expires_s.__class__ is not int or not 0 < expires_s <= MAX_EXPIRES_S:
        raise ConfigurationError(f"expires_s must be a whole number from 1 to {MAX_EXPIRES_S}, not {expires_s!r}")
    timestamp = time.time() if now is None else now
    signed = presign("POST", _URL, credentials, check_region(region, "region"), "bedrock", timestamp, expires_s)
    text = signed.removeprefix("https://") + "&Version=1"
    return f"bedrock-api-key-{b64encode(text.encode('ascii')).decode('ascii')}"
