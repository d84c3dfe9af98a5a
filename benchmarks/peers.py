"""The peers of the event store: installed once, each run in a process of its own.

What is installed is what `benchmarks/PEER/` pins, into `target/benchmarks/PEER`. A peer that cannot
be had here (no node, no registry) is skipped with a word, never a failure.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["EVENTSOURCING", "Peer", "PeerFailed", "emmett", "eventsourcing"]

EVENTSOURCING: Final = "eventsourcing 9.5.6"
_HERE: Final = Path(__file__).resolve().parent
_INSTALLED: Final = _HERE.parent / "target" / "benchmarks"
_INSTALL_SECONDS: Final = 300


class PeerFailed(Exception):
    """A peer could not be installed, or its process ended badly; the message says why."""


class Peer:
    """An installed peer: a command that takes a database's URL and a task, and answers in JSON."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder

    def ask(self, url: str, task: Mapping[str, Any], *, timeout: float = 600) -> Any:
        """Run one task on the database at ``url`` and return its answer.

        Raises:
            PeerFailed: the process failed, or took longer than ``timeout`` seconds.
        """
        try:
            ran = subprocess.run(
                [*self._command, url, json.dumps(task)],
                cwd=self._folder,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PeerFailed(f"no answer within {timeout:g} s") from None
        if ran.returncode != 0:
            raise PeerFailed(" ".join(ran.stderr.strip().splitlines()[-1:]))
        return json.loads(ran.stdout)

    @asynccontextmanager
    async def conversation(
        self, url: str, task: Mapping[str, Any], *, timeout: float = 600
    ) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
        """Run a task that answers one line after the other; yields a function that asks.

        Raises:
            PeerFailed: the process ended, or took longer than ``timeout`` seconds for an answer.
        """
        process = await asyncio.create_subprocess_exec(
            *(*self._command, url, json.dumps(task)),
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        sent, answered, complaints = process.stdin, process.stdout, process.stderr

        async def ask(line: str) -> Any:
            sent.write(f"{line}\n".encode())
            try:
                async with asyncio.timeout(timeout):
                    answer = await answered.readline()
            except TimeoutError:
                raise PeerFailed(f"no answer within {timeout:g} s") from None
            if not answer:
                last = (await complaints.read()).decode().strip().splitlines()[-1:]
                raise PeerFailed(" ".join(last))
            return json.loads(answer)

        try:
            yield ask
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def eventsourcing(script: str = "peer.py") -> Peer:
    """The Python library, in an environment of its own, under one of our scripts.

    Raises:
        PeerFailed: it cannot be installed here.
    """
    folder = _INSTALLED / "eventsourcing"
    pinned = _HERE / "eventsourcing" / "requirements.txt"
    python = folder / "bin" / "python"

    def install() -> None:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(pinned)])

    _once(folder, pinned, install)
    return Peer([str(python), str(_HERE / "eventsourcing" / script)], folder)


def emmett() -> Peer:
    """The Node library.

    Raises:
        PeerFailed: there is no node here, or it cannot be installed.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PeerFailed("no node here")
    folder = _INSTALLED / "emmett"
    source = _HERE / "emmett"
    pinned = source / "package-lock.json"

    def install() -> None:
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        _run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)])

    _once(folder, pinned, install)
    return Peer([node, str(source / "peer.mjs")], folder)


def _once(folder: Path, pinned: Path, install: Any) -> None:
    """Install into a folder unless it holds just what is pinned already."""
    done = folder / "pinned"
    if done.exists() and done.read_bytes() == pinned.read_bytes():
        return
    shutil.rmtree(folder, ignore_errors=True)
    install()
    shutil.copy(pinned, done)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        raise PeerFailed(f"{command[0]} took longer than {_INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        last = str(error.stderr).strip().splitlines()[-1:]
        raise PeerFailed(f"{Path(command[0]).name}: {' '.join(last)}") from None
