"""What `docs/reference/nats.md` says about messages and projections holds."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eventstore import wire
from eventstore.event import Event
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import ABSENT, StreamName
from tests.support import relaying
from tests.support.source import ROOT

REFERENCE = (ROOT / "docs/reference/nats.md").read_text(encoding="utf-8")
FOLLOWER, PROJECTION = re.findall(r"^```python\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)


async def carry(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        events = [Event(type="OrderPlaced", data={"total": 42}), Event(type="Order paid")]
        await store.append(StreamName("order-1042"), events, expected=ABSENT)
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, 2)


@pytest.fixture
def environment(store_url: str, nats_url: str) -> dict[str, str]:
    asyncio.run(carry(store_url, nats_url))
    return {**os.environ, "EVENTSTORE_DATABASE_URL": store_url, "EVENTSTORE_NATS_URL": nats_url}


@pytest.mark.stack
def test_a_consumer_without_us(environment: dict[str, str]) -> None:
    followed = subprocess.run(
        [sys.executable, "-W", "error", "-c", FOLLOWER],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert followed.returncode == 0, followed.stderr
    assert followed.stdout == (
        "1 events.order.order-1042.OrderPlaced {'total': 42}\n"
        "2 events.order.order-1042.Order%20paid None\n"
    )


@pytest.mark.stack
def test_a_projection_of_ones_own(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text(PROJECTION, encoding="utf-8")
    projector = subprocess.Popen(
        [Path(sys.executable).parent / "projector", "run", "counting:EventsByType"],
        env=environment,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert projector.stderr is not None
        assert "connected; projecting after position 0" in projector.stderr.readline()
        assert "caught up at position 2" in projector.stderr.readline()
    finally:
        projector.terminate()
        projector.communicate(timeout=20)


def test_the_stream_and_its_subjects_are_named_right() -> None:
    assert f"| name | `{wire.STREAM}` |" in REFERENCE
    assert f"| subjects | `{wire.SUBJECTS}` and nothing else |" in REFERENCE
    assert f"`{wire.escape_token('Order placed v1.2')}`" in REFERENCE
