"""Commands whose values may be negative: -1 gets its reason, an unknown option is still refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand


def command(app: typer.Typer) -> Callable[..., Any]:
    """Return ``app.command`` for verbs whose values may be negative numbers."""
    return partial(
        app.command, cls=_NumbersMayBeNegative, context_settings={"ignore_unknown_options": True}
    )


class _NumbersMayBeNegative(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take words as any command does, but no unknown ``--option`` for a value."""
        known = {name for one in self.get_params(ctx) for name in (*one.opts, *one.secondary_opts)}
        for word in _before_the_end(args):
            name = word.partition("=")[0]
            if name.startswith("--") and name not in known:
                ctx.fail(f"No such option: {name}")
        return super().parse_args(ctx, args)


def _before_the_end(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words
