"""A campaign from beginning to end: load, so many strikes, quiet, and the judgement of all of it.

Nothing but restarts of what was killed is done meanwhile: what heals, heals by itself. In the end
every acknowledged event is in the log once, JetStream's stream is the log, each event was applied
once and in order, and the read model is the fold of the log.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from checker import Verdict
from checker.delivery import Log, LogEntry, check_acknowledged, check_log
from verification.artefacts import Convergence, LogRow
from verification.campaigns.load import Load
from verification.campaigns.strikes import LEASE_SECONDS, STRIKES, Kind
from verification.judge.delivery import (
    judge_applied,
    judge_carried,
    judge_converged,
    judge_read_model,
)
from verification.judge.property import Property, from_findings
from verification.mutants.registry import Mutant
from verification.run.collect import probe, read_log
from verification.run.convergence import await_convergence
from verification.run.jetstream import read_messages
from verification.run.postgres import read_applied, read_rows
from verification.run.system import DATABASE, PROJECTION, Installations, System

__all__ = ["Campaign", "CampaignResult", "judge_evidence", "run_campaign"]

CALM_SECONDS: Final = 0.5
"""How long the load goes on after the last strike, so that it is known to work again."""

Say = Callable[[str], None]


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: the kind of strike, how many, and the seed of everything that is drawn."""

    kind: Kind
    count: int
    seed: int

    @property
    def command(self) -> str:
        """The command line that runs it again."""
        return f"trueorder campaign {self.kind} --count {self.count} --seed {self.seed}"


class CampaignResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    ``struck`` counts the strikes by what was struck, ``appends`` are those acknowledged, after
    ``retries`` attempts that were not. ``strike_seconds`` is the time under fire, and
    ``quiet_seconds`` how long relay and projector then took to catch up.
    """

    campaign: Campaign
    struck: dict[str, int]
    appends: int
    retries: int
    events: int
    strike_seconds: float
    quiet_seconds: float
    properties: tuple[Property, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the properties'."""
        return max((judged.verdict for judged in self.properties), key=_BADNESS.index)


_BADNESS: Final = (Verdict.VALID, Verdict.UNKNOWN, Verdict.INVALID)


async def run_campaign(
    campaign: Campaign,
    servers: Installations,
    folder: Path,
    say: Say,
    *,
    mutant: Mutant | None = None,
) -> CampaignResult:
    """Run a campaign on servers in ``folder``, which is new or empty.

    A ``mutant`` of relay or projector takes its place: then it must not be valid.

    Raises:
        VerificationError: a server failed, or a strike could not be made.
        EventStoreError: the healed servers do not answer.
    """
    lease = ("--lease-seconds", f"{LEASE_SECONDS:g}")
    async with System.start(folder, servers, mutant, campaign.seed, relay_options=lease) as system:
        load = Load(system.stores, campaign.seed)
        struck: Counter[str] = Counter()
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run())
            await _strike(campaign, system, struck, say)
            before = len(load.acknowledged)
            await asyncio.sleep(CALM_SECONDS)
            load.over.set()
        strike_seconds = time.monotonic() - began
        say("quiet: waiting for relay and projector")
        convergence = await _quiet(system)
        properties = (
            judge_evidence(campaign, before, len(load.acknowledged) - before),
            *await _judge(system, load, convergence, await read_log(system)),
        )
        return CampaignResult(
            campaign=campaign,
            struck=dict(sorted(struck.items())),
            appends=len(load.acknowledged),
            retries=load.retries,
            events=convergence.head,
            strike_seconds=round(strike_seconds, 1),
            quiet_seconds=round(convergence.seconds, 1),
            properties=properties,
        )


async def _strike(campaign: Campaign, system: System, struck: Counter[str], say: Say) -> None:
    draw = Random(f"campaign/{campaign.kind}/{campaign.seed}")  # noqa: S311 - faults, not secrets
    async with aclosing(STRIKES[campaign.kind](system, draw)) as strikes:
        async for what in strikes:
            struck[what] += 1
            say(f"{campaign.kind} {struck.total()} of {campaign.count}: {what}")
            if struck.total() >= campaign.count:
                return


async def _quiet(system: System) -> Convergence:
    def crashed() -> str | None:
        command = system.crashed
        return f"the {command.name} ended by itself ({command.exit_code})" if command else None

    return await await_convergence(lambda: probe(system), crashed)


def judge_evidence(campaign: Campaign, under_fire: int, after: int) -> Property:
    """Judge whether there was work that the strikes could have harmed, and that could show it."""
    enough = under_fire >= campaign.count and after > 0
    return Property(
        name="evidence",
        title="There was work under fire, and after it",
        verdict=Verdict.VALID if enough else Verdict.UNKNOWN,
        sentence=f"{under_fire:,} appends acknowledged under {campaign.count:,} strikes, "
        f"{after:,} after the last",
    )


async def _judge(
    system: System, load: Load, convergence: Convergence, rows: Sequence[LogRow]
) -> tuple[Property, ...]:
    postgres = system.cluster.postgres
    entries = [LogEntry(row.position, row.stream, row.version, row.id) for row in rows]
    log = Log(entries)
    until = log.head if convergence.reached else convergence.applied
    stream = await read_messages(system.cluster.nats_url)
    applied = await read_applied(postgres, DATABASE)
    model = await read_rows(postgres, DATABASE, PROJECTION)
    written = from_findings(
        "log",
        "The log holds each acknowledged append, once",
        f"{len(load.acknowledged):,} appends acknowledged, {len(log):,} events",
        (*check_log(entries), *check_acknowledged(log, load.acknowledged)),
        {},
    )
    return (
        written,
        judge_converged(convergence),
        judge_carried(log, stream, {}, complete=convergence.carried == convergence.head),
        judge_applied(log, applied, {}, until=until),
        judge_read_model(list(rows), model, until=until),
    )
