"""Every way of the AWS SDK's chain, with real files, real processes and real servers; and when it is asked again."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
import threading
from datetime import UTC, datetime, timedelta
from itertools import product

import anyio
import pytest

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import AuthenticationError, ConfigurationError, MissingCredentialsError
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.providers.chain import new_session
from tests.providers.cloud import ROLE

ROLE_ARN = "arn:aws:iam::123456789012:role/reader"


def issued(number):
    return AWSCredentials(f"AKID{number}", f"secret-{number}", f"token-{number}")


async def found(**options):
    with anyio.fail_after(20):
        return await BedrockProvider(**options).credentials()


def iso(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- files


@pytest.mark.anyio
async def test_keys_of_the_credentials_file(aws):
    (aws / "credentials").write_text("[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=of-the-file\n")
    assert await found(region="us-east-1") == AWSCredentials("AKIDFILE", "of-the-file")


@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
async def test_keys_of_the_config_file_and_of_a_named_profile(aws, monkeypatch, variable):
    monkeypatch.setenv(variable, "mine")
    (aws / "config").write_text(
        "[profile mine]\naws_access_key_id=AKIDCONF\naws_secret_access_key=of-it\naws_session_token=temporary\n"
    )
    assert await found(region="us-east-1") == AWSCredentials("AKIDCONF", "of-it", "temporary")


@pytest.mark.anyio
async def test_a_blank_variable_for_the_profile_counts_as_unset(aws, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "")
    (aws / "credentials").write_text("[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=of-the-file\n")
    assert await found(region="us-east-1") == AWSCredentials("AKIDFILE", "of-the-file")


@pytest.mark.anyio
async def test_keys_of_the_old_files(aws, monkeypatch):
    old = aws / "old"
    old.write_text("AWSAccessKeyId=AKIDOLD\nAWSSecretKey=of-ec2\n")
    monkeypatch.setenv("AWS_CREDENTIAL_FILE", str(old))
    assert await found(region="us-east-1") == AWSCredentials("AKIDOLD", "of-ec2")
    monkeypatch.delenv("AWS_CREDENTIAL_FILE")
    old.write_text("[Credentials]\naws_access_key_id=AKIDBOTO\naws_secret_access_key=of-boto\n")
    monkeypatch.setenv("BOTO_CONFIG", str(old))
    assert await found(region="us-east-1") == AWSCredentials("AKIDBOTO", "of-boto")


@pytest.mark.anyio
async def test_keys_that_were_rotated_in_the_file_are_read_again_after_a_refusal(aws):
    text = "[default]\naws_access_key_id={}\naws_secret_access_key=of-the-file\n"
    (aws / "credentials").write_text(text.format("AKIDOLD"))
    provider = BedrockProvider(region="us-east-1")
    assert (await provider.credentials()).access_key_id == "AKIDOLD"
    (aws / "credentials").write_text(text.format("AKIDNEW"))
    assert await provider.recover(AuthenticationError("no", code="UnrecognizedClientException", status=403)) is True
    assert (await provider.credentials()).access_key_id == "AKIDNEW"


# --- roles


@pytest.fixture
def sts(aws, cloud, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", cloud.url)
    return cloud


def role(source, more=""):
    return f"[profile role]\nrole_arn={ROLE_ARN}\n{source}\n{more}"


SOURCE = "[profile base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=of-the-base\n"


@pytest.mark.anyio
async def test_assumed_role_of_another_profile(aws, sts):
    more = f"external_id=ours\nrole_session_name=me\nduration_seconds=900\n{SOURCE}"
    (aws / "config").write_text(role("source_profile=base", more))
    assert await found(profile="role", region="eu-west-1") == issued(1)
    (asked,) = sts.asked
    assert {name: asked.fields[name] for name in ("Action", "RoleArn", "ExternalId", "RoleSessionName")} == {
        "Action": "AssumeRole",
        "RoleArn": ROLE_ARN,
        "ExternalId": "ours",
        "RoleSessionName": "me",
    }
    assert asked.fields["DurationSeconds"] == "900"
    assert "Credential=AKIDBASE/" in asked.headers["authorization"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("environ", "of_the_profile", "signed"),
    [
        ({"AWS_REGION": "eu-west-1"}, "", "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "", "eu-west-2"),
        ({"AWS_REGION": "eu-west-1"}, "region=eu-west-3", "eu-west-3"),
    ],
)
async def test_token_service_is_asked_in_the_sdks_region_or_else_in_ours(
    aws, sts, monkeypatch, environ, of_the_profile, signed
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (aws / "config").write_text(role("source_profile=base", f"{of_the_profile}\n{SOURCE}"))
    await found(profile="role")
    assert f"/{signed}/sts/aws4_request" in sts.asked[0].headers["authorization"]


@pytest.mark.anyio
async def test_role_that_is_assumed_from_another_role(aws, sts):
    middle = f"[profile middle]\nrole_arn={ROLE_ARN}-2\nsource_profile=base\n"
    (aws / "config").write_text(role("source_profile=middle", middle + SOURCE))
    assert await found(profile="role", region="us-east-1") == issued(2)
    assert [asked.fields["RoleArn"] for asked in sts.asked] == [f"{ROLE_ARN}-2", ROLE_ARN]
    assert "Credential=AKID1/" in sts.asked[1].headers["authorization"]


@pytest.mark.anyio
@pytest.mark.parametrize("source", ["Environment", "EcsContainer", "Ec2InstanceMetadata"])
async def test_role_that_is_assumed_from_the_surroundings(aws, sts, monkeypatch, source):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-environment")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{sts.url}/container")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", sts.url)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    (aws / "config").write_text(role(f"credential_source={source}"))
    number = 1 if source == "Environment" else 2
    assert await found(profile="role", region="us-east-1") == issued(number)
    assert f"Credential={'AKIDENV' if number == 1 else 'AKID1'}/" in sts.asked[-1].headers["authorization"]


@pytest.mark.anyio
@pytest.mark.parametrize("by", ["environment", "profile"])
async def test_web_identity(aws, sts, monkeypatch, by):
    token = aws / "token"
    token.write_text("header.payload.signature")
    if by == "environment":
        monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    else:
        monkeypatch.setenv("AWS_PROFILE", "role")
        (aws / "config").write_text(role(f"web_identity_token_file={token}"))
    assert await found(region="us-east-1") == issued(1)
    (asked,) = sts.asked
    assert (asked.fields["Action"], asked.fields["WebIdentityToken"]) == (
        "AssumeRoleWithWebIdentity",
        "header.payload.signature",
    )
    assert "authorization" not in asked.headers


# --- SSO and sign-in


@pytest.fixture
def sso(aws, cloud, monkeypatch):
    """The portal; the cache of tokens lies where a fresh process with this HOME would look."""
    from botocore.credentials import SSOProvider
    from botocore.tokens import SSOTokenProvider

    folder = aws / "sso" / "cache"
    folder.mkdir(parents=True)
    for kind in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(kind, "_SSO_TOKEN_CACHE_DIR", str(folder))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", cloud.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", cloud.url)
    return cloud


def keep_token(aws, key, minutes, token="token-of-sso"):
    path = aws / "sso" / "cache" / f"{hashlib.sha1(key.encode()).hexdigest()}.json"
    registration = {"clientId": "client", "clientSecret": "of-the-client", "registrationExpiresAt": iso(1000)}
    path.write_text(
        json.dumps({"accessToken": token, "expiresAt": iso(minutes), "refreshToken": "first"} | registration)
    )


ACCOUNT = "sso_account_id=123456789012\nsso_role_name=Reader\n"
PORTAL = "sso_start_url=https://portal.example.com/start\nsso_region=eu-west-1\n"


@pytest.mark.anyio
async def test_sso_with_a_session(aws, sso):
    (aws / "config").write_text(f"[profile mine]\nsso_session=ours\n{ACCOUNT}[sso-session ours]\n{PORTAL}")
    keep_token(aws, "ours", minutes=60)
    assert await found(profile="mine", region="us-east-1") == issued(1)
    (asked,) = sso.asked
    assert asked.fields == {"role_name": "Reader", "account_id": "123456789012"}


@pytest.mark.anyio
async def test_sso_without_a_session(aws, sso):
    (aws / "config").write_text(f"[profile mine]\n{ACCOUNT}{PORTAL}")
    keep_token(aws, "https://portal.example.com/start", minutes=60)
    assert await found(profile="mine", region="us-east-1") == issued(1)


@pytest.mark.anyio
async def test_sso_token_that_ends_soon_is_renewed_and_kept(aws, sso):
    (aws / "config").write_text(f"[profile mine]\nsso_session=ours\n{ACCOUNT}[sso-session ours]\n{PORTAL}")
    keep_token(aws, "ours", minutes=1, token="an-older-one")
    assert await found(profile="mine", region="us-east-1") == issued(1)
    assert sso.paths() == ["/token", "/federation/credentials"]
    assert sso.asked[0].fields["refreshToken"] == "first"
    (kept,) = (aws / "sso" / "cache").iterdir()
    assert json.loads(kept.read_text())["accessToken"] == "token-of-sso"


@pytest.mark.anyio
async def test_sso_session_that_has_ended_says_to_sign_in_again(aws, sso):
    (aws / "config").write_text(f"[profile mine]\n{ACCOUNT}{PORTAL}")
    keep_token(aws, "https://portal.example.com/start", minutes=-1)
    with pytest.raises(MissingCredentialsError, match="aws sso login"):
        await found(profile="mine", region="us-east-1")


@pytest.mark.anyio
async def test_sign_in_without_what_it_needs_says_what_to_install(aws, monkeypatch):
    credentials = pytest.importorskip("botocore.credentials")
    if not hasattr(credentials, "LoginProvider"):
        pytest.skip("this botocore knows of no `aws login`")
    monkeypatch.setattr(credentials, "EC", None)
    (aws / "config").write_text("[profile mine]\nlogin_session=arn:aws:iam::123456789012:user/me\n")
    with pytest.raises(MissingCredentialsError, match=r'pip install "botocore\[crt\]"'):
        await found(profile="mine", region="us-east-1")


@pytest.mark.anyio
async def test_sign_in_is_renewed_with_a_proof_of_the_key(aws, cloud, monkeypatch):
    crypto = pytest.importorskip("awscrt.crypto")
    import base64

    secret = crypto.EC.new_generate(crypto.ECType.P_256).export_key(crypto.ECExportFormat.SEC1)
    kind = "EC PRIVATE KEY"
    pem = f"-----BEGIN {kind}-----\n{base64.b64encode(secret).decode()}\n-----END {kind}-----\n"
    session = "arn:aws:iam::123456789012:user/me"
    keys = {"accessKeyId": "AKIDOLD", "secretAccessKey": "old", "sessionToken": "old", "accountId": "123456789012"}
    token = {"accessToken": keys | {"expiresAt": iso(1)}, "refreshToken": "first", "dpopKey": pem, "clientId": "cli"}
    kept = aws / f"{hashlib.sha256(session.encode()).hexdigest()}.json"
    kept.write_text(json.dumps(token))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(aws))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", cloud.url)
    (aws / "config").write_text(f"[profile mine]\nlogin_session={session}\n")
    cloud.life_s = 900
    assert await found(profile="mine", region="us-east-1") == issued(1)
    (asked,) = cloud.asked
    assert (asked.path, asked.fields["refreshToken"]) == ("/v1/token", "first")
    assert asked.headers["dpop"].count(".") == 2
    assert json.loads(kept.read_text())["refreshToken"] == "the-next-one"


# --- processes


def process(aws, code, *arguments):
    """A profile whose keys are printed by a program; its runs are counted in a file."""
    program = aws / "keys.py"
    runs = aws / "runs"
    program.write_text(f"import sys, json\nopen({str(runs)!r}, 'a').write('x')\n{code}\n")
    command = shlex.join([sys.executable, str(program), *arguments])
    (aws / "config").write_text(f"[profile mine]\ncredential_process={command}\n")
    return lambda: len(runs.read_text())


PRINT = "print(json.dumps({'Version': 1, 'AccessKeyId': 'AKIDPROC', 'SecretAccessKey': sys.argv[1], **%s}))"


@pytest.mark.anyio
async def test_process_whose_keys_stay(aws):
    runs = process(aws, PRINT % {}, "a secret")
    with pytest.raises(ConfigurationError, match="secret_access_key must be one line"):
        await found(profile="mine", region="us-east-1")
    process(aws, PRINT % {}, "a-secret")
    assert await found(profile="mine", region="us-east-1") == AWSCredentials("AKIDPROC", "a-secret")
    assert runs() == 2


@pytest.mark.anyio
async def test_process_whose_keys_expire_is_run_again(aws):
    runs = process(aws, PRINT % {"SessionToken": "temporary", "Expiration": iso(0.5)}, "a-secret")
    provider = BedrockProvider(profile="mine", region="us-east-1")
    assert await provider.credentials() == AWSCredentials("AKIDPROC", "a-secret", "temporary")
    assert runs() == 2  # botocore asks at once for longer-lived ones
    await provider.credentials()
    assert runs() == 3


@pytest.mark.anyio
async def test_process_that_fails_is_quoted_without_what_looks_like_a_secret(aws):
    process(aws, "sys.exit('vault is sealed; Authorization: Bearer abcdefghijklmnop')")
    with pytest.raises(MissingCredentialsError, match=r"custom-process.*vault is sealed") as caught:
        await found(profile="mine", region="us-east-1")
    assert "abcdefghijklmnop" not in str(caught.value)


# --- containers and instances


@pytest.mark.anyio
@pytest.mark.parametrize("by", ["variable", "file"])
async def test_container(aws, cloud, monkeypatch, by):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{cloud.url}/container")
    if by == "variable":
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-pod")
    else:
        (aws / "pod").write_text("token-of-the-pod")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(aws / "pod"))
    assert await found(region="us-east-1") == issued(1)
    assert cloud.asked[0].headers["authorization"] == "token-of-the-pod"


@pytest.fixture
def instance(aws, cloud, monkeypatch):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.url)
    return cloud


@pytest.mark.anyio
async def test_instance_is_asked_with_a_token(instance):
    assert await found(region="us-east-1") == issued(1)
    folder = "/latest/meta-data/iam/security-credentials/"
    assert instance.paths() == ["/latest/api/token", folder, folder + ROLE]


@pytest.mark.anyio
async def test_instance_that_is_slow_to_start_is_asked_three_times(instance):
    instance.hang_ups = 2
    assert await found(region="us-east-1") == issued(1)


@pytest.mark.anyio
async def test_number_of_attempts_that_the_user_set_is_kept(instance, monkeypatch):
    monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
    instance.hang_ups = 2
    with pytest.raises(MissingCredentialsError, match="no AWS credentials were found"):
        await found(region="us-east-1")


# --- when it is asked again


@pytest.mark.anyio
async def test_a_thousand_callers_cause_one_request_and_later_one_refresh(aws, sts):
    sts.life_s = 30
    (aws / "config").write_text(role("source_profile=base", SOURCE))
    provider = BedrockProvider(profile="role", region="us-east-1")
    for number in (1, 2, 3):  # these are in their last minute from the start: each time all wait for the next
        assert await all_of(1000, provider.credentials) == [issued(number)] * 1000
        assert sts.issued == number


@pytest.mark.anyio
async def test_keys_that_end_soon_are_refreshed_by_one_while_the_others_go_on(aws, sts):
    sts.life_s = 300
    (aws / "config").write_text(role("source_profile=base", SOURCE))
    provider = BedrockProvider(profile="role", region="us-east-1")
    assert await provider.credentials() == issued(1)
    assert (await all_of(1000, provider.credentials)).count(issued(1)) == 999
    assert await provider.credentials() == issued(2)


@pytest.mark.anyio
async def test_refresh_that_hangs_holds_up_neither_the_loop_nor_the_others(aws, sts):
    sts.life_s = 300
    (aws / "config").write_text(role("source_profile=base", SOURCE))
    provider = BedrockProvider(profile="role", region="us-east-1")
    await provider.credentials()
    sts.entered.clear()
    sts.open.clear()
    results = []

    async def first():
        results.append(await provider.credentials())

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(first)
            while not sts.entered.is_set():
                await anyio.sleep(0.001)
            for _ in range(500):
                assert await provider.credentials() == issued(1)
                await anyio.lowlevel.checkpoint()
            assert results == []
            sts.open.set()
    assert results == [issued(2)]


@pytest.mark.anyio
async def test_callers_who_leave_one_after_another_keep_one_request_going(aws, sts):
    (aws / "config").write_text(role("source_profile=base", SOURCE))
    provider = BedrockProvider(profile="role", region="us-east-1")
    sts.open.clear()
    for _ in range(20):
        with anyio.move_on_after(0.01 if sts.asked else 5) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(provider.credentials)
                while not sts.entered.is_set():
                    await anyio.sleep(0.001)
                group.cancel_scope.cancel()
        assert not scope.cancelled_caught
    sts.open.set()
    with anyio.fail_after(10):
        assert await provider.credentials() == issued(1)
    assert sts.issued == 1


def test_loops_at_the_same_time_share_one_request(aws, sts):
    (aws / "config").write_text(role("source_profile=base", SOURCE))
    provider = BedrockProvider(profile="role", region="us-east-1")
    sts.open.clear()
    results = []
    backends = ["asyncio", "trio"] * 2
    threads = [
        threading.Thread(target=lambda on: results.append(anyio.run(provider.credentials, backend=on)), args=(each,))
        for each in backends
    ]
    for thread in threads:
        thread.start()
    assert sts.entered.wait(5)
    sts.open.set()
    for thread in threads:
        thread.join(5)
    assert results == [issued(1)] * 4
    assert sts.issued == 1


async def all_of(number, function):
    results = []

    async def one():
        results.append(await function())

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(one)
    return results


# --- the session


@pytest.mark.anyio
async def test_tables_are_read_as_botocore_reads_them(aws):
    from botocore.session import Session

    ours, theirs = (made.get_component("data_loader") for made in (new_session(None, None), Session()))
    for name in ("partitions", "sts/2011-06-15/service-2", "sso/2019-06-10/service-2", "sso/2019-06-10/paginators-1"):
        assert ours.load_data(name) == theirs.load_data(name)
    assert ours.file_loader.load_file(os.path.join(str(aws), "nothing")) is None
    few, all_of_them = ours.load_data("endpoints"), theirs.load_data("endpoints")
    for partition in all_of_them["partitions"]:
        kept = ("oidc", "portal.sso", "signin", "sts")
        partition["services"] = {name: of for name, of in partition["services"].items() if name in kept}
    assert few == all_of_them


@pytest.mark.parametrize("environ", [{}, {"AWS_USE_FIPS_ENDPOINT": "true"}, {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}])
def test_services_that_are_asked_for_keys_are_where_botocore_sees_them(aws, monkeypatch, environ):
    from botocore.session import Session

    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    sessions = new_session(None, None), Session()
    services = {"sts", "sso", "sso-oidc", "signin"}.intersection(sessions[1].get_available_services())
    regions = ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1")
    for service, region in product(sorted(services), regions):
        ours, theirs = (
            session.create_client(service, region, aws_access_key_id="AKID", aws_secret_access_key="a-secret").meta
            for session in sessions
        )
        assert ours.endpoint_url == theirs.endpoint_url
        assert ours.config.signature_version == theirs.config.signature_version
