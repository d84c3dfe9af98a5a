"""Locks: held by one at a time, with or without an owner, with or without a fencing token.

An acquire or a release that fails did not happen. None of these locks can be acquired again by who
holds it already.
"""

from __future__ import annotations

from typing import Final

from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model
from checker.operation import Operation, Outcome

__all__ = ["FencedLock", "Lock", "Mutex"]

FUNCTIONS: Final = ("acquire", "release")
_TOKEN_MAX: Final = 2**63

Holder = tuple[int | str, ...]
"""The process that holds the lock, if one does."""


class Mutex(Model[bool]):
    """A lock without an owner: ``acquire`` if nobody holds it, ``release`` if anybody does."""

    name = "mutex"

    def init(self) -> bool:
        """Return False: nobody holds it."""
        return False

    def step(self, state: bool, operation: Operation) -> bool | None:  # noqa: FBT001 - the state
        """Take it or give it back."""
        acquires = is_acquire(self.name, operation)
        return acquires if state is not acquires else None


class Lock(Model[Holder]):
    """A lock that its process owns: only the process that acquired it can release it."""

    name = "lock"

    def init(self) -> Holder:
        """Return the lock that nobody holds."""
        return ()

    def step(self, state: Holder, operation: Operation) -> Holder | None:
        """Take it or give it back."""
        if is_acquire(self.name, operation):
            return None if state else (operation.process,)
        return () if state == (operation.process,) else None


class FencedLock(Model[tuple[Holder, tuple[int, ...]]]):
    """A lock whose ``acquire`` is answered with a fencing token greater than all before.

    Tokens are whole numbers; an acquire without one says nothing about the tokens of others. The
    state is the holder and the last token known.
    """

    name = "fenced-lock"

    def init(self) -> tuple[Holder, tuple[int, ...]]:
        """Return the lock that nobody holds and nobody ever held."""
        return (), ()

    def step(
        self, state: tuple[Holder, tuple[int, ...]], operation: Operation
    ) -> tuple[Holder, tuple[int, ...]] | None:
        """Take it with a new token, or give it back."""
        holder, last = state
        if not is_acquire(self.name, operation):
            return ((), last) if holder == (operation.process,) else None
        token = self.token(operation)
        if holder or (token is not None and last and token <= last[0]):
            return None
        return (operation.process,), last if token is None else (token,)

    def token(self, operation: Operation) -> int | None:
        """Return the token of an acquire, None if it has none.

        Raises:
            MalformedHistory: it is not a whole number.
        """
        token = operation.output
        if token is None or (type(token) is int and -_TOKEN_MAX <= token < _TOKEN_MAX):
            return token
        raise malformed("a fencing token is a whole number of 64 bits", operation)


def is_acquire(model: str, operation: Operation) -> bool:
    """Say whether an operation takes the lock; otherwise it gives it back.

    Raises:
        MalformedHistory: it is neither, or it was refused and is not recorded as a fail.
    """
    if operation.f not in FUNCTIONS:
        raise unknown_operation(model, FUNCTIONS, operation)
    if operation.outcome is Outcome.OK and operation.output is False:
        raise malformed(
            f"a refused {operation.f} is a fail, not ok with the answer false", operation
        )
    return operation.f == "acquire"
