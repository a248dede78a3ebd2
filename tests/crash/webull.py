"""What the crash campaign needs to know of Webull: its venue, worker and moments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.crash.ib import IbSide
from tests.crash.launch import Step
from tests.crash.points import Moments
from tests.crash.side import ALIAS, Fault, Kit, Trade
from tests.support.venue import PaperVenue, paper_venue
from tests.support.webull_worker import ACCOUNTS, INTERPRETER, KEY, KEYS, SECRET

ACCOUNT = ACCOUNTS[0]
ORDERS = "janus_webull_worker.orders"
# A request is on its way on a thread; that it has arrived is known when its answer is.
MOMENTS = Moments(
    order_written=Step(module=ORDERS, function="Orders._taken", event="call"),
    cancel_written=Step(module=ORDERS, function="Orders._canceled", event="call"),
    change_written=Step(module=ORDERS, function="Orders._replaced", event="call"),
    bytes_come=Step(module="janus_webull_worker.ledger", function="Ledger._tell", event="call"),
    collected=Step(
        module="janus_webull_worker.session", function="HttpSession.snapshot", event="return"
    ),
    is_sent_at_once=False,
)
SETTINGS = """
[accounts.{alias}]
broker = "webull"
mode = "paper"
account_id = "{account}"
endpoint = "http://127.0.0.1:{port}"
events_endpoint = "http://127.0.0.1:{events_port}"
app_key = "file:{folder}/webull.key"
app_secret = "file:{folder}/webull.secret"
rates = "current"
answer_timeout_s = 1.5
settle_s = 5.0
sweep_s = 3.0
busy_sweep_s = 2.0
"""
STRIKES = {
    "order never answered": Fault(name="webull_lost_answer"),
    "order answered with a reset": Fault(name="webull_reset_after"),
    "order answered with a 5xx": Fault(name="webull_error_after"),
    "order answered with HTML": Fault(name="webull_html_after"),
    "order lost on its way": Fault(name="webull_reset", parameters={"path": "/place"}),
    "order in a timeout": Fault(name="webull_timeout", parameters={"path": "/place"}),
    "order too much": Fault(name="webull_too_many", parameters={"path": "/place"}),
    "cancel never answered": Fault(name="webull_lost_answer", parameters={"path": "/cancel"}),
}
NOISE = (
    Fault(name="webull_lose_event", parameters={"probability": 0.2}),
    Fault(name="webull_duplicate_event", parameters={"probability": 0.2}),
    Fault(name="webull_reorder_events", parameters={"probability": 0.1}),
    Fault(name="webull_late_event", parameters={"probability": 0.1, "seconds": 0.5}),
    Fault(name="webull_bad_event", parameters={"probability": 0.05}),
    Fault(name="webull_error", parameters={"probability": 0.03, "path": "/trade/order"}),
    Fault(name="webull_error_after", parameters={"probability": 0.03}),
    Fault(name="webull_slow", parameters={"probability": 0.05, "seconds": 0.3}),
)


class WebullSide(IbSide):
    """The same venue by its other face."""

    def __init__(self, venue: PaperVenue, folder: Path) -> None:
        super().__init__(venue, account=ACCOUNT)
        self._folder = folder

    def settings(self, alias: str) -> str:
        """Return the account's part of janus.toml."""
        return SETTINGS.format(
            alias=alias,
            account=ACCOUNT,
            port=self.venue.webull_port,
            events_port=self.venue.events_port,
            folder=self._folder,
        )


@asynccontextmanager
async def webull_side(folder: Path) -> AsyncIterator[WebullSide]:
    """Run a venue with its state, and the worker's key, in ``folder``."""
    (folder / "webull.key").write_text(KEY)
    (folder / "webull.secret").write_text(SECRET)
    async with paper_venue(folder, "--webull-rates", "off", webull_keys=KEYS) as venue:
        yield WebullSide(venue, folder)


KIT = Kit(
    name="webull",
    moments=MOMENTS,
    open=webull_side,
    python=str(INTERPRETER),
    module="janus_webull_worker",
    arguments=("--account", ALIAS),
    trades=frozenset({Trade.CHANGE, Trade.FLATTEN}),
    strikes=STRIKES,
    noise=NOISE,
    holds_session=False,
    busy_kills=3,  # its worker reads the day's orders with each look, a page a second
    names_executions=False,
)
