"""A consumer's decisions, without I/O: what of that which comes to hand out, and what to ask next.

It trusts one number, the position up to which it has handed out all that is selected. JetStream may
repeat, skip, fall silent or begin anew:

- a position that was handed out is dropped, and compared with what it was;
- a gap, or a stream that begins too late, is asked for once more and then read from the log;
- a message that is none of the log's, or is damaged, is read from the log instead, unless the log
  holds nothing there;
- silence is compared with where stream and log are: what JetStream does not deliver, and what the
  relay has not published, are read from the log;
- a log that ends before the position went back: nothing is handed out;
- neither is it in an epoch that began behind the position.

How a gap is seen depends on what JetStream filters. Where it delivers every message, positions must
be dense. Where it delivers a part, they cannot be; there the deliveries must be dense in the
consumer's own count, and the stream must have no holes when the cursor is made: if it has, the log
is read instead. (Under a living cursor none can come: the relay's stream denies deletion and purge
for ever, and a server finds damage when it starts.)
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from eventstore.consumer.epochs import entered
from eventstore.consumer.fingerprints import Fingerprints
from eventstore.consumer.selection import Selection
from eventstore.epoch import Epoch
from eventstore.errors import ContentDiffers, ForeignMessage, LogWentBack, PositionGap
from eventstore.event import RecordedEvent
from eventstore.store import Delivery, LogPage
from eventstore.stream import Position

__all__ = ["Ask", "Compared", "Following", "Page", "StreamState"]

_SUBSCRIBE_AGAIN: Final = 2
_GO_ROUND: Final = 3


class Ask(enum.Enum):
    """What is asked next."""

    CURSOR = enum.auto()
    """Have JetStream deliver from after `Following.resume_after`."""
    EVENTS = enum.auto()
    """Take what has arrived, or wait a while."""
    COMPARISON = enum.auto()
    """Ask where cursor, stream and log are."""
    LOG = enum.auto()
    """Read the log, up to `Following.log_until`."""


class StreamState(msgspec.Struct, frozen=True):
    """What the stream holds: its first and last sequence, and whether some between are missing.

    ``epoch`` is the history of the log that it carries.
    """

    first: int
    last: int
    holes: bool = False
    epoch: Epoch = Epoch()


class Page(msgspec.Struct, frozen=True):
    """What the cursor delivered: nothing after a while of silence.

    ``pending`` is how many messages it has left; ``lost`` says that a delivery after ``events`` got
    lost on the way.
    """

    events: Sequence[RecordedEvent]
    pending: int = 0
    lost: bool = False


class Compared(msgspec.Struct, frozen=True):
    """Where things are, in the order in which it must be asked: stream, then cursor, then log.

    ``undelivered`` says that the cursor has, or sent, something that did not arrive. ``head`` is
    null if there is no log to ask.
    """

    last: int
    undelivered: bool
    head: Position | None


class Following:
    """The state machine: one question at a time, in ``ask``.

    Args:
        after: Everything selected up to here has been handed out.
        selection: What is selected.
        log_at_hand: Whether the log can be read.
    """

    def __init__(self, *, after: Position, selection: Selection, log_at_hand: bool) -> None:
        self.position = after
        self.ask = Ask.CURSOR
        self.log_until = Position(0)
        self._caught_up = False
        self._selection = selection
        self._everything = selection.everything
        self._dense = selection.subjects() == Selection().subjects()
        self._log_at_hand = log_at_hand
        self._after_log = Ask.CURSOR
        self._log_until_is_head = False
        self._seen = Fingerprints()
        self._epoch: int | None = None
        self._stranger_at = 0  # a sequence of the stream that is of no use
        self._doubts = 0  # how often in a row what must be there did not come
        self._waits_for_relay = 0

    @property
    def resume_after(self) -> Position:
        """Where a cursor is to begin: one event early if it is known, so that it is compared."""
        known = self._seen.knows(self.position) and self.position != self._stranger_at
        return Position(self.position - 1) if known else self.position

    def detached(self) -> None:
        """The cursor is lost: have another one."""
        self.ask = Ask.CURSOR

    def unreachable(self, head: Position, epoch: Epoch | None = None) -> None:
        """JetStream cannot be reached, but the log can, which is at ``head``.

        ``epoch`` is the log's, null if it does not know.

        Raises:
            LogWentBack: that is before our position.
            EpochBegan: it is of another history than what was handed out.
        """
        self._check(head)
        if epoch is not None:
            self._epoch = entered(self._epoch, epoch, self.position)
        if head > self.position:
            self._read_log(head, then=Ask.CURSOR, is_head=True)

    def attached(self, stream: StreamState) -> None:
        """The cursor stands where it was asked to, in the stream as it is.

        Raises:
            EpochBegan: the stream is of another history than what was handed out.
            PositionGap: the stream does not hold what comes next, and there is no log to read.
        """
        self._epoch = entered(self._epoch, stream.epoch, self.position)
        self.ask = Ask.EVENTS
        if stream.last <= self.position:
            return
        if not self._dense and stream.holes:
            self._go_round(stream.last)
        elif stream.first > self.position + 1:
            self._go_round(stream.first - 1)

    def fetched(self, page: Page) -> Delivery | None:
        """Take what the cursor delivered; return what there is to hand out.

        Raises:
            ContentDiffers: a repetition is not what it was.
            PositionGap: a position does not come, and there is no log to read.
        """
        if not page.events:
            self.ask = Ask.CURSOR if page.lost else Ask.COMPARISON
            return None
        before = self.position
        if self._everything and _follow(before, page.events):
            self._seen.remember(page.events)
            self.position = page.events[-1].position
            return self._proceed(page.events, page)
        selected: list[RecordedEvent] = []
        for event in page.events:
            if event.position <= self.position:
                if self._seen.contradicts(event):
                    # What came before it is asked for again, with the next cursor.
                    self.position = before
                    self.ask = Ask.CURSOR
                    raise ContentDiffers(event.position, str(event.id))
                continue
            if self._dense and event.position != self.position + 1:
                return self._left_out(event.position, before, selected)
            self._take(event, selected)
        if self.position == before:
            # Repetitions, and many may follow: see whether there is something else meanwhile.
            self.ask = Ask.COMPARISON
            return None
        return self._proceed(selected, page)

    def _proceed(self, events: Sequence[RecordedEvent], page: Page) -> Delivery:
        self._doubts = 0
        return self._delivery(events, caught_up=not page.pending and not page.lost)

    def _left_out(
        self, position: Position, before: Position, selected: list[RecordedEvent]
    ) -> Delivery | None:
        """The cursor left out what comes before ``position``; asking it again brings nothing."""
        if self.position > before:
            self.ask = Ask.CURSOR
            self._doubts = 0
            return self._delivery(selected, caught_up=False)
        self._doubts = max(self._doubts, 1)
        self._doubt(position - 1)
        return None

    def met_stranger(self, stranger: ForeignMessage, head: Position | None) -> None:
        """The next message is none of the log's, which ends at ``head``; null if it is not at hand.

        Raises:
            ForeignMessage: the log holds nothing in its place, or cannot be asked.
        """
        sequence = self.position + 1 if stranger.sequence is None else stranger.sequence
        if head is None or head < sequence:
            self.ask = Ask.CURSOR
            raise stranger
        self._stranger_at = sequence
        self._read_log(Position(sequence), then=Ask.CURSOR)

    def compared(self, compared: Compared) -> Delivery | None:
        """Nothing came: learn where everything is; return how far we are, if that is news.

        Raises:
            LogWentBack: the log is before our position.
            PositionGap: something does not come, and there is no log to read.
        """
        self.ask = Ask.EVENTS
        head = compared.head
        if head is not None:
            self._check(head)
        behind = compared.last > self.position
        if behind and (self._dense or compared.undelivered):
            self._doubt(compared.last)
            return None
        self._doubts = 0
        position = Position(max(self.position, compared.last))
        if head is not None and head > position:
            # The relay may be at it: it is given one more silence.
            self._waits_for_relay += 1
            if self._waits_for_relay > 1:
                self._read_log(head, then=Ask.EVENTS, is_head=True)
            caught_up = False
        else:
            self._waits_for_relay = 0
            caught_up = True
        if (position, caught_up) == (self.position, self._caught_up):
            return None
        self.position = position
        return self._delivery([], caught_up=caught_up)

    def read(self, page: LogPage) -> Delivery | None:
        """Take a page of the log after our position, read up to `log_until`.

        Raises:
            PositionGap: the log has a hole.
        """
        before = self.position
        if self._everything:
            behind = [*(event.position for event in page.events), Position(page.position + 1)]
            for expected, found in enumerate(behind, before + 1):
                if found != expected:
                    self.ask = Ask.CURSOR
                    raise PositionGap(expected, found)
        selected: list[RecordedEvent] = []
        for event in page.events:
            self._take(event, selected)
        self.position = max(self.position, page.position)
        done = self.position >= self.log_until
        if done:
            self.ask = self._after_log
        if self.position == before:
            return None
        return self._delivery(selected, caught_up=done and self._log_until_is_head)

    def _take(self, event: RecordedEvent, selected: list[RecordedEvent]) -> None:
        self.position = event.position
        if self._everything or self._selection.matches(event):
            self._seen.remember((event,))
            selected.append(event)

    def _delivery(self, events: Iterable[RecordedEvent], *, caught_up: bool) -> Delivery:
        self._caught_up = caught_up
        return Delivery(events=tuple(events), position=self.position, caught_up=caught_up)

    def _check(self, head: Position) -> None:
        if head < self.position:
            self.ask = Ask.CURSOR
            raise LogWentBack(self.position, head)

    def _doubt(self, missing_to: int) -> None:
        """What must be there does not come: ask again, have another cursor, then go round it."""
        self._doubts += 1
        if self._doubts == _SUBSCRIBE_AGAIN:
            self.ask = Ask.CURSOR
        elif self._doubts >= _GO_ROUND:
            self._go_round(missing_to)

    def _go_round(self, missing_to: int) -> None:
        if not self._log_at_hand:
            self.ask = Ask.CURSOR
            raise PositionGap(self.position + 1, missing_to + 1)
        self._read_log(Position(missing_to), then=Ask.CURSOR)

    def _read_log(self, until: Position, *, then: Ask, is_head: bool = False) -> None:
        self.log_until = until
        self._log_until_is_head = is_head
        self.ask = Ask.LOG
        self._after_log = then


def _follow(position: Position, events: Sequence[RecordedEvent]) -> bool:
    """Whether the events are those after a position, without a gap."""
    following = range(position + 1, position + 1 + len(events))
    return [event.position for event in events] == list(following)
