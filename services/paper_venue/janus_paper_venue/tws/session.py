"""One client after the handshake: what it may ask, and who answers it."""

from __future__ import annotations

import structlog

from janus_paper_venue.events import PositionChanged
from janus_paper_venue.tws import encode
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.cursor import RequestError
from janus_paper_venue.tws.decode import address, decode
from janus_paper_venue.tws.faulty_frames import FaultyFrames
from janus_paper_venue.tws.faulty_requests import FaultyRequests
from janus_paper_venue.tws.history import History
from janus_paper_venue.tws.holdings import Holdings
from janus_paper_venue.tws.link import Arrival, Link
from janus_paper_venue.tws.login import Login, OrderEvent
from janus_paper_venue.tws.market import Market
from janus_paper_venue.tws.outbox import Outbox
from janus_paper_venue.tws.pace import Pace
from janus_paper_venue.tws.reference import Reference
from janus_paper_venue.tws.trading import Trading

TOO_FAST, UNREADABLE, ID_IN_USE = 100, 320, 326
DATA_LOST = 1101
PACED_OPTION = "+PACEAPI"  # the client asks to be slowed down instead of cut off
FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)

log = structlog.get_logger()


class Session:
    """One connected client; it has started once ``client_id`` is set."""

    def __init__(self, login: Login, outbox: Outbox, *, version: int, options: str) -> None:
        self.version = version
        self.client_id = -1
        self._login, self._outbox = login, outbox
        limit = None if PACED_OPTION in options else login.options.messages_per_s
        self._pace = Pace(limit)
        self._link = Link(login, outbox, version=version, client_id=-1)
        self._reference = Reference(self._link)
        self._market = Market(self._link)
        self._holdings = Holdings(self._link)
        self._trading = Trading(self._link)
        self._history = History(self._link)
        parts = (self._reference, self._market, self._holdings, self._trading, self._history)
        self._routes = {kind: route for part in parts for kind, route in part.routes().items()}
        self._routes |= FaultyRequests(self._link, self._routes).routes()
        self._frames = FaultyFrames(
            login.faults,
            outbox,
            client_id=lambda: self.client_id,
            con_id=self._market.con_id,
        )
        if login.faults:
            self.watch_faults()

    @property
    def has_started(self) -> bool:
        """Whether the client has said who it is."""
        return self.client_id >= 0

    def handle(self, message: list[str], arrival: Arrival) -> None:
        """Answer one message; closes the connection where a gateway would."""
        if not self._pace.allows(arrival.monotonic_ns):
            self._cut(TOO_FAST, "Max rate of messages per second has been exceeded")
            return
        try:
            request = decode(message, self.version)
        except RequestError as error:
            self._unreadable(message, error)
            return
        if isinstance(request, r.StartApi):
            self._start(request)
        elif self.has_started:
            self._link.arrival = arrival
            self._routes[type(request)](request)
        else:
            log.warning("session.not_started", message_id=message[0])
            self._outbox.close()

    def leave(self) -> None:
        """Forget the client; its orders live on."""
        self._market.close()
        self._login.leave(self)

    def resume(self) -> None:
        """Send what was held back while the client was behind."""
        self._market.resume()

    def hear_order(self, event: OrderEvent) -> None:
        """Report what happened to an order."""
        self._trading.hear(event)

    def hear_position(self, event: PositionChanged) -> None:
        """Report a changed position."""
        self._holdings.hear_position(event)

    def hear_account(self, account: str) -> None:
        """Report that money or positions of ``account`` have changed."""
        self._holdings.hear_account(account)

    def beat(self, second: int) -> None:
        """Do what is due; called once a second."""
        self._market.beat(second)
        self._holdings.beat(second)
        self._history.beat(second)

    def watch_faults(self) -> None:
        """Let faults see every frame, as long as there are any."""
        is_needed = bool(self._login.faults) or not self._frames.is_idle
        self._outbox.set_filter(self._frames if is_needed else None)

    def notify(self, code: int, text: str) -> None:
        """Send a notice that concerns no request; lost data ends the market data lines."""
        if not self.has_started:
            return
        self._link.error(-1, code, text)
        if code == DATA_LOST:
            self._market.close()

    def compete(self, code: int, text: str) -> None:
        """Say for every market data line that another session has taken it."""
        for req_id in self._market.request_ids():
            self._link.error(req_id, code, text)

    def _start(self, request: r.StartApi) -> None:
        if self.has_started or request.client_id < 0:
            log.warning("session.bad_start", client_id=request.client_id)
            self._outbox.close()
            return
        self.client_id = self._link.client_id = request.client_id
        is_refused = self._login.faults.take(("client_id_in_use",), client_id=request.client_id)
        if is_refused or not self._login.join(self):
            text = (
                "Unable to connect as the client id is already in use. "
                "Retry with a unique client id."
            )
            self._cut(ID_IN_USE, text)
            return
        next_id = self._login.exchange.next_order_id(self.client_id)
        self._outbox.send(encode.managed_accounts(self._login.accounts))
        self._outbox.send(encode.next_valid_id(next_id))
        for code, text in FARMS:
            self._link.error(-1, code, text)
        self._trading.announce()
        log.info("session.started", client_id=self.client_id, version=self.version)

    def _unreadable(self, message: list[str], error: RequestError) -> None:
        log.warning("message.invalid", client_id=self.client_id, reason=str(error),
                    message_id=message[0][:20] if message else "")  # fmt: skip
        self._link.error(address(message), UNREADABLE, f"Error reading request. {error}")

    def _cut(self, code: int, text: str) -> None:
        log.warning("session.refused", client_id=self.client_id, code=code, reason=text)
        self._link.error(-1, code, text)
        self._outbox.close()
