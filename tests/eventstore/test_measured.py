"""A measured store keeps the contract, and its numbers are what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from eventstore import ABSENT, ANY, EventStore, Position, WrongExpectedVersion, stream_name
from eventstore.measured import MeasuredEventStore
from eventstore.memory import MemoryEventStore
from eventstore.metrics import StoreMetrics
from tests.contract.event_store import EventStoreContract
from tests.support.stores import events

ORDER = stream_name("order-1")


class TestMeasuredEventStore(EventStoreContract):
    @pytest.fixture
    def store(self) -> EventStore:
        return MeasuredEventStore(MemoryEventStore(), StoreMetrics())


class Spans:
    """Keeps the spans that were made."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Mapping[str, Any]]] = []
        self.errors: list[str] = []

    def start_as_current_span(
        self, name: str, *, attributes: Mapping[str, Any]
    ) -> AbstractContextManager[None]:
        self.made.append((name, attributes))

        @contextmanager
        def span() -> Iterator[None]:
            try:
                yield
            except Exception as error:
                self.errors.append(type(error).__name__)
                raise

        return span()


def samples(metrics: StoreMetrics) -> dict[str, float]:
    """The samples of the exposition, by name and labels."""
    found = {}
    for line in metrics.text().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


async def test_the_numbers() -> None:
    ticks = iter(range(1000))
    metrics, spans = StoreMetrics(), Spans()
    store = MeasuredEventStore(
        MemoryEventStore(), metrics, tracer=spans, clock=lambda: next(ticks) * 0.002
    )
    first = events(3)
    await store.append(ORDER, first, expected=ABSENT)
    await store.append(ORDER, first, expected=ABSENT)
    with pytest.raises(WrongExpectedVersion):
        await store.append(ORDER, events(1), expected=ABSENT)
    await store.read_log(limit=2)
    subscription = store.subscribe()
    await anext(subscription)
    during = samples(metrics)
    await subscription.aclose()
    await subscription.aclose()
    after = samples(metrics)
    assert during["eventstore_subscriptions"] == 1
    assert after["eventstore_subscriptions"] == 0
    assert after['eventstore_calls_total{method="append",result="ok"}'] == 2
    assert after['eventstore_calls_total{method="append",result="WrongExpectedVersion"}'] == 1
    assert after['eventstore_events_total{what="appended"}'] == 3
    assert after['eventstore_events_total{what="repeated"}'] == 3
    assert after['eventstore_events_total{what="read"}'] == 2
    assert after['eventstore_events_total{what="delivered"}'] == 3
    assert after["eventstore_head_position"] == 3
    buckets = 'eventstore_call_seconds_bucket{method="append",le='
    assert after[f'{buckets}"0.001"}}'] == 0
    assert after[f'{buckets}"0.0025"}}'] == after[f'{buckets}"+Inf"}}'] == 3
    assert after['eventstore_call_seconds_count{method="append"}'] == 3
    assert after['eventstore_call_seconds_sum{method="append"}'] == pytest.approx(0.006)
    assert [name for name, _ in spans.made] == [
        *["eventstore.append"] * 3,
        "eventstore.read_log",
    ]
    assert spans.made[0][1]["eventstore.events"] == 3
    assert spans.errors == ["WrongExpectedVersion"]


async def test_a_call_that_is_given_up_is_counted_too() -> None:
    class Broken(MemoryEventStore):
        async def head(self) -> Position:
            raise ZeroDivisionError

    metrics = StoreMetrics()
    store = MeasuredEventStore(Broken(), metrics)
    with pytest.raises(ZeroDivisionError):
        await store.head()
    await store.append(ORDER, events(1), expected=ANY)
    assert samples(metrics)['eventstore_calls_total{method="head",result="Interrupted"}'] == 1


def test_each_sample_has_its_kind() -> None:
    lines = StoreMetrics().text().splitlines()
    kinds = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
    assert kinds == {
        "eventstore_calls_total": "counter",
        "eventstore_call_seconds": "histogram",
        "eventstore_events_total": "counter",
        "eventstore_subscriptions": "gauge",
        "eventstore_head_position": "gauge",
    }
