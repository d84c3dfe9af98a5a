from __future__ import annotations

import time
import uuid

from eventstore import new_event_id


def test_event_ids_are_version_7_and_in_order_of_time() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_event_id() for _ in range(200)]
    after = time.time_ns() // 1_000_000
    assert {(made_id.version, made_id.variant) for made_id in made} == {(7, uuid.RFC_4122)}
    assert all(before <= made_id.int >> 80 <= after for made_id in made)
    assert len(set(made)) == len(made)
