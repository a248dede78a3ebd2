"""The way to one Webull account: its sessions, and what the stream of events tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from janus_common.worker.broker import FarmChange, House, Session, Sink, TickSink

from janus_webull_worker.account import Account
from janus_webull_worker.outcome import KeyRefused
from janus_webull_worker.rates import Share
from janus_webull_worker.session import HttpSession

FARM = "trade events"


class WebullBroker:
    """One account at Webull; outlives its sessions."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._session: HttpSession | None = None
        self._problem = ""  # of the stream of events

    def used(self, session_order_id: str) -> None:
        """Do nothing: no ids are counted up here."""

    @asynccontextmanager
    async def session(
        self,
        sink: Sink,
        ticks: TickSink,  # noqa: ARG002 - there are none
        house: House,
    ) -> AsyncIterator[Session]:
        """Hold one session.

        Raises:
            BrokerUnavailable: there is none to be had.
            ConfigError: the key, or the account, is wrong.
        """
        account = self._account
        account.sink = sink
        session = HttpSession(account, sink=sink, house=house)
        try:
            await session.log_on()
        except KeyRefused as error:
            raise account.refused(error) from error
        account.orders.attach(sink, session)
        self._session = session
        self._tell_stream()
        try:
            yield session
        finally:
            self._session = None
            account.orders.detach()

    # ── what the stream tells ──

    @property
    def share(self) -> Share:
        """The account's turns."""
        return self._account.share

    @property
    def account_id(self) -> str:
        """Webull's id of the account."""
        return self._account.account_id

    def hint(self, wire_id: str) -> None:
        """Look at an order, of which something was heard; empty: at all."""
        if self._session is not None:
            self._session.hint(wire_id)

    def stream_is_back(self) -> None:
        """Look at everything: events may have been missed."""
        self.hint("")

    def stream_state(self, problem: str) -> None:
        """Show what is wrong with the stream; empty: nothing, shown once all was looked at."""
        self._problem = problem
        if problem or self._session is None:
            self._tell_stream()
        else:
            self._session.catch_up(self._tell_stream)

    def _tell_stream(self) -> None:
        is_broken = bool(self._problem)
        self._account.tell(FarmChange(farm=FARM, is_broken=is_broken, reason=self._problem))
