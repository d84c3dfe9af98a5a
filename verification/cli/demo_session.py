"""One `trueorder demo`: run, judge, show; progress goes to standard error."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import signal
from pathlib import Path
from typing import Final

from rich.console import Console

from checker import MalformedHistory
from eventstore import EventStoreError
from verification.artefacts import RunFolder
from verification.cli.demo_progress import RunProgress
from verification.cli.judge_session import keep, report_malformed, show
from verification.errors import NotARun, VerificationError
from verification.judge.judgement import judge_run
from verification.mutants.registry import MUTANTS
from verification.run.observer import Phase
from verification.run.run import run
from verification.run.system import Installations
from verification.scenarios import Scenario

__all__ = ["Installations", "mutants_text", "run_and_judge", "scenario_of"]

SEED_MAX: Final = 2**31
_SIGNALS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def mutants_text() -> str:
    """List the mutants, a line each."""
    width = max(map(len, MUTANTS))
    return "\n".join(f"{mutant.name:{width}}  {mutant.summary}" for mutant in MUTANTS.values())


def scenario_of(seconds: float, seed: int | None, clients: int, mutant: str | None) -> Scenario:
    """Make the scenario that was asked for; without a seed it gets a new one.

    Raises:
        ConfigError: a number is out of range, or there is no such mutant.
    """
    scenario = Scenario(
        seed=secrets.randbelow(SEED_MAX) if seed is None else seed,
        seconds=seconds,
        clients=clients,
        mutant=mutant,
        feed=True,
    )
    scenario.check(MUTANTS)
    return scenario


def run_and_judge(
    scenario: Scenario, servers: Installations, out: Path | None, *, as_json: bool
) -> int:
    """Run a scenario, judge it, show the result, and return the exit code.

    A run that is interrupted, or that fails, is judged by what it saw until then.

    Raises:
        FolderUnusable: the folder exists and is not empty, or cannot be made.
        VerificationError, EventStoreError: a server failed; what was seen has been judged.
    """
    folder = RunFolder.create(out or _default_folder(scenario))
    console = Console(stderr=True)
    console.print(_title(scenario), highlight=False)
    failure: Exception | None = None
    signalled = 0
    with RunProgress(console, scenario.seconds) as progress:
        try:
            signalled = asyncio.run(_run(scenario, servers, folder, progress))
        except (VerificationError, EventStoreError) as error:
            failure = error
        if signalled or failure:
            progress.cut_short()
        progress.phase(Phase.JUDGING)
        try:
            judgement = judge_run(folder)
        except (MalformedHistory, NotARun) as error:
            if failure is None and isinstance(error, MalformedHistory):
                return report_malformed(error)
            # The failure is why: a disk that is full cuts off the last line, too.
            raise failure or error from None
        keep(judgement, folder)
    code = show(judgement, folder, as_json=as_json)
    if failure is not None:
        raise failure
    return signalled or code


async def _run(
    scenario: Scenario, servers: Installations, folder: RunFolder, progress: RunProgress
) -> int:
    """Run; a signal ends it in order. Returns the exit code of the signal, or 0."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(run(scenario, servers, folder, progress))
    received: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
    return _SIGNALS[received[0]] if received else 0


def _title(scenario: Scenario) -> str:
    planted = f", planted bug [bold]{scenario.mutant}[/]" if scenario.mutant else ""
    return (
        f"[bold]trueorder demo[/]  seed {scenario.seed}, {scenario.seconds:g} s, "
        f"{scenario.clients} clients, {len(scenario.faults)} faults{planted}"
    )


def _default_folder(scenario: Scenario) -> Path:
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("runs") / f"{now}-{scenario.seed}"
