"""The socket to IB Gateway or TWS, through ``ib_async``'s client and decoder.

Of ``ib_async`` only the wire is used, not its picture of the account: that one invents
cancellations from error codes, forgets all on a disconnect and queues messages out of sight.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ib_async.client import Client
from ib_async.decoder import Decoder
from ib_async.objects import ExecutionFilter
from janus_common.config import IbAccount
from janus_common.errors import BrokerUnavailable, Code, ConfigError, Denied
from janus_common.logs import get_logger
from janus_common.messages import Instrument, OrderUpdate
from janus_common.worker.broker import House, Session, Sink, TickSink
from janus_common.worker.pacing import Turns

from janus_ib_worker import groups, shortable, translate, unreadable
from janus_ib_worker.contracts import Named
from janus_ib_worker.session import GatewaySession
from janus_ib_worker.taps import Taps

LIVE, DELAYED = 1, 3
READ_AT_ONCE = 32 * 1024  # bytes of ticks that are decoded before anything else gets a turn

log = get_logger()


class Gateway:
    """One IB account behind one gateway; outlives its connections."""

    def __init__(self, account: str, settings: IbAccount, pacer: Turns) -> None:
        self._account, self._settings, self._pacer = account, settings, pacer
        self._ours = translate.Ours(settings.client_id)
        self._next_order_id = 1
        self._was_there = False
        logging.getLogger("ib_async.client").setLevel(logging.CRITICAL)  # we say it ourselves

    def used(self, session_order_id: str) -> None:
        """Take note that an order has had this id; new ones will be above it."""
        order_id = self._ours.order_id(session_order_id)
        if order_id is not None:
            self._next_order_id = max(self._next_order_id, order_id + 1)

    @asynccontextmanager
    async def session(
        self,
        sink: Sink,
        ticks: TickSink,
        house: House,  # noqa: ARG002 - a gateway names its own orders
    ) -> AsyncIterator[Session]:
        """Hold one connection.

        Raises:
            BrokerUnavailable: there is none to be had.
            ConfigError: the gateway does not trade this account.
        """
        wire = Wire(self._settings)
        session = GatewaySession(
            self._account,
            self._settings.ib_account,
            wire=wire,
            ours=self._ours,
            pacer=self._pacer,
            take_order_id=self._take_order_id,
            sink=sink,
            ticks=ticks,
        )

        def unread(fields: list[str], error: Exception) -> None:
            found = unreadable.of(
                fields,
                error,
                ib_account=self._settings.ib_account,
                session_id=self._ours.session_id,
            )
            if found is not None:
                sink(found)
            else:
                log.warning("broker.unreadable_of_another_account", error=str(error))

        wire.listen(Taps(session), ended=session.lost, unread=unread)
        try:
            self._check(await wire.log_on())
            yield session
        finally:
            wire.end("closed by us")
            wire.close()

    def _check(self, accounts: list[str]) -> None:
        """Refuse a gateway without our account; one that had it before may have it again."""
        settings = self._settings
        if settings.ib_account in accounts:
            self._was_there = True
            return
        where = f"the gateway at {settings.host}:{settings.port} has {', '.join(accounts)}"
        if self._was_there:
            raise BrokerUnavailable(
                f"account {settings.ib_account} is gone: {where}", patience_s=0.0
            )
        raise ConfigError(f"accounts.{self._account}.ib_account = {settings.ib_account!r}: {where}")

    def _take_order_id(self, at_least: int) -> str:
        """Return the next id; the broker refuses one that is not above all earlier ones."""
        order_id = max(self._next_order_id, at_least)
        self._next_order_id = order_id + 1
        return self._ours.session_id(order_id)


class Reader(Decoder):
    """Reads messages as its base does, and hands on those it cannot, which that one swallows."""

    def __init__(self, taps: Taps, unread: Unread) -> None:
        self._unread = unread
        taps_: Any = taps
        super().__init__(taps_, 0)

    def wrap(self, name: str, kinds: list[type], skip: int = 2) -> Callable[[list[str]], None]:
        """Return what reads a message that is a plain list of ``kinds``."""
        readers = [_READERS[kind] for kind in kinds]

        def handler(fields: list[str]) -> None:
            method = getattr(self.wrapper, name)
            method(*(read(field) for read, field in zip(readers, fields[skip:], strict=False)))

        return handler

    def execDetails(self, fields: list[str]) -> None:  # noqa: N802 - IB's name
        """Read an execution; an empty number, which the base takes for 0, is none."""
        _filled_in(fields, {19: "shares", 20: "price"})
        base: Any = super()
        base.execDetails(fields)

    def position(self, fields: list[str]) -> None:
        """Read a position, as an execution."""
        _filled_in(fields, {14: "position"})
        base: Any = super()
        base.position(fields)

    def interpret(self, fields: list[str]) -> None:
        """Read one message and call its tap."""
        try:
            self.handlers[int(fields[0])](fields)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody has to hear of it
            self._unread(fields, error)


Unread = Callable[[list[str], Exception], None]
_READERS: dict[type, Callable[[str], Any]] = {
    str: lambda field: field,
    int: lambda field: int(field or 0),
    float: lambda field: float(field or 0),
    bool: lambda field: bool(int(field or 0)),
}


@contextmanager
def _in_words(order: OrderUpdate) -> Iterator[None]:
    """Refuse an order that cannot be translated: nothing of it has been written yet."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Denied(
            Code.UNSUPPORTED,
            f"order {order.client_order_id} cannot be put in IB's words: {error}",
            "nothing was sent; look at its numbers and times",
        ) from error


def _filled_in(fields: list[str], wanted: dict[int, str]) -> None:
    for at, name in wanted.items():
        if not fields[at]:
            raise ValueError(f"{name} is empty")


class Wire:
    """One connection: what can be sent over it, in words of our own."""

    def __init__(self, settings: IbAccount) -> None:
        self._settings = settings
        self._client: Any = None  # ib_async's client carries no types
        self._ended: asyncio.Future[BrokerUnavailable] = asyncio.get_running_loop().create_future()
        self._tell: Callable[[str], None] = lambda _: None
        self.client_id = settings.client_id

    def listen(self, taps: Taps, *, ended: Callable[[str], None], unread: Unread) -> None:
        """Hand everything that comes to ``taps``, what they cannot take to ``unread``.

        ``ended`` hears once why it ended.
        """
        self._tell = ended
        client: Any = Client
        self._client = client(taps)
        self._client.decoder = Reader(taps, unread)
        self._client.MaxRequests = 0  # the pacer's business: its queue would hide what is sent
        self._client.conn.disconnected += lambda text: self.end(text or "the gateway hung up")

    @property
    def is_connected(self) -> bool:
        """Whether what is written now goes to the socket."""
        transport = self._client.conn.transport
        is_open = transport is not None and not transport.is_closing()
        return is_open and self._client.isReady() and not self._ended.done()

    async def log_on(self) -> list[str]:
        """Connect; return the gateway's accounts once it has named them and the next order id."""
        settings = self._settings
        async with asyncio.TaskGroup() as group:
            connecting = group.create_task(self._connect())
            await asyncio.wait(
                (connecting, self._ended),
                timeout=settings.connect_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            connecting.cancel()
        if self._ended.done():
            raise self._ended.result()
        if not self._client.isReady():
            raise BrokerUnavailable(
                f"{settings.host}:{settings.port} accepts, but does not log us on within "
                f"{settings.connect_timeout_s:g} s"
            )
        self._client.conn.transport.max_size = READ_AT_ONCE
        log.info("broker.connected", server_version=self._client.serverVersion())
        accounts: list[str] = self._client.getAccounts()
        return accounts

    async def _connect(self) -> None:
        settings = self._settings
        try:
            await self._client.connectAsync(
                settings.host, settings.port, settings.client_id, timeout=None
            )
        except OSError as error:
            self.end(f"{settings.host}:{settings.port}: {error.strerror or error}")

    async def wait_end(self, *, within_s: float) -> None:
        """Return after a while; raise BrokerUnavailable as soon as the connection has ended."""
        await asyncio.wait((self._ended,), timeout=within_s)
        if self._ended.done():
            raise self._ended.result()

    def end(self, reason: str, *, patience_s: float | None = None) -> None:
        """Take note that the connection is over; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(BrokerUnavailable(reason, patience_s=patience_s))
            self._tell(reason)

    def close(self) -> None:
        """Close the socket; orders stay at the broker."""
        self._client.disconnect()

    def place(self, order_id: int, order: OrderUpdate, instrument: Instrument) -> None:
        """Write an order; raises Denied if it cannot be put in IB's words."""
        with _in_words(order):
            sent = translate.order_for(order, account=self._settings.ib_account)
            groups.mark(sent, order, order_id=order_id)
            contract = translate.contract_for(instrument)
        self._write(self._client.placeOrder, order_id, contract, sent)

    def place_all(self, orders: Sequence[tuple[int, OrderUpdate, Instrument]]) -> None:
        """Write orders that belong together in one piece, so that nothing can come between them."""
        family = [order for _, order, _ in orders]
        connection, written = self._client.conn, bytearray()
        connection.sendMsg = written.extend
        try:
            for order_id, order, instrument in orders:
                with _in_words(order):
                    sent = translate.order_for(order, account=self._settings.ib_account)
                    transmit = not groups.waits(order, family)
                    groups.mark(sent, order, order_id=order_id, transmit=transmit)
                    contract = translate.contract_for(instrument)
                self._write(self._client.placeOrder, order_id, contract, sent)
        finally:
            del connection.sendMsg
        self._write(connection.sendMsg, bytes(written))

    def preview(self, order_id: int, order: OrderUpdate, instrument: Instrument) -> None:
        """Write an order as a question."""
        with _in_words(order):
            asked = translate.order_for(order, account=self._settings.ib_account)
        asked.whatIf = True
        self._write(self._client.placeOrder, order_id, translate.contract_for(instrument), asked)

    def cancel(self, order_id: int) -> None:
        """Write a cancel."""
        self._write(self._client.cancelOrder, order_id)

    def ask_own_orders(self) -> None:
        """Ask for the open orders of this client id."""
        self._write(self._client.reqOpenOrders)

    def ask_all_orders(self) -> None:
        """Ask for the open orders of all clients."""
        self._write(self._client.reqAllOpenOrders)

    def ask_completed_orders(self) -> None:
        """Ask for the day's orders that are over."""
        self._write(self._client.reqCompletedOrders, False)

    def ask_executions(self, request: int) -> None:
        """Ask for the account's executions, of all clients."""
        wanted = ExecutionFilter(acctCode=self._settings.ib_account)
        self._write(self._client.reqExecutions, request, wanted)

    def ask_next_id(self) -> None:
        """Ask for the next order id."""
        self._write(self._client.reqIds, 1)

    def ask_time(self) -> None:
        """Ask for the time, to hear anything at all."""
        self._write(self._client.reqCurrentTime)

    def ask_positions(self) -> None:
        """Ask for positions, and for their changes."""
        self._write(self._client.reqPositions)

    def ask_values(self, request: int) -> None:
        """Ask for the account's values, and for their changes."""
        account = self._settings.ib_account
        self._write(self._client.reqAccountUpdatesMulti, request, account, "", False)

    def end_values(self, request: int) -> None:
        """End the account's values."""
        self._write(self._client.cancelAccountUpdatesMulti, request)

    def ask_details(self, request: int, question: Named) -> None:
        """Ask which contracts there are."""
        self._write(self._client.reqContractDetails, request, translate.contract_of(question))

    def ask_rule(self, rule_id: int) -> None:
        """Ask for a market rule: which steps prices have."""
        self._write(self._client.reqMarketRule, rule_id)

    def ask_ticks(self, request: int, instrument: Instrument) -> None:
        """Ask for ticks."""
        contract = translate.contract_for(instrument)
        self._write(self._client.reqMktData, request, contract, "", False, False, [])

    def ask_shortable(self, request: int, instrument: Instrument) -> None:
        """Ask how easily an instrument can be sold short."""
        contract = translate.contract_for(instrument)
        wanted = shortable.GENERIC_TICK
        self._write(self._client.reqMktData, request, contract, wanted, False, False, [])

    def ask_delayed_ticks(self, request: int, instrument: Instrument) -> None:
        """Ask for ticks that may come late, and let all others come live."""
        self._write(self._client.reqMarketDataType, DELAYED)
        self.ask_ticks(request, instrument)
        self._write(self._client.reqMarketDataType, LIVE)

    def end_ticks(self, request: int) -> None:
        """End ticks."""
        self._write(self._client.cancelMktData, request)

    def _write(self, send: Callable[..., Any], *arguments: Any) -> None:
        if not self.is_connected:
            raise BrokerUnavailable("the connection to the gateway has ended")
        try:
            send(*arguments)
        except ConnectionError as error:
            raise BrokerUnavailable(str(error)) from error
