"""The projector's decisions, without I/O: what to do with what is delivered.

It trusts one number: the checkpoint, which is committed with the changes it stands for. Whatever
delivers may repeat, skip, fall silent or start anew; each event is applied when its position is the
one after the last, and then only. So

- a position below is a repetition, and dropped;
- a position above is a gap: subscribe again from the right place and, if that does not bring what
  is missing, read it from the log;
- a message that is none of the log's, or is damaged, is read from the log instead; it ends all if
  the log does not hold that position;
- silence is compared with where the stream and the log are, since a lost tail makes no gap;
- a checkpoint that moved under our hands means another projector: read it and begin anew.

It promises to commit in position order, one batch at a time, and to hold a bounded number of
events. It deliberately knows no server, and does not reconnect: that is the loop's.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from itertools import islice

import msgspec

from eventstore.backoff import Backoff
from eventstore.errors import ForeignMessage
from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import LogWentBack, PositionGap, ProjectionFailed
from projector.parking import AsideState, PoisonPolicy
from projector.steps import (
    Command,
    Commit,
    Committed,
    Compare,
    Compared,
    Conflicted,
    Failed,
    Fetch,
    Fetched,
    FetchedForeign,
    LoadCheckpoint,
    Loaded,
    Outcome,
    Pause,
    Paused,
    ReadLog,
    SetAside,
    Subscribe,
    Subscribed,
)

__all__ = ["SubscriptionCore", "SubscriptionPace"]


class SubscriptionPace(msgspec.Struct, frozen=True, kw_only=True):
    """How much at once, and how often to try.

    At most ``batch`` events are committed at once, three times as many are held; fewer, when they
    have ``held_bytes``: then no more are asked for until some are committed. A projection that
    raises for a single event gets ``attempts`` tries, and then ``on_poison`` says what to do.
    """

    batch: int = 1000
    held_bytes: int = 32 * 1024 * 1024
    attempts: int = 5
    on_poison: PoisonPolicy = PoisonPolicy.HALT

    def __post_init__(self) -> None:
        """Check that the numbers can work.

        Raises:
            ValueError: says which cannot.
        """
        if min(self.batch, self.held_bytes, self.attempts) < 1:
            raise ValueError(
                f"batch {self.batch}, held_bytes {self.held_bytes} and attempts {self.attempts} "
                "must be from 1"
            )


class _Ask(enum.Enum):
    """What is asked of the stream or the log next."""

    SUBSCRIPTION = enum.auto()
    EVENTS = enum.auto()
    COMPARISON = enum.auto()
    LOG = enum.auto()


class SubscriptionCore:
    """The state machine. A round begins with reading the checkpoint.

    One question to the stream or the log is under way at a time, beside at most one commit.

    Args:
        pace: How much at once.
        backoff: How long to wait before trying again.
        log_at_hand: Whether `ReadLog` can be answered.
    """

    def __init__(self, pace: SubscriptionPace, backoff: Backoff, *, log_at_hand: bool) -> None:
        self._pace = pace
        self._backoff = backoff
        self._log_at_hand = log_at_hand
        self._round = 0
        self.compared: Compared | None = None
        self._begin_round()

    def _begin_round(self) -> None:
        self._round += 1
        self.checkpoint: Checkpoint | None = None
        self._received = Position(0)
        self._held: deque[RecordedEvent] = deque()  # received, not known to be committed
        self._in_commit = 0
        self._answers: deque[tuple[Position, int]] = deque()  # where each ends, and its bytes
        self._ask = _Ask.SUBSCRIPTION
        self._asking = False
        # How often in a row the stream did not bring what must be there, and up to where.
        self._doubts = 0
        self._missing_to = 0
        self._stranger: ForeignMessage | None = None  # in the place of what is read from the log
        self._ending: Exception | None = None  # what stops it, once all that is held is stored
        # A failed batch is halved to find the event that fails, which is not behind this.
        self._suspect_to = 0
        self._attempts = 0

    @property
    def caught_up(self) -> bool:
        """Whether the read model holds all that stream and log held at the last comparison."""
        checkpoint, compared = self.checkpoint, self.compared
        if checkpoint is None or compared is None or self._held:
            return False
        return checkpoint.position >= max(compared.last_sequence, compared.head or 0)

    def start(self) -> list[Command]:
        """Begin by reading the checkpoint."""
        return [LoadCheckpoint(self._round)]

    def wants(self, command: Command) -> bool:
        """Whether the command belongs to this round."""
        return command.round == self._round

    def receive(self, command: Command, outcome: Outcome) -> list[Command]:
        """Decide what to do next.

        Raises:
            PositionGap: a position cannot be had from anywhere.
            LogWentBack: the read model is ahead of the log.
            ForeignMessage: one came that stands for nothing in the log, or there is no log at
                hand; all that came before it is committed.
            ProjectionFailed: the projection raised for one event, every time, and is to halt.
        """
        match command, outcome:
            case LoadCheckpoint(), Loaded(checkpoint=checkpoint):
                self.checkpoint = checkpoint
                self._received = checkpoint.position
            case (
                (Subscribe(), Subscribed())
                | (Fetch() | ReadLog(), Fetched())
                | (Compare(), Compared())
            ):
                self._answered(command, outcome)
            case Fetch(), FetchedForeign(error=error):
                self._met_stranger(error)
            case ((Commit() | SetAside()), (Committed() | Failed() | Conflicted())):
                if waiting := self._settled(command, outcome):
                    return waiting
            case Pause(), Paused():
                self._in_commit = 0
            case _:
                raise AssertionError(f"{outcome!r} is no answer to {command!r}")
        if self.checkpoint is None:
            return [LoadCheckpoint(self._round)]
        if self._ending is not None and not self._held:
            raise self._ending
        return self._go_on(self.checkpoint)

    def _answered(self, command: Command, outcome: Outcome) -> None:
        """The question that was under way has its answer: choose the next one."""
        self._asking = False
        self._ask = _Ask.EVENTS
        before = self._received
        match command, outcome:
            case Fetch(), Fetched(events=[]):
                self._ask = _Ask.COMPARISON
            case Fetch(), Fetched(events=events):
                gap = self._take(events)
                if gap is not None:
                    # To ask again for what is not there brings nothing: subscribe again.
                    self._doubts = max(self._doubts, 1)
                    self._doubt(missing_to=gap.position - 1)
            case ReadLog(), Fetched(events=events):
                self._take_from_log(events)
            case Compare(), Compared():
                self._compare(outcome)
        if isinstance(outcome, Fetched) and self._received > before:
            self._answers.append((self._received, outcome.size))

    def _take(self, events: Sequence[RecordedEvent]) -> RecordedEvent | None:
        """Hold what follows, drop what was there; return the first event behind a gap."""
        for event in events:
            if event.position > self._received + 1:
                return event
            if event.position == self._received + 1:
                self._held.append(event)
                self._received = event.position
                self._doubts = 0
        return None

    def _take_from_log(self, events: Sequence[RecordedEvent]) -> None:
        before = self._received
        gap = self._take(events)
        if gap is not None or self._received == before:
            self._ending = self._stranger or PositionGap(
                self._received + 1, gap.position if gap else self._missing_to + 1
            )
            return
        # The stream went on without us: have it begin again behind what it did not bring.
        done = self._received >= self._missing_to
        self._ask = _Ask.SUBSCRIPTION if done else _Ask.LOG
        if done:
            self._stranger = None

    def _met_stranger(self, stranger: ForeignMessage) -> None:
        """A message is none of the log's: the stream is a cache, so see what the log holds."""
        self._asking = False
        if not self._log_at_hand:
            self._ending = stranger
            return
        self._stranger = stranger
        self._missing_to = max(stranger.sequence or 0, self._received + 1)
        self._ask = _Ask.LOG

    def _doubt(self, *, missing_to: int) -> None:
        """What must be there does not come: ask again, then subscribe again, then go round it."""
        self._doubts += 1
        if self._doubts == 1:
            return
        if self._doubts == 2:  # noqa: PLR2004 - the second doubt
            self._ask = _Ask.SUBSCRIPTION
            return
        if not self._log_at_hand:
            self._ending = PositionGap(self._received + 1, missing_to + 1)
            return
        self._missing_to = missing_to
        self._ask = _Ask.LOG

    def _compare(self, compared: Compared) -> None:
        self.compared = compared
        head = compared.head
        if self.checkpoint is not None and head is not None and head < self.checkpoint.position:
            raise LogWentBack(self.checkpoint, head)
        if compared.last_sequence > self._received:
            self._doubt(missing_to=compared.last_sequence)
        else:
            self._doubts = 0

    def _go_on(self, checkpoint: Checkpoint) -> list[Command]:
        """Commit what is held, and ask for more unless enough is held."""
        commands: list[Command] = []
        if self._held and not self._in_commit:
            suspects = max(0, self._suspect_to - checkpoint.position)
            most = max(1, suspects // 2) if suspects else self._pace.batch
            self._in_commit = min(most, len(self._held))
            events = tuple(islice(self._held, self._in_commit))
            commands.append(Commit(self._round, events, checkpoint))
        held_bytes = sum(size for _, size in self._answers)
        room = len(self._held) - self._in_commit < self._pace.batch
        room = room and held_bytes < self._pace.held_bytes
        if room and not self._asking and self._ending is None:
            self._asking = True
            commands.append(self._question())
        return commands

    def _question(self) -> Command:
        match self._ask:
            case _Ask.SUBSCRIPTION:
                return Subscribe(self._round, self._received)
            case _Ask.EVENTS:
                return Fetch(self._round, self._pace.batch)
            case _Ask.COMPARISON:
                return Compare(self._round)
            case _Ask.LOG:
                limit = min(self._pace.batch, self._missing_to - self._received)
                return ReadLog(self._round, self._received, limit)

    def _committed(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        for _ in events:
            self._held.popleft()
        while self._answers and self._answers[0][0] <= checkpoint.position:
            self._answers.popleft()
        self._in_commit = 0
        self._attempts = 0
        self._backoff.reset()

    def _settled(
        self, command: Commit | SetAside, outcome: Committed | Failed | Conflicted
    ) -> list[Command]:
        """A commit has its answer. Return what must be done before anything else, if it must."""
        match command, outcome:
            case Commit(events=events), Committed(checkpoint=checkpoint):
                self._committed(events, checkpoint)
            case SetAside(event=event), Committed(checkpoint=checkpoint):
                self._committed((event,), checkpoint)
            case Commit(), Failed(error=failure):
                return self._failed(command, failure)
            case _, Conflicted():
                self._begin_round()
                return [Pause(self._round, self._backoff.next())]
            case _:
                raise AssertionError(f"{outcome!r} is no answer to {command!r}")
        return []

    def _failed(self, commit: Commit, error: ProjectionFailed) -> list[Command]:
        if len(commit.events) > 1:
            self._suspect_to = commit.events[-1].position
            self._in_commit = 0
            return []
        # Still in commit: nothing else is committed until this event has its answer.
        self._attempts += 1
        if self._attempts < self._pace.attempts:
            return [Pause(self._round, self._backoff.next())]
        match self._pace.on_poison:
            case PoisonPolicy.HALT:
                raise error
            case PoisonPolicy.PARK:
                state = AsideState.PARKED
            case PoisonPolicy.SKIP:
                state = AsideState.SKIPPED
        (event,) = commit.events
        return [
            SetAside(self._round, event, commit.checkpoint, state, error, self._attempts),
        ]
