"""The stack's own NATS server: its settings file and how to run it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from janus_cli.stack.folders import StateFolder, write_private
from janus_cli.stack.ports import HOST
from janus_cli.stack.spec import ProcessSpec, StackError, TcpReady

NAME = "nats"
PROGRAM = "nats-server"

# sync_interval always: an acknowledgement means "on disk", which the journal is built on.
# max_payload is a little above the largest message; max_pending bounds what a slow reader holds.
SETTINGS = """\
server_name: {name}
listen: "{host}:{port}"
jetstream {{
  store_dir: {store}
  sync_interval: always
  max_memory_store: 512MB
  max_file_store: 32GB
}}
max_payload: 64KB
max_pending: 8MB
write_deadline: "2s"
max_connections: 512
max_subscriptions: 10000
ping_interval: "5s"
authorization {{ timeout: 1 }}
logtime: false
"""


def spec(folder: StateFolder, *, port: int, env: Mapping[str, str]) -> ProcessSpec:
    """Return how to run the server, with its settings written.

    Raises:
        StackError: there is no nats-server.
    """
    settings = folder.run / "nats.conf"
    name = server_name(folder)
    write_private(settings, settings_text(name, port=port, store=folder.data / NAME))
    return ProcessSpec(
        name=NAME,
        command=(str(program(env)), "-c", str(settings)),
        cwd=folder.data,
        env={"PATH": env.get("PATH", "")},
        ready=TcpReady(HOST, port, greeting=f'"server_name":"{name}"'.encode()),
        stop_timeout_s=10.0,
        port=port,
    )


def settings_text(name: str, *, port: int, store: Path) -> str:
    """Return the server's settings file."""
    return SETTINGS.format(name=_quoted(name), host=HOST, port=port, store=_quoted(str(store)))


def server_name(folder: StateFolder) -> str:
    """Return a name that tells this stack's server from any other on the same port."""
    return f"janus-{hashlib.sha256(str(folder.root).encode()).hexdigest()[:12]}"


def program(env: Mapping[str, str]) -> Path:
    """Return the nats-server beside our interpreter, else the one on the path."""
    beside = Path(sys.executable).parent / PROGRAM
    if beside.exists():
        return beside
    found = shutil.which(PROGRAM, path=env.get("PATH", ""))
    if found is None:
        raise StackError(
            f"no {PROGRAM}, neither beside {sys.executable} nor on the path",
            hint="`make setup` installs it; or set bus.url in janus.toml to a NATS of your own",
        )
    return Path(found)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # its escapes are those the server knows
