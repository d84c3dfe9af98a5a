"""What a service says of itself: one log line per change of state, none while nothing changes."""

from __future__ import annotations

import logging

__all__ = ["StateLog"]


class StateLog:
    """Logs states and troubles; what is still the same is not said again.

    A trouble can come and go many times a minute while a server is away; it is said once, until
    all is well again.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._trouble = ""
        self._state = ""

    def trouble(self, error: Exception | str) -> None:
        """Say what went wrong and will be tried again."""
        if str(error) != self._trouble:
            self._logger.warning("%s; trying again", error)
        self._trouble = str(error)
        self._state = ""

    def well(self, state: str, *arguments: object) -> None:
        """Say a state in which nothing is wrong; ``state`` is a format, which identifies it."""
        if state != self._state:
            self._logger.info(state, *arguments)
        self._trouble = ""
        self._state = state
