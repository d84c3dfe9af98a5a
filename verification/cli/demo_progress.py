"""The progress of a run on standard error: a bar on a terminal, plain lines elsewhere.

What is done stays on the screen as a line: each phase with its time, each fault with when it struck
and how long it lasted. The bar below shows the phase that runs, and what is down right now.
"""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from checker import Outcome
from verification.nemesis.schedule import Action
from verification.run.observer import Phase
from verification.workloads.requests import Reply

__all__ = ["RunProgress"]

_TITLES: Final = {
    Phase.STARTING: "starting the servers",
    Phase.TRAFFIC: "traffic under faults",
    Phase.READING: "reading everything",
    Phase.CONVERGING: "waiting for all to catch up",
    Phase.COLLECTING: "collecting what is to be judged",
    Phase.STOPPING: "stopping the servers",
    Phase.JUDGING: "judging",
}
_NAMES: Final = {"postgres": "PostgreSQL", "nats": "NATS"}
_DEEDS: Final = {Action.KILL: "killed", Action.PAUSE: "paused"}
_WIDTH: Final = max(map(len, _TITLES.values()))


class RunProgress:
    """An `Observer` that shows a run on a console. Use it as a context manager."""

    def __init__(self, console: Console, seconds: float) -> None:
        self._console = console
        self._seconds = seconds
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn(f"{{task.description:{_WIDTH}}}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._phase: Phase | None = None
        self._phase_began = 0.0
        self._outcomes: Counter[Outcome] = Counter()
        self._down: dict[str, tuple[Action, float]] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_phase("✓" if error is None else "✗")
        self._progress.stop()

    def phase(self, phase: Phase) -> None:
        """Say that the phase before is done, and show this one."""
        self._end_phase("✓")
        self._phase = phase
        self._phase_began = time.monotonic()
        total = self._seconds if phase is Phase.TRAFFIC else None
        self._task = self._progress.add_task(_TITLES[phase], total=total, note="")

    def fault(self, f: str) -> None:
        """Show a fault while it lasts, and keep a line of it when it is over."""
        verb, _, target = f.partition("-")
        name = _NAMES.get(target, target)
        now = time.monotonic() - self._phase_began
        if verb in set(Action):
            self._down[target] = (Action(verb), now)
        elif target in self._down:
            action, began = self._down.pop(target)
            deed = f"[red]{name} {_DEEDS[action]}[/], back after {now - began:.1f} s"
            self._console.print(f"  {began:5.1f} s  {deed}", highlight=False)
        self._refresh()

    def answered(self, reply: Reply) -> None:
        """Count it."""
        self._outcomes[reply.outcome] += 1
        self._refresh()

    def cut_short(self) -> None:
        """Say that the phase before did not come to its end."""
        self._end_phase("✗")

    def _refresh(self) -> None:
        if self._task is None or self._phase is not Phase.TRAFFIC:
            return
        down = ", ".join(f"{_NAMES.get(t, t)} {_DEEDS[a]}" for t, (a, _) in self._down.items())
        self._progress.update(
            self._task,
            completed=time.monotonic() - self._phase_began,
            note=f"{self._outcomes.total():,} requests  [red]{down}[/]",
        )

    def _end_phase(self, mark: str) -> None:
        if self._phase is None:
            return
        seconds = time.monotonic() - self._phase_began
        requests = ""
        if self._phase is Phase.TRAFFIC:
            requests = (
                f"  {self._outcomes.total():,} requests, {self._outcomes[Outcome.OK]:,} ok, "
                f"{self._outcomes[Outcome.INFO]:,} unknown"
            )
        if self._task is not None:
            self._progress.remove_task(self._task)
        style = "green" if mark == "✓" else "red"
        self._console.print(
            f"[{style}]{mark}[/] {_TITLES[self._phase]:{_WIDTH}} {seconds:6.1f} s{requests}",
            highlight=False,
        )
        self._task = self._phase = None
