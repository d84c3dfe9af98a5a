"""A run folder without servers: traffic on the store in memory, carried, applied and fed once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from checker.history.recorder import Recorder
from eventstore.memory import MemoryEventStore
from verification.artefacts import (
    AppliedRow,
    ChangeRow,
    Convergence,
    Documents,
    FeedProgress,
    LogRow,
    ReadModel,
    RunFolder,
    RunOutcome,
    StreamRow,
)
from verification.judge.evidence import COMPLETE, TRAFFIC_OVER
from verification.judge.totals import totals_of
from verification.recording import RecordingClient
from verification.run.traffic import read_everything, run_clients
from verification.scenarios import Scenario
from verification.workloads.contended import streams_of
from verification.workloads.requests import Reply

__all__ = ["SCENARIO", "make_run"]

SCENARIO = Scenario(seed=1, seconds=3, feed=True)
REPLIES = 300


async def make_run(path: Path) -> RunFolder:
    """Make the folder of a run that must be judged valid."""
    folder = RunFolder.create(path)
    folder.write_scenario(SCENARIO)
    folder.write_servers({"PostgreSQL": {"fsync": "on"}})
    store = MemoryEventStore()
    with Recorder(folder.history) as recorder:
        await _drive(store, recorder)
    rows = [LogRow.of(event) for event in await store.read_log(limit=10_000)]
    head = len(rows)
    folder.write_log(rows)
    folder.write_stream(
        StreamRow(
            sequence=row.position,
            position=row.position,
            stream=row.stream,
            version=row.version,
            id=row.id,
        )
        for row in rows
    )
    folder.write_applied(
        AppliedRow(ordinal=row.position, position=row.position, id=row.id) for row in rows
    )
    folder.write_read_model(ReadModel(checkpoint=head, rows=totals_of(rows)))
    changes = list(_changes(rows))
    folder.write_changes(changes)
    latest = {change.key: change.document for change in changes}
    documents = {key: document for key, document in latest.items() if document is not None}
    folder.write_documents(Documents(checkpoint=head, rows=documents, bucket=latest))
    last = len(changes)
    folder.write_outcome(
        RunOutcome(
            ended=COMPLETE,
            started_at="2026-01-01T00:00:00+00:00",
            convergence=Convergence(
                head=head,
                carried=head,
                applied=head,
                seconds=0.1,
                feed=FeedProgress(applied=head, recorded=last, told=last, kept=last),
            ),
        )
    )
    return folder


def _changes(rows: Sequence[LogRow]) -> Iterator[ChangeRow]:
    """What a projector that commits each event by itself would have recorded."""
    latest: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        document = {"version": row.version, "id": row.id, "data": row.data}
        yield ChangeRow(
            sequence=number,
            number=number,
            previous=latest.get(row.stream, 0),
            key=row.stream,
            document=None if row.version % 5 == 0 else document,
        )
        latest[row.stream] = number


async def _drive(store: MemoryEventStore, recorder: Recorder) -> None:
    over = asyncio.Event()
    replies: list[Reply] = []

    def answered(reply: Reply) -> None:
        replies.append(reply)
        if len(replies) == REPLIES // 2:
            for fault in SCENARIO.faults:
                recorder.nemesis(fault.starts_as)
                recorder.nemesis(fault.ends_as)
        if len(replies) == REPLIES:
            over.set()

    await run_clients([store], recorder, SCENARIO, over=over, answered=answered)
    recorder.nemesis(TRAFFIC_OVER)
    client = RecordingClient(store, recorder, process=recorder.process(), stride=1)
    await read_everything(client, streams_of(SCENARIO.traffic))
