"""Whose data is sealed in the log, and the wrapped keys that open it.

A subject is whom data is about (``customer:42``): an identifier, and no name, since it stays in the
log for ever. Stores of keys are met by Postgres and by memory alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from eventstore.encoding import tag_fault
from eventstore.errors import InvalidRequest

__all__ = [
    "SUBJECT_BYTES_MAX",
    "MemorySubjectKeys",
    "SubjectKeys",
    "check_subject",
    "subject_tag",
]

SUBJECT_BYTES_MAX: Final = 200
"""The longest subject, in UTF-8: with its prefix it is a tag."""

_TAG_PREFIX: Final = "subject:"


def check_subject(subject: str) -> str:
    """Check a subject: printable, no white space, at most 200 bytes in UTF-8.

    Raises:
        InvalidRequest: says which rule is broken.
    """
    fault = tag_fault(subject)
    if fault is None and len(subject.encode()) > SUBJECT_BYTES_MAX:
        fault = f"it has {len(subject.encode())} bytes in UTF-8, at most {SUBJECT_BYTES_MAX} fit"
    if fault is not None:
        raise InvalidRequest(f"{str(subject)[:40]!r} is not a subject: {fault}.")
    return subject


def subject_tag(subject: str) -> str:
    """Return the tag of the events that hold values sealed for a subject."""
    return f"{_TAG_PREFIX}{subject}"


class SubjectKeys(Protocol):
    """Keeps the wrapped keys of subjects. What is forgotten stays so."""

    async def find(self, subjects: Sequence[str]) -> Mapping[str, bytes | None]:
        """Return the wrapped keys of those that are known; null is forgotten.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        ...

    async def add(self, subject: str, wrapped: bytes) -> bytes | None:
        """Keep a key unless the subject is known; return what is kept then, null if forgotten.

        Raises:
            UpdateFailed, StoreUnavailable: no answer came; repeat it.
        """
        ...

    async def replace(self, subject: str, old: bytes, new: bytes) -> bool:
        """Replace a wrapped key if it is still this one; says whether it was."""
        ...

    async def forget(self, subject: str) -> bool:
        """Destroy a subject's key for ever; says whether there was one.

        Raises:
            UpdateFailed, StoreUnavailable: no answer came; repeat it.
        """
        ...

    async def page(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Return keys that are not forgotten, of subjects that sort after one."""
        ...


class MemorySubjectKeys:
    """`SubjectKeys` in memory, for tests."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes | None] = {}

    async def find(self, subjects: Sequence[str]) -> Mapping[str, bytes | None]:
        """Return the wrapped keys of those that are known; null is forgotten."""
        return {subject: self._keys[subject] for subject in subjects if subject in self._keys}

    async def add(self, subject: str, wrapped: bytes) -> bytes | None:
        """Keep a key unless the subject is known; return what is kept then."""
        return self._keys.setdefault(subject, wrapped)

    async def replace(self, subject: str, old: bytes, new: bytes) -> bool:
        """Replace a wrapped key if it is still this one."""
        if self._keys.get(subject) != old:
            return False
        self._keys[subject] = new
        return True

    async def forget(self, subject: str) -> bool:
        """Destroy a subject's key for ever."""
        known = self._keys.get(subject) is not None
        self._keys[subject] = None
        return known

    async def page(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Return keys that are not forgotten, of subjects that sort after one."""
        kept = sorted((s, key) for s, key in self._keys.items() if key is not None and s > after)
        return kept[:limit]
