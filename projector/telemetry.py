"""What a projector did, in numbers for Prometheus and in spans for OpenTelemetry. No I/O.

A commit of one event is a span of the trace that the event's ``traceparent`` names: one trace from
the append to the applied change. A commit of several is a span of its own, with a link to the trace
of each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from eventstore.causation import TRACEPARENT
from eventstore.event import RecordedEvent
from eventstore.metrics import Counter, Gauge, Histogram
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import ProjectorError
from projector.lag import Lag
from projector.parking import AsideState, Cause
from projector.ports import ReadModel

__all__ = ["MeasuredReadModel", "ProjectorMetrics", "Spans", "parents_of"]

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000)
"""The bounds of batch sizes, in events."""


class ProjectorMetrics:
    """The numbers of one projector."""

    def __init__(self) -> None:
        of = ("projection", "generation")
        self.commits = Counter(
            "projector_commits_total",
            "Commits by ok or the name of the error; ProjectionFailed is tried again.",
            ("result",),
        )
        self.events = Counter(
            "projector_events_total",
            "Events that the checkpoint passed: committed, parked, skipped.",
            ("what",),
        )
        self.strangers = Counter(
            "projector_foreign_messages_total",
            "Messages of the stream that are none of the log's, or damaged; read from the log.",
            (),
        )
        self.seconds = Histogram("projector_commit_seconds", "How long commits took.", "what")
        self.batch = Histogram(
            "projector_batch_events", "How many events a commit had.", "what", bounds=BATCHES
        )
        self.position = Gauge("projector_position", "The checkpoint.", of)
        self.head = Gauge("projector_head_position", "The log's last position.", of)
        self.lag = Gauge("projector_lag_events", "Events that the read model lacks.", of)
        self.lag_seconds = Gauge(
            "projector_lag_seconds", "How long ago the first of them was recorded.", of
        )
        self.aside = Gauge(
            "projector_set_aside_events", "Events that are set aside.", (*of, "state")
        )

    def saw(self, lag: Lag) -> None:
        """Take over what was measured."""
        of = (lag.projection, str(lag.generation))
        self.position.set(lag.checkpoint, *of)
        if lag.head is not None and lag.lag is not None and lag.lag_seconds is not None:
            self.head.set(lag.head, *of)
            self.lag.set(lag.lag, *of)
            self.lag_seconds.set(lag.lag_seconds, *of)
        for state, count in zip(AsideState, (lag.parked, lag.held, lag.skipped), strict=True):
            self.aside.set(count, *of, state)

    def text(self) -> str:
        """The exposition of all of them."""
        parts: Sequence[Counter | Gauge | Histogram] = (
            self.commits,
            self.events,
            self.strangers,
            self.seconds,
            self.batch,
            self.position,
            self.head,
            self.lag,
            self.lag_seconds,
            self.aside,
        )
        return "".join(f"{line}\n" for part in parts for line in part.lines())


class Spans(Protocol):
    """Makes the span of a commit: `projector.tracing` does, with OpenTelemetry."""

    def applying(
        self, projection: str, parents: Sequence[str], attributes: dict[str, Any]
    ) -> AbstractContextManager[Any]:
        """Make a span that follows ``parents``, each a ``traceparent``, for the length of a block.

        It is a child of the only one, or linked to each of several.
        """
        ...


class MeasuredReadModel:
    """A read model that counts, times and traces what another one does; see `ports.ReadModel`."""

    def __init__(
        self,
        inner: ReadModel,
        metrics: ProjectorMetrics,
        *,
        spans: Spans | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._inner = inner
        self._metrics = metrics
        self._spans = spans
        self._clock = clock

    async def checkpoint(self) -> Checkpoint:
        """Return how far the projection has come."""
        checkpoint = await self._inner.checkpoint()
        self._reached(checkpoint)
        return checkpoint

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        """Apply events and move the checkpoint; see `ReadModel.commit`."""
        begun, result = self._clock(), "Interrupted"
        try:
            with self._span(events, checkpoint):
                reached = await self._inner.commit(events, checkpoint)
            result = "ok"
        except ProjectorError as error:
            result = type(error).__name__
            raise
        finally:
            self._metrics.commits.add(result)
            self._metrics.seconds.observe("commit", self._clock() - begun)
        self._metrics.batch.observe("commit", len(events))
        self._metrics.events.add("committed", amount=len(events))
        self._reached(reached)
        return reached

    async def set_aside(
        self,
        event: RecordedEvent,
        checkpoint: Checkpoint,
        state: AsideState,
        cause: Cause,
        attempts: int,
    ) -> Checkpoint:
        """Move the checkpoint over an event and keep why; see `ReadModel.set_aside`."""
        reached = await self._inner.set_aside(event, checkpoint, state, cause, attempts)
        self._metrics.events.add(state)
        self._reached(reached)
        return reached

    async def halted(self, position: Position, cause: Cause) -> None:
        """Keep at which event the projector halts and why; see `ReadModel.halted`."""
        await self._inner.halted(position, cause)

    def _span(
        self, events: Sequence[RecordedEvent], checkpoint: Checkpoint
    ) -> AbstractContextManager[Any]:
        if self._spans is None:
            return nullcontext()
        attributes = {
            "projector.events": len(events),
            "projector.first_position": events[0].position,
            "projector.last_position": events[-1].position,
        }
        return self._spans.applying(checkpoint.projection, parents_of(events), attributes)

    def _reached(self, checkpoint: Checkpoint) -> None:
        of = (checkpoint.projection, str(checkpoint.generation))
        self._metrics.position.set(checkpoint.position, *of)


def parents_of(events: Sequence[RecordedEvent]) -> list[str]:
    """Return the ``traceparent`` of each event that has one."""
    named = (event.metadata.get(TRACEPARENT) for event in events if event.metadata)
    return [parent for parent in named if isinstance(parent, str)]
