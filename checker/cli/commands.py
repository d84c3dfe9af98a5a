"""The commands, each imported when it is run, so that ``--help`` and ``--version`` are quick."""

from __future__ import annotations

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Final

from cyclopts import App, CycloptsError

from checker.cli.endings import DEBUG_FLAG, DEBUG_VARIABLE
from checker.cli.exits import Exit
from checker.cli.usage import STDIN_PATH

__all__ = ["app", "run"]

_VERSION: Final = "checker.cli.version:version_text"


def _version() -> str:
    text: str = resolve_name(_VERSION)()
    return text


app = App(
    name="checker",
    help="Was what clients observed consistent? Judges histories of concurrent operations.",
    help_epilogue=f"{DEBUG_FLAG}, or {DEBUG_VARIABLE}=1 in the environment, prints the traceback "
    "of an internal error.",
    version=_version,
    version_format="plaintext",
    help_format="plaintext",
    result_action="return_value",
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
)
for _rank, (_name, _help) in enumerate(
    {
        "verify": "Judge recorded histories: could the object have behaved so?\n\n"
        "Exit code: 0 all valid, 1 a violation, 2 usage, 3 undecided within the limits, "
        "4 malformed, 5 a file or report that could not be read or written, 70 internal error, "
        "130 or 143 stopped.",
        "lint": "Check that histories are well-formed, and tell what is odd about them.\n\n"
        "Exit code: 0 well-formed, 2 usage, 4 malformed, or odd with --strict.",
        "explain": "Explain why a history is in violation, or what an anomaly's name means.\n\n"
        "Exit code: as of verify; with --rule alone, 0.",
        "shrink": "Write the smallest part of a history that fails in the same way.\n\n"
        "Exit code: 0 written, 2 usage or nothing to shrink, 3 written, but perhaps not the "
        "smallest, or undecided, 4 malformed, 5 not written, 130 or 143 stopped: the smallest so "
        "far is written.",
        "convert": "Write a history in another format, or say what would be lost.\n\n"
        "Exit code: 0 written, 2 usage or something would be lost, 4 malformed, 5 not written.",
        "stats": "Count a history's operations, and show its concurrency and latencies.\n\n"
        "Exit code: 0 counted, 2 usage, 4 malformed.",
        "models": "List the models that histories can be judged against.",
        "schema": "Print the JSON Schema of a history's lines, or of a result.",
    }.items()
):
    app.command(f"checker.cli.{_name}:{_name}", name=_name, help=_help, sort_key=_rank)


def run(tokens: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code."""
    try:
        result = app([_token(token) for token in tokens])
    except CycloptsError:
        return Exit.USAGE  # cyclopts has printed what is wrong
    return result if isinstance(result, int) else Exit.VALID


def _token(argument: str) -> str:
    # To cyclopts a lone dash is an option without a name.
    return STDIN_PATH if argument == "-" else argument
