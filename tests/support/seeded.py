"""Randomness that a test can repeat."""

from __future__ import annotations

from random import Random


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - for faults and waits, not for secrets
