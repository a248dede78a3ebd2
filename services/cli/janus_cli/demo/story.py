"""The story: what a trader would do in the first minutes, with every command shown."""

from __future__ import annotations

import uuid
from decimal import ROUND_DOWN, Decimal
from typing import Any

from janus_cli import show
from janus_cli.demo import names
from janus_cli.demo.shell import DemoFailed, Said, Shell, wait_until
from janus_cli.demo.venue import Venue

MAIN, ALT = "ib-main", "ib-alt"
FILL_LIMIT_S = 30
CENT = Decimal("0.01")
TICKS_SHOWN = 8
LARGE_QTY = 2_500  # the venue shows less than 1,500 at a time


class Story:
    """Plays it and remembers which orders were sent and which were refused."""

    def __init__(
        self, shell: Shell, venue: Venue, symbols: list[str], *, at_webull: list[str]
    ) -> None:
        self._shell, self._venue, self._at_webull = shell, venue, at_webull
        self._first, self._second, self._third = symbols[:3]
        self.sent: list[str] = []
        self.refused: list[str] = []
        self.in_parts = ""
        self.ticks = 0
        self.harmony = ""

    def play(self) -> None:
        """Play all of it."""
        self._tell("the market moves")
        self._see_ticks()
        self._tell("market orders on two accounts")
        self._order("buy", self._first, "10", "-a", MAIN)
        self._order("buy", self._second, "25", "-a", ALT)
        self._order("sell", self._first, "4", "-a", MAIN)
        self._tell("the same symbol on every account, at every broker: each holds its own")
        self._everywhere()
        self._tell("a limit far from the market rests, until it is canceled")
        self._rest_and_cancel()
        self._tell("a stop is triggered by its price")
        self._stop()
        self._tell("a limit larger than what is shown fills in parts")
        self._fill_in_parts()
        for alias in self._at_webull:
            self._tell("the other broker: rest, cancel, sell a part")
            self._rest_and_cancel(alias)
            self._order("sell", self._first, "2", "-a", alias)
        self._tell("symbols without ids: a harmony asks the broker, and keeps what is unique")
        self.harmony = names.play(self._shell)
        self._refuse("buy", names.TWICE, "1", "-a", MAIN)
        self._tell("the same order sent three times is one order")
        self._three_times()
        self._tell("what is wrong is refused, by Janus and by the broker")
        self._refusals()

    def _tell(self, what: str) -> None:
        show.text(f"── {what} " + "─" * max(0, 76 - len(what)) + "\n")

    def _see_ticks(self) -> None:
        self._shell.must("quotes", self._first, self._second, self._third)
        said = self._shell.must(
            "watch", "ticks", self._first, "--count", str(TICKS_SHOWN), "--for", "20s"
        )
        self.ticks = sum(self._first in line for line in said.out.splitlines())

    def _order(self, *words: str) -> str:
        """Send an order that has to be filled, and wait for it."""
        ref = self._send(*words)
        self._wait_for(ref, "FILLED")
        return ref

    def _send(self, *words: str) -> str:
        ref = uuid.uuid4().hex
        self._shell.must(*words, "--id", ref)
        self.sent.append(ref)
        return ref

    def _wait_for(self, ref: str, state: str) -> None:
        wait_until(
            f"order {ref} is {state}",
            lambda: bool(self._life(ref)[-1]["state"] == state),
            within_s=FILL_LIMIT_S,
        )

    def _life(self, ref: str) -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = self._shell.read("orders", "show", ref)["updates"]
        return updates

    def _quote(self, symbol: str, side: str) -> Decimal:
        return Decimal(str(self._venue.market()[symbol][side]))

    def _everywhere(self) -> None:
        for alias in (ALT, *self._at_webull):
            self._order("buy", self._first, "6", "-a", alias)

    def _rest_and_cancel(self, alias: str = MAIN) -> None:
        far = (self._quote(self._first, "bid") * Decimal("0.9")).quantize(CENT, ROUND_DOWN)
        ref = self._send("buy", self._first, "5", str(far), "-a", alias)
        self._wait_for(ref, "WORKING")
        self._shell.must("cancel", ref, "-a", alias)
        self._wait_for(ref, "CANCELED")

    def _stop(self) -> None:
        reached = self._quote(self._third, "last") - 2 * CENT
        self._order("bstop", self._third, "5", str(reached), "-a", ALT)

    def _fill_in_parts(self) -> None:
        limit = (self._quote(self._first, "ask") * Decimal("1.005")).quantize(CENT, ROUND_DOWN)
        ref = self._order("buy", self._first, str(LARGE_QTY), str(limit), "-a", MAIN)
        self.in_parts = ref
        self._shell.must("orders", "show", ref)

    def _three_times(self) -> None:
        ref = uuid.uuid4().hex
        self.sent.append(ref)
        for _ in range(3):
            self._shell.must("buy", self._second, "7", "-a", ALT, "--id", ref)

    def _refusals(self) -> None:
        self._refuse("buy", self._first, "0", "-a", MAIN)
        self._refuse("buy", self._first, "1", "10.005", "-a", MAIN)
        self._refuse("buy", "NO SUCH", "1", "-a", MAIN)
        self._refuse("buy", self._first, "1", "-a", "ib-other")
        self._refuse("buy", self._first, "1000000", "-a", MAIN)
        for alias in self._at_webull:
            self._refuse("buy", self._first, "1.5", "-a", alias)
            self._refuse("buy", self._first, "1000000", "-a", alias)

    def _refuse(self, *words: str) -> Said:
        ref = uuid.uuid4().hex
        said = self._shell.show(*words, "--id", ref)
        if said.code == 0 or not said.err.startswith(("Order Error: ", "Error: ")):
            raise DemoFailed(f"janus {' '.join(words)} was not refused as it should be")
        self.refused.append(ref)
        return said
