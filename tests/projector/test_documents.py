"""Folding a batch is the same as one event after the other."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eventstore.stream import Position
from projector.documents import Change, Changed, Put, Update, fold, keys_to_load

KEYS = st.sampled_from(["a", "b", "c"])


def appended(letter: str) -> Any:
    return lambda document: (document or "") + letter


def removed_if_long(document: str | None) -> str | None:
    return None if document and len(document) > 3 else f"{document}!"


changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Put, KEYS, st.none() | st.text("xyz", max_size=3)),
    st.builds(Update, KEYS, st.sampled_from("pqr").map(appended)),
    st.builds(Update, KEYS, st.just(removed_if_long)),
)


def one_by_one(documents: dict[str, Any], wanted: list[tuple[Position, Change]]) -> dict[str, Any]:
    """The specification: each change alone, on all documents."""
    after = dict(documents)
    for _, change in wanted:
        document = (
            change.change(after.get(change.key)) if isinstance(change, Update) else change.document
        )
        after.pop(change.key, None)
        if document is not None:
            after[change.key] = document
    return after


@given(st.dictionaries(KEYS, st.text("xyz", min_size=1)), st.lists(changes, max_size=12), st.data())
def test_a_folded_batch_leaves_what_single_changes_leave(
    documents: dict[str, Any], some: list[Change], data: st.DataObject
) -> None:
    wanted = [(Position(number), change) for number, change in enumerate(some, 1)]
    expected = one_by_one(documents, wanted)
    cut = data.draw(st.integers(0, len(wanted)))
    for batch in (wanted[:cut], wanted[cut:]):
        present = {k: documents[k] for k in keys_to_load(batch) if k in documents}
        changed = fold(batch, present)
        assert len({one.key for one in changed}) == len(changed)
        for one in changed:
            documents.pop(one.key, None)
            if one.after is not None:
                documents[one.key] = one.after
    assert documents == expected


def test_a_change_says_what_was_before_and_which_event_was_last() -> None:
    wanted: list[tuple[Position, Change]] = [
        (Position(4), Update("a", appended("p"))),
        (Position(5), Put("b", "new")),
        (Position(6), Update("a", appended("q"))),
    ]
    assert keys_to_load(wanted) == ["a"]
    assert fold(wanted, {"a": "x"}) == [
        Changed(key="a", before="x", after="xpq", position=Position(6)),
        Changed(key="b", before=None, after="new", position=Position(5)),
    ]
