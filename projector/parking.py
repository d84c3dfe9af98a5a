"""Events that cannot be applied: what becomes of them, and what is kept of each. No I/O.

An event that fails every time is *poison*. By policy it halts its projection (the default), or it
is *parked*: the checkpoint passes it, its error is kept, and every later event with the same order
key is *held* behind it, in order, until an operator replays or skips it. All else goes on. Parked,
held and skipped events are *set aside*: the checkpoint has passed them, and the read model does not
hold them. Nothing is set aside without a row that says so.

The order key is the event's stream. A projection whose documents mix streams says itself what must
stay in order, with a method ``order_key(event)``, a pure function that returns text.
"""

from __future__ import annotations

import datetime as dt
import enum
import traceback
from collections.abc import Callable
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.errors import ProjectionFailed, printable, raised_by_it

__all__ = ["SET_ASIDE_MAX", "Aside", "AsideState", "Cause", "OrderKey", "PoisonPolicy", "order_key"]

SET_ASIDE_MAX: Final = 10_000
"""How many events of a generation may be parked and held; one more halts the projection."""

_FRAMES: Final = 6
_TRACEBACK_CHARACTERS: Final = 4_000
_ERROR_CHARACTERS: Final = 2_000

OrderKey: TypeAlias = Callable[[RecordedEvent], str]


class PoisonPolicy(enum.StrEnum):
    """What becomes of an event that fails every time."""

    HALT = "halt"
    """The projector stops at it; nothing after it is applied."""
    PARK = "park"
    """It is set aside with its error, and what follows it in order waits behind it."""
    SKIP = "skip"
    """It is left out for good, with its error, and what follows it is applied."""


class AsideState(enum.StrEnum):
    """How an event is set aside."""

    PARKED = "parked"
    HELD = "held"
    SKIPPED = "skipped"


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event was set aside: the error of its last attempt, shortened."""

    error_type: str
    error: str
    traceback: str

    @classmethod
    def of(cls, failure: ProjectionFailed) -> Cause:
        """Take it from what the projection raised."""
        raised = failure.__cause__ or failure
        frames = "".join(traceback.format_exception(raised, limit=-_FRAMES, chain=False))
        return cls(
            error_type=type(raised).__name__,
            error=_storable(str(raised) or failure.reason)[:_ERROR_CHARACTERS],
            traceback=_storable(frames)[-_TRACEBACK_CHARACTERS:],
        )


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is set aside, as an operator sees it; errors are null where none was tried."""

    position: Position
    state: AsideState
    order_key: str
    event_id: UUID
    event_type: str
    stream: str
    error_type: str | None
    error: str | None
    traceback: str | None
    attempts: int
    since: dt.datetime


def order_key(projection: object) -> OrderKey:
    """Return how a projection groups what must stay in order: by its own word, or by stream."""
    # A table of documents stands for the projection that it keeps.
    own = getattr(getattr(projection, "projection", projection), "order_key", None)
    if not callable(own):
        return _stream_of

    def key(event: RecordedEvent) -> str:
        try:
            return str(own(event))
        except BaseException as error:
            if not raised_by_it(error):
                raise
            # What cannot be read has a stream all the same.
            return event.stream

    return key


def _stream_of(event: RecordedEvent) -> str:
    return event.stream


def _storable(text: str) -> str:
    """Leave out what PostgreSQL cannot hold as text, and what does things to a terminal."""
    return printable(text.replace("\0", "").encode("utf-8", "replace").decode("utf-8"))
