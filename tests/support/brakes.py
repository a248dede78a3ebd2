"""A brake for routers of tests that halt nothing."""

from __future__ import annotations


async def nothing_is_halted(_: str) -> None:
    """Let every order pass."""
