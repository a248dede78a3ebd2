"""A Webull worker as a process of its own interpreter, on a real bus and a real venue.

async with webull_desk(nats, venue, folder) as desk:   # READY
    reply = await desk.place("AAPL", 10)
    await desk.order_is(reply.order.client_order_id, OrderState.FILLED)
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from janus_common import subjects
from janus_common.messages import CommandReply, PlaceCommand

from tests.support.ib_worker import IbDesk, running
from tests.support.servers import NatsServer
from tests.support.venue import PaperVenue
from tests.support.worker_process import WorkerProcess

HOME = Path(__file__).parents[2] / "services/webull_worker"
INTERPRETER = HOME / ".venv/bin/python"
KEY, SECRET = "testkey0001", "the-secret-of-testkey0001"
ACCOUNTS = ("WBACCOUNT0001", "WBACCOUNT0002")
OF_ANOTHER_KEY = "WBANOTHER0001"
KEYS = f"{KEY}:{SECRET}:{'+'.join(ACCOUNTS)}\ntestkey0002:another-secret:{OF_ANOTHER_KEY}\n"

SECTION = """
[accounts.{alias}]
broker = "webull"
mode = "paper"
account_id = "{account_id}"
app_key = "file:{folder}/webull.key"
app_secret = "file:{folder}/webull.secret"
{more}
"""
CONFIG = """
[bus]
url = "{url}"
[log]
level = "{log_level}"
"""
# Short enough for tests; each test that is about one of them says another.
TIMES = {"answer_timeout_s": 2.0, "settle_s": 4.0, "busy_sweep_s": 2.0, "sweep_s": 5.0}


class WebullWorkerProcess(WorkerProcess):
    """One run of the worker."""

    interpreter = str(INTERPRETER)
    module = "janus_webull_worker"


class WebullDesk(IbDesk):
    """One account at Webull, as ``IbDesk`` is one at IB."""

    broker_name = "webull"
    service_name = "webull_worker"
    process = WebullWorkerProcess

    async def say(self, command: PlaceCommand) -> CommandReply:
        """Hand a command over as a router does."""
        return await self.bus.request(subjects.command(self.alias), command, CommandReply)

    async def filled(self, client_order_id: str) -> Decimal:
        """Return how much of an order is published as fills."""
        found = [fill for fill in await self.fills() if fill.client_order_id == client_order_id]
        return sum((fill.qty for fill in found), Decimal(0))


def toml(value: Any) -> str:
    """Return a setting as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else f'"{value}"'


def write_settings(
    folder: Path,
    url: str,
    venue: PaperVenue,
    aliases: dict[str, str],
    *,
    key: str = KEY,
    secret: str = SECRET,
    log_level: str = "debug",
    **settings: Any,
) -> None:
    """Write a ``janus.toml`` for ``aliases``, each with its account id."""
    text = CONFIG.format(url=url, log_level=log_level)
    text += webull_section(folder, venue, aliases, key=key, secret=secret, **(TIMES | settings))
    (folder / "janus.toml").write_text(text)


def webull_section(
    folder: Path,
    venue: PaperVenue,
    aliases: dict[str, str],
    *,
    key: str = KEY,
    secret: str = SECRET,
    **settings: Any,
) -> str:
    """Return the accounts' part of a ``janus.toml``; their key is written into ``folder``."""
    folder.mkdir(exist_ok=True)
    (folder / "webull.key").write_text(key)
    (folder / "webull.secret").write_text(secret)
    addresses = {
        "endpoint": f"http://127.0.0.1:{venue.webull_port}",
        "events_endpoint": f"http://127.0.0.1:{venue.events_port}",
    }
    more = "\n".join(f"{name} = {toml(it)}" for name, it in (addresses | settings).items())
    return "".join(
        SECTION.format(
            alias=alias,
            account_id=account_id,
            folder=folder,
            more=more,
        )
        for alias, account_id in aliases.items()
    )


@asynccontextmanager
async def webull_desk(
    nats: NatsServer | str,
    venue: PaperVenue,
    folder: Path,
    *,
    account_id: str = ACCOUNTS[0],
    **settings: Any,
) -> AsyncIterator[WebullDesk]:
    """Run a worker for a new account alias until READY; at the end stop all of its workers."""
    url = nats if isinstance(nats, str) else nats.url
    alias = f"wb-{uuid.uuid4().hex[:8]}"
    write_settings(folder, url, venue, {alias: account_id}, **settings)
    async with running(WebullDesk, url, venue, folder, alias) as desk:
        yield desk
