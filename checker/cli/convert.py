"""`checker convert`: the same history in another format, or a word on what would be lost."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from checker.cli.exits import Exit
from checker.cli.judge import file_name
from checker.cli.options import check_files, check_output
from checker.cli.output import warn
from checker.cli.progress import progress
from checker.cli.usage import STDIN_PATH, UsageError
from checker.cli.verify import HistoryFormat
from checker.errors import MalformedHistory
from checker.history.history import History
from checker.history.recorded import read_natively
from checker.history.writing import WRITERS, LosesInformation, write_history_as
from checker.report.wording import count_text

__all__ = ["WrittenFormat", "convert", "format_to_write", "is_stdout", "write"]

WrittenFormat = Literal["auto", "jsonl", "ops", "edn", "json"]

_COMPRESSED: Final = ".gz"
_STDOUT_PATH: Final = "/dev/stdout"


def convert(
    file: str,
    out: str,
    /,
    *,
    from_: Annotated[HistoryFormat, Parameter(name="--from")] = "auto",
    to: WrittenFormat = "auto",
    lossy: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> int:
    """Write a history in another format.

    Nothing is lost on the way: where the other format has no words for something, the command says
    what and where, and writes nothing. Line numbers alone are those of the new file.

    Exit code: 0 written, 2 usage or something would be lost, 4 malformed, 5 not written.

    Args:
        file: A history file, gzipped or not; - is standard input.
        out: The file to write; gzipped if it ends in .gz; - is standard output.
        from_: How the file is written; auto tells it from its content.
        to: How to write it; auto tells it from the new file's name.
        lossy: Write what can be written, and say what was lost.
    """
    check_files([file])
    format_name = format_to_write(out, to, "--to")
    check_output("OUT", None if is_stdout(out) else out)
    try:
        with progress() as stage:
            stage(f"reading {file_name(file)}")
            history = read_natively("-" if file == STDIN_PATH else file, from_).load()
            stage(f"writing {count_text(len(history), 'operation')} to {file_name(out)}")
            return write(history, out, format_name, lossy=lossy)
    except MalformedHistory as error:
        warn(str(error))
        return Exit.MALFORMED


def format_to_write(out: str, named: WrittenFormat, option: str) -> str:
    """Return the format to write a file in: the one named, or that of the file's name.

    Raises:
        UsageError: Neither tells it, or it is compressed in a way that cannot be written.
    """
    name = PurePath(out).name
    if name.endswith(".zst"):
        raise UsageError(f"cannot write {out}: zstd cannot be written, gzip (.gz) can")
    if named != "auto":
        return named
    suffix = PurePath(name.removesuffix(_COMPRESSED)).suffix.removeprefix(".")
    if suffix in WRITERS:
        return suffix
    if is_stdout(out):
        return "jsonl"
    raise UsageError(
        f"the name {out} does not tell a format: name one with {option}; "
        f"there are {', '.join(WRITERS)}"
    )


def write(history: History, out: str, format_name: str, *, lossy: bool = False) -> Exit:
    """Write a history, and say on standard error what was lost or why it was not written."""
    try:
        lost = write_history_as(history, "-" if is_stdout(out) else out, format_name, lossy=lossy)
    except LosesInformation as error:
        for loss in error.losses:
            warn(f"{format_name} cannot hold {loss}")
        warn(f"nothing was written; --lossy writes the rest to {file_name(out)}")
        return Exit.USAGE
    except TypeError as error:
        warn(f"{format_name} cannot hold it: {error}; nothing was written")
        return Exit.USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        warn(f"cannot write {file_name(out)}: {error.strerror or error}")
        return Exit.INFRASTRUCTURE
    for loss in lost:
        warn(f"lost: {loss}")
    return Exit.VALID


def is_stdout(out: str) -> bool:
    """Say whether the command line names standard output."""
    # A lone dash comes as the name of standard input's device: see `checker.cli._token`.
    return out in {"-", STDIN_PATH, _STDOUT_PATH}
