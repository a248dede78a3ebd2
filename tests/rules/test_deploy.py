"""What can be said of the containers without an engine; the rest is said by `make test-compose`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from janus_cli.stack import natsserver

from tests.rules.source import ROOT, none_of

DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "docker-compose.yml").read_text("utf-8")
SETTINGS = tomllib.loads((DEPLOY / "janus.toml").read_text("utf-8"))
DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))
BASES = {"python:3.11-slim-bookworm", "nats:2.15-alpine", "postgres:18-alpine"}
OWN = {"server_name", "listen", "http", "store_dir"}  # what a container has otherwise


def instructions(dockerfile) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile and what follows each."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def section(name: str) -> str:
    """Return what the compose file says under a key of its first column."""
    found = re.search(rf"^{name}:.*\n((?: .*\n|\n)*)", COMPOSE, re.MULTILINE)
    assert found, name
    return found[0]


def entries(text: str) -> dict[str, str]:
    """Return the blocks of a section by their names."""
    found = re.split(r"^  ([\w-]+):", text, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def with_anchors(text: str) -> str:
    """Return a block together with all that is merged into it."""
    found = [text]
    for part in found:
        found += [section(f"x-{anchor}") for anchor in re.findall(r"<<: \*([\w-]+)", part)]
    return "".join(found)


SERVICES = entries(section("services"))


def statements(text: str) -> set[str]:
    """Return the settings of a nats-server, without what a container has of its own."""
    plain = re.sub(r"#.*", "", text)
    lines = {re.sub(r"\s+", " ", line).strip() for line in plain.splitlines()}
    return {line for line in lines if line and line.partition(":")[0] not in OWN}


def test_the_bus_in_a_container_has_the_settings_of_the_local_one():
    local = natsserver.settings_text("here", port=4222, store=DEPLOY)

    assert statements((DEPLOY / "nats.conf").read_text("utf-8")) == statements(local)


def test_images_are_made_from_three_others():
    built = {
        rest.partition(" ")[0]
        for path in DOCKERFILES
        for word, rest in instructions(path)
        if word == "FROM"
    }

    assert built == BASES


def test_the_classic_builder_understands_every_dockerfile():
    only_buildkit = re.compile(r"^#\s*syntax=|--mount=|--chmod=|--link\b|<<", re.MULTILINE)

    none_of(path for path in DOCKERFILES if only_buildkit.search(path.read_text("utf-8")))


def test_no_image_runs_as_root():
    for path in DOCKERFILES:
        users = [rest for word, rest in instructions(path) if word == "USER"]

        assert users, path
        assert users[-1] not in {"root", "0", "0:0"}, path


def test_every_dockerfile_is_built_and_every_file_it_copies_is_let_in():
    let_in = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for path in DOCKERFILES:
        assert f"deploy/{path.name}" in COMPOSE
        for word, rest in instructions(path):
            if word == "COPY" and not rest.startswith("--from"):
                for source in rest.split()[:-1]:
                    assert (ROOT / source).exists(), f"{path.name}: {source}"
                    parents = {f"!{parent}" for parent in [Path(source), *Path(source).parents]}
                    assert parents & set(let_in), f"{path.name}: {source}"


def test_every_account_has_a_worker_and_every_worker_an_account():
    workers = [name.removeprefix("worker-") for name in SERVICES if name.startswith("worker-")]

    assert sorted(workers) == sorted(SETTINGS["accounts"])


def test_every_worker_trades_the_account_of_its_name():
    for alias in SETTINGS["accounts"]:
        own = re.search(r"JANUS_ACCOUNTS?: ([\w -]+)}", SERVICES[f"worker-{alias}"])
        assert own
        assert own[1].split()[0] == alias


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    "wanted",
    [
        "healthcheck:",
        "stop_grace_period:",
        "user:",
        "networks:",
        "restart: unless-stopped",
        "read_only: true",
        "cap_drop: [ALL]",
    ],
)
def test_every_container_is_confined_and_says_whether_it_is_healthy(name, wanted):
    assert wanted in with_anchors(SERVICES[name])


def test_every_anchor_that_is_used_exists():
    anchors = set(re.findall(r"&([\w-]+)", COMPOSE))

    assert set(re.findall(r"\*([a-z][\w-]*)", COMPOSE)) == anchors


def test_no_two_services_build_the_same_image():
    named = [found for text in SERVICES.values() for found in re.findall(r"image: (\S+)", text)]
    shared = re.findall(r"^x-([\w-]+):", COMPOSE, re.MULTILINE)

    assert len(named) == len(set(named))
    none_of(anchor for anchor in shared if "image:" in section(f"x-{anchor}"))


def test_only_the_registry_is_on_the_network_of_the_database():
    on_it = {
        name for name, text in SERVICES.items() if re.search(r"networks: .*\bdatabase\b", text)
    }

    assert on_it == {"postgres", "registry"}


def test_networks_without_a_way_out_are_those_that_need_none():
    internal = {name for name, text in entries(section("networks")).items() if "internal" in text}

    assert internal == {"bus", "database"}


def test_only_the_bus_has_a_port_and_only_on_loopback():
    ports = {name: found[0] for name, text in SERVICES.items() if (found := _ports(text))}

    assert ports == {"nats": "127.0.0.1:${JANUS_BUS_PORT:-4222}:4222"}


def _ports(text: str) -> list[str]:
    return re.findall(r'ports: \["([^"]*)"\]', text)


def test_secrets_are_files_that_the_script_makes():
    references = re.findall(r'"file:/run/secrets/(\w+)"', (DEPLOY / "janus.toml").read_text())
    made = re.findall(r"^keep (\w+)", (DEPLOY / "make-secrets").read_text(), re.MULTILINE)
    declared = entries(section("secrets"))

    assert references
    assert set(references) <= set(declared)
    assert sorted(declared) == sorted(made)


def test_no_secret_is_written_down():
    for path in [*DEPLOY.glob("*.*"), DEPLOY / "make-secrets"]:
        text = path.read_text("utf-8")

        assert not re.search(
            r"(?i)(password|secret|token|api_?key) *[:=] *[\"']?[0-9a-z+/]{8}", text
        )
        assert not re.search(r"://[^/@\s:]*:[^/@\s$]+@", text), path
