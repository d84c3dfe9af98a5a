"""A read model is acquitted only when every row is what the fold gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checker.delivery import check_state

states = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3))


@given(states, states)
def test_exactly_the_rows_that_differ_are_found(
    expected: dict[str, int], actual: dict[str, int]
) -> None:
    different = {
        key for key in expected.keys() | actual.keys() if expected.get(key) != actual.get(key)
    }
    findings = check_state(expected, actual)
    assert {finding.type for finding in findings} <= {"read-model-mismatch"}
    assert len(findings) == len(different)


def test_the_sentence_says_both_sides() -> None:
    missing, different, extra = check_state(
        {"a": {"events": 2}, "b": {"events": 3}}, {"b": {"events": 4}, "c": {"events": 1}}
    )
    assert missing.explanation == "row a is missing; the fold of the log gives {'events': 2}"
    assert (
        different.explanation == "row b is {'events': 4}; the fold of the log gives {'events': 3}"
    )
    assert extra.explanation == "row c is {'events': 1}; the log has nothing for it"


def test_null_is_not_the_same_as_missing() -> None:
    assert len(check_state({"a": None}, {})) == 1
