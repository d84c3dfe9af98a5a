"""Runs a process manager that is killed between its append and the commit of its checkpoint.

`python -m tests.support.process_crashing DATABASE_URL NATS_URL APPENDS`: with the given number of
appends the process kills itself, the append acknowledged and nothing else stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence

from eventstore.postgres.store import PostgresEventStore
from eventstore.store import Appended, Boundary, Write
from projector import projector
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.process import ProcessProjection
from tests.support.invoicing import Invoicing
from tests.support.seeded import seeded


class Killed(PostgresEventStore):
    """A store whose process dies as soon as it knows that so many appends are stored."""

    appends = 0

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        appended = await super().append_all(writes, boundary=boundary)
        Killed.appends -= 1
        if not Killed.appends:
            os.kill(os.getpid(), signal.SIGKILL)
        return appended


async def run(url: str, nats_url: str) -> None:
    @contextlib.asynccontextmanager
    async def open_session() -> AsyncIterator[projector.Session]:
        async with Killed.connect(url, pool_size=2) as store:
            process = ProcessProjection(Invoicing(), store)
            async with (
                PostgresReadModel.open(url, process) as model,
                JetStreamDelivery.open(nats_url, process, name="test process") as delivery,
            ):
                await model.prepare()
                yield projector.Session(
                    delivery=delivery, read_model=model, log=store, alarms=delivery.alarms
                )

    await projector.run(open_session, random=seeded(1))


if __name__ == "__main__":
    Killed.appends = int(sys.argv[3])
    asyncio.run(run(sys.argv[1], sys.argv[2]))
