"""Reads typed values out of the fields of one message, strictly and in order."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from janus_paper_venue.tws.requests import Contract

INT_LIMIT = 1 << 63
UNSET_INT = (1 << 31) - 1  # what Java clients send for "no value"
UNSET_DOUBLE = Decimal("1e300")  # beyond this: 1.7976931348623157E308 in any spelling, Infinity
MAX_DIGITS = 40  # of a number as sent


class RequestError(Exception):
    """A message that does not read as its layout says; answered with error 320."""


class Cursor:
    """The fields of one message; each call takes the next one."""

    __slots__ = ("_at", "_fields", "version")

    def __init__(self, fields: list[str], version: int, *, start: int = 1) -> None:
        self._fields, self._at, self.version = fields, start, version

    def text(self) -> str:
        """Take a text as it is."""
        at = self._at
        self._at = at + 1
        try:
            return self._fields[at]
        except IndexError:
            raise RequestError(f"the message ends after {len(self._fields)} fields") from None

    def integer(self) -> int:
        """Take a whole number; empty is 0."""
        text = self.text()
        if not text:
            return 0
        try:
            value = int(text) if len(text) <= MAX_DIGITS else INT_LIMIT
        except ValueError:
            raise RequestError(f"{text[:MAX_DIGITS]!r} is no whole number") from None
        if not -INT_LIMIT < value < INT_LIMIT:
            raise RequestError(f"{text[:MAX_DIGITS]!r} is out of range")
        return value

    def flag(self) -> bool:
        """Take a yes or no; empty is no."""
        text = self.text()
        if text not in _FLAGS:
            raise RequestError(f"{text[:MAX_DIGITS]!r} is neither 0 nor 1")
        return _FLAGS[text]

    def number(self) -> Decimal | None:
        """Take a decimal; None for every spelling of "not set"."""
        return number(self.text())

    def contract(self) -> Contract:
        """Take the 12 contract fields."""
        text = self.text
        return Contract(
            con_id=self.integer(),
            symbol=text(),
            sec_type=text(),
            expiry=text(),
            strike=self.number(),
            right=text(),
            multiplier=text(),
            exchange=text(),
            primary_exchange=text(),
            currency=text(),
            local_symbol=text(),
            trading_class=text(),
        )

    def rows(self, width: int) -> tuple[tuple[str, ...], ...]:
        """Take a count and that many rows of ``width`` texts."""
        count = self.integer()
        if not 0 <= count * width <= len(self._fields):
            raise RequestError(f"{count} rows of {width} fields do not fit the message")
        return tuple(tuple(self.text() for _ in range(width)) for _ in range(count))

    def name(self, names: tuple[str, ...], into: dict[str, str]) -> None:
        """Take one text per name."""
        at, self._at = self._at, self._at + len(names)
        if self._at > len(self._fields):
            raise RequestError(f"the message ends after {len(self._fields)} fields")
        into.update(zip(names, self._fields[at : self._at], strict=True))

    def peek(self, ahead: int) -> str:
        """Return the text ``ahead`` fields further, or empty."""
        at = self._at + ahead
        return self._fields[at] if at < len(self._fields) else ""

    def end(self) -> None:
        """Refuse a message with fields left over."""
        left = len(self._fields) - self._at
        if left:
            raise RequestError(f"{left} fields left over, from field {self._at}")


_FLAGS = {"": False, "0": False, "1": True, "false": False, "true": True}


def number(text: str) -> Decimal | None:
    """Read a decimal; empty, UNSET_DOUBLE, UNSET_INT and Infinity are None.

    Raises:
        RequestError: not a number, not finite, or of absurd length or precision.
    """
    if not text:
        return None
    try:
        value = Decimal(text) if len(text) <= MAX_DIGITS else Decimal("NaN")
    except InvalidOperation:
        if text == "Infinite":
            return None
        raise RequestError(f"{text[:MAX_DIGITS]!r} is no number") from None
    if value.is_nan():
        raise RequestError(f"{text[:MAX_DIGITS]!r} is no number")
    if value > UNSET_DOUBLE or value == UNSET_INT:
        return None
    exponent = value.as_tuple().exponent
    if value < -UNSET_DOUBLE or not isinstance(exponent, int) or not -20 <= exponent <= 20:
        raise RequestError(f"{text[:MAX_DIGITS]!r} is out of range")
    return value
