"""A run from beginning to end: start, traffic under faults, heal, read everything, collect.

It leaves a folder that the judge can read, whatever happens: a run that is interrupted or that
fails keeps its history up to that moment and says in ``outcome.json`` how it ended. It does not
judge.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from checker.history.recorder import Recorder, RecordingBroken
from verification.artefacts import Convergence, RunFolder, RunOutcome
from verification.errors import RunNotKept, ServerFailed
from verification.judge.evidence import COMPLETE, TRAFFIC_OVER
from verification.mutants.registry import MUTANTS
from verification.nemesis.injector import inject
from verification.recording import RecordingClient
from verification.run.collect import collect, probe
from verification.run.convergence import Progress, await_convergence
from verification.run.observer import Observer, Phase
from verification.run.preflight import preflight
from verification.run.system import Installations, System
from verification.run.traffic import read_everything, run_clients
from verification.scenarios import Scenario
from verification.workloads.contended import streams_of

__all__ = ["run"]

CALM_SECONDS: Final = 0.5
"""How long traffic goes on after the last fault was undone, so that it is known to work again."""


async def run(
    scenario: Scenario, servers: Installations, folder: RunFolder, observer: Observer
) -> None:
    """Run a scenario, and keep everything that was seen in ``folder``.

    Raises:
        VerificationError: a server or a command failed; the folder says so too.
        EventStoreError: the healed servers do not answer.
        CancelledError: the run was interrupted; the folder keeps what there is.
    """
    course = _Course(scenario, servers, folder, observer)
    try:
        folder.write_scenario(scenario)
        await _recorded(course, scenario, folder)
    except (RecordingBroken, OSError) as error:
        raise RunNotKept(folder.path, str(error)) from error


async def _recorded(course: _Course, scenario: Scenario, folder: RunFolder) -> None:
    header = {"model": "stream", "clients": scenario.clients, "seed": scenario.seed}
    with Recorder(folder.history, header=header) as recorder:
        try:
            await course.go(recorder)
        except asyncio.CancelledError:
            course.ended = "it was interrupted"
            raise
        except BaseException as error:
            cause = _first(error)
            if isinstance(cause, ServerFailed):
                kept = folder.logs / cause.log.name
                cause = ServerFailed(cause.server, cause.reason, kept, cause.tail)
            course.ended = str(cause).partition("\n")[0]
            if cause is error:
                raise
            raise cause from error
        finally:
            recorder.sync()
            folder.write_outcome(course.outcome())


def _first(error: BaseException) -> BaseException:
    """Take the first error out of a task group's: the others followed from it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Course:
    """One run, and how far it has come."""

    def __init__(
        self, scenario: Scenario, servers: Installations, folder: RunFolder, observer: Observer
    ) -> None:
        self._scenario = scenario
        self._servers = servers
        self._folder = folder
        self._observer = observer
        self._started_at = dt.datetime.now(dt.UTC)
        self._seconds: dict[str, float] = {}
        self._convergence: Convergence | None = None
        self.ended = "it never came to an end"

    def outcome(self) -> RunOutcome:
        """Say how it went."""
        return RunOutcome(
            ended=self.ended,
            started_at=self._started_at.isoformat(timespec="seconds"),
            seconds=self._seconds,
            convergence=self._convergence,
        )

    async def go(self, recorder: Recorder) -> None:
        """Go through all phases."""
        mutant = MUTANTS[self._scenario.mutant] if self._scenario.mutant else None
        with _servers_folder(self._folder.logs) as place:
            async with AsyncExitStack() as stack:
                with self._phase(Phase.STARTING):
                    system = await stack.enter_async_context(
                        System.start(
                            place,
                            self._servers,
                            mutant,
                            self._scenario.seed,
                            feed=self._scenario.feed,
                        )
                    )
                await self._on(system, recorder)
                self._observer.phase(Phase.STOPPING)
        self.ended = COMPLETE

    async def _on(self, system: System, recorder: Recorder) -> None:
        self._folder.write_servers(await preflight(system.cluster))
        with self._phase(Phase.TRAFFIC):
            await self._traffic(system, recorder)
        recorder.nemesis(TRAFFIC_OVER)
        with self._phase(Phase.READING):
            await read_everything(
                self._reader(system, recorder), streams_of(self._scenario.traffic)
            )
        with self._phase(Phase.CONVERGING):
            self._convergence = await self._converge(system)
        with self._phase(Phase.COLLECTING):
            await collect(system, self._folder)

    def _reader(self, system: System, recorder: Recorder) -> RecordingClient:
        """The first client, under its next process: the smallest multiple that nobody has used."""
        clients = self._scenario.clients
        process = -(-recorder.process() // clients) * clients
        return RecordingClient(system.clients[0], recorder, process=process, stride=clients)

    async def _traffic(self, system: System, recorder: Recorder) -> None:
        over = asyncio.Event()

        def record(f: str, value: Any) -> None:
            recorder.nemesis(f, value)
            self._observer.fault(f)

        async def until_over() -> None:
            clock = asyncio.get_running_loop().time
            end = clock() + self._scenario.seconds
            await inject(self._scenario.faults, system.targets, record)
            await asyncio.sleep(max(CALM_SECONDS, end - clock()))
            over.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(until_over())
            group.create_task(
                run_clients(
                    system.clients,
                    recorder,
                    self._scenario,
                    over=over,
                    answered=self._observer.answered,
                )
            )

    async def _converge(self, system: System) -> Convergence:
        async def ask() -> Progress:
            return await probe(system)

        def crashed() -> str | None:
            command = system.crashed
            return (
                f"the {command.name} ended by itself with exit code {command.exit_code}"
                if command
                else None
            )

        return await await_convergence(ask, crashed)

    @contextmanager
    def _phase(self, phase: Phase) -> Iterator[None]:
        self._observer.phase(phase)
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds[phase] = round(time.monotonic() - started, 3)


@contextmanager
def _servers_folder(logs: Path) -> Iterator[Path]:
    """A folder for the servers' data, removed at the end; the logs are kept in ``logs``."""
    place = Path(tempfile.mkdtemp(prefix="trueorder-run-"))
    # As root, PostgreSQL runs as another user, who has to pass through.
    os.chmod(place, 0o711)  # noqa: PTH101,S103
    try:
        yield place
    finally:
        try:
            for log in place.rglob("*.log"):
                shutil.copyfile(log, logs / log.name)
        finally:
            shutil.rmtree(place, ignore_errors=True)
