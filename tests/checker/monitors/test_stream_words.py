"""Every anomaly of streams can be told from its operations, and so can one that failed at once."""

from __future__ import annotations

import pytest

from checker.models import Stream
from checker.monitors.streams import explain, judge_streams
from checker.monitors.streams.findings import TELLING
from tests.support.scripts import script

FAILED = script(
    '0 refused append @s {"ids": ["a"], "expected": 0} => {"type": "down"}',
    '1 do read @s {"after": 0, "limit": null} => {"events": [[1, "a"]]}',
)


@pytest.mark.parametrize("anomaly", TELLING)
def test_each_anomaly_has_words(anomaly: str) -> None:
    words = explain(anomaly, FAILED.operations)
    assert words.endswith(".")
    assert all(f"peration {index} (process" in words for index in (0, 1))


def test_an_event_of_an_append_that_failed_for_any_reason_is_not_out_of_thin_air() -> None:
    (anomaly,) = judge_streams(Stream(), FAILED.operations).anomalies
    assert (anomaly.type, anomaly.operations) == ("aborted-visible", (1, 0))
