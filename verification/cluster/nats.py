"""A nats-server of our own with JetStream, in one folder.

::

    FOLDER/jetstream/     the store
    FOLDER/nats.conf      written anew at each start
    FOLDER/nats.log

It listens on 127.0.0.1 alone, without a password: whoever may log in to this machine may publish.
With its defaults (`sync_interval: always`) an acknowledged publish survives a power cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from verification.cluster.installation import NatsInstallation, find_nats
from verification.cluster.ports import LOOPBACK, draw_port
from verification.cluster.process import Process
from verification.cluster.server import Server

__all__ = ["NatsServer"]

_ANSWER_SECONDS = 2.0


class NatsServer(Server):
    """Starts, kills, pauses and restarts one nats-server; see `Service` for the verbs.

    Args:
        folder: Where everything of it is; made when missing. A store there is used again.
        installation: Its program; looked for without one.
        port: The loopback port for clients; a free one is drawn without.
        usual_port: The one to take without `port`, unless somebody else has it.
        sync_interval: When JetStream flushes to disk: `always`, or a duration such as `2m`,
            which gives up what survives a power cut (never a kill -9), for speed.
        start_timeout: Seconds until it must be healthy, the recovery of its streams included.
        stop_timeout: Seconds for an orderly shutdown before it is killed.

    Attributes:
        monitor_port: The loopback port of its HTTP monitoring.
    """

    def __init__(
        self,
        folder: Path,
        *,
        installation: NatsInstallation | None = None,
        port: int | None = None,
        usual_port: int | None = None,
        sync_interval: str = "always",
        start_timeout: float = 60.0,
        stop_timeout: float = 20.0,
    ) -> None:
        super().__init__(
            "nats-server",
            folder,
            log="nats.log",
            port=port,
            usual_port=usual_port,
            start_timeout=start_timeout,
            stop_timeout=stop_timeout,
        )
        self.monitor_port = 0
        self._installation = installation
        self._sync_interval = sync_interval
        # Tells our server from a stranger that answers on its port.
        self._server_name = f"trueorder-{secrets.token_hex(8)}"

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Where `/varz`, `/jsz` and `/healthz` are."""
        return f"http://{LOOPBACK}:{self.monitor_port}"

    async def _prepare(self) -> None:
        if self._installation is None:
            self._installation = await asyncio.to_thread(find_nats)

    def _draw_ports(self) -> None:
        super()._draw_ports()
        self.monitor_port = draw_port()

    async def _launch(self) -> Process:
        if self._installation is None:
            raise RuntimeError("a launch comes after the preparation")
        config = self.folder / "nats.conf"
        config.write_text(self._configuration(), encoding="utf-8")
        return await Process.start(
            self.name,
            [self._installation.file, "--config", config],
            folder=self.folder,
            log=self.log,
            environment={"PATH": os.defpath, "TZ": "UTC"},
            hold=self._held,
        )

    def _configuration(self) -> str:
        # The store is named relative to the working directory: no path needs quoting.
        return (
            f"server_name: {self._server_name}\n"
            f'listen: "{LOOPBACK}:{self.port}"\n'
            f'http: "{LOOPBACK}:{self.monitor_port}"\n'
            "jetstream {\n"
            '  store_dir: "jetstream"\n'
            f"  sync_interval: {self._sync_interval}\n"
            "}\n"
        )

    async def _unhealthy(self) -> str | None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                greeting = await _greeting(self.port)
                if greeting.get("server_name") != self._server_name:
                    return f"another server answers on port {self.port}"
                health = await _http_get(self.monitor_port, "/healthz")
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return None if health.get("status") == "ok" else json.dumps(health)


async def _greeting(port: int) -> dict[str, Any]:
    """What a nats-server says first: `INFO {...}`."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    with contextlib.closing(writer):
        return _parse((await reader.readline()).removeprefix(b"INFO "))


async def _http_get(port: int, path: str) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    with contextlib.closing(writer):
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}\r\n\r\n".encode())
        return _parse((await reader.read()).partition(b"\r\n\r\n")[2])


def _parse(text: bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {text[:60]!r}")  # noqa: TRY004 - an answer
    return value
