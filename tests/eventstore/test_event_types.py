"""Typed events: structs in, structs out, and old shapes turned into the newest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from eventstore import (
    ANY,
    ConfigError,
    EventNotReadable,
    InvalidEvent,
    UnknownEventType,
    stream_name,
)
from eventstore.event_types import EventTypes
from eventstore.memory import MemoryEventStore
from tests.support.recorded import recorded


class Line(msgspec.Struct):
    sku: str
    amount: int


class Placed(msgspec.Struct):
    order: int
    lines: list[Line]
    at: dt.datetime


def types() -> EventTypes:
    registry = EventTypes()
    registry.event("placed", version=3, tags=lambda e: (f"order:{e.order}",))(Placed)

    @registry.upcast("placed", version=2)
    def _(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "at": "2020-01-01T00:00:00Z"}

    @registry.upcast("placed", version=1)
    def _(data: dict[str, Any]) -> dict[str, Any]:
        return {"order": data["order"], "lines": [{"sku": data["sku"], "amount": 1}]}

    @registry.upcast("ordered", version=1, to=("placed", 1))
    def _(data: list[Any]) -> dict[str, Any]:
        return {"order": data[0], "sku": data[1]}

    registry.check()
    return registry


def placed(data: Any, *, name: str = "placed", **metadata: Any) -> Any:
    return msgspec.structs.replace(recorded(7), type=name, data=data, metadata=metadata)


async def test_a_struct_there_and_back() -> None:
    registry, store = types(), MemoryEventStore()
    body = Placed(order=7, lines=[Line("a", 2)], at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    event = registry.to_event(body, metadata={"by": "x"}, tags=("vip", "order:7"))
    assert (event.type, event.tags) == ("placed", ("order:7", "vip"))
    assert event.metadata == {"by": "x", "schema_version": 3}
    await store.append(stream_name("order-7"), [event], expected=ANY)
    (read,) = await store.read_log()
    assert read.data == {
        "order": 7,
        "lines": [{"sku": "a", "amount": 2}],
        "at": "2026-01-01T00:00:00Z",
    }
    assert registry.knows(read)
    assert registry.body_of(read) == body


def test_the_event_id_can_be_given() -> None:
    body = Placed(order=7, lines=[], at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    given = recorded(1).id
    assert types().to_event(body, event_id=given).id == given
    assert types().to_event(body).id != types().to_event(body).id


@pytest.mark.parametrize(
    "old",
    [
        placed({"order": 7, "lines": [{"sku": "a", "amount": 1}]}, schema_version=2),
        placed({"order": 7, "sku": "a"}, schema_version=1),
        placed({"order": 7, "sku": "a"}),
        placed([7, "a"], name="ordered"),
    ],
)
def test_old_shapes_become_the_newest(old: Any) -> None:
    before = msgspec.json.encode(old)
    body = types().body_of(old)
    assert body == Placed(order=7, lines=[Line("a", 1)], at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert msgspec.json.encode(old) == before


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (placed({}, schema_version=4), "version 4 of 'placed' is not registered"),
        (placed({}, name="paid"), "position 7: version 1 of 'paid' is not registered"),
    ],
)
def test_what_is_not_registered_is_read_raw(event: Any, words: str) -> None:
    assert not types().knows(event)
    with pytest.raises(UnknownEventType, match=words) as caught:
        types().body_of(event)
    assert caught.value.definite


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (placed({"order": "7", "lines": []}, schema_version=2), "Expected `int`, got `str`"),
        (placed({"order": 7}, schema_version=1), "KeyError: 'sku'"),
        (placed(None, schema_version=3), "got `null`"),
        (placed({}, schema_version="3"), "schema_version is '3'"),
        (placed({}, schema_version=0), "schema_version is 0"),
        (placed({}, schema_version=True), "schema_version is True"),
    ],
)
def test_what_cannot_be_read_says_so(event: Any, words: str) -> None:
    with pytest.raises(EventNotReadable, match=words) as caught:
        types().body_of(event)
    assert (caught.value.position, caught.value.event_type) == (7, "placed")


def test_a_struct_of_no_type_is_refused() -> None:
    with pytest.raises(UnknownEventType, match="Line is not registered"):
        types().to_event(Line("a", 1))


def test_mistakes_are_found_when_the_program_starts() -> None:
    registry = types()
    with pytest.raises(ConfigError, match="'placed' is Placed already"):
        registry.event("placed", version=4)(Line)
    with pytest.raises(ConfigError, match="Placed stands for another"):
        registry.event("moved")(Placed)
    with pytest.raises(ConfigError, match="version 2 of 'placed' has an upcaster already"):
        registry.upcast("placed", version=2)(lambda data: data)
    with pytest.raises(ConfigError, match="lead back to it"):
        registry.upcast("placed", version=3, to=("placed", 1))(lambda data: data)
    with pytest.raises(ConfigError, match="version 0 is none"):
        registry.event("line", version=0)(Line)
    registry.check()  # what was refused is not kept
    registry.upcast("line", version=1)(lambda data: data)
    with pytest.raises(ConfigError, match=r"version 2 of 'line', for which there is no struct"):
        registry.check()
    registry.event("line", version=3)(Line)
    with pytest.raises(ConfigError, match="version"):
        registry.check()


class Counted(msgspec.Struct):
    amounts: dict[int, int]
    more: Any = None


def test_keys_that_are_no_texts_come_back() -> None:
    types = EventTypes()
    types.event("counted")(Counted)
    made = types.to_event(Counted({1: 2, 30: 4}))
    assert made.data["amounts"] == {"1": 2, "30": 4}
    assert types.body_of(placed(made.data, name="counted", schema_version=1)) == Counted(
        {1: 2, 30: 4}
    )


def test_what_json_cannot_say_is_refused_before_the_append() -> None:
    types = EventTypes()
    types.event("counted")(Counted)
    circle: list[Any] = []
    circle.append(circle)
    for more in (object(), circle):
        with pytest.raises(InvalidEvent, match="its Counted is no JSON value"):
            types.to_event(Counted({}, more=more))


def test_an_upcaster_may_change_what_it_is_given() -> None:
    types = EventTypes()
    types.event("counted", version=2)(Counted)

    @types.upcast("counted", version=1)
    def _(data: Any) -> Any:
        data["amounts"] = {data.pop("only"): 1}
        return data

    event = placed({"only": "7"}, name="counted", schema_version=1)
    assert types.body_of(event) == types.body_of(event) == Counted({7: 1})
    assert event.data == {"only": "7"}


def test_a_version_that_nothing_leads_on_from() -> None:
    types = EventTypes()
    types.event("counted", version=3)(Counted)
    types.upcast("counted", version=1)(lambda data: data)
    with pytest.raises(ConfigError, match="end at version 2"):
        types.check()
    for version in (1, 2):
        event = placed({}, name="counted", schema_version=version)
        with pytest.raises(UnknownEventType, match="nothing turns version 2 of 'counted'"):
            types.body_of(event)
    with pytest.raises(UnknownEventType, match="written by a newer program"):
        types.body_of(placed({}, name="counted", schema_version=4))


@pytest.mark.parametrize(
    ("upcast", "words"),
    [
        (lambda data: data["missing"], "the upcaster of version 2 of 'counted' failed, KeyError"),
        (lambda _: None, "'counted': ValidationError: Expected `object`, got `null`"),
        (lambda _: {"amounts": "many"}, r"ValidationError: .* at `\$.amounts`"),
    ],
)
def test_an_upcaster_that_fails_or_returns_nonsense(
    upcast: Callable[[Any], Any], words: str
) -> None:
    types = EventTypes()
    types.event("counted", version=3)(Counted)
    types.upcast("counted", version=1)(lambda data: data)
    types.upcast("counted", version=2)(upcast)
    with pytest.raises(EventNotReadable, match=words):
        types.body_of(placed({}, name="counted", schema_version=1))
