"""What each part of a session has at hand: its client, its way out, the login and the exchange."""

from __future__ import annotations

from dataclasses import dataclass, field

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.tws import encode
from janus_paper_venue.tws.login import Login
from janus_paper_venue.tws.outbox import Outbox
from janus_paper_venue.tws.requests import Contract

INVALID = 321  # the request itself is wrong
CANNOT = 322  # right as it is, but not possible now
NO_CONTRACT = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """When the bytes of a request were read."""

    ns: int = 0  # wall clock
    monotonic_ns: int = 0


@dataclass(slots=True)
class Link:
    """One started session, as its parts see it."""

    login: Login
    outbox: Outbox
    version: int
    client_id: int
    arrival: Arrival = field(default_factory=Arrival)  # of the request being handled

    @property
    def exchange(self) -> Exchange:
        """The venue behind the login."""
        return self.login.exchange

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        self.outbox.send(frame)

    def error(self, req_id: int, code: int, text: str) -> None:
        """Send an error or a notice."""
        self.outbox.send(encode.error(req_id, code, text))

    def invalid(self, req_id: int, cause: str) -> None:
        """Refuse a request that is wrong in itself."""
        self.error(req_id, INVALID, f"Error validating request.-'bD' : cause - {cause}")

    def cannot(self, req_id: int, cause: str) -> None:
        """Refuse a request that is not possible now."""
        self.error(req_id, CANNOT, f"Error processing request.-'bD' : cause - {cause}")

    def account(self, name: str) -> str | None:
        """Return the account meant by ``name``, or None; empty means the only one."""
        accounts = self.login.accounts
        if not name and len(accounts) == 1:
            return accounts[0]
        return name if name in accounts else None

    def instrument(self, req_id: int, wanted: Contract) -> Instrument | None:
        """Return the one instrument meant, or None after answering with error 200."""
        found = self.exchange.catalogue.find(wanted)
        if len(found) == 1:
            return found[0]
        what = wanted.symbol or wanted.local_symbol or str(wanted.con_id)
        text = (
            f"The contract description specified for {what} is ambiguous."
            if found
            else "No security definition has been found for the request"
        )
        self.error(req_id, NO_CONTRACT, text)
        return None
