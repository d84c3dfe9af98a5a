"""What can go wrong between the log and JetStream."""

from __future__ import annotations

from eventstore.errors.root import EventStoreError

__all__ = [
    "LeaseLost",
    "PublishRefused",
    "PublishUnanswered",
    "RelayError",
    "StreamDiverged",
    "StreamUnavailable",
]


class RelayError(EventStoreError):
    """The relay cannot go on as it is."""


class LeaseLost(RelayError):
    """Another relay holds the lease, or the connection that held ours is gone."""


class StreamUnavailable(RelayError):
    """JetStream cannot be reached, or the connection died: what was being sent may be stored."""


class PublishRefused(RelayError):
    """JetStream refused a publish: somebody else published, or the stream went back.

    ``last_sequence`` is where the stream really is, when the server said so.
    """

    definite = True

    def __init__(self, sequence: int, last_sequence: int | None, reason: str) -> None:
        super().__init__(f"JetStream refused sequence {sequence}: {reason}")
        self.sequence = sequence
        self.last_sequence = last_sequence


class PublishUnanswered(RelayError):
    """JetStream did not acknowledge a publish in time: it may be stored, or may be yet.

    A full or broken disk looks like this from outside. Publishing the position again is safe.
    """

    def __init__(self, sequence: int, seconds: float) -> None:
        super().__init__(
            f"JetStream did not acknowledge sequence {sequence} within {seconds:g} s: "
            "look at the server's log and its disk."
        )
        self.sequence = sequence


class StreamDiverged(RelayError):
    """JetStream holds something that Postgres does not: the log itself went back.

    This happens when Postgres was restored from an older backup. It is never healed silently,
    since consumers may have acted on events that no longer exist.
    """

    definite = True
