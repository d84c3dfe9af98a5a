"""A folder belongs to one instance at a time."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from verification.cluster.folder import lock_folder, make_folder
from verification.errors import FolderInUse, FolderUnusable


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "a b" / "c")
    assert made.is_dir()
    assert make_folder(made) == made


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FolderUnusable, match=r"not a folder|Not a directory"):
            make_folder(place)


async def test_a_locked_folder_is_refused_and_its_owner_named(tmp_path: Path) -> None:
    lock = await lock_folder(tmp_path)
    with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        await lock_folder(tmp_path, timeout=0.0)
    lock.release()
    lock.release()
    (await lock_folder(tmp_path, timeout=0.0)).release()


async def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    lock = await lock_folder(tmp_path)
    waiting = asyncio.create_task(lock_folder(tmp_path, timeout=30.0))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    lock.release()
    (await waiting).release()


async def test_the_lock_lasts_while_an_heir_of_the_descriptor_lives(tmp_path: Path) -> None:
    lock = await lock_folder(tmp_path)
    heir = os.dup(lock.descriptor)
    lock.release()
    with pytest.raises(FolderInUse):
        await lock_folder(tmp_path, timeout=0.0)
    os.close(heir)
    (await lock_folder(tmp_path, timeout=0.0)).release()


async def test_a_lock_that_cannot_be_opened_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(FolderUnusable, match="directory"):
        await lock_folder(tmp_path)
