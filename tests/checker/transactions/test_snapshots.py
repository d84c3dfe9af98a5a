"""Histories of a store with snapshots are allowed by the levels that speak of snapshots."""

from __future__ import annotations

import pytest

from benchmarks.transaction_histories import Store, snapshots
from checker import History, HistoryBuilder, Outcome, Verdict, check

LEVELS = ("snapshot-isolation", "strong-session-snapshot-isolation", "strong-snapshot-isolation")


def recorded(
    seed: int, operations: int, *, lists: bool, clients: int = 5, blind: float = 0.5
) -> History:
    """Run a store with snapshots, and record it in order of its times."""
    sketches = snapshots(Store(lists=lists, blind=blind), clients, operations, seed)
    moments = []
    for client, call, end, f, _, asked, done in sketches:
        assert end is not None
        moments.append((call, client, f, asked, True))
        moments.append((end, client, f, done, False))
    builder = HistoryBuilder()
    for time, client, f, value, begins in sorted(moments, key=lambda moment: moment[0]):
        if begins:
            builder.invoke(client, f, value=value, time=time)
        elif value is None:
            builder.complete(client, Outcome.FAIL, time=time)
        else:
            builder.complete(client, Outcome.OK, output=value, time=time)
    return builder.build()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("model", ["list-append", "rw-register"])
def test_what_a_store_with_snapshots_shows_is_allowed(model: str, level: str) -> None:
    for seed in range(8):
        history = recorded(seed, 300, lists=model == "list-append", clients=10)
        result = check(history, model, consistency=level)
        assert result.verdict is Verdict.VALID, (seed, result.reason, result.anomalies)
