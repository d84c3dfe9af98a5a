from __future__ import annotations

import pytest

from checker.report.wording import (
    Moments,
    bytes_text,
    count_text,
    duration_text,
    printable,
    value_text,
)


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        ([0, 20], ["0", "20", "ns"]),
        ([0], ["0", "ns"]),
        ([10_000, 20_000], ["10.0", "20.0", "us"]),
        ([1_000_000, 3_000_000], ["1000", "3000", "us"]),
        ([7_046_300_000, 7_056_200_000], ["7046.30", "7056.20", "ms"]),
        ([70_046_300_000, 70_046_300_040], ["70.046300000", "70.046300040", "s"]),
        ([0, 3_600_000_000_000], ["0", "3600", "s"]),
    ],
)
def test_moments_are_told_apart(times: list[int], texts: list[str]) -> None:
    moments = Moments(times)
    assert [*(moments.text(time) for time in times), moments.unit] == texts


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        *((0, "0 ns"), (999, "999 ns"), (1_240, "1.24 us"), (12_345_678, "12.3 ms")),
        *((999_999_999, "1,000 ms"), (1_000_000_000, "1.00 s"), (7_200_000_000_000, "7,200 s")),
    ],
)
def test_durations_are_short(nanoseconds: int, text: str) -> None:
    assert duration_text(nanoseconds) == text


def test_values_are_cut_and_cannot_steer_a_terminal() -> None:
    assert value_text({"a": [1, None]}) == '{"a":[1,null]}'
    assert value_text("x" * 200) == '"' + "x" * 96 + "..."
    assert value_text({1, 2}.__class__) == "<class 'set'>"
    assert printable("a\x1b[2J\u202e\nb") == "a\\x1b[2J\\u202e\\nb"


def test_counts_have_their_noun() -> None:
    assert [count_text(n, "key") for n in (0, 1, 1234)] == ["0 keys", "1 key", "1,234 keys"]
    assert count_text(2, "process", "processes") == "2 processes"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((0, "0 bytes"), (1023, "1,023 bytes"), (1024, "1.0 KiB"), (10_031, "9.8 KiB")),
        *((5 * 1024**2, "5.0 MiB"), (4 * 1024**3, "4.0 GiB"), (2048 * 1024**3, "2,048.0 GiB")),
    ],
)
def test_amounts_of_memory_are_short(count: int, text: str) -> None:
    assert bytes_text(count) == text
