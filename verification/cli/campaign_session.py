"""One `trueorder campaign`: run, show; progress goes to standard error.

With ``--json`` it prints one document, ``trueorder.campaign/1``.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec

from verification.campaigns.campaign import Campaign, CampaignResult, run_campaign
from verification.campaigns.strikes import Kind
from verification.judge.document import exit_code
from verification.run.system import Installations

__all__ = ["run_and_show"]

SEED_MAX: Final = 2**31
SCHEMA: Final = "trueorder.campaign/1"
_SIGNALS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def run_and_show(
    kind: str,
    count: int,
    seed: int | None,
    postgres_bin: Path | None,
    nats_server: Path | None,
    *,
    as_json: bool,
) -> int:
    """Run a campaign in a folder of its own, print what came of it, and return the exit code.

    Raises:
        VerificationError, EventStoreError: a server failed, or a strike could not be made.
    """
    campaign = Campaign(
        kind=Kind(kind), count=count, seed=secrets.randbelow(SEED_MAX) if seed is None else seed
    )
    servers = Installations.find(postgres_bin, nats_server)
    _say(campaign.command)
    with tempfile.TemporaryDirectory(prefix="trueorder-campaign-") as folder:
        place = Path(folder)
        # As root, PostgreSQL runs as another user, who has to pass through.
        os.chmod(place, 0o711)  # noqa: PTH101,S103
        found = asyncio.run(_until_signal(campaign, servers, place / "servers"))
    if isinstance(found, int):
        return found
    if as_json:
        print(msgspec.json.encode(_document(found)).decode())
    else:
        print(_text(found))
    return exit_code(found.verdict)


async def _until_signal(
    campaign: Campaign, servers: Installations, folder: Path
) -> CampaignResult | int:
    """Run it; a signal ends it in order, and its exit code is returned."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(run_campaign(campaign, servers, folder, _say))
    received: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return _SIGNALS[received[0]]
    except BaseExceptionGroup as error:
        # Of a task group the first error is why the others were cancelled.
        raise error.exceptions[0] from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _document(found: CampaignResult) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "verdict": found.verdict,
        "command": found.campaign.command,
        **msgspec.to_builtins(found),
    }


def _text(found: CampaignResult) -> str:
    struck = ", ".join(f"{what} {times}" for what, times in found.struck.items())
    lines = [
        f"{found.verdict}  {found.campaign.command}",
        f"  struck    {struck}, in {found.strike_seconds:g} s",
        f"  load      {found.appends:,} appends acknowledged, {found.retries:,} repeated",
        f"  at rest   after {found.quiet_seconds:g} s of quiet",
    ]
    for judged in found.properties:
        lines.append(f"  {judged.verdict:8}  {judged.title}: {judged.sentence}")
        lines += [f"            {a.type}: {a.explanation}" for a in judged.anomalies[:1]]
    return "\n".join(lines)
