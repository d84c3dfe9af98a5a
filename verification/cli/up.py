"""`trueorder up`: the command and its options; `session.py` does it.

Apart, so that showing help imports no server code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

__all__ = ["up"]

_PORT = Number(gte=1, lte=65_535)


def up(
    *,
    folder: Annotated[Path, Parameter(name="--dir")] = Path("trueorder-data"),
    postgres_bin: Path | None = None,
    nats_server: Path | None = None,
    port: Annotated[int | None, Parameter(validator=_PORT)] = None,
    nats_port: Annotated[int | None, Parameter(validator=_PORT)] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """Run PostgreSQL, NATS and the relay on this machine until Ctrl-C.

    The schema is migrated, and the URLs are printed as lines to paste into another shell (the
    database's holds its password). What dies is started again. The data stays: run it again on
    the same folder to go on.

    Exit codes: 130 after Ctrl-C and 143 after SIGTERM, which are its ordinary ends; 2 if what was
    asked for cannot be done; 5 if a server failed.

    Args:
        folder: Where data, password and logs are kept. It is made when missing.
        postgres_bin: The folder of PostgreSQL's programs, instead of the wheel's or PATH's.
        nats_server: The nats-server file, instead of the wheel's or PATH's.
        port: PostgreSQL's port. Without it, the one of last time, or a free one.
        nats_port: The port of NATS. Without it, the one of last time, or a free one.
        as_json: Print one JSON document instead of the export lines.
    """
    from verification.cli.session import Session  # noqa: PLC0415 - see the module's docstring
    from verification.cluster.installation import find_nats, find_postgres  # noqa: PLC0415

    session = Session(find_postgres(postgres_bin), find_nats(nats_server), as_json=as_json)
    return session.run(folder, port, nats_port)
