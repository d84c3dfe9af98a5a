from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.js.api import StreamConfig, SubjectTransform

from eventstore import wire
from eventstore.consumer.partitions import partition_of, plan, share_of
from eventstore.jetstream import connect
from eventstore.stream import stream_name


def fnv1a(data: bytes) -> int:
    value = 2166136261
    for byte in data:
        value = ((value ^ byte) * 16777619) % 2**32
    return value


def test_the_hash_is_fnv_1a() -> None:
    # The vectors of draft-eastlake-fnv for "", "a" and "foobar" hold the helper to the function.
    assert [fnv1a(text) for text in (b"", b"a", b"foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


@pytest.mark.parametrize(
    ("stream", "token"),
    [("order-1", b"order-1"), ("cart-ü", "cart-ü".encode()), ("order-1.2", b"order-1%2E2")],
)
def test_a_stream_has_the_partition_of_its_token(stream: str, token: bytes) -> None:
    for partitions in (1, 7, 16):
        assert partition_of(stream_name(stream), partitions) == fnv1a(token) % partitions


@pytest.mark.stack
async def test_nats_has_the_same_partitions(nats_url: str) -> None:
    names = [stream_name(f"{category}-{n}.é") for category in ("order", "cart") for n in range(20)]
    transform = SubjectTransform(
        src="events.*.*.*", dest="part.{{partition(16,2)}}.{{wildcard(2)}}"
    )
    async with connect(nats_url, name="test") as connection:
        await connection.api.add_stream(
            StreamConfig(name="PARTS", subjects=["events.>"], subject_transform=transform)
        )
        found = []
        for sequence, name in enumerate(names, start=1):
            await connection.api.publish(wire.subject_for(name, "Placed"), b"")
            stored = await connection.api.get_msg("PARTS", sequence)
            assert stored.subject is not None
            found.append(int(stored.subject.split(".")[1]))
    assert found == [partition_of(name, 16) for name in names]
    assert len(set(found)) > 8


@given(st.sets(st.text(min_size=1), min_size=1, max_size=12), st.integers(1, 40))
def test_shares_are_fair_and_add_up(members: set[str], partitions: int) -> None:
    shares = [share_of(member, members, partitions) for member in members]
    assert sum(shares) == partitions
    assert max(shares) - min(shares) <= 1


@given(st.data())
def test_members_come_to_their_shares_whatever_happens(data: st.DataObject) -> None:
    """Members come, go and are forgotten; then, after two rounds, each has its share."""
    partitions = data.draw(st.integers(1, 20))
    owner: dict[int, str] = {}
    members: set[str] = set()

    def turn(member: str) -> None:
        owned = [p for p, name in owner.items() if name == member]
        free = set(range(partitions)) - owner.keys()
        chosen = plan(owned=owned, free=free, share=share_of(member, members, partitions))
        assert free.issuperset(chosen.take)
        owner.update(dict.fromkeys(chosen.take, member))
        for partition in chosen.surplus:
            del owner[partition]

    names = st.sampled_from("abcdef")
    for name in data.draw(st.lists(names, max_size=30)):
        if name in members and data.draw(st.booleans()):
            members.discard(name)
            owner = {p: other for p, other in owner.items() if other != name}
        else:
            members.add(name)
            turn(name)
    for _ in range(2):
        for member in sorted(members):
            turn(member)
    for member in members:
        held = sum(name == member for name in owner.values())
        assert held == share_of(member, members, partitions)
