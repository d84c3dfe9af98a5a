"""Documents as JSON: what is stored of them. No I/O.

msgspec writes a number that is not finite as ``null``, without a word: a sum that overflowed would
be no sum from then on. Here it is refused. What costs time is done only for JSON that has a null.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

__all__ = ["decode_document", "encode_document"]

_encode: Final = msgspec.json.Encoder().encode
decode_document: Final = msgspec.json.Decoder().decode


def encode_document(key: str, document: Any) -> str:
    """Write a document as JSON.

    Raises:
        ValueError: a number in it is not finite, which JSON has no way to say.
        TypeError: it is nothing that JSON can say, as msgspec knows it.
    """
    text = _encode(document).decode()
    if "null" in text:
        for number in _numbers(document):
            if not math.isfinite(number):
                raise ValueError(f"the document {key!r} has the number {number}: JSON has none")
    return text


def _numbers(value: Any) -> Iterable[float]:
    """Find the floating-point numbers in what was encoded, so it is no deeper than that may be."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, msgspec.Struct):
        yield from _numbers(msgspec.structs.astuple(value))
    elif dataclasses.is_dataclass(value):
        yield from _numbers(vars(value))
