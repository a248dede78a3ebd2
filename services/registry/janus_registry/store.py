"""Postgres as the registry sees it: a pool, transactions, and errors with our own names.

Every wait is bounded, so that a Postgres that is frozen is as good as one that is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from janus_common.errors import ConfigError, StoreRefused, StoreUnavailable

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 2.0
CLOSE_TIMEOUT_S = 2.0
CONNECTIONS = 8
SERVICE_ROLE = "janus_service"  # of 0008_roles.sql
# What is wrong with the values themselves: data exceptions, broken constraints. All else
# (disk full, read-only, restarting, a missing right) is for an operator, and may go through later.
FINAL = ("22", "23")

Row = asyncpg.Record
Connection: TypeAlias = "PoolConnectionProxy[Row]"  # no generic at run time


class Store:
    """The registry's connections to Postgres; made by ``connect``."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], where: str) -> None:
        self._pool, self.where = pool, where
        self.write_trouble = ""  # why the last transaction did not go through; empty: it did
        self.answers = True  # whether the last question was answered

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Hold a connection in a transaction, which an error rolls back.

        Raises:
            StoreUnavailable: Postgres is away, or its outcome is unknown: the same again later.
            StoreRefused: Postgres refuses these values for good.
        """
        try:
            async with self.connection() as connection, connection.transaction():
                yield connection
        except StoreUnavailable as error:
            self.write_trouble = str(error)
            raise
        self.write_trouble = ""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Hold a connection; raises as ``transaction`` does."""
        with renamed(self.where):
            async with self._pool.acquire(timeout=COMMAND_TIMEOUT_S) as connection:
                yield connection

    async def ping(self) -> bool:
        """Return whether Postgres is read-only; raise StoreUnavailable if it does not answer."""
        self.answers = False
        async with self.connection() as connection:
            found = await connection.fetchval("show transaction_read_only")
        self.answers = True
        return bool(found == "on")


@asynccontextmanager
async def connect(dsn: str | None, *, role: str | None = None) -> AsyncIterator[Store]:
    """Hold connections to the Postgres at ``dsn``, with the rights of ``role`` if one is given.

    Raises:
        ConfigError: ``dsn`` is missing, or no address of a Postgres.
        StoreUnavailable: it does not answer, or does not let us in; the text names the cure.
    """
    if dsn is None:
        raise ConfigError("postgres.dsn is not set; give it, or start everything with `janus up`")
    where = location(dsn)
    as_role = {"role": role} if role else {}
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings={"application_name": "janus-registry"} | as_role,
        )
    except (asyncpg.InterfaceError, ValueError) as error:
        raise ConfigError(
            f"postgres.dsn: {error}; write postgresql://user@host/database"
        ) from error
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(
            f"no Postgres for us at {where}: {_in_words(error)}; "
            "start it (`janus up` runs one), or correct postgres.dsn"
        ) from error
    try:
        yield Store(pool, where)
    finally:
        await _close(pool)


def location(dsn: str) -> str:
    """Return ``host:port`` of ``dsn``, without its secrets.

    Raises:
        ConfigError: it is no URL.
    """
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"postgres.dsn: {error}") from error
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", ["localhost"])[0]
    return f"{host}:{port or query.get('port', ['5432'])[0]}"


@contextmanager
def renamed(where: str) -> Iterator[None]:
    """Rename what asyncpg raises to our own errors."""
    try:
        yield
    except asyncpg.PostgresError as error:
        text = _in_words(error)
        if (error.sqlstate or "").startswith(FINAL):
            raise StoreRefused(text) from error
        raise StoreUnavailable(f"Postgres at {where}: {text}") from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # a value that Postgres has no room for
            raise StoreRefused(str(error)) from error
        raise StoreUnavailable(f"Postgres at {where}: {error}") from error
    except (OSError, asyncpg.InternalClientError) as error:
        raise StoreUnavailable(f"Postgres at {where}: {_in_words(error)}") from error


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    detail = getattr(error, "detail", None)
    return f"{error} ({detail})" if detail else str(error)


async def _close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Close in order, or at once if Postgres does not answer."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await pool.close()
    pool.terminate()
