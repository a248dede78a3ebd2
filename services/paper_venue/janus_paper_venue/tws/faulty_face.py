"""Faults of a whole gateway: notices to all clients, sockets cut, a nightly reset."""

from __future__ import annotations

from collections.abc import Iterator

from janus_paper_venue.faults import Active, Fault, Faults
from janus_paper_venue.faults_list import COMPETING, COMPETING_TEXT, NOTICES
from janus_paper_venue.tws.connection import Connection


class FaultyFace:
    """Does at once what a fault asks for, to all clients it concerns."""

    def __init__(self, faults: Faults, connections: set[Connection]) -> None:
        self._faults, self._connections = faults, connections

    def hear(self, active: Active, begins: bool) -> None:  # noqa: FBT001 - the listener's shape
        """Begin a fault."""
        for connection in tuple(self._connections):
            if begins and connection.session is not None:
                connection.session.watch_faults()
        if begins:
            self._begin(active.fault)

    def _begin(self, fault: Fault) -> None:
        concerned = list(self._concerned(fault))
        match fault.name:
            case name if name in NOTICES:
                self._notify(fault, concerned)
            case "cut":
                for connection in concerned:
                    connection.abort("a fault was asked for")
            case "nightly_reset":
                for connection in tuple(self._connections):
                    connection.abort("the nightly reset")
                if fault.ids:
                    self._faults.inject(Fault(name="ids_back", ids=fault.ids))
            case "competing_session":
                for connection in concerned:
                    if connection.session is not None:
                        connection.session.compete(COMPETING, COMPETING_TEXT)

    def _notify(self, fault: Fault, concerned: list[Connection]) -> None:
        for connection in concerned:
            if connection.session is not None:
                connection.session.notify(fault.code or 0, fault.text or "")

    def _concerned(self, fault: Fault) -> Iterator[Connection]:
        for connection in tuple(self._connections):
            session = connection.session
            if fault.client_id is None or (session and session.client_id == fault.client_id):
                yield connection
