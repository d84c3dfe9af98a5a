"""The consumer's core against a stream that loses, repeats, skips and begins anew."""

from __future__ import annotations

from collections import deque

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.consumer.following import Ask, Compared, Following, Page, StreamState
from eventstore.consumer.selection import Selection
from eventstore.epoch import Epoch
from eventstore.errors import ContentDiffers, EpochBegan, ForeignMessage, LogWentBack, PositionGap
from eventstore.event import RecordedEvent
from eventstore.store import LogPage
from eventstore.stream import Position, StreamName, stream_name
from tests.support.recorded import recorded

PAGE = 4
STREAMS = tuple(stream_name(name) for name in ("order-1", "order-2", "cart-1"))
SELECTIONS = (
    Selection(),
    Selection(categories=("order",)),
    Selection(streams=(StreamName("order-2"),)),
    Selection(types=("Placed",)),
    # Too many for JetStream to filter by: all are delivered, and filtered here.
    Selection(types=("Placed", *(f"T{n}" for n in range(40))), categories=("order", "other")),
)


def event_at(position: int) -> RecordedEvent:
    return msgspec.structs.replace(
        recorded(position),
        stream=STREAMS[position % len(STREAMS)],
        type=("Placed", "Paid")[position % 5 == 0],
    )


class World:
    """A log, a stream that is a cache of it, one cursor, and all that happens to them."""

    def __init__(self, selection: Selection, *, log_at_hand: bool = True) -> None:
        self.selection = selection
        self.filters = selection if selection.subjects() != ("events.>",) else Selection()
        self.log: list[RecordedEvent] = []
        self.stream: dict[int, RecordedEvent] = {}
        self.damaged: set[int] = set()
        self.first = 1
        self.epoch = Epoch()
        self.core = Following(after=Position(0), selection=selection, log_at_hand=log_at_hand)
        self.attached = False
        self.next_sequence = 1
        self.sent = self.received = 0
        self.arrived: deque[tuple[int, RecordedEvent]] = deque()
        self.handed_out: list[RecordedEvent] = []
        self.caught_up = False

    @property
    def last(self) -> int:
        return max(self.stream, default=self.first - 1)

    def append(self, count: int) -> None:
        self.log += [event_at(len(self.log) + n + 1) for n in range(count)]

    def relay(self, count: int) -> None:
        for event in self.log[self.last :][:count]:
            self.stream[event.position] = event
            self.damaged.discard(event.position)

    def lose_tail(self, count: int) -> None:
        """A server comes back with less; who was connected is not any more."""
        for sequence in range(self.last, max(self.first - 1, self.last - count), -1):
            self.stream.pop(sequence, None)
        self.detach()

    def punch(self, sequence: int) -> None:
        """A server comes back without a message that is not the last; see `lose_tail`."""
        if self.first <= sequence < self.last:
            self.stream.pop(sequence, None)
            self.detach()

    def damage(self, sequence: int) -> None:
        """A message cannot be read any more."""
        if sequence in self.stream:
            self.damaged.add(sequence)

    def begin_anew(self, first: int) -> None:
        self.first = max(1, min(first, len(self.log) + 1))
        self.stream = {}
        self.detach()

    def go_back(self, kept: int, more: int) -> None:
        """The log is restored as it was, goes on with other events, and an epoch begins there."""
        self.log = self.log[:kept] + [
            msgspec.structs.replace(event_at(kept + n), data="of the new epoch")
            for n in range(1, more + 1)
        ]
        self.epoch = Epoch(number=self.epoch.number + 1, after=Position(kept))
        self.begin_anew(1)

    def lose_jetstream(self) -> None:
        """All of it: the stream that is made then does not know of epochs."""
        self.epoch = Epoch()
        self.begin_anew(1)

    def detach(self) -> None:
        self.attached = False
        self.core.detached()

    def lose_in_transit(self) -> None:
        self._send()
        if self.arrived:
            self.arrived.popleft()

    def _send(self) -> None:
        """The cursor delivers, at most a page at once."""
        while len(self.arrived) < PAGE and self.next_sequence <= self.last:
            event = self.stream.get(self.next_sequence)
            self.next_sequence += 1
            if event is not None and self.filters.matches(event):
                self.sent += 1
                self.arrived.append((self.sent, event))

    def step(self) -> None:
        core = self.core
        if core.ask is not Ask.LOG and not self.attached:
            core.detached()
        match core.ask:
            case Ask.CURSOR:
                start = core.resume_after + 1
                self.next_sequence = min(max(start, self.first), self.last + 1)
                self.sent = self.received = 0
                self.arrived.clear()
                self.attached = True
                held = self.last - self.first + 1
                holes = len(self.stream) < held
                core.attached(StreamState(self.first, self.last, holes, self.epoch))
                return
            case Ask.EVENTS:
                self._send()
                page = self._page()
                if page is None:
                    stranger = ForeignMessage("events.x", "damaged", self.arrived[0][1].position)
                    core.met_stranger(stranger, Position(len(self.log)))
                    return
                delivery = core.fetched(page)
            case Ask.COMPARISON:
                undelivered = bool(self.arrived) or self.sent != self.received
                undelivered |= any(
                    self.filters.matches(self.stream[s])
                    for s in self.stream
                    if s >= self.next_sequence
                )
                head = Position(len(self.log))
                delivery = core.compared(Compared(self.last, undelivered, head))
            case Ask.LOG:
                query = self.selection.query()
                found = [
                    event
                    for event in self.log[core.position : core.log_until]
                    if query is None or query.matches(event)
                ]
                delivery = core.read(self._page_of_the_log(found))
        if delivery is not None:
            self.handed_out += delivery.events
            self.caught_up = delivery.caught_up
            assert delivery.position == core.position
            assert all(event.position <= delivery.position for event in delivery.events)

    def _page(self) -> Page | None:
        """What arrived, up to a message that cannot be read; null if that is the first."""
        events: list[RecordedEvent] = []
        while self.arrived and len(events) < PAGE:
            ordinal, event = self.arrived[0]
            if ordinal != self.received + 1:
                return Page(events, lost=True)
            if event.position in self.damaged:
                return Page(events, pending=len(self.arrived)) if events else None
            self.arrived.popleft()
            self.received = ordinal
            events.append(event)
        return Page(events, pending=len(self.arrived) + self.last + 1 - self.next_sequence)

    def _page_of_the_log(self, found: list[RecordedEvent]) -> LogPage:
        """At most so many events, sometimes fewer: some are large."""
        events = found[: 1 if found and found[0].position % 5 == 0 else PAGE]
        if len(events) < len(found):
            return LogPage(events=events, position=events[-1].position, more=True)
        return LogPage(events=events, position=self.core.log_until, more=False)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.step()

    def settle(self) -> None:
        for _ in range(50 + 8 * len(self.log)):
            self.relay(1)
            self.step()


def number(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most)


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("append"), number(9)),
        st.tuples(st.just("relay"), number(9)),
        st.tuples(st.just("step"), number(4)),
        st.tuples(st.just("lose_tail"), number(9)),
        st.tuples(st.just("punch"), number(30)),
        st.tuples(st.just("damage"), number(9)),
        st.tuples(st.just("begin_anew"), number(30)),
        st.tuples(st.just("lose_in_transit"), st.just(1)),
        st.tuples(st.just("detach"), st.just(1)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SELECTIONS), happenings)
def test_each_selected_event_is_handed_out_once_and_in_order(
    selection: Selection, happens: list[tuple[str, int]]
) -> None:
    world = World(selection)
    for what, count in happens:
        match what:
            case "append" | "relay" | "lose_tail" | "punch" | "damage" | "begin_anew":
                getattr(world, what)(count)
            case "step":
                world.steps(count)
            case _:
                getattr(world, what)()
    world.settle()
    assert world.handed_out == [event for event in world.log if selection.matches(event)]
    assert world.core.position == len(world.log)
    assert world.caught_up or not world.log


@pytest.mark.parametrize("head", [None, 3])
def test_a_message_that_stands_for_nothing_in_the_log_is_refused(head: int | None) -> None:
    """And so is one of which nobody knows."""
    core = Following(after=Position(3), selection=Selection(), log_at_hand=True)
    core.attached(StreamState(1, 4))
    with pytest.raises(ForeignMessage, match="sequence 4"):
        core.met_stranger(
            ForeignMessage("events.x", "forged", 4), None if head is None else Position(head)
        )
    assert (core.ask, core.position) == (Ask.CURSOR, 3)


def test_it_goes_on_when_the_relay_stands_still() -> None:
    world = World(Selection())
    world.append(10)
    world.relay(3)
    world.steps(20)
    assert world.handed_out == world.log
    assert world.last == 3


def test_a_repetition_that_is_not_what_it_was_is_an_alarm_and_loses_nothing() -> None:
    world = World(Selection())
    world.append(3)
    world.relay(3)
    world.step()
    world.step()
    assert len(world.handed_out) == 3
    world.append(2)
    changed = msgspec.structs.replace(event_at(2), data={"n": "another"})
    page = [event_at(4), event_at(2), changed, event_at(5)]
    with pytest.raises(ContentDiffers) as alarm:
        world.core.fetched(Page(page))
    assert alarm.value.position == 2
    assert alarm.value.definite
    assert world.core.position == 3
    world.detach()
    world.settle()
    assert world.handed_out == world.log


def test_without_a_log_a_gap_is_an_error_and_not_skipped() -> None:
    world = World(Selection(), log_at_hand=False)
    world.append(5)
    world.relay(5)
    world.punch(3)
    with pytest.raises(PositionGap) as gap:
        world.steps(20)
    assert gap.value.expected == 3
    assert world.handed_out == world.log[:2]
    world.stream[3] = world.log[2]
    world.settle()
    assert world.handed_out == world.log


def test_a_filtered_stream_with_a_hole_is_read_from_the_log() -> None:
    world = World(Selection(categories=("order",)))
    world.append(9)
    world.relay(9)
    world.punch(4)
    world.settle()
    assert [event.position for event in world.handed_out] == [1, 3, 4, 6, 7, 9]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(SELECTIONS),
    st.integers(1, 20),
    st.integers(0, 40),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from(("goes on", "loses all of JetStream")),
)
def test_a_consumer_goes_on_in_an_epoch_unless_it_is_past_where_that_began(
    selection: Selection, events: int, steps: int, kept: int, more: int, then: str
) -> None:
    world = World(selection)
    world.append(events)
    world.relay(events)
    world.steps(1 + steps)
    before = list(world.handed_out)
    position = world.core.position
    kept = min(kept, events)
    world.go_back(kept, more)
    if position > kept:
        for _ in range(2):  # asking again does not help
            with pytest.raises(EpochBegan) as began:
                world.step()
        assert (began.value.position, began.value.after) == (position, kept)
        assert began.value.definite
        assert (world.handed_out, world.core.position) == (before, position)
        return
    world.step()
    if then == "loses all of JetStream":
        world.lose_jetstream()
    world.settle()
    assert world.handed_out == [event for event in world.log if selection.matches(event)]
    assert world.core.position == len(world.log)


def test_a_log_that_went_back_is_refused() -> None:
    core = Following(after=Position(7), selection=Selection(), log_at_hand=True)
    core.attached(StreamState(1, 3))
    assert core.fetched(Page([])) is None
    with pytest.raises(LogWentBack) as refused:
        core.compared(Compared(3, undelivered=False, head=Position(3)))
    assert (refused.value.position, refused.value.head) == (7, 3)
    assert refused.value.definite
