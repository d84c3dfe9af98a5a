"""Why the checker could not judge. A verdict is never an exception.

::

    CheckerError
    +- MalformedHistory
    |  +- HistoryTooLarge
    +- UnknownModel
    +- UnknownConsistency
    +- UnknownFormat
    +- ModelError
    +- EngineUnavailable
    +- NothingToShrink
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

__all__ = [
    "CheckerError",
    "EngineUnavailable",
    "HistoryTooLarge",
    "MalformedHistory",
    "ModelError",
    "NothingToShrink",
    "UnknownConsistency",
    "UnknownFormat",
    "UnknownModel",
]


class CheckerError(Exception):
    """The root: every error this package raises on purpose."""


class MalformedHistory(CheckerError):
    """The history cannot have been observed as it is written: it is wrong, not inconsistent.

    ``source`` is the file, ``line`` counts from 1 (None where a format has no lines), ``operation``
    is the faulty operation's own words.
    """

    def __init__(
        self,
        reason: str,
        *,
        source: str = "<history>",
        line: int | None = None,
        operation: str | None = None,
    ) -> None:
        place = source if line is None else f"{source}:{line}"
        tail = f" [{operation}]" if operation else ""
        super().__init__(f"{place}: {reason}{tail}")
        self.reason = reason
        self.source = source
        self.line = line
        self.operation = operation


class HistoryTooLarge(MalformedHistory):
    """The history is larger than what reading it may cost; whether it is well-formed is open."""

    @property
    def undecided(self) -> str:
        """Why it has no verdict, and what to change."""
        return f"not read: {self.reason}, which is half of the memory limit: raise --memory-limit"


class UnknownModel(CheckerError):
    """No model has this name, or it cannot be made: ``reason`` says why if there is more to say."""

    def __init__(self, name: str, known: Iterable[str], reason: str = "") -> None:
        self.name = name
        self.known = tuple(known)
        self.reason = reason
        super().__init__(
            f"cannot use model {name!r}: {reason}"
            if reason
            else f"unknown model {name!r}: known are {', '.join(self.known)}, or module:Class."
        )


class UnknownConsistency(CheckerError):
    """No consistency level has this name, or the model is not judged by it."""


class UnknownFormat(CheckerError):
    """No reader has this name, or none recognises the file."""


class ModelError(CheckerError):
    """A model raised, or broke its contract; the history is not judged."""

    def __init__(self, model: str, operation: str, cause: str) -> None:
        super().__init__(f"model {model!r} failed on operation [{operation}]: {cause}")
        self.model = model
        self.operation = operation

    @classmethod
    def raised(cls, model: str, operation: str, error: BaseException) -> Self:
        """Of what a model raised about an operation, or in a method that it calls."""
        return cls(model, operation, f"{type(error).__name__}: {error}")


class EngineUnavailable(CheckerError):
    """The engine that was asked for cannot decide this model or is not built here."""


class NothingToShrink(CheckerError):
    """Only a violation can be shrunk, and there is none such; ``verdict`` is the history's."""

    def __init__(self, reason: str, verdict: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
