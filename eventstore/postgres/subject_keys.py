"""The wrapped keys of subjects in PostgreSQL, beside the log whose values they open.

What is forgotten is gone for every statement at once. On the disk the old row stays until VACUUM,
and in the write-ahead log and in backups until these are gone; there it is still wrapped, so
`Vault.rewrap` under a new master key, and destroying the old one, ends these too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from eventstore.config import DEFAULT_LOG
from eventstore.postgres.engine import TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.statements import fetch, update

__all__ = ["PostgresSubjectKeys"]


class PostgresSubjectKeys:
    """`SubjectKeys` in PostgreSQL. Made by `connect`; safe to share between tasks."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        log: str = DEFAULT_LOG,
        pool_size: int = 2,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> AsyncIterator[PostgresSubjectKeys]:
        """Connect to the keys of a log; closed at the end of the block.

        Raises:
            ConfigError: the URL cannot be used, or ``log`` cannot be a name.
        """
        async with ConnectionPool.open(
            url, size=pool_size, timeout_seconds=timeout_seconds, log=log
        ) as pool:
            yield cls(pool)

    async def find(self, subjects: Sequence[str]) -> Mapping[str, bytes | None]:
        """Return the wrapped keys of those that are known; null is forgotten."""
        rows = await fetch(self._pool, "subject_keys_find", list(subjects))
        return {subject: wrapped for subject, wrapped in rows}  # noqa: C416 - rows are no pairs

    async def add(self, subject: str, wrapped: bytes) -> bytes | None:
        """Keep a key unless the subject is known; return what is kept then, null if forgotten."""
        ((kept,),) = await update(self._pool, "subject_key_add", subject, wrapped)
        return None if kept is None else bytes(kept)

    async def replace(self, subject: str, old: bytes, new: bytes) -> bool:
        """Replace a wrapped key if it is still this one; says whether it was."""
        return bool(await update(self._pool, "subject_key_replace", subject, old, new))

    async def forget(self, subject: str) -> bool:
        """Destroy a subject's key for ever; says whether there was one."""
        ((had_key,),) = await update(self._pool, "subject_key_forget", subject)
        return bool(had_key)

    async def page(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Return keys that are not forgotten, of subjects that sort after one."""
        rows = await fetch(self._pool, "subject_keys_page", after, limit)
        return [(subject, bytes(wrapped)) for subject, wrapped in rows]
