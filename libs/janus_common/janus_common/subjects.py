"""Every subject on the bus, built here and nowhere else.

The symbol is always the tail and keeps its dots, so ``tick("NQ.>")`` is every NQ contract. Every
other token is checked, never escaped: what could change a subject's meaning is refused.
"""

from __future__ import annotations

import re

from janus_common.errors import SubjectInvalid

ROOT = "janus.v1"


class _Wildcard(str):
    """Told from a ``*`` that came in with a message, which is no name."""

    __slots__ = ()


HOUSE = "HOUSE"  # stands where an account's alias does, and is none: those are lower case
ANY = _Wildcard("*")  # one token, in subscriptions
TAIL = ">"  # one or more tokens, in subscriptions
MAX_TAIL = 64  # characters; the bus itself closes the connection over a subject of 4 KB

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SYMBOL_TAIL = re.compile(r"[A-Z0-9-]+(\.[A-Z0-9-]+){0,5}(\.>|\.\*)?")


def token(text: str) -> str:
    """Return ``text`` if it may be one token of a subject; ``ANY`` passes, any other ``*`` not.

    Raises:
        SubjectInvalid: it holds anything but letters, digits, dash and underscore.
    """
    if not isinstance(text, _Wildcard) and not _TOKEN.fullmatch(text):
        raise SubjectInvalid(
            f"{text[:70]!a}: a name on the bus has 1 to 64 letters, digits, dashes and underscores"
        )
    return text


def symbol_tail(text: str) -> str:
    """Return ``text`` if it may end a subject: a canonical symbol, or a filter such as ``NQ.>``.

    Raises:
        SubjectInvalid: it holds anything else.
    """
    allowed = text in {ANY, TAIL} or _SYMBOL_TAIL.fullmatch(text)
    if not allowed or len(text) > MAX_TAIL:
        raise SubjectInvalid(f"{text[:70]!a}: not a canonical symbol, nor a filter such as NQ.>")
    return text


def intent(principal: str = ANY, account: str = ANY) -> str:
    """Return where ``principal`` asks for something on ``account``; answered by a router."""
    return f"{ROOT}.intent.{token(principal)}.{token(account)}"


def command(account: str) -> str:
    """Return where a router hands a validated intent to the worker of ``account``."""
    return f"{ROOT}.command.{token(account)}"


def order(account: str = ANY, client_order_id: str = ANY) -> str:
    """Return the subject of one order; its last message is its state."""
    return f"{ROOT}.order.{token(account)}.{token(client_order_id)}"


def fill(account: str = ANY, symbol: str = TAIL) -> str:
    """Return the subject of fills; the defaults are all of them."""
    return f"{ROOT}.fill.{token(account)}.{symbol_tail(symbol)}"


def position(account: str = ANY, symbol: str = TAIL) -> str:
    """Return the subject of one position; its last message is the position."""
    return f"{ROOT}.position.{token(account)}.{symbol_tail(symbol)}"


def balance(account: str = ANY) -> str:
    """Return the subject of an account's balance."""
    return f"{ROOT}.balance.{token(account)}"


def source(account: str = ANY, symbol: str = TAIL) -> str:
    """Return where a worker publishes ticks and bars as its broker sent them."""
    return f"{ROOT}.source.{token(account)}.{symbol_tail(symbol)}"


def tick(symbol: str = TAIL) -> str:
    """Return the subject of the house's ticks of ``symbol``."""
    return f"{ROOT}.tick.{symbol_tail(symbol)}"


def bar(symbol: str = TAIL) -> str:
    """Return the subject of the house's bars of ``symbol``."""
    return f"{ROOT}.bar.{symbol_tail(symbol)}"


def valuation(account: str = ANY, symbol: str = TAIL) -> str:
    """Return the subject of derived values of a position."""
    return f"{ROOT}.valuation.{token(account)}.{symbol_tail(symbol)}"


def marketdata(verb: str) -> str:
    """Return where market data answers ``subscribe``, ``unsubscribe`` and ``snapshot``."""
    return f"{ROOT}.marketdata.{token(verb)}"


def feed(account: str, verb: str) -> str:
    """Return where a worker answers market data's ``subscribe`` and ``unsubscribe``."""
    return f"{ROOT}.feed.{token(account)}.{token(verb)}"


def registry(verb: str) -> str:
    """Return where the registry answers ``resolve``, ``list`` and ``put``."""
    return f"{ROOT}.registry.{token(verb)}"


def harmony(verb: str = "") -> str:
    """Return where the registry fills missing broker ids; ``progress`` is where it tells how far.

    Without a verb it begins, ``status`` asks about it, ``cancel`` ends it.
    """
    return f"{ROOT}.harmony.{token(verb)}" if verb else f"{ROOT}.harmony"


def report(name: str) -> str:
    """Return where the registry answers questions about the books: ``orders``, ``fills``."""
    return f"{ROOT}.report.{token(name)}"


def lookup(broker: str) -> str:
    """Return where any connected worker of that broker type looks an instrument up."""
    return f"{ROOT}.lookup.{token(broker)}"


def sync(account: str) -> str:
    """Return where a worker is asked to fetch its broker's truth now."""
    return f"{ROOT}.sync.{token(account)}"


def control(verb: str, account: str = ANY) -> str:
    """Return where operators say ``halt``, ``resume`` and ``drain``; of all: ``HOUSE``."""
    return f"{ROOT}.control.{token(verb)}.{token(account)}"


def event(service: str = ANY, what: str = ANY) -> str:
    """Return where a process tells an alarm, a change of state or a gap."""
    return f"{ROOT}.event.{token(service)}.{token(what)}"
