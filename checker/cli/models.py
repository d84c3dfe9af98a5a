"""`checker models`: what can be named with --model."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from checker.cli.console import report_console
from checker.cli.exits import Exit
from checker.cli.json_output import print_json
from checker.models import MODELS, Model

__all__ = ["models"]


def models(*, json: Annotated[bool, Parameter(negative=(), show_default=False)] = False) -> int:
    """List the models that histories can be judged against.

    Args:
        json: Print a JSON list instead of a table.
    """
    if json:
        print_json([{"name": name, "summary": _summary(kind)} for name, kind in MODELS.items()])
        return Exit.VALID
    console = report_console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("model", style="bold", no_wrap=True)
    table.add_column("what it is")
    for name, kind in MODELS.items():
        table.add_row(name, _summary(kind))
    console.print(table)
    console.print(
        "module:Class names a model of your own: a subclass of checker.Model.", style="dim"
    )
    return Exit.VALID


def _summary(kind: type[Model[Any]]) -> str:
    """The first paragraph of the model's docstring, on one line."""
    return " ".join((kind.__doc__ or "").strip().partition("\n\n")[0].split()).replace("``", "")
