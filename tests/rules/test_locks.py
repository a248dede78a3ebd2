"""Two worlds: the Webull SDK's old protobuf is in its worker's lock and in no other."""

from __future__ import annotations

import tomllib

from tests.rules.source import ROOT

WEBULL = ROOT / "services/webull_worker"


def locked(path) -> dict[str, str]:
    packages = tomllib.loads(path.read_text())["package"]
    return {package["name"]: package.get("version", "") for package in packages}


def test_the_webull_worker_has_the_protobuf_and_the_grpc_that_its_sdk_pins():
    versions = locked(WEBULL / "uv.lock")

    assert (versions["protobuf"], versions["grpcio"]) == ("4.21.12", "1.51.1")
    assert versions["webull-python-sdk-trade"] == "0.1.18"


def test_nobody_else_has_them():
    versions = locked(ROOT / "uv.lock")

    assert versions.get("protobuf") != "4.21.12"
    assert not [name for name in versions if name.startswith("webull")]


def test_what_both_worlds_share_has_one_version():
    ours, theirs = locked(ROOT / "uv.lock"), locked(WEBULL / "uv.lock")

    for name in ("nats-py", "msgspec", "structlog"):
        assert ours[name] == theirs[name]


def test_the_webull_worker_says_which_python_it_needs():
    project = tomllib.loads((WEBULL / "pyproject.toml").read_text())["project"]

    assert project["requires-python"] == "==3.11.*"
