"""Documents as JSON: what cannot be said is refused, and not said otherwise."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.document_json import decode_document, encode_document


class Struct(msgspec.Struct):
    amount: float
    of: Any = None


@dataclass
class Data:
    amount: float
    of: Any = None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return value not in (inf, -inf)


@given(JSON)
def test_a_document_is_read_back_as_it_was_or_is_refused(document: Any) -> None:
    if finite(document):
        assert decode_document(encode_document("k", document)) == document
    else:
        with pytest.raises(ValueError, match=r"'k' has the number -?inf"):
            encode_document("k", document)


@pytest.mark.parametrize(
    "document",
    [
        nan,
        [nan],
        (1, (inf,)),
        {"a": {"b": [None, -inf]}},
        OrderedDict(a=nan),
        Struct(nan),
        Struct(1.0, [Struct(inf)]),
        Data(nan),
        Data(0.0, {"x": Data(nan)}),
        {inf},
    ],
)
def test_a_number_that_is_not_finite_is_refused_wherever_it_is(document: Any) -> None:
    with pytest.raises(ValueError, match="the document 'total' has the number"):
        encode_document("total", document)


@pytest.mark.parametrize("document", [None, [None], "null", Struct(1.5), msgspec.Raw(b"[null]")])
def test_a_null_that_was_meant_is_stored(document: Any) -> None:
    assert "null" in encode_document("k", document)
