"""`eventstore relay`: carry the log onto JetStream, and say how far it has come.

It imports drivers, so it is itself imported only when the command is used.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number

from eventstore import config
from eventstore.cli.options import DatabaseUrl, Json, TimeoutSeconds, print_json
from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.jetstream import connect
from eventstore.lease import acquire
from eventstore.postgres.lease import LEASE_SECONDS, PostgresLease
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay import relay
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.relay.jetstream_stream import inspect

__all__ = ["RelayStatus", "app"]

app = App(name="relay", help="Carry the log from PostgreSQL onto NATS JetStream.")

NatsUrl = Annotated[
    str | None,
    Parameter(name="--nats-url", help=f"nats://HOST:PORT; without it, ${config.NATS_URL} is used."),
]


class RelayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far the relay has come. ``last_sequence`` is null if there is no stream."""

    state: str
    head: int
    last_sequence: int | None
    lag: int


@app.command
def run(
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    replicas: Annotated[
        int,
        Parameter(
            help="How many NATS servers hold the stream, when it is created.",
            validator=Number(gte=1, lte=5),
        ),
    ] = 1,
    lease_seconds: Annotated[
        float,
        Parameter(
            help="How long a relay that stands still keeps the others waiting.",
            validator=Number(gte=0.5, lte=3600),
        ),
    ] = LEASE_SECONDS,
    verbose: Annotated[bool, Parameter(help="Log more, for debugging.", negative="")] = False,
) -> int:
    """Relay until SIGINT or SIGTERM; survives the loss of either server.

    Any number may run: one relays, the others stand by.
    """
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    log_to_stderr(verbose=verbose)
    random = SystemRandom()

    @asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:

        async with PostgresLease.connect(
            database, relay.LEASE, lease_seconds=lease_seconds
        ) as lease:
            await acquire(lease, relay.LOG, random=random)
            async with (
                PostgresOutgoingLog.connect(database) as log,
                JetStreamPublisher.open(nats, name="eventstore relay", replicas=replicas) as stream,
            ):
                alarms = (lease.lost, *stream.alarms)
                yield relay.Session(log=log, stream=stream, alarms=alarms)

    return run_until_signal(relay.run(open_session, random=random))


@app.command
async def status(
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    timeout_seconds: TimeoutSeconds = 5.0,
    json: Json = False,
) -> None:
    """Say where the log and the stream are; exit 5 if either cannot be asked."""
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    found = await _ask(database, nats, timeout_seconds)
    if json:
        print_json(found)
    else:
        sys.stdout.write(_text(found))


async def _ask(database: str, nats: str, timeout_seconds: float) -> RelayStatus:
    async with (
        PostgresEventStore.connect(database, pool_size=1, timeout_seconds=timeout_seconds) as log,
        connect(nats, name="eventstore relay status", timeout_seconds=timeout_seconds) as link,
    ):
        # The stream first: a stream that is ahead of the log read after it is really ahead.
        found = await inspect(link)
        head = await log.head()
    if found is None:
        return RelayStatus(state="no stream", head=head, last_sequence=None, lag=head)
    stream = found.state
    lag = head - stream.last_sequence
    state = "behind" if lag > 0 else "caught up" if lag == 0 else "diverged: ahead of the log"
    return RelayStatus(state=state, head=head, last_sequence=stream.last_sequence, lag=lag)


def _text(found: RelayStatus) -> str:
    last = "none" if found.last_sequence is None else f"{found.last_sequence:,}"
    return (
        f"{found.state}\nlog head         {found.head:,}\nlast sequence    {last}\n"
        f"lag              {found.lag:,}\n"
    )
