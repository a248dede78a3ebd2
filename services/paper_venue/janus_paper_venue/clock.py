"""The venue's own clock: runs with the world's, ahead of it, or stands still until stepped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

OFFSET, FROZEN = "clock.offset_ns", "clock.frozen_ns"  # names of settings


class Clock:
    """Calling it tells the time, in nanoseconds UTC; it never goes back."""

    def __init__(
        self,
        source: Callable[[], int],
        *,
        offset_ns: int = 0,
        frozen_ns: int | None = None,
    ) -> None:
        self._source = source
        self.offset_ns = offset_ns  # ahead of the world
        self._frozen_ns = frozen_ns

    def __call__(self) -> int:
        """Return what time it is here."""
        if self._frozen_ns is not None:
            return self._frozen_ns
        return self._source() + self.offset_ns

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return self._frozen_ns is not None

    def pause(self) -> None:
        """Stand still."""
        self._frozen_ns = self()

    def resume(self) -> None:
        """Go on from where it stands."""
        if self._frozen_ns is not None:
            self.offset_ns = self._frozen_ns - self._source()
            self._frozen_ns = None

    def move_to(self, moment_ns: int) -> None:
        """Jump ahead; a moment that has passed changes nothing."""
        ahead_ns = moment_ns - self()
        if ahead_ns <= 0:
            return
        if self._frozen_ns is not None:
            self._frozen_ns = moment_ns
        else:
            self.offset_ns += ahead_ns


def restored(
    source: Callable[[], int], settings: Mapping[str, str], *, first_ns: int | None
) -> Clock:
    """Return a clock that goes on from ``settings``; a new one stands still at ``first_ns``."""
    if OFFSET not in settings:
        return Clock(source, frozen_ns=first_ns)
    frozen = settings.get(FROZEN, "")
    return Clock(source, offset_ns=int(settings[OFFSET]), frozen_ns=int(frozen) if frozen else None)
