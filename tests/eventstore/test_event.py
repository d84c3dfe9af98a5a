from __future__ import annotations

import datetime as dt
import gc
import time
import uuid

from eventstore import Position, RecordedEvent, StreamVersion, new_event_id, stream_name


def test_event_ids_are_version_7_and_in_order_of_time() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_event_id() for _ in range(200)]
    after = time.time_ns() // 1_000_000
    assert {(made_id.version, made_id.variant) for made_id in made} == {(7, uuid.RFC_4122)}
    assert all(before <= made_id.int >> 80 <= after for made_id in made)
    assert len(set(made)) == len(made)


def test_the_collector_does_not_look_at_recorded_events() -> None:
    recorded = RecordedEvent(
        id=new_event_id(),
        type="x",
        data={"n": [1]},
        metadata={},
        stream=stream_name("a-1"),
        version=StreamVersion(1),
        position=Position(1),
        recorded_at=dt.datetime.now(dt.UTC),
    )
    assert not gc.is_tracked(recorded)
