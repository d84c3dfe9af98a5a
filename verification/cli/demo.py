"""`trueorder demo`: the whole line on real servers, under faults, with a judged result.

Only what the command line shows; the work is in `verification.cli.demo_session`, imported when the
command is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

__all__ = ["demo"]


def demo(
    *,
    seconds: float = 20.0,
    seed: int | None = None,
    clients: int = 10,
    mutant: str | None = None,
    out: Path | None = None,
    postgres_bin: Path | None = None,
    nats_server: Path | None = None,
    list_mutants: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """Run the whole line on real servers, break it, and have it judged.

    Starts PostgreSQL, NATS, a relay, projectors and a change feed; runs concurrent clients against
    a few contended streams while both servers and our processes are killed and restarted; then
    reads everything and checks that each stream and the log are linearizable, that every event was
    carried and applied exactly once, in order, and every change told once. Everything it saw is
    kept in a folder with one HTML page, and can be judged again with `trueorder judge`.

    Exit codes: 0 valid, 1 a violation was found, 2 what was asked for cannot be done, 3 the run
    proves nothing, 5 a server failed, 130 interrupted (what was seen is kept and judged).

    Parameters
    ----------
    seconds
        How long the clients run, 3 to 3600. Starting, healing and judging come on top.
    seed
        What everything is drawn from: faults, requests, pauses. Without it a new one, which is
        printed.
    clients
        How many clients run at once, 8 to 200.
    mutant
        Plant a known bug, which must be convicted; see --list-mutants.
    out
        The folder for the run, new or empty. Without it runs/TIME-SEED.
    postgres_bin
        The folder with PostgreSQL's programs, instead of those of the wheel or in PATH.
    nats_server
        The nats-server file, instead of the one of the wheel or in PATH.
    list_mutants
        List the bugs that can be planted, and what each is.
    as_json
        Print the verdict as one JSON document (trueorder.result/1).
    """
    from verification.cli import demo_session  # noqa: PLC0415 - heavy, so only when it is called

    if list_mutants:
        print(demo_session.mutants_text())
        return 0
    scenario = demo_session.scenario_of(seconds, seed, clients, mutant)
    servers = demo_session.Installations.find(postgres_bin, nats_server)
    return demo_session.run_and_judge(scenario, servers, out, as_json=as_json)
