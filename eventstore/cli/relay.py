"""`eventstore relay`: carry the log onto JetStream, say how far it has come, and mend the stream.

It imports drivers, so it is itself imported only when the command is used.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import SystemRandom
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from eventstore import config
from eventstore.cli import relay_heal, relay_metrics, relay_status
from eventstore.cli.exits import Exit
from eventstore.cli.options import DatabaseUrl, Json, TimeoutSeconds, print_json
from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.lease import acquire
from eventstore.postgres.lease import LEASE_SECONDS, PostgresLease
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.relay import relay
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.relay.measured import MeasuredPublisher, RelayMetrics
from eventstore.tracing import open_spans

__all__ = ["app"]

app = App(name="relay", help="Carry the log from PostgreSQL onto NATS JetStream.")

NatsUrl = Annotated[
    str | None,
    Parameter(name="--nats-url", help=f"nats://HOST:PORT; without it, ${config.NATS_URL} is used."),
]

Replicas = Annotated[
    int,
    Parameter(
        help="How many NATS servers hold the stream, when it is created.",
        validator=Number(gte=1, lte=5),
    ),
]


@app.command
def run(
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    replicas: Replicas = 1,
    first_position: Annotated[
        int,
        Parameter(
            help="Where a stream that has to be created begins; what is before is in the log.",
            validator=Number(gte=1),
        ),
    ] = 1,
    lease_seconds: Annotated[
        float,
        Parameter(
            help="How long a relay that stands still keeps the others waiting.",
            validator=Number(gte=0.5, lte=3600),
        ),
    ] = LEASE_SECONDS,
    metrics_port: relay_metrics.MetricsPort = None,
    verbose: Annotated[bool, Parameter(help="Log more, for debugging.", negative="")] = False,
) -> int:
    """Relay until SIGINT or SIGTERM; survives the loss of either server.

    Any number may run: one relays, the others stand by.
    """
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    log_to_stderr(verbose=verbose)
    random, metrics, spans = SystemRandom(), RelayMetrics(), open_spans("eventstore.relay")

    @asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:
        async with PostgresLease.connect(
            database, relay.LEASE, lease_seconds=lease_seconds
        ) as lease:
            with metrics.acquiring():
                await acquire(lease, relay.LOG, random=random)
            async with (
                PostgresOutgoingLog.connect(
                    database, archive_folder=config.archive_folder()
                ) as log,
                JetStreamPublisher.open(
                    nats,
                    name="eventstore relay",
                    replicas=replicas,
                    first=first_position,
                    epoch=log.epoch,
                ) as stream,
            ):
                alarms = (lease.lost, *stream.alarms)
                measured = MeasuredPublisher(stream, metrics, spans=spans)
                yield relay.Session(log=log, stream=measured, alarms=alarms)

    async def serve() -> None:
        async with relay_metrics.serving(metrics, metrics_port, database_url=database):
            await relay.run(open_session, random=random)

    return run_until_signal(serve())


@app.command
async def status(
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    timeout_seconds: TimeoutSeconds = 5.0,
    json: Json = False,
) -> Exit:
    """Say where the log and the stream are, and who relays.

    Ends with 1 if the stream diverged from the log; 5 if either cannot be asked.
    """
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    found = await relay_status.ask(database, nats, timeout_seconds)
    if json:
        print_json(found)
    else:
        sys.stdout.write(relay_status.text(found))
    return Exit.VIOLATION if found.state in relay_status.DIVERGED else Exit.OK


@app.command
async def heal(
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    save_lost: Annotated[
        Path | None,
        Parameter(help="Where to write the events that the stream holds and the log does not."),
    ] = None,
    new_epoch: Annotated[
        bool,
        Parameter(
            negative="", help="Leave behind what the log does not hold, and make the stream anew."
        ),
    ] = False,
    timeout_seconds: TimeoutSeconds = 60.0,
    json: Json = False,
) -> int:
    """Compare every message with the log; make a stream anew that lost some.

    A stream that diverged is left alone (exit 1) unless a new epoch is asked for.
    """
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    found = await relay_heal.heal(
        database,
        nats,
        save_lost=save_lost,
        new_epoch=new_epoch,
        timeout_seconds=timeout_seconds,
    )
    if json:
        print_json(found)
    else:
        sys.stdout.write(relay_heal.text(found))
    bad = found.state in {relay_heal.DIVERGED, relay_heal.UNREADABLE}
    return Exit.VIOLATION if bad else Exit.OK
