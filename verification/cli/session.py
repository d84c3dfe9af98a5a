"""One `trueorder up`, from its first message to its last.

Standard output gets what is needed to use the servers and nothing else: two `export` lines or one
JSON document. What happens (starting, a death, a restart, stopping) is told on standard error.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import time
from pathlib import Path

from rich.console import Console

from verification.cluster.cluster import Cluster
from verification.cluster.commands import Command
from verification.cluster.installation import NatsInstallation, PostgresInstallation
from verification.cluster.supervise import supervise

__all__ = ["Session"]

_FIRST_STEP = "eventstore append order-1 --expected any --type Placed"
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class Session:
    """Runs a cluster until a signal ends it."""

    def __init__(
        self, postgres: PostgresInstallation, nats: NatsInstallation, *, as_json: bool
    ) -> None:
        self._postgres = postgres
        self._nats = nats
        self._as_json = as_json
        self._exit_code = 0
        # soft_wrap: a line that is cut by us can neither be pasted nor searched for.
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

    def run(self, folder: Path, port: int | None, nats_port: int | None) -> int:
        """Return the exit code of the signal that ended it.

        Raises:
            ConfigError: What was asked for cannot be done.
            ServerFailed: A server did not start, or died again and again.
        """
        return asyncio.run(self._run(folder, port, nats_port))

    async def _run(self, folder: Path, port: int | None, nats_port: int | None) -> int:
        self._end_on_signals()
        versions = f"PostgreSQL {self._postgres.version} and nats-server {self._nats.version}"
        self._say(f"Starting {versions} in {folder} ...")
        started = Cluster.start(
            folder,
            postgres_installation=self._postgres,
            nats_installation=self._nats,
            postgres_port=port,
            nats_port=nats_port,
        )
        try:
            async with started as cluster:
                await self._serve(cluster)
        except asyncio.CancelledError:
            if self._exit_code == 0:
                raise
        self._say(f"Stopped. The data is in {folder}, for the next time.")
        return self._exit_code

    async def _serve(self, cluster: Cluster) -> None:
        relay = cluster.relay()
        await relay.start()
        if self._as_json:
            print(self._document(cluster, relay), flush=True)
        else:
            self._say("Up. To use it, paste these lines into another shell:\n", style="bold green")
            print(_exports(cluster), flush=True)
            self._say(f"\nThen try:  {_FIRST_STEP}")
            self._say(f"Logs and data are in {cluster.folder}. Ctrl-C stops everything.")
        services = (cluster.postgres, cluster.nats, relay)
        watches = [asyncio.create_task(supervise(each, self._announce)) for each in services]
        try:
            await asyncio.gather(*watches)
        finally:
            for watch in watches:
                watch.cancel()

    def _end_on_signals(self) -> None:
        """The first signal ends in order; a second one cuts the orderly end short."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def end(number: signal.Signals) -> None:
            if self._exit_code == 0:
                self._exit_code = _EXIT_CODES[number]
                self._say("\nStopping ... (once more to kill)")
            if task is not None:
                task.cancel()

        for number in _EXIT_CODES:
            loop.add_signal_handler(number, end, number)

    def _document(self, cluster: Cluster, relay: Command) -> str:
        return json.dumps(
            {
                "schema": "trueorder.up/1",
                "folder": str(cluster.folder),
                "database_url": cluster.database_url,
                "nats_url": cluster.nats_url,
                "nats_monitor_url": cluster.nats.monitor_url,
                "postgres": {"version": self._postgres.version, "log": str(cluster.postgres.log)},
                "nats": {"version": self._nats.version, "log": str(cluster.nats.log)},
                "relay": {"log": str(relay.log)},
            }
        )

    def _announce(self, change: str) -> None:
        self._say(f"{time.strftime('%H:%M:%S')} {change}", style="yellow")

    def _say(self, text: str, *, style: str = "") -> None:
        self._console.print(text, style=style)


def _exports(cluster: Cluster) -> str:
    urls = {
        "EVENTSTORE_DATABASE_URL": cluster.database_url,
        "EVENTSTORE_NATS_URL": cluster.nats_url,
    }
    return "\n".join(f"export {name}={shlex.quote(url)}" for name, url in urls.items())
