"""Fixtures of the providers' tests: a world without AWS, and AWS's credential services on a loopback port."""

from __future__ import annotations

from tests.providers.conftest import aws, cloud

__all__ = ["aws", "cloud"]
