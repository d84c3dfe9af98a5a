"""One step of a legal order, as explanations show it."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["STATE_CHARACTERS", "Step"]

STATE_CHARACTERS: Final = 60
"""What is shown of a state."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a legal order, and the state after it."""

    operation: int
    does: str
    state: str
