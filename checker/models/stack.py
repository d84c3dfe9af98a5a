"""Last in, first out."""

from __future__ import annotations

from collections.abc import Hashable

from checker.models.container import Container, State

__all__ = ["Stack"]


class Stack(Container):
    """A LIFO stack: ``push`` (value: what to add), ``pop`` (output: the newest, or null)."""

    name = "stack"
    insertions = ("push",)
    removals = ("pop",)

    def insert(self, state: State, token: Hashable) -> State:
        """The new one leaves first."""
        return (token, *state)
