"""From an intent to a command: validate, resolve, hand to the account's worker, reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
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
from janus_common.instruments import Instruments
from janus_common.messages import (
    CancelCommand,
    CancelIntent,
    Command,
    CommandReply,
    Intent,
    IntentReply,
    OrderIntent,
    Outcome,
    PlaceCommand,
)

from janus_router import validate

WORKER_TIMEOUT_S = 5.0
CANCEL_EXPIRY_NS = validate.DEFAULT_EXPIRY_NS
MAX_IN_FLIGHT = 64  # per account, so that one that hangs leaves room for the others

log = structlog.get_logger()


class Intents:
    """Answers intents; keeps nothing but the count of those in flight."""

    def __init__(self, bus: Bus, instruments: Instruments, accounts: Collection[str]) -> None:
        self._bus, self._instruments = bus, instruments
        self._accounts = sorted(accounts)
        self._in_flight: Counter[str] = Counter()

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
                client_order_id=getattr(intent, "client_order_id", ""),
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
        if account not in self._accounts:
            raise Denied(
                Code.UNKNOWN_ACCOUNT,
                f"there is no account {account!a}",
                f"use one of {', '.join(self._accounts)}",
            )

    async def _decide(self, intent: Intent, principal: str) -> IntentReply:
        match intent:
            case OrderIntent():
                return await self._place(intent, principal)
            case CancelIntent():
                validate.order_id(intent.client_order_id)
                expires_ns = now_ns() + CANCEL_EXPIRY_NS
                command = CancelCommand(intent=intent, principal=principal, expires_ns=expires_ns)
                return await self._hand_over(command, intent.client_order_id)
        raise Denied(
            Code.UNSUPPORTED,
            f"{type(intent).__name__} is not supported",
            "cancel the order and send a new one",
        )

    async def _place(self, intent: OrderIntent, principal: str) -> IntentReply:
        now = now_ns()
        validate.order(intent, now_ns=now)
        symbol = validate.symbol(intent.symbol)
        instrument = await self._instruments.resolve(symbol)
        validate.fits(intent, instrument)
        default_ns = now + validate.DEFAULT_EXPIRY_NS
        expires_ns = default_ns if intent.expires_ns is None else intent.expires_ns
        complete = msgspec.structs.replace(intent, symbol=symbol, expires_ns=expires_ns)
        if intent.dry_run:
            return IntentReply(
                outcome=Outcome.ACCEPTED,
                account=intent.account,
                client_order_id=intent.client_order_id,
                reason="dry run: nothing was sent",
                instrument=instrument,
            )
        command = PlaceCommand(intent=complete, instrument=instrument, principal=principal)
        return await self._hand_over(command, intent.client_order_id)

    async def _hand_over(self, command: Command, client_order_id: str) -> IntentReply:
        account = command.intent.account
        with self._one_more(account):
            try:
                reply = await self._bus.request(
                    subjects.command(account), command, CommandReply, timeout_s=WORKER_TIMEOUT_S
                )
            except (NobodyListens, BusUnavailable) as error:
                raise Denied(
                    Code.ACCOUNT_NOT_READY,
                    f"no worker serves account {account}",
                    "nothing was sent; janus workers",
                ) from error
            except (BusError, MessageInvalid) as error:
                return self._unknown(account, client_order_id, error)
        return IntentReply(
            outcome=reply.outcome,
            account=account,
            client_order_id=client_order_id,
            code=reply.code,
            reason=reply.reason,
            hint=reply.hint,
            replayed=reply.replayed,
            order=reply.order,
        )

    def _unknown(self, account: str, client_order_id: str, error: Exception) -> IntentReply:
        log.warning(
            "intent.unanswered", account=account, client_order_id=client_order_id, error=str(error)
        )
        return IntentReply(
            outcome=Outcome.UNKNOWN,
            account=account,
            client_order_id=client_order_id,
            reason=f"the worker of {account} did not answer within {WORKER_TIMEOUT_S:g} s; "
            "the order may or may not have been sent",
            hint=f"janus orders show {client_order_id}; repeating the same id is safe",
        )

    @contextmanager
    def _one_more(self, account: str) -> Iterator[None]:
        if self._in_flight[account] >= MAX_IN_FLIGHT:
            raise Denied(
                Code.PACED,
                f"{MAX_IN_FLIGHT} intents for {account} are waiting for its worker",
                "nothing was sent; try again in a moment",
            )
        self._in_flight[account] += 1
        try:
            yield
        finally:
            self._in_flight[account] -= 1


def refusal(denied: Denied, intent: Intent | None = None) -> IntentReply:
    """Return the reply that says ``denied``."""
    return IntentReply(
        outcome=Outcome.DENIED,
        account=intent.account if intent is not None else "",
        client_order_id=getattr(intent, "client_order_id", ""),
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
    )
