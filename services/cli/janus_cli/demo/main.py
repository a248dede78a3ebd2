"""``make demo``: start everything in a folder of its own, play the story, check it, stop."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from janus_common import config
from janus_common.clock import monotonic_s
from janus_common.errors import JanusError

from janus_cli import show
from janus_cli.demo import ending, names, tables
from janus_cli.demo.record import Check, Told, Truth, checks, is_told
from janus_cli.demo.shell import DemoFailed, Shell, wait_until
from janus_cli.demo.story import Story
from janus_cli.demo.venue import Venue
from janus_cli.failures import Status
from janus_cli.stack import webull

STATE = Path(".janus") / "demo"
BOOKS_LIMIT_S = 15
SYMBOLS = ["AAPL", "MSFT", "SPY"]
SETTINGS = """\
[venue]
seed = {seed}
{ticks}
[accounts.ib-main]
broker = "ib"
mode = "paper"
ib_account = "DU1234567"
client_id = 11
market_data = true

[accounts.ib-alt]
broker = "ib"
mode = "paper"
ib_account = "DU7654321"
client_id = 12
"""
WEBULL = """
[accounts.webull-main]
broker = "webull"
mode = "paper"
account_id = "WBPAPER0000000000000000001"
"""


def main() -> None:
    """Run ``python -m janus_cli.demo [--ticks FOLDER]``; exit 0 only if every check passed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--ticks", type=Path, help="recorded ticks, one SYMBOL.csv.gz per symbol")
    parser.add_argument("--seed", type=int, default=7, help="of the synthetic market")
    given = parser.parse_args()
    began = monotonic_s()
    try:
        found = run(ticks=given.ticks and given.ticks.resolve(), seed=given.seed)
    except JanusError as error:
        show.aside(f"Error: {error}")
        show.aside(f"Hint: the logs are in {STATE / 'logs'}")
        sys.exit(1)
    except KeyboardInterrupt:
        show.aside("interrupted")
        sys.exit(Status.INTERRUPTED)
    failed = sum(not check.holds for check in found)
    verdict = f"{failed} checks FAILED" if failed else "all checks passed"
    show.text(f"\n{verdict} ({monotonic_s() - began:.1f} s)")
    if not failed:
        show.text("Next: make up; bin/janus buy AAPL 10 -a ib-main; bin/janus positions; make down")
    sys.exit(1 if failed else 0)


def run(*, ticks: Path | None, seed: int) -> list[Check]:
    """Play the story on a fresh stack and return the checks."""
    if ticks and not [*ticks.glob("*.csv.gz"), *ticks.glob("*/*.csv.gz")]:
        raise DemoFailed(f"--ticks {ticks}: no SYMBOL.csv.gz in it or one level below")
    shell, settings = Shell(STATE), _prepare(ticks, seed)
    try:
        shell.must("up", "-d", "--config", str(settings))
        processes = shell.read("ps")
        found = _play(shell, ticks)
    finally:
        shell.stop()
    left = ending.left_behind(processes)
    clean = Check("nothing is left running", not left, ", ".join(left) or "no process, no port")
    tables.checks([*found, clean])
    return [*found, clean]


def _prepare(ticks: Path | None, seed: int) -> Path:
    """Make the folder empty and write the settings."""
    if (STATE / "run").exists():
        Shell(STATE).show("down")
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    path = STATE / "demo.toml"
    line = f'ticks = "{ticks}"\n' if ticks else ""
    text = SETTINGS.format(seed=seed, ticks=line)
    if webull.INTERPRETER.exists():
        text += WEBULL
    else:
        show.aside("Note: two accounts only: Webull's worker needs Python 3.11 and bin/setup")
    path.write_text(text)
    return path


def _play(shell: Shell, ticks: Path | None) -> list[Check]:
    settings = config.load(STATE / "run" / "janus.toml")
    assert settings.venue.control_port is not None
    venue = Venue(settings.venue.control_port)
    _wait_for_ready(shell, sorted(settings.accounts))
    symbols = _recorded(venue) if ticks else SYMBOLS
    at_webull = list(webull.accounts(settings))
    story = Story(shell, venue, symbols, at_webull=at_webull)
    story.play()
    aliases = {account.own_id: alias for alias, account in settings.accounts.items()}
    truth = _truth(venue, aliases, at_webull)
    _wait_for_books(shell, story, truth)
    told = _told(shell, story)
    tables.orders([shell.read("orders", "show", ref)["updates"] for ref in story.sent])
    tables.fills(told, truth)
    tables.positions(told)
    found = [*checks(told, truth), names.check(story.harmony, shell.read("symbols", "list"))]
    return [*found, ending.recorded(ticks, truth)] if ticks else found


def _wait_for_ready(shell: Shell, accounts: list[str]) -> None:
    def ready() -> bool:
        rows = shell.read("workers")
        return {row["account"] for row in rows if row["state"] == "READY"} >= set(accounts)

    wait_until("all workers are READY", ready, within_s=30)
    shell.must("ps")
    shell.must("workers")


def _recorded(venue: Venue) -> list[str]:
    """Return the replayed symbols, those with small sizes first; the story needs three."""
    wait_until("the recording has begun", lambda: len(_replayed(venue)) >= 3, within_s=30)
    found = sorted(_replayed(venue))
    return [*(name for name in ("IBM", "SPY", "BAC") if name in found), *found][:3]


def _replayed(venue: Venue) -> list[str]:
    return [symbol for symbol, row in venue.market().items() if row["source_ns"]]


def _truth(venue: Venue, aliases: dict[str, str], unnamed: list[str]) -> Truth:
    return Truth(aliases, venue.orders(), venue.executions(), venue.positions(), frozenset(unnamed))


def _wait_for_books(shell: Shell, story: Story, truth: Truth) -> None:
    """Postgres follows the streams: wait until all fills and their fees are in the books."""

    def booked() -> bool:
        return is_told(_told(shell, story), truth)

    try:
        wait_until("the books have every fill and fee", booked, within_s=BOOKS_LIMIT_S)
    except DemoFailed as error:
        show.aside(f"{error}; the checks will say which")


def _told(shell: Shell, story: Story) -> Told:
    return Told(
        sent=story.sent,
        refused=story.refused,
        in_parts=story.in_parts,
        orders=shell.read("orders"),
        fills=shell.read("fills"),
        positions=shell.read("positions"),
        ticks=story.ticks,
    )
