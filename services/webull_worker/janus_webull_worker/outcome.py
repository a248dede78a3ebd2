"""What became of a request: an answer, a refusal in Webull's words, or nothing that can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from janus_common.errors import BrokerUnavailable

from janus_webull_worker.codes import Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON, and the second in which it was made by Webull's clock."""

    value: Any
    date_ns: int | None = None
    asked_ns: int = 0
    heard_ns: int = 0


class Refused(Exception):
    """Webull said no; ``verdict`` is what follows from that."""

    def __init__(self, verdict: Verdict, code: str, text: str) -> None:
        self.verdict, self.code = verdict, code
        self.reason = f"{text} ({code})" if text else code
        super().__init__(self.reason)


class KeyRefused(BrokerUnavailable):
    """Webull does not accept the key, the account or the time of this machine: nothing works."""

    def __init__(self, reason: str, *, is_clock: bool = False) -> None:
        self.is_clock = is_clock
        super().__init__(reason, patience_s=0.0)


class NoAnswer(Exception):
    """Whether it was done is unknown: no answer came, or one that is not Webull's."""


class NotBegun(Exception):
    """It was too late when its turn came: nothing was sent."""
