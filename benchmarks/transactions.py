"""How fast histories of transactions are judged, beside elle-cli where its jar is.

Ours is seconds of the deciding alone, best of the rounds of one run; ``peak_bytes`` is the peak
resident memory of our process, the interpreter included. elle-cli says no time of its own: its
figure is that of the whole process, so the start of the JVM and the reading are in it, and it is
compared with our whole process. It is asked where there is Java and an `elle-cli.jar` beside this
file, and gets a minute (5 seconds when quick).
"""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import transaction_histories as histories
from benchmarks.check import QUICK_TIMEOUT_SECONDS, ROUNDS, SEED, TIMEOUT_SECONDS, Ran, run, seconds
from benchmarks.document import Row, main
from benchmarks.histories import Sketch

PEER: Final = "elle-cli"
PEER_JAR: Final = Path(__file__).parent / "elle-cli.jar"
CLIENTS: Final = 10
TRANSACTIONS: Final = 100_000
BLIND: Final = 0.9

Make = Callable[[int], list[Sketch]]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a history, what judges it, and what comes of it."""

    name: str
    model: str
    consistency: str
    verdict: str
    make: Make


def lists(operations: int) -> list[Sketch]:
    """A serial store of lists."""
    return histories.lists(CLIENTS, operations, SEED)


def skewed_lists(operations: int) -> list[Sketch]:
    """The same, with one write skew late on."""
    return histories.lists(CLIENTS, operations, SEED, skewed=True)


def snapshot_lists(operations: int) -> list[Sketch]:
    """Lists in a store with snapshots."""
    return histories.snapshots(histories.Store(lists=True), CLIENTS, operations, SEED)


def registers(operations: int) -> list[Sketch]:
    """A serial store of registers."""
    return histories.registers(CLIENTS, operations, SEED)


def blind_registers(operations: int) -> list[Sketch]:
    """The same, mostly written: few reads tell an order."""
    return histories.registers(CLIENTS, operations, SEED, blind=BLIND)


def snapshot_registers(operations: int) -> list[Sketch]:
    """Registers in a store with snapshots."""
    return histories.snapshots(histories.Store(lists=False), CLIENTS, operations, SEED)


def case(name: str, model: str, consistency: str, verdict: str, make: Make) -> Case:
    """A case; its name has the clients and the transactions."""
    return Case(name=name, model=model, consistency=consistency, verdict=verdict, make=make)


CASES: Final = (
    case("list-c10-n100k-strict", "list-append", "strict-serializable", "valid", lists),
    case("list-c10-n100k-skew", "list-append", "strict-serializable", "invalid", skewed_lists),
    case("list-c10-n100k-si", "list-append", "snapshot-isolation", "valid", snapshot_lists),
    case("reg-c10-n100k-strict", "rw-register", "strict-serializable", "valid", registers),
    case("reg-c10-n100k-causal", "rw-register", "causal", "valid", registers),
    case("regblind-c10-n100k-ser", "rw-register", "serializable", "valid", blind_registers),
    case("reg-c10-n100k-si", "rw-register", "snapshot-isolation", "valid", snapshot_registers),
)


def measure(quick: bool) -> Iterator[Row]:  # noqa: FBT001 - the shape that `main` calls
    """Judge every case, ours and the peer's in turn; a tenth of each history when quick."""
    with tempfile.TemporaryDirectory(prefix="trueorder-bench-") as name:
        for one in CASES:
            yield measure_case(one, Path(name) / "history.json", quick=quick)


def measure_case(one: Case, path: Path, *, quick: bool) -> Row:
    """Measure one case: a few rounds of ours, one of the peer's."""
    operations = TRANSACTIONS // 10 if quick else TRANSACTIONS
    # In a process of its own: a child's peak memory is never below what its parent held when it
    # forked, so whoever starts the checkers must stay small.
    writer = multiprocessing.get_context("fork").Process(
        target=lambda: histories.write_elle_json(one.make(operations), path)
    )
    writer.start()
    writer.join()
    if writer.exitcode != 0:
        raise RuntimeError(f"{path} could not be written")
    runs = [decide(one, path) for _ in range(1 if quick else ROUNDS)]
    failures = [ran.failure for ran, _ in runs if ran.failure]
    if failures:
        return Row(name=one.name, unit="s", ours=None, note=failures[0])
    whole = min(elapsed for _, elapsed in runs)
    theirs, note = ask(one, path, QUICK_TIMEOUT_SECONDS if quick else TIMEOUT_SECONDS)
    return Row(
        name=one.name,
        unit="s",
        ours=min(seconds(ran) for ran, _ in runs),
        peer=theirs,
        peer_name=PEER,
        ratio_to_peer=None if theirs is None else theirs / whole,
        peak_bytes=max(ran.peak_bytes for ran, _ in runs),
        note=note or f"whole process: ours {whole:.2f} s",
    )


def decide(one: Case, path: Path) -> tuple[Ran, float]:
    """Let our own command judge the file; return its answer, and how long all of it took."""
    command = [sys.executable, "-m", "checker.cli", "verify", "--json", str(path)]
    command += ["--format", "json", "--model", one.model, "--consistency", one.consistency]
    began = time.perf_counter()
    ran = run(command)
    elapsed = time.perf_counter() - began
    if ran.answer is not None and ran.answer["verdict"] != one.verdict:
        failure = f"verdict {ran.answer['verdict']}: {ran.answer['files'][0]['reason']}"
        return Ran(answer=None, peak_bytes=0, failure=failure), elapsed
    return ran, elapsed


def ask(one: Case, path: Path, timeout: int) -> tuple[float | None, str]:
    """Let elle-cli judge the same file; the seconds of its process, or why there are none."""
    java = shutil.which("java")
    if java is None or not PEER_JAR.exists():
        missing = "no Java" if java is None else f"no {PEER_JAR.name}"
        return None, f"{PEER} skipped: {missing} here"
    command = [java, "-jar", str(PEER_JAR), "--model", one.model, "--format", "json"]
    command += ["--consistency-models", one.consistency, str(path)]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None, f"{PEER}: no answer after {timeout} s"
    # It prints the file, a tab, and true, false or unknown.
    answer = done.stdout.rpartition("\t")[2].strip()
    if {"true": "valid", "false": "invalid"}.get(answer) != one.verdict:
        return None, f"{PEER} answered {done.stdout.strip()[-60:]!r}"
    return time.perf_counter() - began, ""


if __name__ == "__main__":
    main(__doc__ or "", measure)
