from __future__ import annotations

import pytest

from checker.cli.quantities import parse_bytes, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("60s", 60), ("500ms", 0.5), ("2m", 120), ("2min", 120), ("1h", 3600), ("1.5s", 1.5)),
        *(("7", 7), (" 60 s ", 60)),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "-1s", "0", "0ms", "1e3s", "inf", "nan", "1d", "1 fortnight", "60S"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"500ms|there are ms, s, m and h"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("4GiB", 4 * 1024**3), ("512MB", 512_000_000), ("1.5KiB", 1536), ("100", 100)),
        *(("1tb", 10**12), ("2 TiB", 2 * 1024**4), ("10B", 10), ("0.1B", 1)),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-4GiB", "0", "4G", "4 gigabytes", "inf"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"512MB or 4GiB|there are KiB"):
        parse_bytes(text)
