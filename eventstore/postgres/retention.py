"""Drops what events said once it has been kept for long enough, without breaking the chain.

A policy keeps the payloads of a stream, or of a category, for so many days; that of a stream goes
before that of its category. `run` replaces what is older by a tombstone: data null, metadata
``{"retired": TIME}``. The event stays in its place, with id, type, time and tags, and the leaf that
the chain of hashes has of it is kept, so that `verify_chain` goes through. Files of archives are
written again without it (`eventstore.postgres.archived_retention`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal, Self

import asyncpg
import msgspec

from eventstore.config import DEFAULT_LOG
from eventstore.errors import InvalidRequest
from eventstore.postgres.archived_retention import retire_archived
from eventstore.postgres.engine import TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.queries import query
from eventstore.postgres.statements import fetch
from eventstore.postgres.translate import removal_failed
from eventstore.stream import stream_name

__all__ = ["DAYS_MAX", "Policy", "PostgresRetention", "Retired"]

DAYS_MAX: Final = 36_500
"""A hundred years."""

_PAGE: Final = 1000

Kind = Literal["stream", "category"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Payloads of a stream, or of a category, are kept for so many days."""

    kind: Kind
    name: str
    days: int


class Retired(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy came to: so many events ``retired``, of which ``archived`` were in archives."""

    policy: Policy
    retired: int
    archived: int


class PostgresRetention:
    """The policies of a log, and what carries them out. Made by `connect`."""

    def __init__(self, pool: ConnectionPool, url: str, timeout_seconds: float) -> None:
        self._pool = pool
        self._url = url
        self._timeout_seconds = timeout_seconds

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, *, log: str = DEFAULT_LOG, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> AsyncIterator[Self]:
        """Connect to a log, as its archivist or owner; closed at the end of the block.

        Raises:
            ConfigError, StoreUnavailable, SchemaMismatch: as of the store.
        """
        async with ConnectionPool.open(
            url,
            size=1,
            timeout_seconds=timeout_seconds,
            log=log,
            application="eventstore retention",
        ) as pool:
            async with pool.connection():
                pass  # what is wrong with the server or its schema is said now, not later
            yield cls(pool, url, timeout_seconds)

    async def set(self, policy: Policy) -> None:
        """Keep payloads for so many days from now on; nothing is dropped before `run`.

        Raises:
            InvalidRequest: the name or the number of days can be none.
            RemovalRefused: PostgreSQL refused.
            UpdateFailed: no answer came; repeat it.
        """
        _check(policy)
        await self._change("retention_set", policy.kind, policy.name, policy.days)

    async def unset(self, kind: Kind, name: str) -> bool:
        """Keep payloads for ever again; says whether there was a policy.

        Raises:
            RemovalRefused: PostgreSQL refused.
            UpdateFailed: no answer came; repeat it.
        """
        return bool(await self._change("retention_unset", kind, name))

    async def policies(self) -> list[Policy]:
        """List the policies, those of streams first.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        rows = await fetch(self._pool, "retention_list")
        return [Policy(kind=row["kind"], name=row["name"], days=row["days"]) for row in rows]

    async def now(self) -> dt.datetime:
        """Return the time of the server, which is the clock that events are dated by.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        (row,) = await fetch(self._pool, "server_time")
        time: dt.datetime = row["now"]
        return time

    async def run(
        self,
        now: dt.datetime,
        *,
        dry: bool = False,
        archive_folder: Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> list[Retired]:
        """Retire what has been kept for long enough at ``now``, a page in a transaction.

        What is in the database goes first, then what is in archives, an archive in a transaction.
        With ``dry`` it counts only. ``archive_folder`` is where the files of archives are; else
        they are looked for where they were written. ``progress`` is told how many were retired so
        far.

        Raises:
            RemovalRefused: PostgreSQL refused, or another session archives.
            ArchiveMissing, ArchiveDamaged: the file of an archive is not at hand, or is not what
                was written.
            ConfigError: such a file cannot be written or removed, or pyarrow is missing.
            UpdateFailed: no answer came; run it again.
            ReadFailed, StoreUnavailable: as of the store.
            Whichever it is, what was retired before stays so.
        """
        policies = await self.policies()
        retired: list[int] = []
        for policy in policies:
            before = now - dt.timedelta(days=policy.days)
            after = count = 0
            while page := await fetch(
                self._pool, f"retention_due_{policy.kind}", policy.name, before, after, _PAGE
            ):
                after = page[-1]["position"]
                count += len(page) if dry else await self._retire([row["position"] for row in page])
                if progress is not None:
                    progress(sum(retired) + count)
            retired.append(count)
        archived = await retire_archived(
            self._url,
            now,
            dry=dry,
            log=self._pool.log,
            archive_folder=archive_folder,
            timeout_seconds=self._timeout_seconds,
            progress=None if progress is None else lambda count: progress(sum(retired) + count),
        )
        return [
            Retired(policy=policy, retired=count + reached, archived=reached)
            for policy, count in zip(policies, retired, strict=True)
            for reached in [archived[policy.kind, policy.name]]
        ]

    async def _retire(self, positions: list[int]) -> int:
        (row,) = await self._change("retire", positions, left="what was retired before stays so")
        amount: int = row["events"]
        return amount

    async def _change(
        self, name: str, *arguments: Any, left: str = "nothing was changed"
    ) -> list[asyncpg.Record]:
        async with self._pool.connection() as connection:
            try:
                return await connection.fetch(query(name, self._pool.log), *arguments)
            except Exception as error:
                raise removal_failed(error, left) from error


def _check(policy: Policy) -> None:
    if policy.kind == "stream":
        stream_name(policy.name)
    elif not policy.name or "-" in policy.name or not policy.name.isprintable():
        raise InvalidRequest(
            f"{policy.name!r} is no category: it is what stands before the first hyphen of a "
            "stream's name."
        )
    if not 0 <= policy.days <= DAYS_MAX:
        raise InvalidRequest(f"{policy.days} days: a policy keeps for 0 to {DAYS_MAX:,} days.")
