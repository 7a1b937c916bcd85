"""A world without AWS: no variable, no file, no metadata service but those that a test brings."""

from __future__ import annotations

import os

import pytest

from tests.providers.cloud import running


@pytest.fixture
def cloud():
    """AWS's credential services on a loopback port, and nothing that points to them."""
    with running() as served:
        yield served


@pytest.fixture
def aws(monkeypatch, tmp_path):
    """The folder of the AWS files, `config` and `credentials`, of which there are none yet."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    folder = tmp_path / ".aws"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("BOTO_CONFIG", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder
