"""The native readers against the Python ones, on every recorded history that we have."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from checker import MalformedHistory, _native
from checker.history.formats import FORMATS
from tests.support.native_reading import assert_same, read_natively

HERE = Path(__file__).parents[1]
SHARED = Path(__file__).parents[4] / "shared" / "corpora"
# Excerpts for people: events without their invocation, or without a process.
CUT_SHORT = {"paper-example.edn", "list-append-gh-30.edn", "long-fork.edn"}
NOT_HISTORIES = {"README.md", "expected.tsv", "cases.jsonl"}


def _files(*roots: Path) -> list[Path]:
    return sorted(
        path
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and path.name not in NOT_HISTORIES
    )


def _name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", _files(HERE / "corpora", SHARED), ids=_name)
def test_recorded_histories_are_read_alike(path: Path, tmp_path: Path) -> None:
    assert assert_same(path.read_bytes(), tmp_path / path.name) or path.name in CUT_SHORT


def _malformed() -> list[tuple[str, int | None, list[str]]]:
    rows = [
        line.split("\t")
        for line in (HERE / "malformed" / "expected.tsv").read_text().splitlines()
        if not line.startswith("#")
    ]
    return [
        (name, None if line == "-" else int(line), parts.split(" | ")) for name, line, parts in rows
    ]


@pytest.mark.parametrize(("name", "line", "parts"), _malformed(), ids=[r[0] for r in _malformed()])
def test_malformed_histories_are_refused_with_place_and_reason(
    name: str, line: int | None, parts: list[str]
) -> None:
    with pytest.raises(MalformedHistory) as caught:
        read_natively((HERE / "malformed" / name).read_bytes())
    message = str(caught.value)
    assert [part for part in parts if part not in message] == []
    assert caught.value.line == line


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_known_to_both(format_: str, tmp_path: Path) -> None:
    assert_same(b"\n", tmp_path / "history", format_)


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown format"):
        _native.History.parse(b"{}", "xml")


def test_a_file_that_does_not_exist_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _native.History.read(tmp_path / "nowhere.jsonl")


EVENTS = b"".join(
    b'{"type":"invoke","process":%d,"f":"write","value":%d}\n'
    b'{"type":"ok","process":%d,"f":"write","value":%d}\n' % (n, n, n, n)
    for n in range(20_000)
)


def test_chunks_are_joined(tmp_path: Path) -> None:
    padding = b'{"type":"info","process":"nemesis","f":"x","value":"%s"}\n' % (b"y" * 5000)
    data = EVENTS.replace(b"\n", b"\n\n", 9001) + padding * 400
    assert assert_same(data + EVENTS.replace(b":1", b":7"), tmp_path / "long.jsonl")
    broken = data + b'{"type":"ok","process":99999,"f":"write"}\n'
    assert not assert_same(broken, tmp_path / "broken.jsonl")


def test_members_and_padding_of_gzip_are_read(tmp_path: Path) -> None:
    half = EVENTS.index(b"\n", 1000) + 1
    members = gzip.compress(EVENTS[:half]) + bytes(7) + gzip.compress(EVENTS[half:]) + bytes(512)
    assert assert_same(members, tmp_path / "two.jsonl.gz")
    assert not assert_same(members + b"x", tmp_path / "more.jsonl.gz")


def test_a_file_may_not_unfold_to_more_than_is_allowed() -> None:
    bomb = gzip.compress(b"\n" * 10_000_000)
    with pytest.raises(_native.Malformed, match="longer than 1000000 bytes"):
        _native.History.parse(bomb, max_bytes=1_000_000)
    with pytest.raises(_native.Malformed, match="line is longer than 50 bytes"):
        _native.History.parse(EVENTS, max_line_bytes=50)


# The first 80 of the events, by `zstd -19 --check`.
ZSTD = base64.b64decode(
    "KLUv/QRopQYAgogZFpDNATwtvAoCcMru9rwrIiIiNYOqxOBr/bt3M++qZiIqVbrWv3s3865qJqJKlWv9u3cz76pm"
    "IiKu9e/ezbyrmoloJMCk2DXnEJ4LrjXFAh074gLFjmHakCzKBdeM5EGKY9eUqDkpgJ6oAX7r/x3gNVoDElhB4C+I"
    "hUkBFEjMB/2LZGl5a+1BSV0p8eA0Y37De8rSPiYqK6QfR4oUeokx/+J5ATJVu8OQaOUqIS7Nxav8ddc+FW9ToJa0"
    "Z7QnbEn2jHqCLWnP0OinzJi7pdIF7CpUoia8"
)
FIRST = b"".join(EVENTS.splitlines(keepends=True)[:80])


def _raw_frame(data: bytes) -> bytes:
    """A frame with one block that is stored as it is (RFC 8878, section 3.1.1)."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + (len(data) << 3 | 1).to_bytes(3, "little") + data


def test_frames_of_zstd_are_read(tmp_path: Path) -> None:
    assert assert_same(ZSTD, tmp_path / "one.jsonl.zst")
    skipped = b"\x5a\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"skip!"
    rest = EVENTS[len(FIRST) :][: 3 * len(FIRST)].rsplit(b"\n", 1)[0]
    frames = ZSTD + skipped + _raw_frame(b"\n") + _raw_frame(rest)
    assert assert_same(frames, tmp_path / "frames.jsonl.zst")
    assert read_natively(frames) == read_natively(FIRST + b"\n" + rest)


@pytest.mark.parametrize("cut", [5, len(ZSTD) - 5, len(ZSTD) - 1])
def test_zstd_that_is_cut_off_is_refused(cut: int, tmp_path: Path) -> None:
    assert not assert_same(ZSTD[:cut], tmp_path / "cut.jsonl.zst")


def test_zstd_whose_checksum_does_not_fit_is_refused(tmp_path: Path) -> None:
    assert not assert_same(ZSTD[:-1] + bytes([ZSTD[-1] ^ 1]), tmp_path / "bad.jsonl.zst")


def test_keys_are_told_apart_as_values_are(tmp_path: Path) -> None:
    lines = b"".join(
        b'{"type":"invoke","process":%d,"f":"read","key":%s}\n' % (number, key)
        for number, key in enumerate([b"1", b'"1"', b"[1]", b'{"a":1,"b":2}', b"null", b"1"])
    )
    assert assert_same(lines, tmp_path / "keys.jsonl")
    assert [operation.key for operation in read_natively(lines)] == [
        1,
        "1",
        [1],
        {"a": 1, "b": 2},
        None,
        1,
    ]
