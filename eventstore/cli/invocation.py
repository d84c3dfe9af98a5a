"""One run of a command line: whatever happens ends in an exit code, and in words where it must."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Final, TypeVar

from eventstore.cli.standard_files import abandon_output, is_of_output, open_standard_files
from eventstore.cli.termination import termination

__all__ = ["invoke"]

Known = TypeVar("Known", bound=Exception)

# What all our command lines have in common; their own codes are in their `exits`.
_OK: Final = 0
_INFRASTRUCTURE: Final = 5
_INTERNAL: Final = 70
_INTERRUPTED: Final = 130
_PIPE_CLOSED: Final = 141
_TERMINATED: Final = 143


def invoke(
    name: str,
    app: Callable[[list[str]], object],
    known: tuple[type[Known], ...],
    exit_of: Callable[[Known], int],
) -> int:
    """Run the command that the arguments name, and return its exit code.

    ``exit_of`` gives the codes of the errors that are ``known``: they are said without a traceback.
    """
    open_standard_files()
    with termination() as terminated:
        ended = _run(name, app, known, exit_of)
        return _TERMINATED if ended == _INTERRUPTED and terminated() else ended


def _run(
    name: str,
    app: Callable[[list[str]], object],
    known: tuple[type[Known], ...],
    exit_of: Callable[[Known], int],
) -> int:
    try:
        result = app(sys.argv[1:])
        sys.stdout.flush()
    except known as error:
        sys.stderr.write("\n".join((f"{name}: {error}", *getattr(error, "__notes__", ()), "")))
        return exit_of(error)
    except BrokenPipeError:
        abandon_output()  # its reader has seen enough
        return _PIPE_CLOSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - a bug of any kind, a native panic too, is exit 70
        if is_of_output(error):
            abandon_output()
            sys.stderr.write(
                f"{name}: standard output cannot be written ({error}): what was done is done, "
                "its answer is lost.\n"
            )
            return _INFRASTRUCTURE
        sys.stderr.write(f"{name}: internal error, please report it\n{traceback.format_exc()}")
        return _INTERNAL
    return result if isinstance(result, int) else _OK
