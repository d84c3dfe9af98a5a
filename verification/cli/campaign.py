"""`trueorder campaign`: one kind of fault, many times over, under load; then quiet, and judged.

Only what the command line shows; the work is in `verification.cli.campaign_session`, imported when
a command is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import App, Parameter
from cyclopts.validators import Number

__all__ = ["campaign"]

_Count: TypeAlias = Annotated[
    int, Parameter(help="How many strikes.", validator=Number(gte=1, lte=100_000))
]
_Seed: TypeAlias = Annotated[
    int | None,
    Parameter(
        help="What everything is drawn from; without it a new one, which is printed.",
        validator=Number(gte=0),
    ),
]
_PostgresBin: TypeAlias = Annotated[
    Path | None, Parameter(help="The folder with PostgreSQL's programs, instead of the wheel's.")
]
_NatsServer: TypeAlias = Annotated[
    Path | None, Parameter(help="The nats-server file, instead of the wheel's.")
]
_Json: TypeAlias = Annotated[
    bool,
    Parameter(
        name="--json", negative="", show_default=False, help="Print one document of JSON instead."
    ),
]

campaign = App(
    name="campaign",
    help="Break one thing many times under load, then demand that all is right without help.",
)
"""The command group.

Exit codes: 0 all is right, 1 it is not, 2 usage, 3 nothing is proved, 5 a server failed.
"""


@campaign.command
def kills(
    *,
    count: _Count = 200,
    seed: _Seed = None,
    postgres_bin: _PostgresBin = None,
    nats_server: _NatsServer = None,
    as_json: _Json = False,
) -> int:
    """Kill relay, projector, NATS and PostgreSQL under load, with SIGKILL."""
    return _run("kills", count, seed, postgres_bin, nats_server, as_json=as_json)


@campaign.command(name="jetstream-loss")
def jetstream_loss(
    *,
    count: _Count = 5,
    seed: _Seed = None,
    postgres_bin: _PostgresBin = None,
    nats_server: _NatsServer = None,
    as_json: _Json = False,
) -> int:
    """Delete all that JetStream has on disk, under load."""
    return _run("jetstream-loss", count, seed, postgres_bin, nats_server, as_json=as_json)


@campaign.command(name="paused-leader")
def paused_leader(
    *,
    count: _Count = 10,
    seed: _Seed = None,
    postgres_bin: _PostgresBin = None,
    nats_server: _NatsServer = None,
    as_json: _Json = False,
) -> int:
    """Stop the leading relay at work until another one leads, then wake it up."""
    return _run("paused-leader", count, seed, postgres_bin, nats_server, as_json=as_json)


def _run(
    kind: str,
    count: int,
    seed: int | None,
    postgres_bin: Path | None,
    nats_server: Path | None,
    *,
    as_json: bool,
) -> int:
    from verification.cli import campaign_session  # noqa: PLC0415 - heavy, only when it is called

    return campaign_session.run_and_show(
        kind, count, seed, postgres_bin, nats_server, as_json=as_json
    )
