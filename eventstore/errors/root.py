"""The root of the tree, and what is wrong before anything is sent."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["ConfigError", "EventStoreError", "InvalidEvent", "InvalidRequest", "InvalidStreamName"]


class EventStoreError(Exception):
    """The root: every error this package raises on purpose."""

    definite: ClassVar[bool] = False


class ConfigError(EventStoreError):
    """A setting is missing or cannot be used; the message names it and says what it takes."""

    definite = True


class InvalidRequest(EventStoreError):
    """An append or a read breaks a rule of the store and was not even tried."""

    definite = True


class InvalidEvent(InvalidRequest):
    """An event breaks a rule of the log; nothing of its append was stored."""


class InvalidStreamName(InvalidRequest):
    """A stream name breaks a rule; nothing was stored."""

    def __init__(self, name: object, reason: str) -> None:
        super().__init__(
            f"{name!r} is not a stream name: {reason}. "
            "A stream name is CATEGORY-ID, such as 'order-1042'."
        )
        self.name = name
        self.reason = reason
