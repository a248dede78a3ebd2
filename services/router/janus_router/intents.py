"""From an intent to a command: validate, resolve, hand to the account's worker, reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import structlog
from janus_common import subjects
from janus_common.bus.bus import Bus
from janus_common.bus.service import Asked
from janus_common.clock import now_ns
from janus_common.errors import (
    BusError,
    BusUnavailable,
    Code,
    Denied,
    MessageInvalid,
    NobodyListens,
)
from janus_common.instruments import Instruments, in_use
from janus_common.messages import (
    CancelAllCommand,
    CancelAllIntent,
    CancelCommand,
    CancelIntent,
    Command,
    CommandReply,
    FlattenCommand,
    FlattenIntent,
    Instrument,
    Intent,
    IntentReply,
    OcaCommand,
    OcaIntent,
    OrderIntent,
    OrderStatusCommand,
    OrderUpdate,
    Outcome,
    PlaceCommand,
    PreviewCommand,
    ReplaceCommand,
    ReplaceIntent,
    ResolveOrderCommand,
    ResolveOrderIntent,
    UnblockCommand,
    UnblockIntent,
)

from janus_router import changes, groups, validate
from janus_router.repeated import Repeated, shown

WORKER_TIMEOUT_S = 5.0
CANCEL_EXPIRY_NS = validate.DEFAULT_EXPIRY_NS
MAX_IN_FLIGHT = 64  # per account, so that one that hangs leaves room for the others
ENDS = (
    CancelCommand,
    CancelAllCommand,
    FlattenCommand,
    ResolveOrderCommand,
    UnblockCommand,
)  # do not wait for the orders' places
NEW = (PlaceCommand, OcaCommand, PreviewCommand)

log = structlog.get_logger()


class Intents:
    """Answers intents; keeps the count of those in flight."""

    def __init__(
        self,
        bus: Bus,
        instruments: Instruments,
        brokers: Mapping[str, str],
        *,
        check: Callable[[str], Awaitable[None]],
        worker_timeout_s: float = WORKER_TIMEOUT_S,
    ) -> None:
        """``brokers`` says at which broker each account is; ``check`` refuses what is halted."""
        self._check = check
        self._bus, self._instruments = bus, instruments
        self._brokers, self._worker_timeout_s = brokers, worker_timeout_s
        self._in_flight: Counter[tuple[str, str]] = Counter()
        self._repeated = Repeated(bus, self._ask)

    async def handle(self, asked: Asked[Intent]) -> IntentReply:
        """Answer one intent. A refusal is a reply, never an error of this process."""
        principal, account = asked.subject.split(".")[3:5]
        intent = asked.message
        try:
            self._check_account(intent, account)
            return await self._decide(intent, principal)
        except Denied as denied:
            log.info(
                "intent.denied",
                account=account,
                principal=principal,
                client_order_id=_id_of(intent),
                code=denied.code.value,
                reason=denied.reason,
            )
            return refusal(denied, intent)

    def _check_account(self, intent: Intent, account: str) -> None:
        if intent.account != account:
            raise Denied(
                Code.WRONG_ACCOUNT,
                f"the subject says account {account!a}, the message {intent.account!a}",
                "send it to the subject of its account",
            )
        if account not in self._brokers:
            raise Denied(
                Code.UNKNOWN_ACCOUNT,
                f"there is no account {account!a}",
                f"use one of {', '.join(sorted(self._brokers))}",
            )

    async def _decide(self, intent: Intent, principal: str) -> IntentReply:
        match intent:
            case OrderIntent():
                return await self._place(intent, principal)
            case OcaIntent():
                return await self._place_group(intent, principal)
            case CancelIntent():
                validate.order_id(intent.client_order_id)
                expires_ns = now_ns() + CANCEL_EXPIRY_NS
                command = CancelCommand(intent=intent, principal=principal, expires_ns=expires_ns)
                return await self._hand_over(command)
            case ResolveOrderIntent() | UnblockIntent():
                word = changes.word(intent, principal=principal, now_ns=now_ns())
                return await self._hand_over(word)
            case ReplaceIntent():
                return await self._replace(intent, principal)
            case CancelAllIntent() | FlattenIntent():
                whole = changes.whole(intent, principal=principal, now_ns=now_ns())
                return await self._hand_over(whole)

    async def _replace(self, intent: ReplaceIntent, principal: str) -> IntentReply:
        await self._check(intent.account)
        order = await changes.recorded(self._bus.streams, intent)
        instrument = await self._instrument(order)
        changes.replacement(intent, order, instrument)
        command = ReplaceCommand(
            intent=intent,
            instrument=instrument,
            principal=principal,
            expires_ns=now_ns() + CANCEL_EXPIRY_NS,
        )
        return await self._hand_over(command)

    async def _place(self, intent: OrderIntent, principal: str) -> IntentReply:
        now = now_ns()
        validate.order_id(intent.client_order_id)
        default_ns = now + validate.DEFAULT_EXPIRY_NS
        complete = msgspec.structs.replace(
            intent,
            symbol=validate.symbol(intent.symbol),
            expires_ns=default_ns if intent.expires_ns is None else intent.expires_ns,
        )
        try:
            validate.order(complete, now_ns=now)
            groups.check_bracket(complete, now_ns=now)
        except Denied as denied:
            if denied.code is not Code.INVALID_EXPIRY:  # else the same was never taken before
                raise
            return await self._refused(complete, principal, denied)
        try:
            return await self._resolved(complete, principal)
        except Denied as denied:
            return await self._refused(complete, principal, denied)

    async def _refused(
        self, complete: OrderIntent | OcaIntent, principal: str, denied: Denied
    ) -> IntentReply:
        """Refuse a new order; one that was sent before is answered with what became of it."""
        if isinstance(complete, OrderIntent) and complete.dry_run:
            raise denied
        found = await self._repeated.first_outcome(complete, principal, denied)
        return _reply(found, complete)

    async def _place_group(self, intent: OcaIntent, principal: str) -> IntentReply:
        now = now_ns()
        try:
            groups.check_group(intent, now_ns=now)
        except Denied as denied:
            if denied.code is not Code.INVALID_EXPIRY:
                raise
            complete = groups.completed(intent, now_ns=now)
            return await self._refused(complete, principal, denied)
        complete = groups.completed(intent, now_ns=now)
        try:
            await self._check(complete.account)
            instruments = [await self._instrument(each) for each in complete.orders]
            for each, instrument in zip(complete.orders, instruments, strict=True):
                validate.fits(each, instrument, broker=self._brokers[complete.account])
            command = OcaCommand(intent=complete, instruments=instruments, principal=principal)
            return await self._hand_over(command)
        except Denied as denied:
            return await self._refused(complete, principal, denied)

    async def _resolved(self, complete: OrderIntent, principal: str) -> IntentReply:
        await self._check(complete.account)
        instrument = await self._instrument(complete)
        if complete.legs:
            in_use(instrument)  # its exits would outlive the position
        validate.fits(complete, instrument, broker=self._brokers[complete.account])
        groups.fit_bracket(complete, instrument, broker=self._brokers[complete.account])
        if complete.dry_run:
            asked = PreviewCommand(intent=complete, instrument=instrument, principal=principal)
            return await self._preview(asked)
        command = PlaceCommand(intent=complete, instrument=instrument, principal=principal)
        return await self._hand_over(command)

    async def _instrument(self, order: OrderIntent | OrderUpdate) -> Instrument:
        """Return what the broker calls the symbol; of a retired one the worker takes only closings."""
        broker = self._brokers[order.account]
        return await self._instruments.resolve(order.symbol, broker, may_be_retired=True)

    async def _preview(self, asked: PreviewCommand) -> IntentReply:
        """Ask what an order would cost, once all that needs no broker has been checked."""
        try:
            reply = await self._hand_over(asked)
        except Denied as denied:
            reply = refusal(denied, asked.intent)
        if reply.outcome is Outcome.ACCEPTED:
            reply = msgspec.structs.replace(reply, reason="dry run: nothing was sent")
        return msgspec.structs.replace(reply, instrument=asked.instrument)

    async def _hand_over(self, command: Command) -> IntentReply:
        account = command.intent.account
        timeout_s = changes.ANSWER_S.get(type(command), self._worker_timeout_s)
        try:
            reply = await self._ask(command, timeout_s)
        except (NobodyListens, BusUnavailable) as error:
            raise Denied(
                Code.ACCOUNT_NOT_READY,
                f"no worker serves account {account}",
                "nothing was sent; janus workers"
                if isinstance(command, NEW)
                else "this request reached nobody; janus workers",
            ) from error
        except (BusError, MessageInvalid) as error:
            if isinstance(command, PlaceCommand | OcaCommand):
                self._repeated.note_unanswered(command.intent)
            return _unanswered(command, error)
        if reply.code is Code.DRAINING:  # said of this request only: the id is not looked up
            raise Denied(Code.DRAINING, reply.reason or "its worker is stopping", reply.hint or "")
        return _reply(reply, command.intent)

    async def _ask(self, command: Command, timeout_s: float) -> CommandReply:
        """Hand ``command`` to its account's worker, and return the answer.

        Raises:
            Denied: too many wait for that worker; it is not handed over.
            BusError, MessageInvalid: as ``Bus.request``.
        """
        account = command.intent.account
        with self._one_more(account, _lane(command)):
            return await self._bus.request(
                subjects.command(account), command, CommandReply, timeout_s=timeout_s
            )

    @contextmanager
    def _one_more(self, account: str, lane: str) -> Iterator[None]:
        which = account, lane
        if self._in_flight[which] >= MAX_IN_FLIGHT:
            raise Denied(
                Code.PACED,
                f"{MAX_IN_FLIGHT} intents for {account} are waiting for its worker",
                "nothing was sent; try again in a moment",
            )
        self._in_flight[which] += 1
        try:
            yield
        finally:
            self._in_flight[which] -= 1


def _reply(reply: CommandReply, intent: Intent) -> IntentReply:
    return IntentReply(
        outcome=reply.outcome,
        account=intent.account,
        client_order_id=_id_of(intent),
        code=reply.code,
        reason=reply.reason,
        hint=reply.hint,
        replayed=reply.replayed,
        order=reply.order,
        orders=reply.orders,
        remaining=reply.remaining,
        unsent=reply.unsent,
        margin=reply.margin,
    )


def _id_of(intent: Intent | None) -> str:
    """Return the order that ``intent`` is about; empty where it is about a whole account."""
    return getattr(intent, "client_order_id", "")


def _shown(intent: Intent) -> str:
    return shown(intent) if isinstance(intent, OrderIntent | OcaIntent) else _id_of(intent)


def _lane(command: Command) -> str:
    """Return whose places a command takes: what ends orders does not wait for new ones."""
    if isinstance(command, ENDS):
        return "ends"
    return "questions" if isinstance(command, OrderStatusCommand) else "orders"


def _unanswered(command: Command, error: Exception) -> IntentReply:
    intent = command.intent
    name = _id_of(intent)
    log.warning("intent.unanswered", account=intent.account, client_order_id=name, error=str(error))
    if isinstance(command, PreviewCommand):
        return IntentReply(
            outcome=Outcome.UNKNOWN,
            account=intent.account,
            client_order_id=name,
            reason=f"dry run: nothing was sent, and what it would cost is not known: the worker of "
            f"{intent.account} does not answer ({error})",
            hint="all that the router checks has passed; janus workers",
        )
    return IntentReply(
        outcome=Outcome.UNKNOWN,
        account=intent.account,
        client_order_id=name,
        reason=f"no answer from the worker of {intent.account} ({error}); "
        "it may or may not have been sent",
        hint=f"janus orders show {_shown(intent)}; repeating the same id is safe"
        if name
        else "janus orders",
    )


def refusal(denied: Denied, intent: Intent | None = None) -> IntentReply:
    """Return the reply that says ``denied``."""
    return IntentReply(
        outcome=Outcome.DENIED,
        account=intent.account if intent is not None else "",
        client_order_id=_id_of(intent),
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
    )
