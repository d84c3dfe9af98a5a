"""What the servers are and what they promise to keep: versions and durability settings.

A verdict on data that a power cut would lose means something else than one on data that it would
not, so every run writes this down before the first request.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any, Final

from eventstore.postgres import preflight as store
from verification.cluster.cluster import Cluster
from verification.errors import ServerFailed

__all__ = ["preflight"]

_NANOSECONDS: Final = 1e9
_SECONDS: Final = 5.0


async def preflight(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Look at both servers: what `eventstore doctor` finds, and JetStream's settings.

    Raises:
        EventStoreError: PostgreSQL does not answer.
        ServerFailed: NATS does not answer.
    """
    findings = await store.preflight(cluster.database_url)
    nats = cluster.nats
    try:
        variables = await asyncio.to_thread(_varz, nats.monitor_url)
    except (OSError, ValueError) as error:
        raise ServerFailed(nats.name, f"does not answer: {error}", nats.log, nats.tail()) from error
    return {
        "PostgreSQL": {finding.name: finding.value for finding in findings},
        "nats-server": {"version": variables["version"], "sync": _sync_of(variables)},
    }


def _sync_of(variables: dict[str, Any]) -> str:
    config = variables["jetstream"]["config"]
    if config.get("sync_always"):
        return "always"
    return f"every {config['sync_interval'] / _NANOSECONDS:g} s"


def _varz(monitor_url: str) -> dict[str, Any]:
    url = f"{monitor_url}/varz"
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - our own server
        variables: dict[str, Any] = json.load(answer)
    return variables
