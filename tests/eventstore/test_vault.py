"""Personal data in the log: sealed, opened, forgotten, exported."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from eventstore import (
    ANY,
    Event,
    InvalidEvent,
    InvalidRequest,
    RecordedEvent,
    SealBroken,
    SubjectForgotten,
    stream_name,
)
from eventstore.memory import MemoryEventStore
from eventstore.sealing import MasterKeys
from eventstore.subject_keys import MemorySubjectKeys, check_subject
from eventstore.vault import Vault
from tests.contract.subject_keys import SubjectKeysContract
from tests.support.stores import json_values

ZOE, BOB = "customer:zoë", "customer:bob"
ORDER = stream_name("order-1")
MASTER = MasterKeys({"m": b"m" * 32})


class TestMemorySubjectKeys(SubjectKeysContract):
    @pytest.fixture
    def keys(self) -> MemorySubjectKeys:
        return MemorySubjectKeys()


@pytest.fixture
def keys() -> MemorySubjectKeys:
    return MemorySubjectKeys()


@pytest.fixture
def vault(keys: MemorySubjectKeys) -> Vault:
    return Vault(keys, MASTER)


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore()


PLACED = Event(
    type="placed",
    data={"total": 30, "to": {"name": "Zoë", "street": "1 Main"}, "gift_from": "Bob"},
    metadata={"ip": "::1", "by": "web"},
    tags=("order:1",),
)


async def stored(store: MemoryEventStore, event: Event) -> RecordedEvent:
    await store.append(ORDER, [event], expected=ANY)
    return (await store.read_stream_backwards(ORDER, limit=1))[0]


async def sealed_for_both(vault: Vault) -> Event:
    event = await vault.seal(PLACED, ZOE, ["data.to.name", "data.to.street", "metadata.ip"])
    return await vault.seal(event, BOB, ["data.gift_from"])


async def test_sealed_in_the_log_and_opened_again(vault: Vault, store: MemoryEventStore) -> None:
    recorded = await stored(store, await sealed_for_both(vault))
    assert recorded.data["total"] == 30
    assert recorded.data["to"]["name"]["subject"] == ZOE
    assert recorded.tags == ("order:1", f"subject:{ZOE}", f"subject:{BOB}")
    assert recorded.metadata["sealed"] == {
        ZOE: ["data.to.name", "data.to.street", "metadata.ip"],
        BOB: ["data.gift_from"],
    }
    written = msgspec.json.encode(recorded).decode()
    assert not any(word in written for word in ("Zoë", "Main", "Bob", "::1"))
    before = msgspec.json.encode(recorded)
    (opened,) = await vault.open([recorded])
    assert opened.data == PLACED.data
    assert opened.metadata == {**PLACED.metadata, "sealed": recorded.metadata["sealed"]}
    assert msgspec.json.encode(recorded) == before


async def test_forgotten(vault: Vault, store: MemoryEventStore) -> None:
    recorded = await stored(store, await sealed_for_both(vault))
    log = await store.read_log()
    assert await vault.forget(ZOE) is True
    (opened,) = await vault.open([recorded])
    assert opened.data == {
        "total": 30,
        "to": {"name": None, "street": None},
        "gift_from": "Bob",
    }
    assert opened.metadata["ip"] is None
    (opened,) = await vault.open([recorded], forgotten="(forgotten)")
    assert opened.data["to"]["name"] == "(forgotten)"
    assert await store.read_log() == log
    assert await vault.forget(ZOE) is False
    with pytest.raises(SubjectForgotten, match="nothing can be sealed") as caught:
        await vault.seal(PLACED, ZOE, ["data.to"])
    assert caught.value.definite


async def test_an_export_is_of_one_subject(vault: Vault, store: MemoryEventStore) -> None:
    await stored(store, await sealed_for_both(vault))
    await stored(store, Event(type="other"))
    await stored(store, await vault.seal(Event(type="x", data="hers"), ZOE, ["data"]))
    exported = [event async for event in vault.export(store, ZOE)]
    assert [event.position for event in exported] == [1, 3]
    assert exported[0].data["to"] == {"name": "Zoë", "street": "1 Main"}
    assert exported[0].data["gift_from"]["subject"] == BOB
    assert exported[1].data == "hers"
    assert [event async for event in vault.export(store, "customer:new")] == []
    await vault.forget(ZOE)
    with pytest.raises(SubjectForgotten, match="what was sealed for it is lost"):
        await anext(vault.export(store, ZOE))


@given(data=json_values, metadata=json_values)
async def test_any_json_comes_back_to_the_letter(data: Any, metadata: Any) -> None:
    vault, store = Vault(MemorySubjectKeys(), MASTER), MemoryEventStore()
    event = Event(type="x", data=data, metadata={"é": metadata})
    recorded = await stored(store, await vault.seal(event, ZOE, ["data", "metadata.é"]))
    (opened,) = await vault.open([recorded])
    assert msgspec.json.encode(opened.data) == msgspec.json.encode(data)
    assert msgspec.json.encode(opened.metadata["é"]) == msgspec.json.encode(metadata)


async def test_a_struct_is_sealed_as_the_json_that_it_is(
    vault: Vault, store: MemoryEventStore
) -> None:
    class Address(msgspec.Struct):
        name: str

    event = Event(type="x", data=Address("Zoë"))
    recorded = await stored(store, await vault.seal(event, ZOE, ["data.name"]))
    assert (await vault.open([recorded]))[0].data == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["data.nam"], "nothing at 'data.nam'"),
        (["data.total.x"], "nothing at 'data.total.x'"),
        (["data."], "nothing at"),
        (["name"], "nothing at"),
        ([""], "nothing at"),
        (["metadata"], "nothing at 'metadata'"),
        (["metadata.sealed"], "nothing at"),
        (["data.to", "data.to"], "overlap"),
        (["data.to", "data.to.name"], "overlap"),
        (["data.to.name", "data"], "overlap"),
    ],
)
async def test_paths_that_are_refused(vault: Vault, paths: list[str], words: str) -> None:
    with pytest.raises(InvalidEvent, match=words):
        await vault.seal(PLACED, ZOE, paths)


async def test_what_is_sealed_is_not_sealed_again(vault: Vault) -> None:
    event = await vault.seal(PLACED, ZOE, ["data.to.name"])
    for paths in (["data.to.name"], ["data.to"], ["data"]):
        with pytest.raises(InvalidEvent, match="overlap"):
            await vault.seal(event, BOB, paths)


async def test_events_that_break_a_rule_are_refused_before_nobody_can_see_it(
    vault: Vault, keys: MemorySubjectKeys
) -> None:
    for event in (
        Event(type="x", data={"n": float("nan")}),
        Event(type="x", data={"n": "\0"}),
        Event(type="x", data={"n": 1}, metadata={"sealed": "mine"}),
    ):
        with pytest.raises(InvalidEvent):
            await vault.seal(event, ZOE, ["data.n"])
    assert await keys.find([ZOE]) == {}


@pytest.mark.parametrize("subject", ["", "a b", "é" * 101, 7], ids=repr)
async def test_subjects_that_are_none(vault: Vault, subject: Any) -> None:
    check_subject("é" * 100)
    for refused in (vault.seal(PLACED, subject, ["data.to"]), vault.forget(subject)):
        with pytest.raises(InvalidRequest, match="is not a subject"):
            await refused


async def test_a_box_moved_to_another_place_does_not_open(
    vault: Vault, store: MemoryEventStore
) -> None:
    recorded = await stored(store, await sealed_for_both(vault))
    to = recorded.data["to"]
    swapped = {**recorded.data, "to": {"name": to["street"], "street": to["name"]}}
    other = await stored(store, await vault.seal(PLACED_AGAIN, ZOE, ["data.to.name"]))
    for forged in (
        msgspec.structs.replace(recorded, data=swapped),
        msgspec.structs.replace(other, data={**other.data, "to": to}),
        msgspec.structs.replace(recorded, data={**recorded.data, "to": {"name": "x"}}),
        msgspec.structs.replace(recorded, data={**recorded.data, "to": None}),
    ):
        with pytest.raises(SealBroken, match="position"):
            await vault.open([forged])


PLACED_AGAIN = Event(type="placed", data=PLACED.data)


async def test_lost_keys_are_not_forgotten_ones(vault: Vault, store: MemoryEventStore) -> None:
    recorded = await stored(store, await sealed_for_both(vault))
    with pytest.raises(SealBroken, match="there is no key of"):
        await Vault(MemorySubjectKeys(), MASTER).open([recorded])


async def test_without_the_master_key_nothing_opens(
    vault: Vault, keys: MemorySubjectKeys, store: MemoryEventStore
) -> None:
    recorded = await stored(store, await sealed_for_both(vault))
    with pytest.raises(SealBroken, match="master key 'm', which is not given"):
        await Vault(keys, MasterKeys({"n": b"n" * 32})).open([recorded])


async def test_a_master_key_is_replaced(
    vault: Vault, keys: MemorySubjectKeys, store: MemoryEventStore
) -> None:
    recorded = await stored(store, await sealed_for_both(vault))
    await vault.forget(BOB)
    both = Vault(keys, MasterKeys({"n": b"n" * 32, "m": b"m" * 32}))
    assert await both.rewrap() == 1
    assert await both.rewrap() == 0
    new_only = Vault(keys, MasterKeys({"n": b"n" * 32}))
    (opened,) = await new_only.open([recorded])
    assert (opened.data["to"]["name"], opened.data["gift_from"]) == ("Zoë", None)


async def test_events_without_seals_pass_through(vault: Vault, store: MemoryEventStore) -> None:
    plain = await stored(store, Event(type="x", data={"$sealed": 1}, metadata={"sealed": [7]}))
    assert await vault.open([plain]) == [plain]
