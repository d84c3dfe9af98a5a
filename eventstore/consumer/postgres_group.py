"""Membership of a group in PostgreSQL: leases, fencing tokens and checkpoints, a row a partition.

Table ``consumer.partitions`` holds all there is to know of a partition. Its checkpoint moves only
for the token of its owner, in one statement, which the owner runs in the transaction of its
changes. So a member that was paused, and wakes up when another one has its partition, commits
nothing: its token is an old one. When leases expire is decided by the database's clock alone.

A row that somebody has locked is passed over: its owner is committing, and neither it nor who wants
the partition waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from typing import Any, Final, Self
from uuid import uuid4

import asyncpg

from eventstore.consumer.partitions import Assignment, Lease, plan, share_of
from eventstore.consumer.postgres_checkpoint import TransactionConnection, prepare, run
from eventstore.consumer.postgres_epochs import enter_epoch
from eventstore.epoch import Epoch
from eventstore.errors import (
    CheckpointUnavailable,
    ConfigError,
    PartitionLost,
    StoreUnavailable,
)
from eventstore.postgres.engine import connect
from eventstore.postgres.translate import DRIVER_ERRORS
from eventstore.stream import Position

__all__ = ["PostgresGroup"]

_CLOSE_SECONDS: Final = 2.0

_ENTER: Final = """
INSERT INTO consumer.members VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 second')
ON CONFLICT (consumer_group, member) DO UPDATE SET expires_at = excluded.expires_at
"""

_FORGET_THE_DEAD: Final = """
DELETE FROM consumer.members WHERE consumer_group = $1 AND expires_at < clock_timestamp()
"""

_PROLONG: Final = """
UPDATE consumer.partitions
SET expires_at = clock_timestamp() + $3::float8 * interval '1 second'
WHERE consumer_group = $1 AND partition IN (
    SELECT partition FROM consumer.partitions
    WHERE consumer_group = $1 AND owner = $2 FOR UPDATE SKIP LOCKED)
"""

_FREE: Final = """
SELECT partition FROM consumer.partitions
WHERE consumer_group = $1 AND (owner IS NULL OR expires_at < clock_timestamp())
FOR UPDATE SKIP LOCKED
"""

_TAKE: Final = """
UPDATE consumer.partitions
SET owner = $2, token = token + 1,
    expires_at = clock_timestamp() + $3::float8 * interval '1 second'
WHERE consumer_group = $1 AND partition = ANY($4::integer[])
"""

_OWNED: Final = """
SELECT partition, token, position FROM consumer.partitions
WHERE consumer_group = $1 AND owner = $2
"""

# Who moves a checkpoint has its row locked until the end of the transaction. Should it be paused
# before that, the server ends the transaction after a lease, so that the partition can be taken.
_MOVE: Final = """
UPDATE consumer.partitions AS held
SET position = moved.position,
    expires_at = clock_timestamp() + $2::float8 * interval '1 second'
FROM unnest($3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS moved (partition, token, previous, position)
WHERE held.consumer_group = $1 AND held.partition = moved.partition
    AND held.token = moved.token AND held.position = moved.previous
RETURNING held.partition, set_config(
    'idle_in_transaction_session_timeout', ceil($2::float8 * 1000)::text, true)
"""

# A token that was given back is worth nothing any more.
_RELEASE: Final = """
UPDATE consumer.partitions AS held SET owner = NULL, expires_at = NULL, token = held.token + 1
FROM unnest($2::integer[], $3::bigint[]) AS given (partition, token)
WHERE held.consumer_group = $1 AND held.partition = given.partition AND held.token = given.token
"""

_RELEASE_ALL: Final = """
UPDATE consumer.partitions SET owner = NULL, expires_at = NULL, token = token + 1
WHERE consumer_group = $1 AND owner = $2
"""


class PostgresGroup:
    """One member's view of its group; see `eventstore.consumer.member.Group`. Made by `open`.

    ``partitions`` is how many the group has, ``lease_seconds`` how long a member may be silent.
    """

    def __init__(
        self, url: str, group: str, member: str, *, partitions: int, lease_seconds: float
    ) -> None:
        self.partitions = partitions
        self.lease_seconds = lease_seconds
        self._url = url
        self.name = group
        # Two processes of one name are two members: they must not take each other's leases.
        self._member = f"{member}/{uuid4().hex[:8]}"
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._turn = asyncio.Lock()  # a connection does one thing at a time

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        group: str,
        member: str,
        *,
        partitions: int = 16,
        lease_seconds: float = 10.0,
    ) -> AsyncIterator[Self]:
        """Open a group in the database at ``url``; it is made when it is missing.

        Args:
            url: The database in which the members commit.
            group: The group's name.
            member: This process's name, for who looks at the table: `name/` and eight characters.
            partitions: How many partitions the group has, for ever.
            lease_seconds: After such a silence a member's partitions go to others.

        Raises:
            ConfigError: the group has another number of partitions, or a number cannot work.
            CheckpointUnavailable: there is no answer.
        """
        if partitions < 1 or lease_seconds <= 0 or not group or not member:
            raise ConfigError(
                "a group and its member have names, at least one partition, and a lease of more "
                "than 0 seconds."
            )
        opened = cls(url, group, member, partitions=partitions, lease_seconds=lease_seconds)
        try:
            await opened._create()
            yield opened
        finally:
            await opened._disconnect()

    async def renew(self) -> Assignment:
        """Say that we live; take what is free up to our share; return what we own."""
        group, member, seconds = self.name, self._member, self.lease_seconds
        async with self._transaction() as connection:
            # One at a time: who shares out sees what the one before has taken.
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _key(group))
            await connection.execute(_ENTER, group, member, seconds)
            await connection.execute(_FORGET_THE_DEAD, group)
            await connection.execute(_PROLONG, group, member, seconds)
            members = await connection.fetch(
                "SELECT member FROM consumer.members WHERE consumer_group = $1", group
            )
            free = await connection.fetch(_FREE, group)
            owned = await connection.fetch(_OWNED, group, member)
            chosen = plan(
                owned=[row["partition"] for row in owned],
                free=[row["partition"] for row in free],
                share=share_of(member, [row["member"] for row in members], self.partitions),
            )
            if chosen.take:
                await connection.execute(_TAKE, group, member, seconds, chosen.take)
                owned = await connection.fetch(_OWNED, group, member)
        leases = {
            row["partition"]: Lease(row["partition"], row["token"], Position(row["position"]))
            for row in owned
        }
        return Assignment(leases, chosen.surplus)

    async def commit(
        self, connection: TransactionConnection, lease: Lease, position: Position
    ) -> None:
        """Move a partition's checkpoint when the transaction of ``connection`` commits.

        From here on PostgreSQL ends the transaction if it is idle for the time of a lease.

        Raises:
            PartitionLost: it is not ours any more; roll the transaction back.
            InvalidRequest: the connection is in no transaction.
        """
        moved = await run(connection, _MOVE, *self._moves({lease.partition: (lease, position)}))
        if moved is None:
            raise PartitionLost(self.name, lease.partition, lease.token)

    async def advance(self, moves: Mapping[int, tuple[Lease, Position]]) -> set[int]:
        """Move the checkpoints of partitions, in a transaction of their own.

        Returns the partitions whose checkpoint moved: the others are not ours any more.
        """
        async with self._transaction() as connection:
            return {row["partition"] for row in await connection.fetch(_MOVE, *self._moves(moves))}

    def _moves(self, moves: Mapping[int, tuple[Lease, Position]]) -> tuple[Any, ...]:
        leases = [lease for lease, _ in moves.values()]
        return (
            self.name,
            self.lease_seconds,
            [lease.partition for lease in leases],
            [lease.token for lease in leases],
            [lease.position for lease in leases],
            [position for _, position in moves.values()],
        )

    async def release(self, leases: Mapping[int, Lease]) -> None:
        """Give partitions back, if they are ours."""
        tokens = [lease.token for lease in leases.values()]
        async with self._transaction() as connection:
            await connection.execute(_RELEASE, self.name, list(leases), tokens)

    async def enter(self, epoch: Epoch, position: Position) -> None:
        """Take the stream's epoch for that of the group; see `EpochStore.enter`.

        What counts is the partition that is furthest: it has handled events up to there.
        """
        async with self._transaction() as connection:
            await enter_epoch(connection, self.name, epoch, position)

    async def leave(self) -> None:
        """Give all partitions back and be no member any more."""
        async with self._transaction() as connection:
            await connection.execute(_RELEASE_ALL, self.name, self._member)
            await connection.execute(
                "DELETE FROM consumer.members WHERE consumer_group = $1 AND member = $2",
                self.name,
                self._member,
            )

    async def _create(self) -> None:
        async with self._transaction() as connection:
            await prepare(connection)
            await connection.execute(
                "INSERT INTO consumer.partitions (consumer_group, partition) "
                "SELECT $1, generate_series(0, $2::integer - 1) WHERE NOT EXISTS "
                "(SELECT FROM consumer.partitions WHERE consumer_group = $1)",
                self.name,
                self.partitions,
            )
            found = await connection.fetchval(
                "SELECT count(*) FROM consumer.partitions WHERE consumer_group = $1", self.name
            )
        if found != self.partitions:
            raise ConfigError(
                f"group {self.name!r} has {found} partitions, not {self.partitions}: with "
                "another number streams would change theirs. Use a group of another name."
            )

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A transaction on our own connection, which is made again when it was lost.

        Raises:
            CheckpointUnavailable: no answer came; what was done may be stored or not.
        """
        async with self._turn:
            try:
                connection = await self._connected()
                async with connection.transaction():
                    yield connection
            except (StoreUnavailable, *DRIVER_ERRORS) as error:
                await self._disconnect()
                reason = str(error).partition("\n")[0] or type(error).__name__
                raise CheckpointUnavailable(
                    f"no answer from where group {self.name!r} is kept: {reason}"
                ) from error

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            # A member that was paused in a transaction of its own holds up the others no longer
            # than a lease: the server ends it.
            self._connection = await connect(
                self._url,
                timeout_seconds=self.lease_seconds,
                statement_seconds=self.lease_seconds,
                application=f"consumer {self.name} {self._member}",
            )
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.close(timeout=_CLOSE_SECONDS)


def _key(group: str) -> int:
    digest = blake2b(f"trueorder group {group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
