"""Boxes, and keys that are wrapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ConfigError
from eventstore.sealing import KEY_BYTES, BoxBroken, MasterKeys, new_data_key, open_box, seal

KEY = bytes(range(KEY_BYTES))
PURPOSE = ["value", "customer:1", "id", "data.name"]
GOLDEN = "2d10c9394dff0f97235b3f8beeb1401ab0f27455a8"


@given(st.binary(max_size=100), st.lists(st.text(), max_size=4))
def test_what_is_sealed_opens(plaintext: bytes, purpose: list[str]) -> None:
    box = seal(KEY, plaintext, purpose)
    assert open_box(KEY, box, purpose) == plaintext
    assert len(box) == 1 + 12 + len(plaintext) + 16
    assert seal(KEY, plaintext, purpose) != box


def test_the_format_is_the_one_that_is_in_logs() -> None:
    # AES-256-GCM itself is tested by `cryptography`; this holds what is around it.
    box = seal(KEY, b'"zoe"', PURPOSE, lambda count: b"\x07" * count)
    assert box.hex() == "01070707070707070707070707" + GOLDEN
    assert open_box(KEY, bytes.fromhex("01070707070707070707070707" + GOLDEN), PURPOSE) == b'"zoe"'


@given(st.data())
def test_a_changed_box_does_not_open(data: st.DataObject) -> None:
    box = bytearray(seal(KEY, b"plaintext", PURPOSE))
    box[data.draw(st.integers(0, len(box) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BoxBroken):
        open_box(KEY, bytes(box), PURPOSE)


@pytest.mark.parametrize("length", [0, 1, 5, 13, 28])
def test_a_cut_box_does_not_open(length: int) -> None:
    with pytest.raises(BoxBroken):
        open_box(KEY, seal(KEY, b"", PURPOSE)[:length], PURPOSE)


def test_it_opens_for_its_purpose_and_by_its_key_only() -> None:
    box = seal(KEY, b"x", PURPOSE)
    with pytest.raises(BoxBroken, match="moved"):
        open_box(KEY, box, [*PURPOSE[:-1], "data.other"])
    with pytest.raises(BoxBroken, match="another key"):
        open_box(new_data_key(), box, PURPOSE)
    with pytest.raises(BoxBroken, match="another version"):
        open_box(KEY, b"\x02" + box[1:], PURPOSE)


def keys_of(*names: str) -> MasterKeys:
    return MasterKeys({name: bytes([number]) * KEY_BYTES for number, name in enumerate(names)})


def test_keys_are_wrapped_by_the_first_and_unwrapped_by_all() -> None:
    old = MasterKeys.parse(f"# the first\nold {'A' * 43}=\n")
    both = MasterKeys.parse(f"new {'B' * 42}A=  # now\n\nold {'A' * 43}=")
    wrapped = old.wrap(KEY, "customer:1")
    assert old.wrapped_by(wrapped) == "old"
    assert both.unwrap(wrapped, "customer:1") == KEY
    again = both.wrap(KEY, "customer:1")
    assert both.wrapped_by(again) == "new"
    with pytest.raises(BoxBroken, match="master key 'new', which is not given"):
        old.unwrap(again, "customer:1")


def test_a_wrapped_key_is_of_one_subject() -> None:
    keys = keys_of("a")
    with pytest.raises(BoxBroken):
        keys.unwrap(keys.wrap(KEY, "customer:1"), "customer:2")
    for wrapped in (b"", b"\x01", b"\x01a", b"\x09a"):
        with pytest.raises(BoxBroken):
            keys.unwrap(wrapped, "customer:1")


def test_a_new_line_for_a_key_file() -> None:
    lines = {MasterKeys.new_line("2026") for _ in range(3)}
    assert len(lines) == 3
    assert MasterKeys.parse(lines.pop()).current == "2026"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no master key"),
        ("# nothing", "there is no master key"),
        ("\nname", "line 2 is not a name and a key"),
        ("name key more", "line 1 is not"),
        ("name ????", "line 1 is not"),
        ("name QUJD", "has 3 bytes, not 32"),
        (f"a {'A' * 43}=\na {'A' * 43}=", "line 2 names 'a' again"),
        (f"{'n' * 65} {'A' * 43}=", "1 to 64 bytes"),
    ],
)
def test_key_files_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        MasterKeys.parse(text)
    assert "AAAA" not in str(caught.value)
