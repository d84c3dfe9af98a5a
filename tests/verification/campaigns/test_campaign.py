from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from checker import Verdict
from verification.campaigns.campaign import Campaign, CampaignResult, judge_evidence, run_campaign
from verification.campaigns.strikes import Kind
from verification.judge.property import Property
from verification.mutants.registry import MUTANTS
from verification.run.system import Installations


async def result_of(kind: Kind, count: int, folder: Path) -> CampaignResult:
    said: list[str] = []
    campaign = Campaign(kind=kind, count=count, seed=1)
    found = await run_campaign(campaign, Installations.find(), folder, said.append)
    assert found.verdict is Verdict.VALID, found.properties
    assert sum(found.struck.values()) >= count
    assert found.appends > count
    assert any(f"{kind} {count} of {count}" in line for line in said)
    return found


@pytest.mark.stack
@pytest.mark.slow
async def test_kills_of_everything_leave_nothing_to_mend(
    server_folders: Callable[[str], Path],
) -> None:
    found = await result_of(Kind.KILLS, 10, server_folders("kills"))
    assert set(found.struck) == {"nats", "postgres", "projector", "relay"}


@pytest.mark.stack
@pytest.mark.slow
async def test_all_of_jetstream_can_be_lost(server_folders: Callable[[str], Path]) -> None:
    found = await result_of(Kind.JETSTREAM_LOSS, 1, server_folders("loss"))
    assert found.struck == {"jetstream": 1}


@pytest.mark.stack
@pytest.mark.slow
async def test_a_leader_that_wakes_up_does_no_harm(server_folders: Callable[[str], Path]) -> None:
    found = await result_of(Kind.PAUSED_LEADER, 2, server_folders("paused"))
    assert found.struck == {"relay paused": 1, "relay-2 paused": 1}, "they took turns"


@pytest.mark.stack
@pytest.mark.slow
async def test_a_planted_bug_is_convicted(server_folders: Callable[[str], Path]) -> None:
    campaign = Campaign(kind=Kind.KILLS, count=4, seed=1)
    found = await run_campaign(
        campaign,
        Installations.find(),
        server_folders("mutant"),
        lambda _: None,
        mutant=MUTANTS["duplicate-publish"],
    )
    assert found.verdict is Verdict.INVALID
    convicted = {a.type for judged in found.properties for a in judged.anomalies}
    assert "duplicate-event" in convicted


@pytest.mark.parametrize(("under_fire", "after"), [(3, 1), (4, 0)])
def test_a_campaign_without_work_proves_nothing(under_fire: int, after: int) -> None:
    campaign = Campaign(kind=Kind.KILLS, count=4, seed=1)
    assert judge_evidence(campaign, under_fire, after).verdict is Verdict.UNKNOWN
    assert judge_evidence(campaign, 4, 1).verdict is Verdict.VALID


def test_the_worst_property_is_the_verdict() -> None:
    def judged(verdict: Verdict) -> Property:
        return Property(name="p", title="P", verdict=verdict, sentence="")

    valid = CampaignResult(
        campaign=Campaign(kind=Kind.KILLS, count=1, seed=1),
        struck={"nats": 1},
        appends=1,
        retries=0,
        events=1,
        strike_seconds=1.0,
        quiet_seconds=1.0,
        properties=(judged(Verdict.VALID),),
    )
    assert valid.verdict is Verdict.VALID
    for worse, others in (
        (Verdict.UNKNOWN, (Verdict.VALID, Verdict.UNKNOWN)),
        (Verdict.INVALID, (Verdict.INVALID, Verdict.UNKNOWN, Verdict.VALID)),
    ):
        found = msgspec.structs.replace(valid, properties=tuple(map(judged, others)))
        assert found.verdict is worse
