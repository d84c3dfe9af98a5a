from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import wire
from eventstore.consumer.fingerprints import Fingerprints
from eventstore.consumer.selection import SUBJECTS_MAX, Selection
from eventstore.errors import InvalidRequest
from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.stream import Position, StreamName, category_of
from tests.support.recorded import log, recorded, stream_names

names = st.text(st.sampled_from("ab .*>%é"), min_size=1, max_size=4)
few_names = st.lists(names, max_size=3).map(tuple)
few_streams = st.lists(stream_names, max_size=3).map(tuple)


def subject_matches(pattern: str, subject: str) -> bool:
    """NATS's rule: `*` is one token, `>` at the end is one or more."""
    tokens = [
        "[^.]+" if t == "*" else ".+" if t == ">" else re.escape(t) for t in pattern.split(".")
    ]
    return re.fullmatch(r"\.".join(tokens), subject, re.DOTALL) is not None


@given(few_names, few_streams, few_names, stream_names, names)
def test_subjects_and_query_cover_what_is_selected(
    categories: tuple[str, ...],
    streams: tuple[StreamName, ...],
    types: tuple[str, ...],
    stream: StreamName,
    event_type: str,
) -> None:
    selection = Selection(
        categories=(*categories, category_of(stream)) if categories else (),
        streams=(*streams, stream) if streams else (),
        types=(*types, event_type) if types else (),
    )
    subject = wire.subject_for(stream, event_type)
    matching = [pattern for pattern in selection.subjects() if subject_matches(pattern, subject)]
    assert len(matching) == 1  # JetStream refuses filters that overlap
    query = selection.query()
    if query is not None:
        assert query.matches_parts(category_of(stream), event_type, ())


def test_no_more_subjects_than_jetstream_is_asked_for() -> None:
    many = tuple(f"t{n}" for n in range(SUBJECTS_MAX + 1))
    assert Selection(types=many).subjects() == (wire.SUBJECTS,)
    assert Selection(types=many, categories=("order",)).subjects() == ("events.order.*.*",)
    assert Selection(categories=many).subjects() == (wire.SUBJECTS,)
    assert Selection(categories=many).query() is None


def test_tags_are_filtered_here_and_by_the_log() -> None:
    tagged = msgspec.structs.replace(recorded(1), tags=("a:1", "b:2"))
    selection = Selection(tags=("b:2",))
    assert selection.matches(tagged)
    assert not selection.matches(recorded(1))
    assert not Selection(tags=("b:2", "c:3")).matches(tagged)
    assert selection.subjects() == (wire.SUBJECTS,)
    assert selection.query() == Query.of(tags=("b:2",))


@pytest.mark.parametrize(
    "selection",
    [
        Selection(streams=(StreamName("nameless"),)),
        Selection(types=("a\nb",)),
        Selection(tags=("a b",)),
    ],
)
def test_what_no_event_can_have_is_refused(selection: Selection) -> None:
    with pytest.raises(InvalidRequest):
        selection.check()


def test_streams_outside_the_categories_select_nothing() -> None:
    selection = Selection(categories=("cart",), streams=(StreamName("order-1"),))
    assert not any(selection.matches(event) for event in log(9))


def test_fingerprints_tell_a_repetition_from_a_change_and_are_bounded() -> None:
    seen = Fingerprints(capacity=3)
    events = log(4)
    seen.remember(events)
    assert not any(seen.contradicts(event) for event in events)

    def other(position: int) -> RecordedEvent:
        return recorded(position, epoch=1)

    assert [position for position in range(1, 5) if seen.contradicts(other(position))] == [2, 3, 4]
    assert [position for position in range(5) if seen.knows(Position(position))] == [2, 3, 4]
