"""Our own commands as children of a cluster: the relay and the projectors.

They run as a user would run them, with one difference: their URLs, which hold a password, are in
their environment and not on the command line, where every user of the machine could read them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from verification.cluster.config import inherited_environment
from verification.cluster.process import Process
from verification.cluster.service import Service

__all__ = ["Command"]


class Command(Service):
    """`python -m MODULE ARGUMENTS...`, with a log of its own.

    It counts as healthy once it runs: a relay has to bear that the servers are not there (yet), and
    one that ends at once is a crash that `supervise` sees.

    Args:
        name: What to call it in messages, such as "relay".
        arguments: The module and its arguments.
        folder: Its working directory; NAME.log is there.
        environment: What it gets besides ours.
        stop_timeout: Seconds for an orderly end before it is killed.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stop_timeout: float = 10.0,
    ) -> None:
        super().__init__(name, folder / f"{name}.log", stop_timeout=stop_timeout)
        self._arguments = tuple(arguments)
        self._folder = folder
        self._environment = dict(environment)

    async def _launch(self) -> Process:
        # -P: a file in the working directory must not shadow a module.
        command = [sys.executable, "-P", "-m", *self._arguments]
        return await Process.start(
            self.name,
            command,
            folder=self._folder,
            log=self.log,
            environment={**inherited_environment(), **self._environment},
        )

    async def _unhealthy(self) -> str | None:
        return None
