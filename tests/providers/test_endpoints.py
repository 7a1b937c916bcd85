"""Regions, base URLs and model ids: what may stand in an address, and how it is written there."""

from __future__ import annotations

import re
from itertools import product

import pytest

from bedrock_llm.errors import ConfigurationError
from bedrock_llm.providers.endpoints import (
    PARTITIONS,
    arn_region,
    check_base_url,
    check_path,
    check_region,
    control_plane_url,
    model_path,
    partition_of,
    regional_url,
)

ARN = "arn:aws:bedrock:us-east-1:123456789012:"
ESCAPED_ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3A"


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com"),
        ("eu-central-2", "https://bedrock-runtime.eu-central-2.amazonaws.com"),
        ("ap-southeast-4", "https://bedrock-runtime.ap-southeast-4.amazonaws.com"),
        ("mx-central-1", "https://bedrock-runtime.mx-central-1.amazonaws.com"),
        ("il-central-1", "https://bedrock-runtime.il-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "https://bedrock-runtime.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "https://bedrock-runtime.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "https://bedrock-runtime.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "https://bedrock-runtime.us-isof-south-1.csp.hci.ic.gov"),
    ],
)
def test_every_partition_has_its_own_address(region, url):
    assert regional_url(check_region(region, "region")) == url


def test_fips_and_dual_stack_have_addresses_of_their_own():
    assert regional_url("us-east-1", fips=True) == "https://bedrock-runtime-fips.us-east-1.amazonaws.com"
    assert regional_url("us-east-1", dual_stack=True) == "https://bedrock-runtime.us-east-1.api.aws"
    assert regional_url("us-gov-west-1", fips=True, dual_stack=True) == (
        "https://bedrock-runtime-fips.us-gov-west-1.api.aws"
    )


def test_the_example_of_each_partition_is_of_that_partition_only():
    for partition in PARTITIONS:
        found = [other.name for other in PARTITIONS if re.fullmatch(other.regions + r"-\w+-\d+", partition.example)]
        assert found == [partition.name]


def test_addresses_agree_with_botocore():
    from botocore.loaders import Loader

    theirs = {item["id"]: item for item in Loader().load_data("partitions")["partitions"]}
    assert {partition.name for partition in PARTITIONS} == set(theirs)
    for partition in PARTITIONS:
        outputs = theirs[partition.name]["outputs"]
        assert (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]) == (partition.suffix, partition.dual_stack_suffix)
        for region in theirs[partition.name]["regions"]:
            assert partition_of(region) is (None if region.endswith("-global") else partition)


@pytest.mark.parametrize(("service", "ours"), [("bedrock-runtime", regional_url), ("bedrock", control_plane_url)])
def test_botocores_endpoint_rules_give_the_same_address_in_every_region_of_every_partition(service, ours):
    from botocore.endpoint_provider import EndpointProvider
    from botocore.loaders import Loader

    loader = Loader()
    partitions = loader.load_data("partitions")
    rules = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
    regions = [region for partition in partitions["partitions"] for region in partition["regions"]]
    for region in [region for region in regions if not region.endswith("-global")]:
        for fips, dual_stack in product((False, True), repeat=2):
            theirs = rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url
            assert ours(region, fips=fips, dual_stack=dual_stack) == theirs


def test_clients_of_boto3_go_to_the_same_address(aws):
    import boto3

    session = boto3.Session("AKIDEXAMPLE", "a-secret", region_name="eu-central-1")
    assert session.client("bedrock").meta.endpoint_url == control_plane_url("eu-central-1")
    assert session.client("bedrock-runtime").meta.endpoint_url == regional_url("eu-central-1")


@pytest.mark.parametrize(
    "region",
    [
        *("", " ", "us-east", "us-east-1 ", "us-east-1\n", "us_east_1", "US-EAST-1", "xx-east-1", "us--1", 7),
        *("evil.example.com/", "us-east-1.evil.com", "us-east-1/../x", "us-east-\u0661"),
    ],
)
def test_what_is_no_region_is_refused_with_examples(region):
    with pytest.raises(ConfigurationError, match=r"^AWS_REGION must be the name of an AWS region.*us-east-1"):
        check_region(region, "AWS_REGION")


# --- base URLs


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://gateway.example.com", "https://gateway.example.com"),
        ("https://gateway.example.com/", "https://gateway.example.com"),
        ("https://gateway.example.com:8443/bedrock/v1/", "https://gateway.example.com:8443/bedrock/v1"),
        ("https://vpce-0123.bedrock-runtime.us-east-1.vpce.amazonaws.com", None),
        ("HTTPS://Gateway.Example.Com", None),
        ("http://localhost:8123", None),
        ("http://127.0.0.1:8123", None),
        ("http://127.1.2.3", None),
        ("http://[::1]:8123/x", None),
        ("https://[2001:db8::1]:8123", None),
        ("https://gateway.example.com/a%2Fb", None),
    ],
)
def test_base_url_keeps_its_path_and_loses_its_last_slash(url, kept):
    assert check_base_url(url, "base_url") == (kept or url)


@pytest.mark.parametrize(
    "url",
    [
        *("", " ", "gateway.example.com", "/bedrock", "ftp://x", "file:///etc/passwd", "https://", "https:///x"),
        *("https://user:hunter2@x", "https://hunter2@x", "https://x?key=hunter2", "https://x#y", "https://x/?"),
        *("https://x y", "https://x\n", "https://x/\r\nHost: y", "https://x\\y", "https://x/a/../b", "https://x/.."),
        *("https://x:99999", "https://x:abc", "https://x:", "https://[zz]", "https://b\u00fccher.example"),
        *('https://x"y', "https://x/<>", "https://x@127.0.0.1", "https://x/\u00fc", 7, None),
    ],
)
def test_base_url_that_cannot_be_used_is_refused_without_showing_it(url):
    with pytest.raises(ConfigurationError, match="base_url must be an absolute http or https URL") as caught:
        check_base_url(url, "base_url")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com", "http://10.0.0.1:80", "http://127.0.0.1.example.com", "http://localhost.example.com"),
        *("http://0.0.0.0", "http://[::2]", "HTTP://example.com", "http://127.0.0.1x", "http://x.localhost"),
    ],
)
def test_plain_http_is_refused_except_on_this_machine(url):
    with pytest.raises(ConfigurationError, match="base_url must be https"):
        check_base_url(url, "base_url")


@pytest.mark.parametrize(
    "path",
    [
        *("/guardrail/ab12/version/DRAFT/apply", "/async-invoke", "/foundation-models?byProvider=meta&x=%20"),
        *("/async-invoke/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aasync-invoke%2Fab12", "/a?b=/c/../d"),
    ],
)
def test_path_stays_as_it_is(path):
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "x", "x/y", "//evil.example.com", "/a//b", "/a/", "/a/../b", "/./a", "/a/..", "/a b", "/a\n"),
        *("/a#b", "/\u00fc", "/a\\b", "https://evil.example.com/", "@evil.example.com", "/a?b\r\nc", None, 7),
    ],
)
def test_path_that_would_lead_elsewhere_is_refused(path):
    with pytest.raises(ConfigurationError, match="path of an operation must be absolute and percent-encoded"):
        check_path(path)


# --- model ids


@pytest.mark.parametrize(
    ("model", "segment"),
    [
        ("anthropic.claude-opus-4-8", "anthropic.claude-opus-4-8"),
        ("meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1%3A0"),
        ("us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-sonnet-4-6"),
        ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "us-gov.anthropic.claude-3-haiku-20240307-v1%3A0"),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.nova-lite-v1%3A0",
        ),
        (f"{ARN}inference-profile/us.x.y", f"{ESCAPED_ARN}inference-profile%2Fus.x.y"),
        (f"{ARN}application-inference-profile/ab12", f"{ESCAPED_ARN}application-inference-profile%2Fab12"),
        (f"{ARN}provisioned-model/abcdefghijkl", f"{ESCAPED_ARN}provisioned-model%2Fabcdefghijkl"),
        (f"{ARN}custom-model/x.y/abcdefghijkl", f"{ESCAPED_ARN}custom-model%2Fx.y%2Fabcdefghijkl"),
        (f"{ARN}custom-model-deployment/abcdefghijkl", f"{ESCAPED_ARN}custom-model-deployment%2Fabcdefghijkl"),
        (f"{ARN}imported-model/abcdefghijkl", f"{ESCAPED_ARN}imported-model%2Fabcdefghijkl"),
        (f"{ARN}prompt/ABCDEFGHIJ:3", f"{ESCAPED_ARN}prompt%2FABCDEFGHIJ%3A3"),
        (f"{ARN}default-prompt-router/meta.llama:1", f"{ESCAPED_ARN}default-prompt-router%2Fmeta.llama%3A1"),
        (
            "arn:aws:sagemaker:us-east-1:123456789012:endpoint/My-Endpoint",
            "arn%3Aaws%3Asagemaker%3Aus-east-1%3A123456789012%3Aendpoint%2FMy-Endpoint",
        ),
        ("odd?id#with%25~", "odd%3Fid%23with%2525~"),
        ("a" * 2048, "a" * 2048),
    ],
)
def test_model_id_is_one_escaped_segment(model, segment):
    assert model_path(model, "converse-stream") == f"/model/{segment}/converse-stream"


@pytest.mark.parametrize(
    "model",
    [
        *("", " ", "a b", "a\n", "\ta", "a\x00b", "a\x7f", "mod\u00e8le", "a\u2028", "\ud800", "a" * 2049),
        *(".", "..", "a/../b", "./a", "a/..", None, 7, b"x"),
    ],
)
def test_model_id_that_cannot_stand_in_a_path_is_refused_with_what_is_allowed(model):
    with pytest.raises(ConfigurationError, match=r"model must be a Bedrock model id.*1 to 2048 visible"):
        model_path(model, "converse")


@pytest.mark.parametrize(
    ("model", "region"),
    [
        (f"{ARN}inference-profile/x", "us-east-1"),
        (f"https://gateway.example.com/model/{ESCAPED_ARN}x/converse", "us-east-1"),
        ("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/x", "us-gov-west-1"),
        ("arn:aws:bedrock:nowhere::foundation-model/x", None),
        ("arn:aws:bedrock:::foundation-model/x", None),
        ("anthropic.claude-opus-4-8", None),
    ],
)
def test_region_of_an_arn(model, region):
    assert arn_region(model) == region
