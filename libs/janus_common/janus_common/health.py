"""Whether a process of this host is there and says so on the bus: a container's health check.

``python -m janus_common.health --config FILE SERVICE [--account ALIAS]`` ends with 0 if it does. A
worker whose broker is away is healthy: its state says what is missing, and a new start mends no gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from janus_common import config
from janus_common.bus import bus
from janus_common.bus.buckets import PRESENCE
from janus_common.errors import BusError, ConfigError
from janus_common.messages import Presence, ServiceState

HEALTHY, UNHEALTHY = 0, 1
CONNECT_WITHIN_S = 3.0
ANSWER_WITHIN_S = 6.0
NOT_UP = frozenset({ServiceState.STARTING, ServiceState.STOPPED})


def verdict(
    present: Iterable[Presence], *, service: str, account: str | None, host: str
) -> tuple[int, str]:
    """Return the exit status, and how the process is in its own words; ``present`` is all of them."""
    name = f"{service} {account}" if account else service
    for each in present:
        if (each.service, each.account, each.host) == (service, account, host):
            said = f"{each.state}: {each.reason}" if each.reason else each.state.value
            return UNHEALTHY if each.state in NOT_UP else HEALTHY, f"{name} is {said}"
    return UNHEALTHY, f"{name} of {host} is not on the bus"


async def look(url: str, *, service: str, account: str | None) -> tuple[int, str]:
    """Ask the bus for the process of this host."""
    try:
        async with (
            asyncio.timeout(ANSWER_WITHIN_S),
            bus.connect(url, name="health", within_s=CONNECT_WITHIN_S, data=False) as house,
        ):
            present = await house.bucket(PRESENCE).all(Presence)
    except (BusError, TimeoutError) as error:
        return UNHEALTHY, str(error) or f"the bus did not answer within {ANSWER_WITHIN_S:g} s"
    return verdict(
        (entry.value for entry in present),
        service=service,
        account=account,
        host=socket.gethostname(),
    )


def main() -> None:
    """Run the check of the command line."""
    parser = argparse.ArgumentParser(prog="janus_common.health", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    parser.add_argument("--account", help="alias of the account, for a worker")
    parser.add_argument("service", help="router, registry, marketdata, ib_worker …")
    asked = parser.parse_args()
    try:
        url = config.bus_url(config.load(asked.config, secrets_of=()))
        status, said = asyncio.run(look(url, service=asked.service, account=asked.account))
    except ConfigError as error:
        status, said = UNHEALTHY, str(error)
    sys.stdout.write(f"{said}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
