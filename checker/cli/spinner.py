"""A line on the terminal that says what is going on, and since when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["spinner"]


@contextmanager
def spinner() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows what is going on now. The line vanishes with the block."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None)

        def show(stage: str) -> None:
            bar.update(task, description=stage)

        yield show
