"""Statements on the tables beside the log, whose errors become ours."""

from __future__ import annotations

from typing import Any

import asyncpg

from eventstore.postgres.engine import ConnectionPool
from eventstore.postgres.queries import query
from eventstore.postgres.translate import read_failed, update_failed

__all__ = ["fetch", "update"]


async def fetch(pool: ConnectionPool, name: str, *arguments: Any) -> list[asyncpg.Record]:
    """Run a statement that changes nothing.

    Raises:
        ReadFailed: no answer came.
        StoreUnavailable, SchemaMismatch: see `ConnectionPool.connection`.
    """
    async with pool.connection() as connection:
        try:
            return await connection.fetch(query(name, pool.log), *arguments)
        except Exception as error:
            raise read_failed(error) from error


async def update(pool: ConnectionPool, name: str, *arguments: Any) -> list[asyncpg.Record]:
    """Run a statement that changes something, and that can be repeated.

    Raises:
        UpdateFailed: it was refused, or no answer came and it may have happened.
        StoreUnavailable, SchemaMismatch: see `ConnectionPool.connection`.
    """
    async with pool.connection() as connection:
        try:
            return await connection.fetch(query(name, pool.log), *arguments)
        except Exception as error:
            raise update_failed(error) from error
