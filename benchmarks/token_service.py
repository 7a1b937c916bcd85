"""A token service that is slow: what the benchmark of the loop's waits asks for keys.

    python benchmarks/token_service.py          prints its port

Here: STS's AssumeRole, answered after a while with keys that are in their last minute. Not here: the other servers
(fake_server.py). Standard library only.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["main"]

_SLOW_S, _LIFE_S = 0.4, 30


class _Service(BaseHTTPRequestHandler):
    issued = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        time.sleep(_SLOW_S)
        _Service.issued += 1
        until = datetime.now(UTC) + timedelta(seconds=_LIFE_S)
        answer = (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>AKID{self.issued}</AccessKeyId><SecretAccessKey>a-made-up-key</SecretAccessKey>"
            f"<SessionToken>a-token</SessionToken><Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
            "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/me</Arn>"
            "<AssumedRoleId>x:me</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
        ).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def main() -> None:
    """Serve until killed."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
