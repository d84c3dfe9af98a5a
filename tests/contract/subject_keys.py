"""The contract of a store of subjects' keys, as tests that every one passes."""

from __future__ import annotations

import asyncio

from eventstore.subject_keys import SubjectKeys

ZOE = "customer:zoë"
BOB = "customer:bob"


class SubjectKeysContract:
    async def test_a_key_is_kept_once(self, keys: SubjectKeys) -> None:
        assert await keys.find([ZOE, BOB]) == {}
        assert await keys.add(ZOE, b"\x00first") == b"\x00first"
        assert await keys.add(ZOE, b"second") == b"\x00first"
        assert await keys.find([ZOE, BOB]) == {ZOE: b"\x00first"}

    async def test_what_is_forgotten_stays_so(self, keys: SubjectKeys) -> None:
        await keys.add(ZOE, b"key")
        await keys.add(BOB, b"other")
        assert await keys.forget(ZOE) is True
        assert await keys.forget(ZOE) is False
        assert await keys.find([ZOE, BOB]) == {ZOE: None, BOB: b"other"}
        assert await keys.add(ZOE, b"again") is None
        assert await keys.replace(ZOE, b"key", b"new") is False
        assert await keys.find([ZOE]) == {ZOE: None}

    async def test_who_is_not_known_can_be_forgotten(self, keys: SubjectKeys) -> None:
        assert await keys.forget(ZOE) is False
        assert await keys.add(ZOE, b"key") is None

    async def test_a_key_is_replaced_if_it_is_still_the_same(self, keys: SubjectKeys) -> None:
        await keys.add(ZOE, b"key")
        assert await keys.replace(ZOE, b"other", b"new") is False
        assert await keys.replace(ZOE, b"key", b"new") is True
        assert await keys.replace(BOB, b"key", b"new") is False
        assert await keys.find([ZOE, BOB]) == {ZOE: b"new"}

    async def test_pages(self, keys: SubjectKeys) -> None:
        for number in (3, 1, 4, 2):
            await keys.add(f"s{number}", bytes([number]))
        await keys.forget("s3")
        assert await keys.page("", 2) == [("s1", b"\x01"), ("s2", b"\x02")]
        assert await keys.page("s2", 2) == [("s4", b"\x04")]
        assert await keys.page("s4", 2) == []

    async def test_those_who_add_at_once_agree(self, keys: SubjectKeys) -> None:
        added = await asyncio.gather(*(keys.add(ZOE, bytes([n])) for n in range(16)))
        assert len(set(added)) == 1
        assert await keys.find([ZOE]) == {ZOE: added[0]}
