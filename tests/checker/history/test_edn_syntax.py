from __future__ import annotations

import contextlib
import math
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.history.formats.edn_syntax import EdnError, EdnReader
from tests.support.edn import edn_text


def _read(text: str) -> list[Any]:
    return [form for _, form in EdnReader(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("false", False),
        (":read", "read"),
        (":jepsen.history/op", "jepsen.history/op"),
        ("symbol", "symbol"),
        ("-", "-"),
        ("->>x", "->>x"),
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("-12", -12),
        ("42N", 42),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1.", 1.0),
        ("-2e3", -2000.0),
        ("1/3", "1/3"),
        ("1.50M", "1.50M"),
        ("##NaN", "##NaN"),
        ("##-Inf", "##-Inf"),
        (r'"a\"b\\c\nd\u00e9"', 'a"b\\c\nd\u00e9'),
        (r'"\ud83d\ude00"', "\U0001f600"),
        ('"two\nlines"', "two\nlines"),
        (r"\a", "a"),
        (r"\newline", "\n"),
        (r"\u0041", "A"),
        (r"\)", ")"),
        ("[1 [2 nil] ()]", [1, [2, None], []]),
        ("(1, 2,,, 3)", [1, 2, 3]),
        ("#{3 1}", [3, 1]),
        ('{:a 1, "b" 2, 3 4, nil 5, [6] 7}', {"a": 1, "b": 2, "3": 4, "null": 5, "[6]": 7}),
        ('#inst "2026-01-01"', "2026-01-01"),
        ("#jepsen.history.Op{:f :read}", {"f": "read"}),
        ("#:jepsen{:f :read}", {"f": "read"}),
        ('#object[Foo 0x1f "x"]', ["Foo", 31, "x"]),
        ("#a #b 1", 1),
    ],
)
def test_each_kind_of_value(text: str, value: Any) -> None:
    # In a map, as the text's own brackets would be taken for those around all operations.
    assert _read("{:value " + text + "}") == [{"value": value}]


def test_comments_and_discards_vanish() -> None:
    text = """; first
    {:a 1} ; after
    #_{:b 2} #_ #_ {:c 3} [4] {:d 5 #_6 :e #_ #tag 7 8}
    #tag #_ 9 {:f 10} #_
    11
    """
    assert _read(text) == [{"a": 1}, {"d": 5, "e": 8}, {"f": 10}]


@pytest.mark.parametrize("enclose", ["{}", "[{}]", "({})", " ; why\n #tag [ {}\n ] #_ x ; end"])
def test_one_vector_or_list_may_enclose_all(enclose: str) -> None:
    text = enclose.replace("{}", "{:a 1} {:b 2}")
    assert _read(text) == [{"a": 1}, {"b": 2}]


def test_offsets_are_those_of_the_elements() -> None:
    text = "[{:a 1}\n #tag {:b 2}]"
    assert [text[start] for start, _ in EdnReader(text)] == ["{", "#"]


def test_a_discarded_vector_encloses_nothing() -> None:
    assert _read("#_[{:a 1}] {:b 2} {:c 3}") == [{"b": 2}, {"c": 3}]


@pytest.mark.parametrize(
    "text",
    [
        *("{:a}", "{:a 1", "[1", "]", "{:a 1]", "(1 2]", "#{1", '"x', "{:a 1} }", "#_", "#tag"),
        *("[#_]", "[#tag]", "{:a 1 :a 2}", "01", "1x", "1.2.3", ":", "[1] 2", r"\nope", '"\\q"'),
        *("'x", "@x", "^x y", "`x", "~x", '#"regex"', "#(x)", "1e999", r'"\ud800"', r"\udc00"),
    ],
)
def test_what_is_not_edn_is_refused(text: str) -> None:
    with pytest.raises(EdnError) as caught:
        _read(text)
    assert 0 <= caught.value.position <= len(text)


@settings(max_examples=300)
@given(st.text(alphabet='{}[]()#_:"\\;,.-+/^@ \n01aNM' + string.ascii_lowercase[:3], max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(EdnError):
        _read(text)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=200)
@given(_VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    ((got,),) = [_read("[" + edn_text([value]) + "]")]
    assert got == [value]
    if isinstance(value, float):
        assert math.copysign(1, got[0]) == math.copysign(1, value)
