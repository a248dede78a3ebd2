"""One request to the Webull face, and the table of what is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from janus_paper_venue.webull.answers import Code, Refused, illegal
from janus_paper_venue.webull.keys import AppKey
from janus_paper_venue.webull.trading import Arrival

FORBIDDEN = 403


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose sender is known."""

    key: AppKey
    path: str
    query: Mapping[str, str]
    body: bytes = b""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)  # names in lower case
    arrival: Arrival = Arrival()

    def fields(self) -> Mapping[str, Any]:
        """Return the object that the body holds.

        Raises:
            Refused: it holds none.
        """
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise illegal("The body is not JSON.") from None
        if not isinstance(found, dict):
            raise illegal("The body is not an object.")
        return found

    def parameter(self, name: str) -> str:
        """Return a parameter of the query.

        Raises:
            Refused: it is missing.
        """
        found = self.query.get(name, "")
        if not found:
            raise illegal(f"{name} is missing.")
        return found

    def account(self, name: Any) -> str:
        """Return ``name`` if it is an account of the sender.

        Raises:
            Refused: it is not.
        """
        if not isinstance(name, str) or not name:
            raise illegal("account_id is missing or is not a text.")
        if name not in self.key.accounts:
            raise Refused(
                Code.ACCESS_DENIED, "The account is not one of the app key's.", status=FORBIDDEN
            )
        return name


Handler = Callable[[Call], Any]  # returns what is answered, as it becomes JSON
Routes = Mapping[tuple[str, str], Handler]  # by method and path


def object_of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within the body.

    Raises:
        Refused: there is none.
    """
    found = fields.get(name)
    if not isinstance(found, dict):
        raise illegal(f"{name} is missing or is not an object.")
    return found
