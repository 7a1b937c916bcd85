"""A machine room of AWS's own services, as far as credentials come from them: real HTTP on a loopback port.

It serves the instance's and the container's metadata, STS, the SSO portal with its OIDC tokens, and sign-in; counts
what it issues; and can be made to wait, to fail and to be short-lived.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

ROLE = "role-of-the-instance"


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, str]  # of the query, the form or the JSON body


class Cloud(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[Asked] = []
        self.life_s = 3600.0
        self.issued = 0
        self.hang_ups = 0  # so many requests are dropped without an answer
        self.open = threading.Event()  # while it is not set, nothing is answered
        self.open.set()
        self.entered = threading.Event()

    def paths(self):
        return [asked.path for asked in self.asked]

    def keys(self):
        """The next keys: AKID1 with secret-1 and token-1, and so on."""
        self.issued += 1
        number = self.issued
        return (
            f"AKID{number}",
            f"secret-{number}",
            f"token-{number}",
            datetime.now(UTC) + timedelta(seconds=self.life_s),
        )

    def handle_error(self, request, client_address):
        """A client that left says so in its own test."""


class _Handler(BaseHTTPRequestHandler):
    server: Cloud

    def log_message(self, *_):
        """Quiet."""

    def do_GET(self):
        self._serve()

    def do_PUT(self):
        self._serve()

    def do_POST(self):
        self._serve()

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        where = urlsplit(self.path)
        if body.startswith("{"):
            fields = json.loads(body)
        else:
            fields = {name: values[0] for name, values in parse_qs(body or where.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, where.path, headers, fields)
        self.server.asked.append(asked)
        self.server.entered.set()
        self.server.open.wait(10)
        if self.server.hang_ups > 0:
            self.server.hang_ups -= 1
            self.close_connection = True
            return
        status, text = self._answer(asked)
        answer = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, asked: Asked):
        path, headers = asked.path, asked.headers
        if path == "/latest/api/token":
            return (200, "token-of-imds") if asked.method == "PUT" else (405, "")
        if path.startswith("/latest/meta-data/iam/security-credentials/"):
            if headers.get("x-aws-ec2-metadata-token") != "token-of-imds":
                return 401, ""
            return (200, _metadata(*self.server.keys())) if path.endswith(ROLE) else (200, ROLE)
        if path == "/container":
            return 200, _metadata(*self.server.keys())
        if path == "/federation/credentials":
            if headers.get("x-amz-sso_bearer_token") != "token-of-sso":
                return 401, json.dumps({"__type": "UnauthorizedException", "message": "Session token not found"})
            return 200, _of_sso(*self.server.keys())
        if path == "/token":
            return 200, json.dumps({"accessToken": "token-of-sso", "expiresIn": 28800, "refreshToken": "next"})
        if path == "/v1/token":
            return 200, _of_sign_in(*self.server.keys())
        if path == "/" and asked.fields.get("Action", "").startswith("AssumeRole"):
            return 200, _of_sts(asked.fields, *self.server.keys())
        return 404, ""


def _metadata(key_id, secret, token, until):
    return json.dumps(
        {"Code": "Success", "AccessKeyId": key_id, "SecretAccessKey": secret, "Token": token}
        | {"Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )


def _of_sso(key_id, secret, token, until):
    keys = {"accessKeyId": key_id, "secretAccessKey": secret, "sessionToken": token}
    return json.dumps({"roleCredentials": keys | {"expiration": int(until.timestamp() * 1000)}})


def _of_sign_in(key_id, secret, token, until):
    keys = {"accessKeyId": key_id, "secretAccessKey": secret, "sessionToken": token}
    left_s = int((until - datetime.now(UTC)).total_seconds())
    rest = {"tokenType": "aws_sigv4", "expiresIn": left_s, "refreshToken": "the-next-one"}
    return json.dumps({"accessToken": keys} | rest)


def _of_sts(fields, key_id, secret, token, until):
    action = fields["Action"]
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
        f"<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        f"<AssumedRoleUser><Arn>{fields['RoleArn']}/me</Arn><AssumedRoleId>x:me</AssumedRoleId></AssumedRoleUser>"
        f"</{action}Result></{action}Response>"
    )


@contextmanager
def running():
    """The cloud, served from a thread."""
    with Cloud() as cloud:
        thread = threading.Thread(target=cloud.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield cloud
        finally:
            cloud.open.set()
            cloud.shutdown()
            thread.join(5)
