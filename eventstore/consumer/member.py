"""A member of a group: handles the events of the partitions that it owns, each stream in order.

A member reads the log once, whatever number of partitions it owns, from the least of their
checkpoints. Each delivery is shared out by partition, and the shares are handled at the same time;
the next one is taken when all are done. So what is in hand is finished before a partition is given
back, and the order of each stream is kept through any change of owner.

It trusts no lease: the checkpoint of a partition moves for the token of its owner alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from eventstore.consumer.partitions import Assignment, Lease, partition_of
from eventstore.consumer.postgres_checkpoint import TransactionConnection
from eventstore.errors import CheckpointUnavailable, PartitionLost
from eventstore.event import RecordedEvent
from eventstore.statelog import StateLog
from eventstore.store import Delivery, Subscription
from eventstore.stream import Position

__all__ = ["Follow", "Group", "GroupMember", "Handle", "Share"]

_LOG: Final = logging.getLogger("eventstore.consumer")

_BEATS_A_LEASE: Final = 3


class Group(Protocol):
    """Where leases and checkpoints are; see `eventstore.consumer.postgres_group.PostgresGroup`."""

    name: str
    partitions: int
    lease_seconds: float

    async def renew(self) -> Assignment:
        """Say that we live; return what we own."""
        ...

    async def commit(
        self, connection: TransactionConnection, lease: Lease, position: Position
    ) -> None:
        """Move a partition's checkpoint within a transaction."""
        ...

    async def advance(self, moves: Mapping[int, tuple[Lease, Position]]) -> set[int]:
        """Move the checkpoints of partitions; return those that moved."""
        ...

    async def release(self, leases: Mapping[int, Lease]) -> None:
        """Give partitions back."""
        ...

    async def leave(self) -> None:
        """Give all partitions back and be no member any more."""
        ...


class Share:
    """The events of one partition in one delivery, in order; ``position`` is behind them.

    A handler that commits the share in the transaction of its changes handles each event exactly
    once, for these changes. Of a handler that does not, the member moves the checkpoint when it has
    returned: that is at least once.
    """

    def __init__(
        self, group: Group, lease: Lease, events: tuple[RecordedEvent, ...], position: Position
    ) -> None:
        self.partition = lease.partition
        self.events = events
        self.position = position
        self.committed = False
        self._group = group
        self._lease = lease

    async def commit(self, connection: TransactionConnection) -> None:
        """Move the partition's checkpoint, if the transaction of ``connection`` commits.

        Raises:
            PartitionLost: another member owns it; let it end the transaction: nothing is stored.
            InvalidRequest: the connection is in no transaction.
        """
        await self._group.commit(connection, self._lease, self.position)
        self.committed = True


Handle: TypeAlias = Callable[[Share], Awaitable[None]]
"""Handles a share, and lets `PartitionLost` out."""

Follow: TypeAlias = Callable[[Position], Subscription]
"""Follows the log from behind a position, such as `eventstore.consumer.subscribe`."""


class GroupMember:
    """Runs until it is stopped; it belongs to one task.

    Args:
        group: Where leases and checkpoints are kept.
        follow: Opens a subscription to what the group handles.
        handle: Handles what is ours.
        retry_on: Exceptions of the handler that time can mend, such as those of its database. The
            partition begins again at its checkpoint with the next beat, a third of a lease later,
            and the others go on. Any other exception ends the member.
    """

    def __init__(
        self,
        group: Group,
        follow: Follow,
        handle: Handle,
        *,
        retry_on: tuple[type[Exception], ...] = (),
    ) -> None:
        self._group = group
        self._follow = follow
        self._handle = handle
        self._retry_on: tuple[type[Exception], ...] = (
            PartitionLost,
            CheckpointUnavailable,
            *retry_on,
        )
        self._owned: dict[int, Lease] = {}
        self._assignment = Assignment()
        self._news = asyncio.Event()
        self._stopping = False
        self._beaten = False
        self._subscription: Subscription | None = None
        self._position = Position(0)
        self._said = StateLog(_LOG)

    @property
    def owned(self) -> frozenset[int]:
        """The partitions that are handled here now."""
        return frozenset(self._owned)

    def stop(self) -> None:
        """Finish what is in hand, give all partitions back, and let `run` return."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Be a member until `stop`, or until an error; partitions are given back in both cases.

        Raises:
            What the handler raises, but for ``retry_on``; what the subscription raises.
        """
        heart = asyncio.ensure_future(self._beat())
        heart.add_done_callback(lambda _: self._news.set())
        try:
            while not self._stopping:
                if heart.done():
                    heart.result()
                await self._turn()
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
            await self._unsubscribe()
            with contextlib.suppress(CheckpointUnavailable):  # else the leases expire
                await self._group.leave()
            self._owned = {}

    async def _beat(self) -> None:
        """Renew the leases; if that fails for the time of a lease, take them for lost."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            began = loop.time()
            try:
                self._assignment = await self._group.renew()
                renewed = began
            except CheckpointUnavailable as error:
                self._said.trouble(error)
                if loop.time() - renewed > self._group.lease_seconds:
                    self._assignment = Assignment()
            self._beaten = True
            if self._is_news(self._assignment):
                self._news.set()
            await asyncio.sleep(self._group.lease_seconds / _BEATS_A_LEASE)

    def _is_news(self, assignment: Assignment) -> bool:
        tokens = {lease.partition: lease.token for lease in self._owned.values()}
        given = {lease.partition: lease.token for lease in assignment.leases.values()}
        return bool(assignment.surplus) or tokens != given

    async def _turn(self) -> None:
        """Take over what changed, or handle one delivery; returns early when there is news."""
        if self._news.is_set():
            self._news.clear()
            await self._take_over(self._assignment)
        elif self._subscription is None:
            await self._news.wait()
        else:
            delivery = await self._next(self._subscription)
            if delivery is not None:
                await self._share_out(delivery)

    async def _take_over(self, assignment: Assignment) -> None:
        """Stop with what is lost, give back what is too much, begin with what is new."""
        before = self.owned
        kept = {
            lease.partition: lease
            for lease in self._owned.values()
            if self._same(assignment.leases.get(lease.partition), lease)
        }
        # Also what failed here and has not begun again: it would be ours for ever.
        surplus = {p: kept.pop(p, assignment.leases[p]) for p in assignment.surplus}
        new = {
            lease.partition: lease
            for lease in assignment.leases.values()
            if lease.partition not in kept and lease.partition not in assignment.surplus
        }
        self._owned = kept | new
        if surplus:
            with contextlib.suppress(CheckpointUnavailable):  # else the next beat says it again
                await self._group.release(surplus)
        if self.owned != before:
            _LOG.info("owns partitions %s", sorted(self.owned) or "none")
        if not self._owned:
            await self._unsubscribe()
        elif self._subscription is None or any(
            lease.position < self._position for lease in new.values()
        ):
            await self._unsubscribe()
            self._position = min(lease.position for lease in self._owned.values())
            self._subscription = self._follow(self._position)

    @staticmethod
    def _same(given: Lease | None, lease: Lease) -> bool:
        return given is not None and given.token == lease.token

    async def _next(self, subscription: Subscription) -> Delivery | None:
        """Wait for the next delivery; null if there is news first."""
        waiting: asyncio.Future[Delivery] = asyncio.ensure_future(anext(subscription))
        news = asyncio.ensure_future(self._news.wait())
        try:
            futures: list[asyncio.Future[Any]] = [waiting, news]
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            if not waiting.done():
                waiting.cancel()  # a subscription loses nothing by that
                await asyncio.gather(waiting, return_exceptions=True)
        try:
            return None if waiting.cancelled() else waiting.result()
        except StopAsyncIteration:
            self.stop()
            return None

    async def _share_out(self, delivery: Delivery) -> None:
        """Handle a delivery: the partitions at the same time, each in order."""
        shares: dict[int, list[RecordedEvent]] = {}
        for event in delivery.events:
            partition = partition_of(event.stream, self._group.partitions)
            lease = self._owned.get(partition)
            if lease is not None and event.position > lease.position:
                shares.setdefault(partition, []).append(event)
        try:
            async with asyncio.TaskGroup() as tasks:
                for partition, events in shares.items():
                    lease = self._owned[partition]
                    share = Share(self._group, lease, tuple(events), delivery.position)
                    tasks.create_task(self._handle_share(lease, share))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        self._position = delivery.position
        if self._beaten:
            self._beaten = False
            await self._advance_the_idle(delivery.position)

    async def _handle_share(self, lease: Lease, share: Share) -> None:
        try:
            await self._handle(share)
            if not share.committed:
                await self._commit(lease, share.position)
        except self._retry_on as error:
            # Its next owner, who may be ourselves, begins at the checkpoint.
            self._said.trouble(error)
            self._owned.pop(lease.partition, None)
        else:
            self._owned[lease.partition] = msgspec.structs.replace(lease, position=share.position)

    async def _commit(self, lease: Lease, position: Position) -> None:
        if lease.partition not in await self._group.advance({lease.partition: (lease, position)}):
            raise PartitionLost(self._group.name, lease.partition, lease.token)

    async def _advance_the_idle(self, position: Position) -> None:
        """Move the checkpoints for which nothing came, now and then: who takes over skips that."""
        idle = {
            p: (lease, position) for p, lease in self._owned.items() if lease.position < position
        }
        if not idle:
            return
        try:
            moved = await self._group.advance(idle)
        except CheckpointUnavailable as error:
            self._said.trouble(error)
            return
        for partition, (lease, _) in idle.items():
            if partition in moved:
                self._owned[partition] = msgspec.structs.replace(lease, position=position)
            else:
                self._owned.pop(partition)

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.aclose()
