"""A standby of a real server, made as an operator makes one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from verification.cluster.installation import find_postgres
from verification.cluster.postgres import PostgresServer


@asynccontextmanager
async def standby_of(
    primary: PostgresServer, folder: Path, *, name: str
) -> AsyncIterator[PostgresServer]:
    """A streaming standby of a primary; `name` is what `synchronous_standby_names` takes."""
    _copy(primary, folder)
    server = PostgresServer(folder, fsync=False, settings={"cluster_name": name})
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
        await server.stop()  # gives the folder's lock back


def _copy(primary: PostgresServer, folder: Path) -> None:
    folder.mkdir(parents=True)
    data = folder / "data"
    subprocess.run(
        [
            find_postgres().folder / "pg_basebackup",
            f"--pgdata={data}",
            f"--dbname={primary.url}",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    password = primary.folder / "password"
    (folder / "password").write_text(password.read_text(encoding="ascii"), encoding="ascii")
    owner = password.stat()
    if os.geteuid() == 0:
        for path in (folder / "password", data, *data.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
