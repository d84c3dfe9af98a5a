"""A reader that may go on tells of the same malformation first, and gives no history then."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.errors import MalformedHistory
from checker.history.formats import read_history, read_with_faults

MALFORMED = Path(__file__).parents[1] / "malformed"
FILES = sorted(path for path in MALFORMED.iterdir() if path.name != "expected.tsv")
GOOD = Path(__file__).parents[1] / "corpora" / "knossos" / "good" / "cas-register-bug.edn"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_first_fault_is_the_one_that_ends_a_reading(path: Path) -> None:
    with pytest.raises(MalformedHistory) as first:
        read_history(path)
    history, faults = read_with_faults(path)
    assert history is None
    assert (faults[0].reason, faults[0].line) == (first.value.reason, first.value.line)


def test_a_good_history_has_no_faults() -> None:
    history, faults = read_with_faults(GOOD)
    assert history == read_history(GOOD)
    assert faults == ()


OPS = '{"client": %d, "call": %d, "return": %d, "f": "read"}'
MAP = '{"type": "invoke", "process": %d, "f": "read"}'
EDN = "{:type :invoke, :process %d, :f :read}"
LOG = "INFO  jepsen.util - %d\t:invoke\t:read\tnil"


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("h.jsonl", "\n".join([MAP % 1, MAP % 1, "{", MAP % 2, MAP % 2]), [2, 3, 5]),
        ("h.json", "[" + ",\n".join([MAP % 1, MAP % 1, MAP % 2, MAP % 2]) + "]", [2, 4]),
        ("h.edn", "\n".join([EDN % 1, EDN % 1, "{:f 1}", EDN % 2, EDN % 2]), [2, 3, 5]),
        ("h.log", "\n".join([LOG % 1, LOG % 1, "nonsense", LOG % 2, LOG % 2]), [2, 3, 5]),
        ("h.ops", "\n".join([OPS % (1, 1, 5), OPS % (1, 9, 2), "{", OPS % (1, 3, 7)]), [2, 3, 4]),
    ],
)
def test_every_reader_of_lines_goes_on(
    name: str, text: str, lines: list[int], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text + "\n")
    assert [fault.line for fault in read_with_faults(path)[1]] == lines
    assert [fault.line for fault in read_with_faults(path, at_most=2)[1]] == lines[:2]
    assert [fault.line for fault in read_with_faults(path, at_most=1)[1]] == lines[:1]
