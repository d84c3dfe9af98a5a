"""The relay's decisions, without I/O: what to do next, given what the log and the stream say.

The relay is a function of two things: the log in Postgres, and the last sequence of the JetStream
stream. It has no memory of its own; after any failure it looks at the stream again and goes on from
there. Every publish is conditional on its predecessor being the last message, so that

- the stream's sequence equals the position, for ever;
- a repeated publish is refused, not stored twice;
- two relays at once write the same bytes, or one of them is refused.

It promises to publish in position order without a hole, to have a bounded number of events under
way, and to raise `StreamDiverged` rather than publish after a message that the log does not hold.
A stream that lost messages which no publish can put back is replaced, and filled anew; first its
last message must be the log's. It deliberately does not heal a divergence, since the stream may
hold the only copy of what the log lost, and does not reconnect: that is the loop's.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from eventstore.backoff import Backoff
from eventstore.errors import PositionGap, StreamDiverged
from eventstore.relay.ports import Entry, StreamState
from eventstore.stream import Position

__all__ = [
    "Acknowledged",
    "Command",
    "CreateStream",
    "Created",
    "Failed",
    "InspectStream",
    "Inspected",
    "Outcome",
    "Page",
    "Publish",
    "ReadPage",
    "RelayCore",
    "RelayPace",
    "ReplaceStream",
    "Wait",
    "WaitForMore",
    "Waited",
]


class InspectStream(msgspec.Struct, frozen=True):
    """Ask where the stream is. Answered by `Inspected`."""

    round: int


class CreateStream(msgspec.Struct, frozen=True):
    """Create the stream. Answered by `Created`."""

    round: int


class ReplaceStream(msgspec.Struct, frozen=True):
    """Delete the stream, which lost so many messages, and create it. Answered by `Created`."""

    round: int
    missing: int


class ReadPage(msgspec.Struct, frozen=True):
    """Read the log after a position. Answered by `Page`."""

    round: int
    after: Position
    limit: int


class Publish(msgspec.Struct, frozen=True):
    """Publish consecutive events. Answered by `Acknowledged` (all of them) or `Failed`."""

    round: int
    events: tuple[Entry, ...]


class Wait(msgspec.Struct, frozen=True):
    """Let time pass after a failure. Answered by `Waited`."""

    round: int
    seconds: float


class WaitForMore(msgspec.Struct, frozen=True):
    """Wait for an event after a position, but not for long. Answered by `Waited`."""

    round: int
    seconds: float
    after: Position


class Inspected(msgspec.Struct, frozen=True):
    """Where the stream is; null if there is none."""

    stream: StreamState | None


class Created(msgspec.Struct, frozen=True):
    """There is a stream now, ours or somebody else's."""


class Page(msgspec.Struct, frozen=True):
    """What the log holds after the position asked for.

    Fewer than asked for are all that there are, or are large; then the log does not let us wait.
    """

    events: Sequence[Entry]


class Acknowledged(msgspec.Struct, frozen=True):
    """All events of the publish are stored."""


class Failed(msgspec.Struct, frozen=True):
    """The publish was refused, or its acknowledgements did not come: look at the stream again."""

    reason: str


class Waited(msgspec.Struct, frozen=True):
    """The time has passed, or it was cut short; it was so many seconds."""

    seconds: float


Command: TypeAlias = (
    InspectStream | CreateStream | ReplaceStream | ReadPage | Publish | Wait | WaitForMore
)
Outcome: TypeAlias = Inspected | Created | Page | Acknowledged | Failed | Waited


class RelayPace(msgspec.Struct, frozen=True, kw_only=True):
    """How much at once, and how often to look.

    ``page`` events are read and published at once; at most ``window`` events and ``publishes`` are
    under way to JetStream. What is appended while a server is slow waits together for the next
    publish, and so costs it one flush instead of many.

    An idle relay that nobody wakes looks at the log after ``idle_first`` seconds, then less and
    less often, down to every ``idle_limit`` seconds; every ``inspect_every`` seconds it looks at
    the stream, too.
    """

    page: int = 1000
    window: int = 2000
    publishes: int = 2
    idle_first: float = 0.02
    idle_limit: float = 0.1
    inspect_every: float = 1.0

    def __post_init__(self) -> None:
        """Check that the numbers can work.

        Raises:
            ValueError: says which cannot.
        """
        if not 1 <= self.page <= self.window:
            raise ValueError(f"a window of {self.window} cannot hold pages of {self.page}")
        if self.publishes < 1:
            raise ValueError(f"{self.publishes} publishes under way cannot carry anything")
        if not 0 < self.idle_first <= self.idle_limit:
            raise ValueError(f"cannot slow down from {self.idle_first} to {self.idle_limit} s")


class _Phase(enum.Enum):
    RESUMING = enum.auto()
    RELAYING = enum.auto()


class RelayCore:
    """The state machine. A round ends with the first failure; outcomes of old rounds are dropped.

    ``position`` is the last position known to be in the stream.
    """

    def __init__(self, pace: RelayPace, backoff: Backoff) -> None:
        self._pace = pace
        self._backoff = backoff
        self._round = 0
        self._created = False
        self._since_inspection = 0.0
        self.position = Position(0)
        self._begin_round()

    def _begin_round(self) -> None:
        self._round += 1
        self._phase = _Phase.RESUMING
        self._stream = StreamState(last_sequence=0, last=None)
        self._read_to = Position(0)
        self._page: tuple[Entry, ...] = ()
        self._looking = False  # a read, or the rest before one, is under way
        self._rest: WaitForMore | None = None  # that rest
        self._under_way = 0
        self._publishes = 0
        self._idle = self._pace.idle_first

    @property
    def caught_up(self) -> bool:
        """Whether everything the log held at the last look is in the stream."""
        return self._phase is _Phase.RELAYING and not (
            self._page or self._under_way or self.position < self._read_to
        )

    def start(self) -> list[Command]:
        """Begin by looking at the stream."""
        return [InspectStream(self._round)]

    def wants(self, command: Command) -> bool:
        """Whether the command belongs to this round, and is no rest that was ended early."""
        ended = isinstance(command, WaitForMore) and command is not self._rest
        return command.round == self._round and not ended

    def receive(self, command: Command, outcome: Outcome) -> list[Command]:
        """Decide what to do next.

        Raises:
            StreamDiverged: the stream holds a message that the log does not.
            PositionGap: the log has a hole.
        """
        match command, outcome:
            case InspectStream(), Inspected(stream=stream):
                commands = self._inspected(stream)
            case CreateStream() | ReplaceStream(), Created():
                self._created = True
                commands = [InspectStream(self._round)]
            case ReadPage(), Page(events=events) if self._phase is _Phase.RESUMING:
                commands = self._resume(events)
            case ReadPage(after=after, limit=limit), Page(events=events):
                commands = self._continue(after, events, full=len(events) == limit)
            case Publish(events=events), Acknowledged():
                commands = self._acknowledged(events)
            case Publish(), Failed():
                commands = self._start_over()
            case WaitForMore(), Waited(seconds=seconds):
                commands = self._rested(seconds)
            case Wait(), Waited():
                commands = [InspectStream(self._round)]
            case _:
                raise AssertionError(f"{outcome!r} is no answer to {command!r}")
        return commands

    def _inspected(self, stream: StreamState | None) -> list[Command]:
        if stream is None:
            return self._make(CreateStream(self._round))
        self._since_inspection = 0.0
        self._stream = stream
        if not stream.last_sequence:
            return [ReadPage(self._round, Position(0), self._pace.page)]
        # One event more, so that the last message can be compared with the log.
        after = Position(_compared_at(stream) - 1)
        return [ReadPage(self._round, after, self._pace.page + 1)]

    def _make(self, command: CreateStream | ReplaceStream) -> list[Command]:
        """Make the stream, unless it was lost again under our hands: not as fast as we can."""
        if not self._created:
            return [command]
        self._created = False
        return self._start_over()

    def _resume(self, events: Sequence[Entry]) -> list[Command]:
        """Compare the last message with the log, and go on after it."""
        stream = self._stream
        last = stream.last_sequence
        if last:
            if not events:
                raise StreamDiverged(
                    f"JetStream is at sequence {last}, the log ends before it: Postgres went back, "
                    "or this is another database's stream. `eventstore relay heal` says more."
                )
            _check_follows(Position(_compared_at(stream) - 1), events)
            _check_same(stream, events[0])
            if stream.missing:
                return self._make(ReplaceStream(self._round, stream.missing))
            events = events[1:]
        self._created = False
        self._phase = _Phase.RELAYING
        self.position = self._read_to = Position(last)
        return self._continue(self.position, events, full=len(events) >= self._pace.page)

    def _continue(self, after: Position, events: Sequence[Entry], *, full: bool) -> list[Command]:
        _check_follows(after, events)
        if events:
            self._page = tuple(events)
            self._read_to = events[-1].position
            self._idle = self._pace.idle_first
        if full:
            self._looking = False
            return self._fill()
        # That was all: rest before looking again, and look less and less often.
        self._looking = True
        self._rest = WaitForMore(self._round, self._idle, self._read_to)
        self._idle = min(self._pace.idle_limit, self._idle * 2)
        return [*self._publish(), self._rest]

    def _rested(self, seconds: float) -> list[Command]:
        self._looking = False
        self._rest = None
        self._since_inspection += seconds
        if self.caught_up and self._since_inspection >= self._pace.inspect_every:
            # Nothing is published, so nothing would tell that the stream lost what it had.
            self._phase = _Phase.RESUMING
            return [InspectStream(self._round)]
        return self._fill()

    def _fill(self) -> list[Command]:
        """Publish what the window takes, and read the next page while that is under way."""
        commands = self._publish()
        if not self._page and not self._looking:
            self._looking = True
            commands.append(ReadPage(self._round, self._read_to, self._pace.page))
        return commands

    def _publish(self) -> list[Command]:
        page = self._page
        full = self._publishes >= self._pace.publishes
        if not page or full or self._under_way + len(page) > self._pace.window:
            return []
        self._page = ()
        self._publishes += 1
        self._under_way += len(page)
        return [Publish(self._round, page)]

    def _acknowledged(self, events: Sequence[Entry]) -> list[Command]:
        self._publishes -= 1
        self._under_way -= len(events)
        self.position = max(self.position, events[-1].position)
        self._backoff.reset()
        if self._rest is not None:
            # Whoever appends goes on appending, mostly: looking again is sooner than being told.
            self._rest = None
            self._looking = False
        return self._fill()

    def _start_over(self) -> list[Command]:
        self._begin_round()
        return [Wait(self._round, self._backoff.next())]


def _check_follows(after: Position, events: Sequence[Entry]) -> None:
    for expected, event in enumerate(events, after + 1):
        if event.position != expected:
            raise PositionGap(expected, event.position)


def _compared_at(stream: StreamState) -> int:
    """At which position stream and log are compared: the last one of which there is a message."""
    if stream.missing and stream.last is not None and stream.last.position is not None:
        return stream.last.position
    return stream.last_sequence


def _check_same(stream: StreamState, event: Entry) -> None:
    """Hold the stream's last message against the log's event at that position."""
    last = stream.last
    if last is None or (last.position == event.position and last.event_id == event.id):
        return
    raise StreamDiverged(
        f"JetStream's sequence {event.position} holds event {last.event_id} of position "
        f"{last.position}, the log holds event {event.id} there: the log was changed or restored, "
        "or somebody else published. `eventstore relay heal` says more."
    )
