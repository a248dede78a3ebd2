"""Which executions a client's filter selects."""

from __future__ import annotations

from collections.abc import Iterator

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import Execution
from janus_paper_venue.tws.requests import Executions
from janus_paper_venue.tws.times import midnight_ns, parse

SIDES = {"": "", "BUY": "BUY", "BOT": "BUY", "SELL": "SELL", "SLD": "SELL", "SSHORT": "SELL"}


def select(exchange: Exchange, wanted: Executions, *, now_ns: int) -> list[Execution]:
    """Return today's executions that pass the filter, in order of time.

    Raises:
        ValueError: its time or side cannot be read.
    """
    since_ns = max(midnight_ns(now_ns), parse(wanted.time) if wanted.time else 0)
    if wanted.side.upper() not in SIDES:
        raise ValueError(f"'{wanted.side[:20]}' is no side")
    return list(_matching(exchange, wanted, since_ns=since_ns))


def _matching(exchange: Exchange, wanted: Executions, *, since_ns: int) -> Iterator[Execution]:
    side = SIDES[wanted.side.upper()]
    for one in exchange.executions(since_ns=since_ns):
        instrument = exchange.catalogue.get(one.con_id)
        if (
            instrument is not None
            and wanted.client_id in {0, max(one.client_id, 0)}
            and wanted.account in {"", one.account}
            and side in {"", one.side.value}
            and wanted.exchange in {"", one.exchange}
            and _is_of(instrument, wanted)
        ):
            yield one


def _is_of(instrument: Instrument, wanted: Executions) -> bool:
    return (
        wanted.symbol in {"", instrument.symbol}
        and wanted.sec_type in {"", instrument.sec_type.value}
    )  # fmt: skip
