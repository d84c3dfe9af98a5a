"""What the servers are and what they promise to keep: versions and durability settings.

A verdict on data that a power cut would lose means something else than one on data that it would
not, so every run writes this down before the first request.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any, Final

from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

__all__ = ["preflight"]

_POSTGRES_SETTINGS: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "data_checksums",
)
_NATS_SETTINGS: Final = ("sync_always", "sync_interval")
_SECONDS: Final = 5.0


async def preflight(postgres: PostgresServer, nats: NatsServer) -> dict[str, dict[str, Any]]:
    """Ask both servers for their version and durability settings."""
    settings: dict[str, Any] = {}
    async with postgres.connection() as connection:
        for name in _POSTGRES_SETTINGS:
            settings[name] = await connection.fetchval("SELECT current_setting($1)", name)
    variables = await asyncio.to_thread(_varz, nats.monitor_url)
    jetstream = variables.get("jetstream", {}).get("config", {})
    return {
        "PostgreSQL": settings,
        "nats-server": {
            "version": variables.get("version"),
            **{name: jetstream.get(name) for name in _NATS_SETTINGS},
        },
    }


def _varz(monitor_url: str) -> dict[str, Any]:
    url = f"{monitor_url}/varz"
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - our own server
        variables: dict[str, Any] = json.load(answer)
    return variables
