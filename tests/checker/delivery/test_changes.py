"""A feed is acquitted only if it is told whole, in order, with predecessors."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.delivery import Change, check_changes, check_follower, fold_changes


def feed(writes: list[tuple[str, int | None]]) -> list[Change]:
    """What a feed tells of documents that are written (null: removed), one after the other."""
    latest: dict[str, int] = {}
    changes = []
    for number, (key, document) in enumerate(writes, 1):
        changes.append(
            Change(
                place=number,
                number=number,
                previous=latest.get(key, 0),
                key=key,
                document=document,
            )
        )
        latest[key] = number
    return changes


writes = st.lists(
    st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 9)), min_size=1, max_size=30
)
WHOLE = feed([("a", 1), ("b", 2), ("a", 3), ("a", None), ("b", 5), ("c", 6)])


def found(changes: list[Change]) -> list[str]:
    return [finding.type for finding in check_changes(changes)]


def with_place(changes: list[Change]) -> list[Change]:
    """As a stream that takes what comes numbers it."""
    return [msgspec.structs.replace(c, place=place) for place, c in enumerate(changes, 1)]


@given(writes)
def test_a_whole_feed_is_acquitted_and_folds_to_the_documents(
    written: list[tuple[str, int | None]],
) -> None:
    changes = feed(written)
    documents = {key: value for key, value in dict(written).items() if value is not None}
    assert check_changes(changes) == ()
    assert fold_changes(changes) == documents
    assert check_follower(documents, fold_changes(changes), follower="it") == ()


@given(writes, st.data())
def test_a_change_that_is_left_out_before_the_end_is_found(
    written: list[tuple[str, int | None]], data: st.DataObject
) -> None:
    changes = feed(written)
    lost = data.draw(st.integers(0, len(changes) - 1))
    left = changes[:lost] + changes[lost + 1 :]
    at_the_end = lost == len(changes) - 1
    assert ("skipped-change" in found(left)) is not at_the_end
    # Who follows only this key sees it, too.
    follows = any(change.key == changes[lost].key for change in changes[lost + 1 :])
    assert ("wrong-predecessor" in found(left)) is follows


@pytest.mark.parametrize(
    ("changes", "anomalies"),
    [
        (with_place(WHOLE[:3] + WHOLE[4:]), ["skipped-change", "wrong-sequence"]),
        (WHOLE[:3] + WHOLE[2:], ["duplicate-change"]),
        (
            [*WHOLE[:3], WHOLE[4], WHOLE[3], WHOLE[5]],
            ["skipped-change", "reordered-change"],
        ),
        ([*WHOLE[:5], msgspec.structs.replace(WHOLE[5], previous=4)], ["wrong-predecessor"]),
        ([*WHOLE[:5], msgspec.structs.replace(WHOLE[5], place=9)], ["wrong-sequence"]),
        (WHOLE[1:], ["skipped-change", "wrong-predecessor"]),
    ],
)
def test_each_damage_has_its_name(changes: list[Change], anomalies: list[str]) -> None:
    assert found(changes) == anomalies


def test_the_sentence_says_what_is_missing() -> None:
    (finding,) = check_changes(WHOLE[3:])[:1]
    assert finding.explanation == (
        "the feed goes from change 0 to 4: 3 changes in between were not told in their place"
    )
    assert finding.count == 3


@given(*[st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3))] * 2)
def test_exactly_the_keys_that_differ_are_found(
    documents: dict[str, Any], followed: dict[str, Any]
) -> None:
    keys = documents.keys() | followed.keys()
    different = sum(documents.get(key) != followed.get(key) for key in keys)
    findings = check_follower(documents, followed, follower="the bucket")
    assert [finding.type for finding in findings] == ["feed-mismatch"] * different


def test_the_sentence_says_both_sides() -> None:
    one, two = check_follower({"a": 1}, {"b": 2}, follower="the bucket")
    assert one.explanation == "the bucket has nothing under key a; the read model has 1"
    assert two.explanation == "the bucket has 2 under key b; the read model has nothing"
