"""Where Bedrock is: partitions, regions, base URLs and the model's place in a path. Pure.

Here: the partition table, and the checks and encodings of what stands in an address. Not here: where a region or a
base URL is looked up (settings.py). Called by: bedrock.py, factory.
Follows: botocore's partitions.json (1.44.5) and the endpoint rules of bedrock-runtime and bedrock.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from bedrock_llm.errors import ConfigurationError

__all__ = [
    "PARTITIONS",
    "Partition",
    "arn_region",
    "check_base_url",
    "check_model_id",
    "check_path",
    "check_region",
    "control_plane_url",
    "mantle_url",
    "model_path",
    "partition_of",
    "regional_url",
]

MAX_MODEL_ID_CHARS = 2048  # of the service model
_VISIBLE = re.compile(r"[!-~]+")  # ASCII without spaces and control characters
_BASE_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>\d{1,5}))?"
    r"(?P<path>/[a-z0-9._~!$&'()*+,;=:@%/-]*)?",
    re.IGNORECASE | re.ASCII,
)
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|\[::1\]", re.IGNORECASE)
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", re.ASCII)
_ARN_REGION = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]+:([a-z0-9-]+):", re.ASCII)


class Partition(NamedTuple):
    """A part of AWS with accounts and addresses of its own.

    Attributes:
        name: As in ARNs.
        regions: A pattern of how its region names begin; `example` is one.
        example: A region with Bedrock's kind of name.
        suffix: Of its host names.
        dual_stack_suffix: Of its host names that also have IPv6 addresses.
    """

    name: str
    regions: str
    example: str
    suffix: str
    dual_stack_suffix: str


PARTITIONS = (
    Partition("aws", "(us|eu|ap|sa|ca|me|af|il|mx)", "us-east-1", "amazonaws.com", "api.aws"),
    Partition("aws-us-gov", "us-gov", "us-gov-west-1", "amazonaws.com", "api.aws"),
    Partition("aws-cn", "cn", "cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    Partition("aws-eusc", "eusc-(de)", "eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
    Partition("aws-iso", "us-iso", "us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
    Partition("aws-iso-b", "us-isob", "us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
    Partition("aws-iso-e", "eu-isoe", "eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    Partition("aws-iso-f", "us-isof", "us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
)


def partition_of(region: str) -> Partition | None:
    """The partition whose regions are named so, or None."""
    return next(
        (partition for partition in PARTITIONS if re.fullmatch(partition.regions + r"-\w+-\d+", region, re.ASCII)), None
    )


def check_region(region: object, source: str) -> str:
    """`region`, if some partition has regions named so.

    Raises:
        ConfigurationError: None has; says where it came from (`source`) and what a region looks like.
    """
    return _region_and_partition(region, source)[0]


def _region_and_partition(region: object, source: str) -> tuple[str, Partition]:
    partition = partition_of(region) if isinstance(region, str) else None
    if isinstance(region, str) and partition is not None:
        return region, partition
    examples = ", ".join(partition.example for partition in PARTITIONS)
    raise ConfigurationError(
        f"{source} must be the name of an AWS region, not {region!r}; regions are named like {examples}"
    )


def regional_url(region: str, *, fips: bool = False, dual_stack: bool = False) -> str:
    """Bedrock Runtime's own base URL in a region.

    Raises:
        ConfigurationError: No partition has regions named so.
    """
    return _service_url("bedrock-runtime", region, fips=fips, dual_stack=dual_stack)


def control_plane_url(region: str, *, fips: bool = False, dual_stack: bool = False) -> str:
    """The base URL, in a region, of Bedrock's control plane (model lists, inference profiles, batch jobs).

    It is signed with the same name, `bedrock`, and takes the same API keys.

    Raises:
        ConfigurationError: No partition has regions named so.
    """
    return _service_url("bedrock", region, fips=fips, dual_stack=dual_stack)


def mantle_url(region: str, *, fips: bool = False) -> str:
    """The base URL, in a region, of the endpoint that has the APIs of OpenAI and Anthropic alone.

    It is dual-stack everywhere, and signed with a name of its own, `bedrock-mantle`.
    Source: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-openai.html

    Raises:
        ConfigurationError: No partition has regions named so, or FIPS is asked for, which it has not.
    """
    if fips:
        raise ConfigurationError(
            "bedrock-mantle has no FIPS addresses: ask bedrock/... instead, or set AWS_USE_FIPS_ENDPOINT=false"
        )
    return _service_url("bedrock-mantle", region, fips=False, dual_stack=True)


def _service_url(service: str, region: str, *, fips: bool, dual_stack: bool) -> str:
    _, partition = _region_and_partition(region, "the region")
    suffix = partition.dual_stack_suffix if dual_stack else partition.suffix
    return f"https://{service}{'-fips' if fips else ''}.{region}.{suffix}"


def check_path(path: object) -> str:
    """`path`, if it can stand behind a base URL as it is: absolute, percent-encoded, perhaps with a query.

    Raises:
        ConfigurationError: It cannot; says what is allowed.
    """
    if isinstance(path, str) and _PATH.fullmatch(path) and not _has_dots(path.partition("?")[0]):
        return path
    raise ConfigurationError(
        "the path of an operation must be absolute and percent-encoded, such as /async-invoke?maxResults=5, without "
        f"empty and dot segments and fragment, not {ascii(path)[:200]}"
    )


def _has_dots(path: str) -> bool:
    return not {".", ".."}.isdisjoint(path.split("/"))


def check_base_url(url: object, source: str) -> str:
    """A base URL of the user's, without a slash at its end.

    A path in front is allowed. Plain http is refused unless it stays on this machine: keys and prompts would be
    readable on the way.

    Raises:
        ConfigurationError: It is not usable; says where it came from (`source`). A password in it is not shown.
    """
    found = _BASE_URL.fullmatch(url) if isinstance(url, str) else None
    if found is None or int(found["port"] or 0) > 65535 or _has_dots(found["path"] or ""):
        raise ConfigurationError(
            f"{source} must be an absolute http or https URL such as https://gateway.example.com/bedrock, "
            "without user, password, query, fragment and dot segments"
        )
    if found["scheme"].lower() == "http" and not _LOOPBACK.fullmatch(found["host"]):
        raise ConfigurationError(f"{source} must be https: plain http is only for this machine (localhost, 127.0.0.1)")
    return found[0].rstrip("/")


def check_model_id(model: object) -> str:
    """`model`, if it can stand in an address.

    Raises:
        ConfigurationError: It cannot; says what is allowed.
    """
    allowed = (
        "a Bedrock model id, inference profile or ARN: 1 to 2048 visible ASCII characters, no . or .. between slashes"
    )
    if not isinstance(model, str) or not 0 < len(model) <= MAX_MODEL_ID_CHARS:
        found = f"{len(model)} characters" if isinstance(model, str) else type(model).__name__
        raise ConfigurationError(f"model must be {allowed}; this is {found}")
    if not _VISIBLE.fullmatch(model) or _has_dots(model):
        raise ConfigurationError(f"model must be {allowed}, not {ascii(model)[:200]}")
    return model


def model_path(model: str, operation: str) -> str:
    """The path of an operation on a model: the whole id is one segment, so `:` and `/` are escaped.

    Raises:
        ConfigurationError: The id cannot stand in an address.
    """
    return f"/model/{quote(check_model_id(model), safe='-._~')}/{operation}"


@lru_cache(maxsize=256)
def arn_region(model: str) -> str | None:
    """The region inside an ARN, also a percent-encoded one within a URL; None where there is none."""
    found = _ARN_REGION.search(model.replace("%3A", ":"))
    return found[1] if found is not None and partition_of(found[1]) is not None else None
