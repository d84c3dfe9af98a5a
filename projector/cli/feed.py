"""``projector feed``: carry the changes of a read model onto NATS, for gateways and services."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import SystemRandom
from typing import Annotated, NoReturn
from uuid import uuid4

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number

from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.errors import StreamDiverged
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, connect
from eventstore.lease import acquire
from eventstore.postgres.lease import PostgresLease
from eventstore.relay import relay
from eventstore.relay.core import RelayPace
from eventstore.relay.jetstream_stream import inspect
from eventstore.relay.ports import StreamState
from projector import config
from projector.cli.options import (
    DatabaseUrl,
    Generation,
    NatsUrl,
    ProjectionName,
    ProjectionOrName,
    load,
)
from projector.errors import ConfigError, FeedDiverged, FeedUnknown, ReadModelUnavailable
from projector.feed.change import FeedName, id_of
from projector.feed.jetstream_feed import FeedPublisher, carrying, delete
from projector.feed.postgres_feed import FeedState, PostgresChanges
from projector.feed.postgres_feed import begin as begin_feed
from projector.feed.postgres_feed import end as end_feed
from projector.feed.postgres_feed import state as state_of
from projector.feed.postgres_feed import trim as trim_feed
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.projection import BUILT_IN, check_projection

__all__ = ["FeedStatus", "app"]

app = App(name="feed", help="Carry the changes of a read model onto NATS.")

_PACE = RelayPace(idle_first=0.002, idle_limit=0.05)
"""A feed is not woken, so it looks more often than the relay of the log."""

_STOP_SECONDS = 15.0
"""How long who carries a feed may take to learn that it was ended; a lease is shorter."""


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a feed has come. ``last_sequence`` is null if there is no stream."""

    projection: str
    generation: int
    state: str
    stream: str
    bucket: str
    last_change: int
    last_sequence: int | None
    lag: int


@app.command
async def begin(
    projection: ProjectionName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Record the changes of a read model from now on, beginning with what it holds."""
    table = _documents(projection, generation)
    async with PostgresReadModel.open(config.database_url(database_url), table) as model:
        await model.prepare()
        found = await begin_feed(model, table, identity=uuid4())
    feed = _name(table)
    sys.stdout.write(
        f"{feed}: changes are recorded, the last is {found.last_number:,}\n"
        f"stream    {feed.stream}\nbucket    {feed.bucket}\n"
    )


@app.command
async def trim(
    projection: ProjectionOrName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    keep: Annotated[
        int,
        Parameter(
            help="How many of the last changes on the stream stay whole.", validator=Number(gte=0)
        ),
    ] = 100_000,
) -> None:
    """Forget recorded changes that later ones replaced and that the stream holds already."""
    table = _named(projection, generation)
    feed = _name(table)
    async with _both(table, database_url, nats_url) as (model, link):
        inspection = await inspect(link, carrying(feed))
        last = 0 if inspection is None else inspection.state.last_sequence
        forgotten = await trim_feed(model, table, to=max(0, last - keep))
    sys.stdout.write(f"{feed}: {forgotten:,} changes were forgotten\n")


@app.command
async def end(
    projection: ProjectionOrName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
) -> None:
    """Record no more changes; delete those recorded, with their stream and bucket.

    Who carries the feed stops by himself. Begin again what broke off.
    """
    table = _named(projection, generation)
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    feed = _name(table)
    unknown: FeedUnknown | None = None
    async with PostgresReadModel.open(database, table) as model:
        try:
            await end_feed(model, table)
        except FeedUnknown as error:  # perhaps NATS did not answer when it was ended
            unknown = error
    async with (
        _carrying_lease(database, feed) as lease,
        connect(nats, name="projector feed end") as link,
    ):
        # Who carries would make the stream again; he learns that the feed is gone when he reads.
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await acquire(lease, relay.LOG, random=SystemRandom())
        except TimeoutError:
            raise ReadModelUnavailable(
                f"{feed}: changes are not recorded any more, but `projector feed run` has not "
                f"stopped within {_STOP_SECONDS:.0f} s: stop it, and end the feed again."
            ) from None
        deleted = await delete(link, feed)
    if unknown is not None and not deleted:
        raise unknown
    sys.stdout.write(f"{feed}: changes are not recorded any more\n")


@app.command
def run(
    projection: ProjectionOrName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    replicas: Annotated[
        int,
        Parameter(
            help="How many NATS servers hold stream and bucket, when they are created.",
            validator=Number(gte=1, lte=5),
        ),
    ] = 1,
    verbose: Annotated[bool, Parameter(help="Log more, for debugging.", negative="")] = False,
) -> int:
    """Carry changes until SIGINT or SIGTERM; survives the loss of any server.

    Any number may run for one read model: one carries, the others stand by.
    """
    table = _named(projection, generation)
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    log_to_stderr(verbose=verbose)
    random = SystemRandom()
    feed = _name(table)

    @asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:
        async with _carrying_lease(database, feed) as lease:
            await acquire(lease, relay.LOG, random=random)
            async with (
                PostgresReadModel.open(database, table) as model,
                FeedPublisher.open(nats, feed, name=_lease_name(feed), replicas=replicas) as stream,
            ):
                log = PostgresChanges(model, feed, await state_of(model, table))
                alarms = (lease.lost, *stream.alarms)
                yield relay.Session(log=log, stream=stream, alarms=alarms)

    async def carry() -> NoReturn:
        try:
            await relay.run(open_session, random=random, pace=_PACE)
        except StreamDiverged as error:
            raise FeedDiverged(feed.projection, feed.generation, feed.stream) from error

    return run_until_signal(carry())


@app.command
async def status(
    projection: ProjectionOrName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print one JSON document.")
    ] = False,
) -> None:
    """Say how far the stream is behind the recorded changes; exit 5 if either cannot be asked."""
    table = _named(projection, generation)
    feed = _name(table)
    async with _both(table, database_url, nats_url) as (model, link):
        # The stream first: a stream that is ahead of what is read after it is really ahead.
        inspection = await inspect(link, carrying(feed))
        recorded = await state_of(model, table)
    stream = None if inspection is None else inspection.state
    last = None if stream is None else stream.last_sequence
    found = FeedStatus(
        projection=table.name,
        generation=table.generation,
        state=_state(recorded, stream),
        stream=feed.stream,
        bucket=feed.bucket,
        last_change=recorded.last_number,
        last_sequence=last,
        lag=recorded.last_number - (last or 0),
    )
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n" if json else _text(found))


def _state(recorded: FeedState, stream: StreamState | None) -> str:
    """Say how the stream is; a lag of nothing is no good news of a stream of another feed."""
    if stream is None:
        return "no stream"
    last = stream.last_sequence
    other = stream.last is not None and stream.last.event_id != id_of(recorded.identity, last)
    if last > recorded.last_number or other:
        return "diverged: the stream is of another feed"
    if stream.missing:
        return "damaged: the stream lost messages"
    return "behind" if last < recorded.last_number else "caught up"


def _text(found: FeedStatus) -> str:
    last = "no stream" if found.last_sequence is None else f"{found.last_sequence:,}"
    return (
        f"{found.projection}, generation {found.generation}: {found.state}\n"
        f"stream           {found.stream}\n"
        f"bucket           {found.bucket}\n"
        f"last change      {found.last_change:,}\n"
        f"last sequence    {last}\n"
        f"lag              {found.lag:,}\n"
    )


def _documents(given: str, generation: int | None) -> DocumentTable:
    loaded = load(given, generation)
    if not isinstance(loaded, DocumentTable):
        raise ConfigError(
            f"projection {given!r} keeps tables of its own: only documents have a change feed."
        )
    return loaded


class _OnlyNamed:
    """Documents of which nothing but the name is known: they are not projected here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def project(self, event: RecordedEvent) -> NoReturn:
        raise AssertionError(f"{self.name} is only a name, and projects no {event.type}")


def _named(given: str, generation: int | None) -> DocumentTable:
    """Take the name of a projection for it; load it only where it is given by its place."""
    if ":" in given or given in BUILT_IN:
        return _documents(given, generation)
    named = _OnlyNamed(given)
    check_projection(named, given)
    return DocumentTable(named, generation or 1)


@asynccontextmanager
async def _both(
    table: DocumentTable, database_url: str | None, nats_url: str | None
) -> AsyncIterator[tuple[PostgresReadModel, Connection]]:
    """Open the read model and NATS, as the options or the environment name them."""
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    async with (
        PostgresReadModel.open(database, table) as model,
        connect(nats, name="projector feed") as link,
    ):
        yield model, link


def _carrying_lease(database: str, feed: FeedName) -> AbstractAsyncContextManager[PostgresLease]:
    return PostgresLease.connect(database, _lease_name(feed))


def _lease_name(feed: FeedName) -> str:
    return f"projector feed {feed.projection} {feed.generation}"


def _name(table: DocumentTable) -> FeedName:
    return FeedName(table.name, table.generation)
