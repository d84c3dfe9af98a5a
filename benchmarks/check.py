"""How fast histories are decided: ours beside Porcupine v1.3.0, both from the same files.

Figures are seconds of the deciding alone, best of the rounds of one run; ``peak_bytes`` is our
process's peak resident memory, the interpreter included. Porcupine gets a minute (5 seconds when
quick) and 16 GiB, after which its figure is null and the note says so; where there is no Go it is
skipped.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks import histories
from benchmarks.document import Row, main

PEER: Final = "Porcupine v1.3.0"
PEER_SOURCE: Final = Path(__file__).parent / "porcupine"
CORPORA: Final = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "porcupine"
TIMEOUT_SECONDS: Final = 60
QUICK_TIMEOUT_SECONDS: Final = 5
MEMORY_BYTES: Final = 16 * 2**30
ROUNDS: Final = 3
SEED: Final = 20261124


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One row: how its files are made, and what both checkers call their model."""

    name: str
    model: str
    peer_model: str
    files: Callable[[Path, int], list[Path]]
    expected: set[str]
    operations: int = 0


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One process's answer and what it cost."""

    answer: dict[str, Any] | None
    peak_bytes: int
    failure: str = ""


def generated(
    make: Callable[[int], list[histories.Sketch]], operations: int
) -> Callable[[Path, int], list[Path]]:
    """Write one generated history, or the fraction of it that is asked for."""

    def files(folder: Path, divisor: int) -> list[Path]:
        path = folder / "history.ops"
        # In a process of its own: a child's peak memory is never below what its parent held when
        # it forked, so whoever starts the checkers must stay small.
        writer = multiprocessing.get_context("fork").Process(
            target=lambda: histories.write_ops(make(operations // divisor), path)
        )
        writer.start()
        writer.join()
        if writer.exitcode != 0:
            raise RuntimeError(f"{path} could not be written")
        return [path]

    return files


def recorded(pattern: str) -> Callable[[Path, int], list[Path]]:
    """Take Porcupine's own recorded logs, where the corpora are."""

    def files(_folder: Path, _divisor: int) -> list[Path]:
        return sorted(CORPORA.glob(pattern))

    return files


def sketches(name: str, **options: Any) -> Callable[[int], list[histories.Sketch]]:
    """A generator of `benchmarks.histories` with everything but the number of operations."""
    make = getattr(histories, name)
    return lambda operations: make(operations=operations, seed=SEED, **options)


def case(
    name: str, model: str, peer: str, make: Callable[[int], list[histories.Sketch]], size: int
) -> Case:
    """A case over one generated history; its name's ending says whether it is valid."""
    valid = not name.endswith("-bad")
    return Case(
        name=name,
        model=model,
        peer_model=peer,
        files=generated(make, size),
        expected={"valid"} if valid else {"invalid"},
        operations=size,
    )


CASES: Final = (
    case("reg-c04-n100k-ok", "register", "register", sketches("register", clients=4), 100_000),
    case(
        "reg-c04-n100k-bad",
        "register",
        "register",
        sketches("register", clients=4, stale=True),
        100_000,
    ),
    case("reg-c32-n100k-ok", "register", "register", sketches("register", clients=32), 100_000),
    case(
        "kv100-c32-n1m-ok",
        "kv",
        "kv",
        sketches("keyed_registers", keys=100, clients=32),
        1_000_000,
    ),
    case(
        "cas5-c10-n10k-ok",
        "cas-register",
        "cas",
        sketches("cas_register", values=5, clients=10),
        10_000,
    ),
    Case(
        name="etcd-logs",
        model="cas-register",
        peer_model="etcd-log",
        files=recorded("etcd/*.log"),
        expected={"valid", "invalid"},
    ),
    Case(
        name="kv-logs",
        model="kv",
        peer_model="kv-log",
        files=recorded("kv/*.txt"),
        expected={"valid", "invalid"},
    ),
    case("log-c16-n100k-ok", "log", "log", sketches("log", clients=16), 100_000),
    case(
        "logpend100-c16-n10k-bad",
        "log",
        "log",
        sketches("log", clients=16, pending=100, stale=True),
        10_000,
    ),
    case("queue-c08-n10k-ok", "queue", "queue", sketches("queue", clients=8), 10_000),
    case("log-10m", "log", "log", sketches("log", clients=16), 10_000_000),
)


def measure(quick: bool) -> Iterator[Row]:  # noqa: FBT001 - the shape that `main` calls
    """Decide every case, ours and the peer's in turn; a tenth of each history when quick."""
    with tempfile.TemporaryDirectory(prefix="trueorder-bench-") as name:
        folder = Path(name)
        peer = build_peer(folder)
        for one in CASES:
            yield measure_case(one, folder, peer, quick=quick)


def build_peer(folder: Path) -> Path | None:
    """Build the Go program beside us, or answer None where that cannot be done."""
    go = shutil.which("go")
    if go is None:
        return None
    program = folder / "porcupine"
    built = subprocess.run([go, "build", "-o", program, "."], cwd=PEER_SOURCE, check=False)
    return program if built.returncode == 0 else None


def measure_case(one: Case, folder: Path, peer: Path | None, *, quick: bool) -> Row:
    """Measure one case: a few rounds of ours, one of the peer's."""
    files = one.files(folder, 10 if quick else 1)
    if not files:
        return Row(name=one.name, unit="s", ours=None, note=f"no files below {CORPORA}")
    runs = [decide(one, files) for _ in range(1 if quick else ROUNDS)]
    failures = [run.failure for run in runs if run.failure]
    if failures:
        return Row(name=one.name, unit="s", ours=None, note=failures[0])
    ours = min(seconds(run) for run in runs)
    timeout = QUICK_TIMEOUT_SECONDS if quick else TIMEOUT_SECONDS
    theirs, note = (
        (None, "Porcupine skipped: no Go here") if peer is None else ask(peer, one, files, timeout)
    )
    return Row(
        name=one.name,
        unit="s",
        ours=ours,
        peer=theirs,
        peer_name=PEER,
        ratio_to_peer=None if theirs is None else theirs / ours,
        peak_bytes=max(run.peak_bytes for run in runs),
        note=note,
    )


def decide(one: Case, files: list[Path]) -> Ran:
    """Let our own command decide the files, and see that the verdict is the expected one."""
    command = [sys.executable, "-m", "checker.cli", "verify", "--json", "--model", one.model]
    ran = run([*command, *map(str, files)])
    if ran.answer is not None:
        verdicts = {file["verdict"] for file in ran.answer["files"]}
        if verdicts != one.expected:
            return Ran(answer=None, peak_bytes=0, failure=f"verdict {verdicts}")
    return ran


def seconds(ran: Ran) -> float:
    """The deciding alone, summed over the files."""
    assert ran.answer is not None
    return sum(float(file["seconds"]) for file in ran.answer["files"])


def ask(peer: Path, one: Case, files: list[Path], timeout: int) -> tuple[float | None, str]:
    """Let Porcupine decide the same files; its seconds, or why there are none."""
    total = 0.0
    peak = 0
    for path in files:
        ran = run([str(peer), one.peer_model, str(path), f"{timeout}s"])
        if ran.answer is None:
            return None, f"Porcupine: {ran.failure}"
        if ran.answer["result"] == "Unknown":
            return None, f"Porcupine: undecided after {timeout} s"
        total += float(ran.answer["seconds"])
        peak = max(peak, ran.peak_bytes)
    return total, f"Porcupine: {peak / 2**20:.0f} MiB"


def run(command: list[str]) -> Ran:
    """Run one process to its end and read its JSON answer and its own peak memory."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as out, process.stderr as err:
        printed, complained = out.read(), err.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * 1024
    if not printed.startswith(b"{"):
        last = complained.decode(errors="replace").strip().splitlines()[-1:]
        why = "out of 16 GiB" if b"out of memory" in complained else " ".join(last)
        return Ran(answer=None, peak_bytes=peak, failure=why or f"exit {process.returncode}")
    return Ran(answer=json.loads(printed), peak_bytes=peak)


if __name__ == "__main__":
    main(__doc__ or "", measure)
