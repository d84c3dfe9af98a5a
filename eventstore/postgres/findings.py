"""What a look at a server found, and how bad it is."""

from __future__ import annotations

import enum

import msgspec

__all__ = ["Finding", "Level"]


class Level(enum.StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and could lose or hide something in a rare case."""
    ERROR = "error"
    """It must be set right: the store refuses it, or an acknowledged append can be lost."""
    VIOLATION = "violation"
    """The log is not what the store promises."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    value: str
    level: Level = Level.OK
    advice: str = ""
