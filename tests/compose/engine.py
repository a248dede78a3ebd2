"""A house in containers: deploy/docker-compose.yml as a project of its own, on whatever engine there is."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janus_common import config

from tests.support import stack

DEPLOY = Path(__file__).parents[2] / "deploy"
FILE = DEPLOY / "docker-compose.yml"
LIMIT_S = 60.0
BUILD_LIMIT_S = 1_800.0
STOP_LIMIT_S = 180.0
LAST_LINES = 30


class EngineError(Exception):
    """A command of the engine failed; the text has its words."""


@dataclass(frozen=True)
class Container:
    """One container, as the engine knows it."""

    service: str
    about: Mapping[str, Any]  # what `docker inspect` says

    @property
    def id(self) -> str:
        return str(self.about["Id"])

    @property
    def state(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.about["State"]
        return found

    @property
    def health(self) -> str:
        """``healthy`` if it runs and its check passes; else what is wrong."""
        if not self.state["Running"]:
            return f"not running, status {self.state['ExitCode']}"
        return str(self.state.get("Health", {}).get("Status", "no health check"))


async def run(
    *command: str, within_s: float = LIMIT_S, env: Mapping[str, str] | None = None
) -> str:
    """Run a command and return what it prints.

    Raises:
        EngineError: it failed, or took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
    )
    words = " ".join(command[:6])
    try:
        async with asyncio.timeout(within_s):
            out, errors = await process.communicate()
    except TimeoutError:
        raise EngineError(f"{words}: not done after {within_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        last = (out + errors).decode(errors="replace").splitlines()[-LAST_LINES:]
        raise EngineError(f"{words}: status {process.returncode}\n" + "\n".join(last))
    return out.decode(errors="replace")


async def compose_command() -> tuple[str, ...]:
    """Return how Compose is called here.

    Raises:
        EngineError: there is no Docker client, no Compose, or no engine that answers.
    """
    if shutil.which("docker") is None:
        raise EngineError("there is no docker command")
    await run("docker", "version", "--format", "{{.Server.Version}}")
    try:
        await run("docker", "compose", "version")
    except EngineError:
        if shutil.which("docker-compose") is None:
            raise EngineError("there is neither `docker compose` nor docker-compose") from None
        return ("docker-compose",)
    return ("docker", "compose")


async def package_index() -> dict[str, str]:
    """Return the package index of this machine's own pip and uv, as arguments of a build."""
    known = config.environment()
    pip, uv = known.get("PIP_INDEX_URL", ""), known.get("UV_DEFAULT_INDEX", "")
    if not pip:
        try:
            pip = (await run("python3", "-m", "pip", "config", "get", "global.index-url")).strip()
        except EngineError:  # none is set
            pip = ""
    found = {"PIP_INDEX_URL": pip, "UV_DEFAULT_INDEX": uv or pip}
    return {name: url for name, url in found.items() if url}


class House:
    """The containers of one project, and the janus command on their bus from outside."""

    def __init__(
        self, folder: Path, *, project: str, compose: tuple[str, ...], env: Mapping[str, str]
    ) -> None:
        self.folder, self.project, self._env = folder, project, env
        self._command = (*compose, "-f", str(FILE), "-p", project, "--profile", "paper")

    async def compose(self, *words: str, within_s: float = LIMIT_S) -> str:
        """Run Compose on this project."""
        return await run(*self._command, *words, within_s=within_s, env=self._env)

    async def containers(self) -> dict[str, Container]:
        """Return all containers of the project by the name of their service."""
        mine = f"label=com.docker.compose.project={self.project}"
        ids = (await run("docker", "ps", "--all", "--quiet", "--filter", mine)).split()
        if not ids:
            return {}
        rows = json.loads(await run("docker", "inspect", *ids))
        label = "com.docker.compose.service"
        return {
            name: Container(name, row) for row in rows if (name := row["Config"]["Labels"][label])
        }

    async def container(self, service: str) -> Container:
        return (await self.containers())[service]

    async def inside(self, service: str, *command: str) -> str:
        """Run a command in a service's container, as the user that it has."""
        return await run("docker", "exec", (await self.container(service)).id, *command)

    async def python(self, service: str, program: str) -> str:
        """Run a Python program in a service's container and return what it prints."""
        return (await self.inside(service, "python", "-P", "-c", program)).strip()

    async def commands(self, service: str) -> str:
        """Return user id, pid and command line of all processes in a service's container."""
        return await run("docker", "top", (await self.container(service)).id, "-eo", "uid,pid,args")

    async def owners(self, service: str) -> set[str]:
        """Return the user ids of all processes in a service's container."""
        return {row.split()[0] for row in (await self.commands(service)).splitlines()[1:]}

    async def kill(self, service: str) -> None:
        """End a container without a chance to say goodbye; the engine takes it for meant."""
        await run("docker", "kill", "--signal", "KILL", (await self.container(service)).id)

    async def start(self, service: str) -> None:
        await run("docker", "start", (await self.container(service)).id)

    async def truth(self, what: str) -> list[dict[str, Any]]:
        """Ask the venue's control port, which is open inside its container only."""
        ask = f"http://127.0.0.1:7498/truth/{what}"
        said = await self.python(
            "venue", f"from urllib.request import urlopen; print(urlopen({ask!r}).read().decode())"
        )
        found: list[dict[str, Any]] = json.loads(said)
        return found

    async def janus(self, *words: str) -> stack.Said:
        """Run the janus command of this machine on the house's bus."""
        return await stack.janus("--state", str(self.folder), *words)

    async def order(self, *words: str) -> dict[str, Any]:
        """Run an order verb, which must succeed, and return what its ``--json`` says."""
        said = await self.janus(*words, "--json")
        assert said.code == 0, said
        found: dict[str, Any] = said.data
        return found

    async def all_healthy(self) -> None:
        """Fail with what is not healthy."""
        found = await self.containers()
        wrong = {name: each.health for name, each in found.items() if each.health != "healthy"}
        assert found, "there are no containers"
        assert not wrong, wrong

    async def last_words(self) -> str:
        """Return the end of every container's log."""
        return await self.compose("logs", "--no-color", f"--tail={LAST_LINES}")


async def prepared(folder: Path, *, port: int) -> House:
    """Return a house that is neither built nor started: its secrets, and settings for outside.

    Raises:
        EngineError: there is no engine.
    """
    compose = await compose_command()
    secrets = folder / "secrets"
    await run(str(DEPLOY / "make-secrets"), str(secrets))
    settings = (DEPLOY / "janus.toml").read_text()
    assert "nats://nats:4222" in settings
    (folder / "run").mkdir()
    (folder / "run" / "janus.toml").write_text(
        settings.replace("nats://nats:4222", f"nats://127.0.0.1:{port}")
    )
    env = {
        "JANUS_BUILD_NETWORK": "host",
        **config.environment(),
        **await package_index(),
        "JANUS_SECRETS": str(secrets),
        "JANUS_CONFIG": str(DEPLOY / "janus.toml"),
        "JANUS_BUS_PORT": str(port),
        "JANUS_TAG": "test",
    }
    return House(folder, project=f"janus-test-{port}", compose=compose, env=env)


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    sys.stderr.write(f"{text}\n")
