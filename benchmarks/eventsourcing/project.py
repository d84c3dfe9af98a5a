"""`eventsourcing` 9.5's projection runner counts events into PostgreSQL, in a process of its own.

usage: python project.py URL '{"events": 5000, "data": "..."}'; the answer is one JSON object. The
projection is its documentation's: one upsert and the tracking record in one transaction an event.
"""

# The library is not installed where types are checked.
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False, disable-error-code="misc"

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.parse import unquote, urlsplit

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL  # type: ignore[import-not-found,unused-ignore]

EVENTS_AN_AGGREGATE = 100


class Happening(Aggregate):
    """An aggregate whose events carry a payload."""

    @event("Happened")
    def happen(self, payload: str) -> None:
        """Record a payload."""
        self.payload = payload


class Happenings(Application):
    """Stores them."""

    name = "happenings"


class Counters(PostgresTrackingRecorder):
    """Counts by type of event."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS counters (name text PRIMARY KEY, total bigint)")
        )

    def count(self, name: str, tracking: Tracking) -> None:
        """Count one, together with the tracking record."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO counters VALUES (%s, 1) "
                "ON CONFLICT (name) DO UPDATE SET total = counters.total + 1",
                (name,),
            )


class Counting(Projection[Counters]):
    """Counts every event."""

    name = "counting"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Count it."""
        self.view.count(type(domain_event).__name__, tracking)


def environment(url: str) -> dict[str, str]:
    """Its settings for a database."""
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
    }


def main() -> None:
    """Fill the log, project it, and print how long that took."""
    url, task = sys.argv[1], json.loads(sys.argv[2])
    env = environment(url)
    application = Happenings(env)
    last = 0
    for _ in range(task["events"] // EVENTS_AN_AGGREGATE):
        happening = Happening()
        for _ in range(EVENTS_AN_AGGREGATE - 1):
            happening.happen(task["data"])
        last = application.save(happening)[-1].notification.id
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Happenings, projection_class=Counting, view_class=Counters, env=env
    ) as runner:
        runner.wait(last, timeout=600)
        seconds = time.perf_counter() - began
    print(json.dumps({"events": last, "seconds": seconds}))


if __name__ == "__main__":
    main()
