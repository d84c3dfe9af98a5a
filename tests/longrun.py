"""A long run: generated histories of each family, judged in every way and by the reference.

``python -m tests.longrun`` runs the part that is written in Rust (`native/core/tests/long_run.rs`:
monitors and searches of all models against trying everything), and this one: the whole of
`checker.checking`, and models of one's own, deterministic or not, against the reference search.
Both print their seed, what they judged family by family, and each disagreement; the same seed and
counts give the same histories.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checker import MODELS, CheckResult, History, Model, Outcome, Verdict, check
from checker.engine.replay import replay
from checker.models import CasRegister, Stream
from tests.checker.models.test_nondeterministic import LossyQueue
from tests.checker.models.test_nondeterministic import drafts_of as lossy_drafts
from tests.support.drafts import arrange
from tests.support.log_histories import log_drafts
from tests.support.model_histories import GENERATORS, Drafts, cas_registers
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts

ROOT = Path(__file__).parents[1]
NATIVE = ["cargo", "test", "--release", "--locked", "-p", "trueorder-core", "--test", "long_run"]


class Mine(CasRegister):
    """A model that neither the native judge nor a monitor knows."""

    name = "mine"


def _streams(*, whole: bool) -> Drafts:
    def drafts(random: Any) -> Any:
        made = stream_drafts(random, random_mix(random, whole=whole))[:10]
        for _ in range(random.randrange(3)):
            mutate(random, made)
        return made

    return drafts


def families() -> dict[str, tuple[Model[Any], Drafts]]:
    """Return a model and a generator of histories for each family."""
    named = {name: (MODELS[name](), drafts) for name, drafts in GENERATORS.items()}
    return {
        **named,
        "log": (MODELS["log"](), lambda random: log_drafts(random, operations=8)),
        "stream": (Stream(), _streams(whole=False)),
        "stream, whole stores": (Stream(), _streams(whole=True)),
        "a model of one's own": (Mine(), cas_registers),
        "a nondeterministic model": (LossyQueue(), lossy_drafts),
    }


def disagreement(history: History, model: Model[Any], ours: CheckResult) -> str:
    """Say in what a verdict differs from the reference's; the empty string if in nothing."""
    theirs = check(history, model, engine="reference")
    if [part.verdict for part in ours.partitions] != [part.verdict for part in theirs.partitions]:
        return f"{ours.verdict} by {ours.algorithm}, and {theirs.verdict} by the reference"
    for part, own in zip(ours.partitions, model.partition(history.operations), strict=True):
        if part.verdict is Verdict.VALID:
            wrong = replay(own.model, own.operations, part.witness or ())
            if wrong:
                return f"a witness by {part.algorithm}: {wrong}"
    return ""


def run(seed: int, histories: int) -> Iterator[tuple[str, int, str]]:
    """Judge so many histories of each family; yield each disagreement: family, number, and what."""
    for name, (model, drafts) in families().items():
        began = time.monotonic()
        tally: Counter[str] = Counter()
        for number in range(histories):
            history = arrange(drafts(seeded(seed * 1_000_000 + number)))
            ours = check(history, model)
            tally[ours.verdict] += 1
            tally["with unknown outcomes"] += any(
                operation.outcome is Outcome.INFO for operation in history.operations
            )
            wrong = disagreement(history, model, ours)
            if wrong:
                tally["disagreements"] += 1
                yield name, number, wrong
        counted = ", ".join(f"{count} {what}" for what, count in sorted(tally.items()))
        _tell(f"{name}: {histories} histories: {counted}, {time.monotonic() - began:.1f} s")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 if nothing disagreed, 1 if something did."""
    parser = argparse.ArgumentParser(prog="python -m tests.longrun", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=5_000, help="of each family, in Python")
    parser.add_argument("--native", type=int, default=1_000_000, help="in all, in Rust; 0 for none")
    options = parser.parse_args(arguments)
    _tell(f"seed {options.seed}, {options.histories} histories of each family")
    failed = False
    for name, number, wrong in run(options.seed, options.histories):
        failed = True
        _tell(f"DISAGREEMENT {name}, history {number}: {wrong}")
    if options.native:
        given = {"LONG_RUN_SEED": options.seed, "LONG_RUN_HISTORIES": options.native}
        environment = os.environ | {name: str(value) for name, value in given.items()}
        command = [*NATIVE, "--", "--ignored", "--nocapture"]
        failed |= subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
