"""``eventstore verify-log`` and ``eventstore sign-head``: is the log what was appended?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from eventstore.cli.exits import Exit
from eventstore.cli.options import DatabaseUrl, Json, LogName, TimeoutSeconds, print_json
from eventstore.cli.progress import progress
from eventstore.config import archive_folder, place_of
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.errors import ConfigError
from eventstore.postgres.chain import ChainReport, Link, verify_chain
from eventstore.postgres.signed_head import (
    SignedHead,
    check_signature,
    decode_head,
    encode_head,
    last_link,
    private_key,
    public_key,
    sign,
)

__all__ = ["sign_head", "verify_log"]


async def verify_log(
    *,
    head: Annotated[
        Path | None,
        Parameter(help="A signed head that was kept elsewhere: the log must contain it."),
    ] = None,
    public_key_file: Annotated[
        Path | None,
        Parameter(name="--public-key", help="PEM file of the Ed25519 key it was signed by."),
    ] = None,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 60.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> int:
    """Compute the chain of hashes over the whole log again, on a primary, a standby or a copy.

    Exit 0: the log is what was appended; 1: it is not, from the position that is named.
    """
    if (head is None) != (public_key_file is None):
        raise ConfigError("--head and --public-key go together.")
    url, name = database_url_of(database_url), log_name_of(log_name)
    signed = _signed(head, public_key_file) if head and public_key_file else None
    if signed is not None and signed.log != name:
        raise ConfigError(f"{head} is a head of the log {signed.log!r}, not of {name!r}.")
    with progress("verifying", None) as done:
        report = await verify_chain(
            url,
            log=name,
            expected=signed.link if signed else None,
            timeout_seconds=timeout_seconds,
            progress=done,
            archive_folder=archive_folder(),
        )
    if json or not sys.stdout.isatty():
        _print_json(report)
    else:
        _print(place_of(url, name), report, signed)
    return Exit.OK if report.fault is None else Exit.VIOLATION


async def sign_head(
    *,
    key: Annotated[
        Path, Parameter(help="PEM file of an Ed25519 key: `openssl genpkey -algorithm ed25519`.")
    ],
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the head of the log under a signature; keep it where who may change the log cannot.

    It is not verified first: `eventstore verify-log` does that.
    """
    signer, name = private_key(key), log_name_of(log_name)
    link: Link = await last_link(
        database_url_of(database_url), log=name, timeout_seconds=timeout_seconds
    )
    sys.stdout.write(encode_head(sign(link, name, signer)).decode())


def _signed(head: Path, key: Path) -> SignedHead:
    try:
        document = head.read_bytes()
    except OSError as error:
        raise ConfigError(f"{head} cannot be read: {error.strerror}.") from None
    signed = decode_head(document)
    if not check_signature(signed, public_key(key)):
        raise ConfigError(f"{head} was not signed by the key in {key}, or was changed since.")
    return signed


def _print_json(report: ChainReport) -> None:
    print_json(
        {
            "schema": "trueorder.verify-log/1",
            "verdict": "invalid" if report.fault else "valid",
            "events": report.events,
            "links": report.links,
            "archived": report.archived,
            "retired": report.retired,
            "position": report.position,
            "hash": report.hash.hex(),
            "fault": report.fault,
        }
    )


def _print(place: str, report: ChainReport, signed: SignedHead | None) -> None:
    console = Console(file=sys.stdout, highlight=False)
    console.print(Text(place, style="bold"))
    verified = f"{report.events:,} events in {report.links:,} links"
    if report.fault is None:
        console.print(Text(f"valid    {verified}", style="green"))
        console.print(Text(f"hash     {report.hash.hex()}"))
        if report.archived:
            console.print(Text(f"archived {report.archived:,} events, read from their files"))
        if report.retired:
            console.print(Text(f"retired  {report.retired:,} events: of each the digest is left"))
        if signed is not None:
            console.print(Text(f"signed   position {signed.position:,}, {signed.signed_at}"))
        return
    first, last = report.fault.first, report.fault.last
    where = f"position {first:,}" if last <= first else f"positions {first:,} to {last:,}"
    console.print(Text(f"invalid  {where}: {report.fault.reason}", style="bold red"))
    console.print(Text(f"         {verified} before it are what was appended"))
