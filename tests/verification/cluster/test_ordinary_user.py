"""The cluster works for an ordinary user, and for root in places that only root may enter.

When the tests run as an ordinary user, all of them show the first; so these are for root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source import ROOT
from verification.cluster import postgres
from verification.cluster.installation import find_postgres
from verification.cluster.postgres import PostgresServer
from verification.errors import ServerFailed

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]

NOBODY = 65_534
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}",
    "PYTHONDONTWRITEBYTECODE": "1",
}
SCRIPT = """
import asyncio, json, os, sys
from pathlib import Path
from verification.cluster.cluster import Cluster

async def main():
    async with Cluster.start(Path(sys.argv[1]), migrate=False) as cluster:
        await cluster.postgres.kill()
        await cluster.postgres.restart()
        async with cluster.postgres.connection() as connection:
            owner = os.stat(cluster.postgres.data).st_uid
            print(json.dumps([os.getuid(), owner, await connection.fetchval("SELECT 42")]))

asyncio.run(main())
"""


def as_nobody(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        env=ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter of our version that everybody may run; ours may be under /root."""
    version = "{}.{}".format(*sys.version_info)
    for candidate in (
        sys.executable,
        f"/usr/bin/python{version}",
        f"/usr/local/bin/python{version}",
    ):
        try:
            if as_nobody(candidate, "-c", "import asyncpg").returncode == 0:
                return candidate
        except OSError:
            continue
    pytest.skip(f"another user of this machine can run no Python {version}")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; those of pytest are closed."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_has_a_cluster(python: str, open_folder: Path) -> None:
    ran = as_nobody(python, "-c", SCRIPT, open_folder / "a cluster")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == [NOBODY, NOBODY, 42]


@pytest.mark.parametrize("mode", [0o000, 0o555])
def test_a_folder_that_may_not_be_used_is_an_error(
    python: str, open_folder: Path, mode: int
) -> None:
    open_folder.chmod(mode)
    ran = as_nobody(python, "-m", "verification.cli", "up", "--dir", open_folder / "cluster")
    assert ran.returncode == 2
    assert f"cannot use the folder {open_folder / 'cluster'}: Permission denied" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that only root may enter, and that stays so."""
    tmp_path.chmod(0o700)
    yield tmp_path
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def status_of(server: PostgresServer) -> tuple[list[int], int]:
    """The four user ids of the server's process, and how many capabilities it has."""
    lines = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8").splitlines()
    facts = dict(line.split(":", 1) for line in lines)
    return [int(user) for user in facts["Uid"].split()], int(facts["CapEff"], 16).bit_count()


async def test_root_s_server_is_another_user_s_where_only_root_may_enter(
    closed_folder: Path,
) -> None:
    async with PostgresServer(closed_folder / "p", fsync=False) as server:
        users, capabilities = status_of(server)
    assert users == [NOBODY] * 4
    assert capabilities == 1  # to pass through folders, none of which was opened


async def test_programs_may_lie_where_only_root_may_enter(closed_folder: Path) -> None:
    # As in a virtual environment under /root: initdb asks access(2) whether it can run postgres.
    installed = find_postgres().folder.parent
    programs = closed_folder / "wheel" / "package" / installed.name
    shutil.copytree(installed, programs, symlinks=True)
    libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
    if libraries.exists():  # the wheel's programs look for them two folders up
        shutil.copytree(libraries, closed_folder / "wheel" / libraries.name, symlinks=True)
    there = find_postgres(programs)
    async with PostgresServer(closed_folder / "p", installation=there, fsync=False) as server:
        users, capabilities = status_of(server)
        async with server.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1
    assert users == [NOBODY] * 4
    assert capabilities == 1


async def test_where_folders_are_open_no_capability_is_kept(open_folder: Path) -> None:
    async with PostgresServer(open_folder / "p", fsync=False) as server:
        users, capabilities = status_of(server)
    assert users == [NOBODY] * 4
    programs = find_postgres().folder
    assert capabilities == (0 if postgres._may_enter(programs, NOBODY, NOBODY) else 1)


async def test_the_owner_of_existing_data_is_kept(tmp_path: Path) -> None:
    async with PostgresServer(tmp_path / "p", fsync=False) as server:
        pass
    for path in (server.data, *server.data.rglob("*"), server.folder / "password"):
        os.chown(path, 12_345, 12_345)
    async with server:
        assert status_of(server)[0] == [12_345] * 4


async def test_a_user_who_cannot_reach_the_data_is_told_so(
    monkeypatch: pytest.MonkeyPatch, closed_folder: Path
) -> None:
    monkeypatch.setattr(postgres, "_may_enter", lambda *_: True)  # so no capability is kept
    with pytest.raises(ServerFailed, match="Permission denied"):
        await PostgresServer(closed_folder / "p").start()
