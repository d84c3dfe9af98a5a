"""``eventstore serve``: the event store for clients in any language, over gRPC."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.cli.options import DatabaseUrl, LogName, TimeoutSeconds, open_store
from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.errors import ConfigError
from eventstore.measured import MeasuredEventStore, Tracer
from eventstore.metrics import StoreMetrics
from eventstore.scraping import scraped

__all__ = ["serve"]


def serve(
    *,
    host: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, Parameter(help="The port; 0 takes a free one.", validator=Number(gte=0, lte=65_535))
    ] = 50_051,
    token_file: Annotated[
        Path | None,
        Parameter(help="Who may call: lines of `read TOKEN` or `append TOKEN`; all, without."),
    ] = None,
    certificate: Annotated[
        Path | None, Parameter(help="PEM file of the certificate chain, for TLS.")
    ] = None,
    key: Annotated[Path | None, Parameter(help="PEM file of the certificate's key.")] = None,
    metrics_port: Annotated[
        int | None,
        Parameter(
            help="Serve numbers for Prometheus on this port of 127.0.0.1, at /metrics.",
            validator=Number(gte=0, lte=65_535),
        ),
    ] = None,
    verbose: Annotated[bool, Parameter(help="Log more, for debugging.", negative="")] = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> int:
    """Serve the event store over gRPC until SIGINT or SIGTERM.

    Beyond this machine it serves with tokens and a certificate only.
    """
    try:
        from eventstore.grpc import server, tokens  # noqa: PLC0415 - the extra may be missing
    except ImportError:
        raise ConfigError(
            "gRPC is not installed here: it takes `pip install 'trueorder[grpc]'`."
        ) from None
    if (certificate is None) != (key is None):
        raise ConfigError("--certificate and --key go together.")
    pair = server.Certificate(certificate, key) if certificate and key else None
    allowed = tokens.Tokens.read_from(token_file) if token_file else None
    server.check_exposure(host, allowed, pair)
    opening = open_store(database_url, log_name, timeout_seconds, connections=8)
    log_to_stderr(verbose=verbose)

    async def run() -> None:
        metrics = StoreMetrics()
        async with AsyncExitStack() as stack:
            store = MeasuredEventStore(
                await stack.enter_async_context(opening), metrics, tracer=_tracer()
            )
            if metrics_port is not None:
                scraping = scraped(metrics.text, port=metrics_port)
                scraping_port = await stack.enter_async_context(scraping)
                sys.stderr.write(f"metrics at http://127.0.0.1:{scraping_port}/metrics\n")
            bound = await stack.enter_async_context(
                server.serve(store, host=host, port=port, tokens=allowed, certificate=pair)
            )
            scheme = "grpcs" if pair else "grpc"
            sys.stderr.write(f"listening on {scheme}://{host}:{bound}\n")
            await asyncio.get_running_loop().create_future()

    return run_until_signal(run())


def _tracer() -> Tracer | None:
    """OpenTelemetry's tracer, where it is installed; who configures it decides where spans go."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - not a dependency of ours
    except ImportError:
        return None
    tracer: Tracer = trace.get_tracer("eventstore")
    return tracer
