"""What travels on which subject, from whom to whom: the table that documents are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from janus_common import messages, subjects
from janus_common.subjects import ANY

Kinds = tuple[type[msgspec.Struct], ...]


class How(StrEnum):
    """How a message is carried."""

    REQUEST = "request"  # answered, or refused, at once
    STREAM = "stream"  # stored; whoever was away reads it later
    LIVE = "live"  # to whoever listens now


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One family of subjects."""

    subject: str  # with wildcards, as subjects.py builds it
    parameters: tuple[str, ...] = ()  # what the wildcards stand for, in order
    how: How
    sender: str
    receiver: str
    kinds: Kinds
    replies: Kinds = ()
    stream: str = ""  # that stores it
    purpose: str
    is_reserved: bool = False  # the subject is fixed, nobody serves it yet

    @property
    def address(self) -> str:
        """The subject with named parameters: ``janus.v1.tick.{symbol}``."""
        names = iter(self.parameters)
        parts = self.subject.split(".")
        return ".".join(f"{{{next(names)}}}" if part in "*>" else part for part in parts)

    @property
    def name(self) -> str:
        """One word for the family: ``tick``, ``marketdata-subscribe``."""
        parts = self.subject.removeprefix(f"{subjects.ROOT}.").split(".")
        return "-".join(part for part in parts if part not in "*>")


PARAMETERS = {
    "principal": "who asks: 1 to 64 letters, digits, dashes and underscores",
    "account": "alias of the account in the configuration, such as ib-main",
    "client_order_id": "the order's id, chosen by whoever sent it",
    "symbol": "canonical symbol with its dots; filters such as NQ.> match a whole family",
    "broker": "type of broker: ib",
    "service": "name of the process's kind: router, ib_worker",
    "what": "noun-verb, such as state-changed",
}


ANYONE, WORKER = "anyone", "the account's worker"


def _asked(
    subject: str,
    *kinds: type[msgspec.Struct],
    reply: type[msgspec.Struct],
    by: str = ANYONE,
    of: str,
    to: str,
    tokens: tuple[str, ...] = (),
    is_reserved: bool = False,
) -> Channel:
    return Channel(
        subject=subject,
        parameters=tokens,
        how=How.REQUEST,
        sender=by,
        receiver=of,
        kinds=kinds,
        replies=(reply,),
        purpose=to,
        is_reserved=is_reserved,
    )


def _told(
    subject: str,
    *kinds: type[msgspec.Struct],
    by: str,
    of: str,
    tokens: tuple[str, ...],
    receiver: str = ANYONE,
    stream: str = "",
    is_reserved: bool = False,
) -> Channel:
    return Channel(
        subject=subject,
        parameters=tokens,
        how=How.STREAM if stream else How.LIVE,
        sender=by,
        receiver=receiver,
        kinds=kinds,
        stream=stream,
        purpose=of,
        is_reserved=is_reserved,
    )


CHANNELS: tuple[Channel, ...] = (
    _asked(
        subjects.intent(),
        *(messages.OrderIntent, messages.OcaIntent),
        *(messages.CancelIntent, messages.CancelAllIntent),
        *(messages.ReplaceIntent, messages.FlattenIntent, messages.ResolveOrderIntent),
        messages.UnblockIntent,
        reply=messages.IntentReply,
        by="anyone, under its own name",
        of="router",
        to="place, change or cancel orders, close positions",
        tokens=("principal", "account"),
    ),
    _asked(
        subjects.command(ANY),
        *(messages.PlaceCommand, messages.PreviewCommand, messages.OcaCommand),
        messages.OrderStatusCommand,
        *(messages.CancelCommand, messages.CancelAllCommand),
        *(messages.ReplaceCommand, messages.FlattenCommand, messages.ResolveOrderCommand),
        messages.UnblockCommand,
        reply=messages.CommandReply,
        by="router",
        of=WORKER,
        to="hand over a validated intent",
        tokens=("account",),
    ),
    _told(
        subjects.order(),
        messages.OrderUpdate,
        by=WORKER,
        of="the whole order after each change; the last message is its state",
        tokens=("account", "client_order_id"),
        stream="ORDERS",
    ),
    _told(
        subjects.fill(),
        *(messages.Fill, messages.FillCorrection, messages.FillFee),
        by=WORKER,
        of="each execution once; its corrections and fees as they come",
        tokens=("account", "symbol"),
        stream="FILLS",
    ),
    _told(
        subjects.position(),
        messages.Position,
        by=WORKER,
        of="what the broker says the account holds; the last message is the position",
        tokens=("account", "symbol"),
        stream="STATE",
    ),
    _told(
        subjects.balance(),
        messages.Balance,
        by=WORKER,
        of="what the broker says the account is worth",
        tokens=("account",),
        stream="STATE",
    ),
    _told(
        subjects.event(),
        messages.Event,
        by="any process",
        of="alarms, changes of state, gaps",
        tokens=("service", "what"),
        stream="EVENTS",
    ),
    _told(
        subjects.tick(),
        messages.Tick,
        by="marketdata",
        of="the market of a symbol that somebody subscribed to",
        tokens=("symbol",),
    ),
    _told(
        subjects.bar(),
        messages.Bar,
        by="marketdata",
        of="bars of a symbol",
        tokens=("symbol",),
        is_reserved=True,
    ),
    _told(
        subjects.valuation(),
        messages.Valuation,
        by="marketdata",
        of="a position at the market's price; derived, never a fact of the books",
        tokens=("account", "symbol"),
        is_reserved=True,
    ),
    _told(
        subjects.source(),
        *(messages.Tick, messages.Bar),
        by=WORKER,
        of="ticks as the broker sent them",
        tokens=("account", "symbol"),
        receiver="marketdata",
    ),
    _asked(
        subjects.marketdata("subscribe"),
        messages.Subscribe,
        reply=messages.MarketDataReply,
        of="marketdata",
        to="hold a lease on the ticks of some symbols, or renew it",
    ),
    _asked(
        subjects.marketdata("unsubscribe"),
        messages.Unsubscribe,
        reply=messages.MarketDataReply,
        of="marketdata",
        to="give leases back",
    ),
    _asked(
        subjects.marketdata("snapshot"),
        messages.Snapshot,
        reply=messages.MarketDataReply,
        of="marketdata",
        to="ask for the last ticks known",
    ),
    *(
        _asked(
            subjects.feed(ANY, verb),
            messages.FeedRequest,
            reply=messages.FeedReply,
            by="marketdata",
            of=WORKER,
            to=f"{what} one line of the broker's market data",
            tokens=("account",),
        )
        for verb, what in (("subscribe", "open"), ("unsubscribe", "close"))
    ),
    *(
        _asked(subjects.registry(verb), kind, reply=messages.RegistryReply, of="registry", to=what)
        for verb, kind, what in (
            (
                "resolve",
                messages.Resolve,
                "get one symbol; an unknown one is looked up at a broker",
            ),
            ("list", messages.ListInstruments, "get symbols in order, a page at a time"),
            ("put", messages.PutInstrument, "add an instrument, or what is not known of one"),
            ("show", messages.ShowSymbol, "get one symbol with who found it, and open conflicts"),
            ("set", messages.SetInstrument, "change fields of a symbol"),
            ("retire", messages.RetireSymbol, "take a symbol out of use"),
            ("undo", messages.UndoChange, "put a symbol back to what it was before a change"),
            ("history", messages.SymbolHistory, "get the changes of a symbol, last first"),
            ("conflicts", messages.ListConflicts, "get what contradicts what is known"),
            ("settle", messages.SettleConflict, "say what holds of a conflict"),
            ("import", messages.ImportSymbols, "write many symbols, all of them or none"),
        )
    ),
    _asked(
        subjects.harmony(),
        messages.Harmony,
        reply=messages.HarmonyReply,
        of="registry",
        to="fill missing broker ids; the same twice at once is one",
    ),
    *(
        _asked(
            subjects.harmony(verb),
            kind,
            reply=messages.HarmonyReply,
            of="registry",
            to=what,
        )
        for verb, kind, what in (
            ("status", messages.HarmonyQuery, "ask how a harmony gets on, and what it came to"),
            ("cancel", messages.HarmonyCancel, "give up a harmony; nothing is written then"),
        )
    ),
    _told(
        subjects.harmony("progress"),
        messages.HarmonyProgress,
        by="registry",
        of="how far a harmony is, a few times a second",
        tokens=(),
    ),
    *(
        _asked(
            subjects.report(what),
            messages.ReportQuery,
            reply=messages.ReportReply,
            of="registry",
            to=f"get {what} from the books, newest first, a page at a time",
        )
        for what in ("orders", "fills")
    ),
    _asked(
        subjects.lookup(ANY),
        messages.Lookup,
        reply=messages.LookupReply,
        by="registry",
        of="any connected worker of that broker",
        to="ask what the broker calls a symbol",
        tokens=("broker",),
    ),
    _asked(
        subjects.sync(ANY),
        messages.Sync,
        reply=messages.SyncReply,
        of=WORKER,
        to="fetch the broker's truth now",
        tokens=("account",),
    ),
    *(
        _asked(
            subjects.control(verb),
            messages.Control,
            reply=messages.ControlReply,
            by="operators",
            of="the account's worker; for HOUSE a router; all of them listen",
            to=what,
            tokens=("account",),
            is_reserved=verb == "drain",
        )
        for verb, what in (
            ("halt", "let nothing but cancels through, from this moment and over restarts"),
            ("resume", "end a halt"),
            ("drain", "take nothing new, finish what is in hand"),
        )
    ),
)


def all_kinds() -> tuple[type[msgspec.Struct], ...]:
    """Return every message, in the order of messages.py."""
    return tuple(
        found
        for found in vars(messages).values()
        if isinstance(found, type)
        and issubclass(found, msgspec.Struct)
        and found is not messages.Message
    )
