"""The command `trueorder`: the whole system on one machine.

Here is only the frame: which commands there are, and how each error becomes an exit code. Each
command is in a module of its own, which holds its options and help, and imports what it needs to
run only when it is called.

| exit | meaning |
|---|---|
| 0 | done, or valid |
| 1 | a violation, and only ever that; a command returns it |
| 2 | what was asked for cannot be done |
| 3 | the run proves nothing; a command returns it |
| 4 | a history is malformed; a command returns it |
| 5 | a server failed |
| 70 | an internal error |
| 130, 143 | interrupted, terminated |
| 141 | who read our output has closed it |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from cyclopts import App, CycloptsError

from verification.cli.campaign import campaign
from verification.cli.demo import demo
from verification.cli.judge import judge
from verification.cli.up import up

__all__ = ["app", "main", "run"]

OK, USAGE, INFRASTRUCTURE, INTERNAL, INTERRUPTED, PIPE_CLOSED = 0, 2, 5, 70, 130, 141


def _version() -> str:
    try:
        return f"trueorder {version('trueorder')}"
    except PackageNotFoundError:
        return "trueorder, not installed"


app = App(
    name="trueorder",
    help="The whole event store on one machine: run it, break it, and have it judged.",
    version=_version,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
app.command(up)
app.command(demo)
app.command(judge)
app.command(campaign)


def main() -> int:
    """The console script."""
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing is raised.

    Data goes to standard output, everything else to standard error.
    """
    try:
        code = app(list(arguments), exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError:
        return USAGE  # cyclopts has printed what is wrong.
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - the outermost frame: an exit code for anything
        # rich makes a SystemExit of it.
        if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
            # The interpreter must not flush again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        return _report(error)
    return code if isinstance(code, int) else OK


def _report(error: BaseException) -> int:
    """Print an error of ours as a sentence, any other with all there is to know."""
    from eventstore.errors import ConfigError as StoreConfigError  # noqa: PLC0415 - only now needed
    from eventstore.errors import EventStoreError, SchemaMismatch  # noqa: PLC0415
    from verification.errors import ConfigError, VerificationError  # noqa: PLC0415

    if isinstance(error, VerificationError | EventStoreError):
        print(f"trueorder: {error}", file=sys.stderr)
        usage = isinstance(error, ConfigError | StoreConfigError | SchemaMismatch)
        return USAGE if usage else INFRASTRUCTURE
    import traceback  # noqa: PLC0415

    traceback.print_exception(error)
    print("trueorder: internal error, please report it with the lines above", file=sys.stderr)
    return INTERNAL
