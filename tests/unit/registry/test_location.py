"""Where Postgres is, in words without its secrets."""

from __future__ import annotations

import pytest
from janus_common.errors import ConfigError
from janus_registry.store import location


@pytest.mark.parametrize(
    ("dsn", "where"),
    [
        ("postgresql://me:secret@db.lan:6543/janus", "db.lan:6543"),
        ("postgresql://me@db.lan/janus", "db.lan:5432"),
        ("postgresql://me@/janus?host=/run/pg&port=6000", "/run/pg:6000"),
        ("postgresql:///janus", "localhost:5432"),
    ],
)
def test_the_place_is_named_without_the_password(dsn, where):
    assert location(dsn) == where


def test_an_address_with_an_impossible_port_is_refused():
    with pytest.raises(ConfigError, match=r"postgres\.dsn: Port out of range"):
        location("postgresql://me@db.lan:99999/janus")
