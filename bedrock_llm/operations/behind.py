"""Which model stands behind the ARN of an application inference profile.

Here: one bounded question to the control plane. Not here: what is done with the answer (models/resolving.py). Called
by: factory.
"""

from __future__ import annotations

import time

from bedrock_llm.config import RetryPolicy, Timeouts
from bedrock_llm.errors import ConfigurationError
from bedrock_llm.operations.caller import OwnServices
from bedrock_llm.operations.control_plane import ControlPlane
from bedrock_llm.providers.bedrock import BedrockProvider

__all__ = ["model_behind"]

MAX_WAIT_S = 10.0  # an answer waits for it, and goes on without


async def model_behind(arn: str, provider: BedrockProvider) -> str:
    """The name whose facts are those of the profile; asked once, for at most 10 seconds.

    Raises:
        ConfigurationError: The profile holds several models, or none.
        LLMError: The control plane refused, or was not reached.
    """
    limits = Timeouts(connect_s=MAX_WAIT_S, first_event_s=MAX_WAIT_S, total_s=MAX_WAIT_S)
    services = OwnServices(retry=RetryPolicy(max_attempts=1), timeouts=limits)
    profile = await ControlPlane(provider, services, time.time).get_inference_profile(arn)
    if profile.base_model is None:
        raise ConfigurationError(f"the profile {arn} has {len(profile.model_ids)} models behind it, not one")
    return profile.base_model
