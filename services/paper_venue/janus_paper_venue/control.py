"""The control port: HTTP and JSON on loopback, to read the truth and to move the market.

Numbers are JSON numbers; times are nanoseconds UTC (``_ns``) or ISO 8601. A refusal is status
400 (404 for what does not exist) with ``{"error": "what and why"}``.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from janus_paper_venue import truth
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import Lister
from janus_paper_venue.faults import Active, Fault, FaultInvalid, Faults
from janus_paper_venue.faults_list import KINDS
from janus_paper_venue.feed import Feed
from janus_paper_venue.hands import Hands
from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.levers import Levers, Refused
from janus_paper_venue.market import Market, Pin
from janus_paper_venue.openapi import Operation, document, query
from janus_paper_venue.serving import serve_http

MAX_BODY_BYTES = 64 * 1024
MAX_TICKS_PER_S = 200_000
MAX_NUMBER = Decimal(1_000_000_000)

log = structlog.get_logger()

Body = TypeVar("Body")
Endpoint = Callable[[Request], Awaitable[Response]]


class PinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /market``: one of ``symbol`` and ``con_id``, and where the market shall be."""

    symbol: str = ""
    con_id: int = 0
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    bid_size: Decimal = Decimal(1_000)
    ask_size: Decimal = Decimal(1_000)


class RateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /market/rate``: what is absent stays as it is."""

    ticks_per_s: float | None = None  # synthetic ticks, over all instruments
    speed: float | None = None  # of recordings
    symbols: list[str] | None = None  # let only these tick; [] for all again
    stamp: bool | None = None  # sizes tell the monotonic clock in microseconds


class Control:
    """Answers the control port's requests from the exchange, the market and the faces."""

    def __init__(
        self,
        exchange: Exchange,
        market: Market,
        feed: Feed,
        faces: Sequence[Lister],
        *,
        faults: Faults,
    ) -> None:
        self._faults = faults
        self._exchange, self._market = exchange, market
        self._feed, self._faces = feed, faces
        self._levers = Levers(exchange, market, feed)
        self._encode = msgspec.json.Encoder(decimal_format="number").encode

    async def serve(self, listener: socket.socket) -> None:
        """Answer requests until canceled."""
        await serve_http(self.application(), listener)

    def application(self) -> Starlette:
        """Return the application, for a server or a test."""
        routes = [
            Route(one.path, self._endpoint(one), methods=[one.method]) for one in self.operations()
        ]
        return Starlette(routes=routes)

    def operations(self) -> list[Operation]:
        """Return everything that can be asked here."""
        symbol = {"symbol": "string"}
        span = symbol | {"start_ns": "integer", "end_ns": "integer"}
        do = Operation
        return [
            do("GET", "/health", "says that it serves", lambda _: {"status": "ok"}),
            do("GET", "/openapi.json", "this document", lambda _: document(self.operations())),
            do("GET", "/truth/orders", "every order ever accepted", self._orders),
            do("GET", "/truth/executions", "every fill", self._executions),
            do("GET", "/truth/positions", "what each account holds", self._positions),
            do("GET", "/truth/accounts", "what each account has", self._accounts),
            do("GET", "/truth/sessions", "the open sockets", self._sessions),
            do("GET", "/market", "all quotes", self._quotes),
            do("POST", "/market", "puts a market there", self._pin, PinRequest),
            do("DELETE", "/market", "lets it move again", self._unpin, query=symbol),
            do("GET", "/market/history", "what the quotes were", self._history, query=span),
            do("GET", "/market/rate", "the pace", self._rate),
            do("POST", "/market/rate", "changes the pace", self._set_rate, RateRequest),
            *self._levers.operations(),
            *Hands(self._exchange, self._levers.instrument).operations(),
            do("GET", "/faults", "what is in force", self._active_faults),
            do("GET", "/faults/names", "every fault there is", self._fault_names),
            do("POST", "/faults", "injects a fault", self._inject, Fault),
            do("DELETE", "/faults", "lifts faults", self._lift, query={"name": "string"}),
        ]

    def _orders(self, _: Request) -> Any:
        return truth.order_rows(self._exchange)

    def _executions(self, _: Request) -> Any:
        return truth.execution_rows(self._exchange)

    def _positions(self, _: Request) -> Any:
        return truth.position_rows(self._exchange)

    def _accounts(self, _: Request) -> Any:
        return truth.account_rows(self._exchange)

    def _sessions(self, _: Request) -> Any:
        return [session for face in self._faces for session in face.sessions()]

    def _quotes(self, _: Request) -> Any:
        return [self._row(one) for one in self._exchange.catalogue]

    def _row(self, one: Instrument) -> truth.Row:
        row = truth.quote_row(one, self._exchange.quote(one.con_id))
        return row | {"is_pinned": self._market.is_pinned(one.con_id)}

    def _pin(self, wanted: PinRequest) -> Any:
        instrument = self._levers.instrument(str(wanted.con_id) if wanted.con_id else wanted.symbol)
        is_future = instrument.sec_type is SecType.FUTURE  # which has traded below 0
        for name in ("bid", "ask", "last"):
            _check_number(name, getattr(wanted, name), may_be_below_0=is_future)
        for name in ("bid_size", "ask_size"):
            _check_number(name, getattr(wanted, name))
        if wanted.bid is None and wanted.ask is None and wanted.last is None:
            raise Refused("nothing to pin: give bid and ask, and last if stops shall see it")
        if wanted.bid is not None and wanted.ask is not None and wanted.bid > wanted.ask:
            raise Refused(f"bid {wanted.bid} is above ask {wanted.ask}")
        pin = Pin(
            bid=wanted.bid,
            ask=wanted.ask,
            last=wanted.last,
            bid_size=wanted.bid_size,
            ask_size=wanted.ask_size,
        )
        self._market.pin(instrument, pin)
        return self._row(instrument)

    def _unpin(self, request: Request) -> Any:
        name = request.query_params.get("symbol")
        self._market.unpin(self._levers.instrument(name).con_id if name else None)
        return self._quotes(request)

    def _history(self, request: Request) -> Any:
        instrument = self._levers.instrument(request.query_params.get("symbol", ""))
        end_ns = _moment(request, "end_ns")
        rows = self._market.history(
            instrument.con_id, start_ns=_moment(request, "start_ns") or 0, end_ns=end_ns
        )
        return [truth.quote_row(instrument, one) for one in rows]

    def _rate(self, _: Request) -> Any:
        return self._rates()

    def _rates(self) -> truth.Row:
        return {
            "ticks_per_s": self._feed.ticks_per_s,
            "speed": self._feed.speed,
            "stamp": self._market.is_stamping,
        }

    def _set_rate(self, wanted: RateRequest) -> Any:
        for name, value in (("ticks_per_s", wanted.ticks_per_s), ("speed", wanted.speed)):
            if value is not None and not 0 <= value <= MAX_TICKS_PER_S:
                raise Refused(f"{name} {value} is not between 0 and {MAX_TICKS_PER_S}")
        if wanted.symbols is not None:
            chosen = {self._levers.instrument(name).con_id for name in wanted.symbols}
            self._market.choose(chosen or None)
        if wanted.ticks_per_s is not None:
            self._feed.ticks_per_s = wanted.ticks_per_s
        if wanted.speed is not None:
            self._feed.speed = wanted.speed
        if wanted.stamp is not None:
            self._market.is_stamping = wanted.stamp
        return self._rates()

    def _active_faults(self, _: Request) -> Any:
        return [_fault_row(one) for one in self._faults.active()]

    def _fault_names(self, _: Request) -> Any:
        return [
            {"name": name, "what": kind.what, "parameters": kind.defaults, "lasts": kind.lasts}
            for name, kind in KINDS.items()
        ]

    def _inject(self, wanted: Fault) -> Any:
        try:
            active = self._faults.inject(wanted)
        except FaultInvalid as error:
            raise Refused(str(error)) from error
        log.info("fault.injected", name=wanted.name)
        return _fault_row(active)

    def _lift(self, request: Request) -> Any:
        name = query(request, "name")
        if name and name not in KINDS:
            raise Refused(f"there is no fault {name[:40]!r}; GET /faults/names lists them", 404)
        return {"lifted": self._faults.clear(name)}

    def _endpoint(self, operation: Operation) -> Endpoint:
        """Return an endpoint that answers with what the operation says."""

        async def endpoint(request: Request) -> Response:
            try:
                asked = await _read(request, operation.body) if operation.body else request
                return self._json(operation.handle(asked))
            except Refused as error:
                return self._json({"error": str(error)}, status=error.status)

        return endpoint

    def _json(self, value: Any, *, status: int = 200) -> Response:
        return Response(self._encode(value), status_code=status, media_type="application/json")


def _fault_row(active: Active) -> truth.Row:
    asked = msgspec.structs.asdict(active.fault)
    given = {name: value for name, value in asked.items() if value is not None}
    return {"id": active.id, "fired": active.fired, "left": active.left} | given


async def _read(request: Request, kind: type[Body]) -> Body:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(f"the body is longer than {MAX_BODY_BYTES} bytes", 413)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"the body is not what is asked for: {error}") from error


def _check_number(name: str, value: Decimal | None, *, may_be_below_0: bool = False) -> None:
    if value is None:
        return
    if not value.is_finite() or abs(value) > MAX_NUMBER or not (value > 0 or may_be_below_0):
        raise Refused(f"{name} {value} is not a number" + ("" if may_be_below_0 else " above 0"))


def _moment(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise Refused(f"{name} {text[:40]!r} is not a number of nanoseconds")
    return int(text)
