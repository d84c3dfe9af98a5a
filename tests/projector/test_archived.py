"""A projection is built of archived events too, wherever their files are."""

from __future__ import annotations

import shutil
from pathlib import Path

import asyncpg
import pytest

from eventstore import ANY, Event, Position, connect, stream_name
from eventstore.config import ARCHIVE_FOLDER
from eventstore.errors import ArchiveMissing
from eventstore.postgres.archive import archive
from projector.cli import app

pytestmark = pytest.mark.stack


async def test_a_rebuild_reads_archives(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(store_url) as store:
        for _ in range(3):
            await store.append(stream_name("a-1"), [Event(type="x")], expected=ANY)
    (done,) = await archive(store_url, tmp_path, until=Position(2))
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(done.file, moved)
    command = ["rebuild", "event-counts", "--database-url", store_url]
    with pytest.raises(ArchiveMissing, match=ARCHIVE_FOLDER):
        await app.run_async(command)
    monkeypatch.setenv(ARCHIVE_FOLDER, str(moved))
    await app.run_async(command)
    sql = await asyncpg.connect(store_url)
    (row,) = await sql.fetch('SELECT document::text FROM documents."event-counts"')
    assert row["document"] == "3"
    await sql.close()
