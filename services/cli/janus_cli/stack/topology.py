"""Which processes a configuration needs, in which order, on which ports: a pure function."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from janus_common.config import Config

from janus_cli.stack import natsserver, postgres, webull
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.ports import HOST
from janus_cli.stack.settings import Settings, is_on_venue
from janus_cli.stack.spec import BusReady, HttpReady, ProcessSpec

VENUE = "venue"
VENUE_CONTROL = "venue control"
WEBULL_WORKER = "webull_worker"


def port_names(settings: Settings) -> list[str]:
    """Return the names of the ports the stack itself needs."""
    config = settings.config
    names = [] if config.bus.url else [natsserver.NAME]
    names += [] if config.postgres.dsn else [postgres.NAME]
    names += [VENUE, VENUE_CONTROL] if settings.needs_venue else []
    names += [webull.PORT, webull.EVENTS_PORT] if webull.on_venue(config) else []
    return names


def wanted_ports(config: Config) -> dict[str, int | None]:
    """Return the ports that the operator has set."""
    return {VENUE: config.venue.tws_port, VENUE_CONTROL: config.venue.control_port}


def services(
    settings: Settings,
    *,
    ports: Mapping[str, int],
    folder: StateFolder,
    env: Mapping[str, str],
) -> list[ProcessSpec]:
    """Return Janus's own processes; what they need but the stack does not run is left out."""
    bus = [natsserver.NAME] if natsserver.NAME in ports else []
    store = [postgres.NAME] if postgres.NAME in ports else []

    def service(
        name: str, module: str, *, after: Sequence[str], aliases: Sequence[str] = ()
    ) -> ProcessSpec:
        is_webull = module == WEBULL_WORKER
        python = webull.python() if is_webull else _python(module)
        options = (word for alias in aliases for word in ("--account", alias))
        return ProcessSpec(
            name=name,
            command=(*python, "--config", str(folder.config), *options),
            cwd=folder.data,
            env=env,
            ready=BusReady(module, aliases[0] if aliases else None),
            after=tuple(after),
            accounts=tuple(aliases),
            prepare=webull.check_installed if is_webull else None,
        )

    return [
        *([_venue(settings, ports, folder, env)] if VENUE in ports else []),
        service("registry", "registry", after=bus + store),
        service("router", "router", after=bus),
        service("marketdata", "marketdata", after=bus),
        *(
            service(f"worker-{alias}", "ib_worker", after=bus, aliases=[alias])
            for alias, account in settings.config.accounts.items()
            if account.broker == "ib"
        ),
        *(
            service(f"worker-{aliases[0]}", WEBULL_WORKER, after=bus, aliases=aliases)
            for aliases in webull.crews(settings.config)
        ),
    ]


def _venue(
    settings: Settings, ports: Mapping[str, int], folder: StateFolder, env: Mapping[str, str]
) -> ProcessSpec:
    config = settings.config
    accounts = [
        account.own_id
        for alias, account in config.accounts.items()
        if account.broker == "ib" and is_on_venue(config, alias)
    ]
    ticks = ("--ticks", str(settings.folder / config.venue.ticks)) if config.venue.ticks else ()
    return ProcessSpec(
        name=VENUE,
        command=(
            *_python("paper_venue"),
            *("--tws", f"{HOST}:{ports[VENUE]}", "--control", f"{HOST}:{ports[VENUE_CONTROL]}"),
            *("--accounts", ",".join(accounts), "--seed", str(config.venue.seed)),
            *("--state", str(folder.data / VENUE), *ticks),
            *webull.venue_options(ports, folder),
        ),
        cwd=folder.data,
        env=env,
        ready=HttpReady(HOST, ports[VENUE_CONTROL]),
        port=ports[VENUE],
    )


def _python(module: str) -> tuple[str, ...]:
    # -P: what lies in the folder we were started in is no part of a service.
    return (sys.executable, "-P", "-m", f"janus_{module}")
