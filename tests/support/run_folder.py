"""A run folder without servers: real traffic on the store in memory, carried and applied once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from checker.history.recorder import Recorder
from eventstore.memory import MemoryEventStore
from verification.artefacts import (
    AppliedRow,
    Convergence,
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

SCENARIO = Scenario(seed=1, seconds=3)
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
    folder.write_outcome(
        RunOutcome(
            ended=COMPLETE,
            started_at="2026-01-01T00:00:00+00:00",
            convergence=Convergence(head=head, carried=head, applied=head, seconds=0.1),
        )
    )
    return folder


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
