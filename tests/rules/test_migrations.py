"""The registry's migrations can be applied one after the other."""

from __future__ import annotations

from janus_registry import migrate


def test_migrations_count_without_gap_or_repetition():
    assert migrate.read()
