"""First in, first out."""

from __future__ import annotations

from collections.abc import Hashable

from checker.models.container import Container, State

__all__ = ["Queue"]


class Queue(Container):
    """A FIFO queue: ``enqueue`` (value: what to add), ``dequeue`` (output: the oldest, or null)."""

    name = "queue"
    insertions = ("enqueue",)
    removals = ("dequeue",)

    def insert(self, state: State, token: Hashable) -> State:
        """The new one leaves last."""
        return (*state, token)
