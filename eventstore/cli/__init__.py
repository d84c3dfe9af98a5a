"""The command line of the event store; ``eventstore --help`` lists the commands.

Data goes to standard output, everything else to standard error. The commands are imported when they
are run, so that ``--help`` is quick. Exit codes: `eventstore.cli.exits`.
"""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App

from eventstore.cli.exits import exit_of
from eventstore.cli.invocation import invoke
from eventstore.errors import EventStoreError

__all__ = ["app", "main"]

app = App(
    name="eventstore",
    help="An append-only log of events in PostgreSQL, carried to NATS JetStream.",
    version=lambda: version("trueorder"),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
app.command(
    "eventstore.cli.migrate:migrate",
    name="migrate",
    help="Bring the database to the schema of this version.",
)
app.command(
    "eventstore.cli.append:append",
    name="append",
    help="Append events to a stream, all or none.",
)
app.command(
    "eventstore.cli.append_all:append_all",
    name="append-all",
    help="Append events to several streams, all or none.",
)
app.command("eventstore.cli.read:read", name="read", help="Read a stream, the log, or a part.")
app.command(
    "eventstore.cli.read:head",
    name="head",
    help="Print the position of the last event in the log.",
)
app.command("eventstore.cli.tail:tail", name="tail", help="Print the end of the log, or follow it.")
app.command("eventstore.cli.catalogue:streams", name="streams", help="List streams.")
app.command(
    "eventstore.cli.catalogue:stats",
    name="stats",
    help="Count events, streams, categories and types.",
)
app.command(
    "eventstore.cli.verify_log:verify_log",
    name="verify-log",
    help="Compute the log's chain of hashes again.",
)
app.command(
    "eventstore.cli.verify_log:sign_head",
    name="sign-head",
    help="Print the head of the log under a signature.",
)
app.command(
    "eventstore.cli.transfer:export_log",
    name="export",
    help="Write the log, or a part of it, to a file.",
)
app.command(
    "eventstore.cli.transfer:import_log",
    name="import",
    help="Take the events of an export into a log.",
)
app.command(
    "eventstore.cli.archive:archive",
    name="archive",
    help="Move the payloads of old events into files that are read like the log.",
)
app.command(
    "eventstore.cli.archive:archives",
    name="archives",
    help="List the archives of the log.",
)
app.command(
    "eventstore.cli.retention:app",
    name="retention",
    help="Say how long payloads are kept, and drop what is due.",
)
app.command(
    "eventstore.cli.serve:serve",
    name="serve",
    help="Serve the event store over gRPC.",
)
app.command(
    "eventstore.cli.doctor:doctor",
    name="doctor",
    help="Check server, schema, durability, clock and log.",
)
app.command(
    "eventstore.cli.privacy:forget",
    name="forget",
    help="Destroy a subject's key: what was sealed for it is lost for ever.",
)
app.command(
    "eventstore.cli.privacy:export_subject",
    name="export-subject",
    help="Print what the log holds of a subject, opened.",
)
app.command(
    "eventstore.cli.privacy:rewrap_keys",
    name="rewrap-keys",
    help="Wrap all subjects' keys by another master key.",
)
app.command(
    "eventstore.cli.privacy:new_master_key",
    name="new-master-key",
    help="Print a line for a file of master keys.",
)
app.command(
    "eventstore.cli.consumers:consumers",
    name="consumers",
    help="Say how far the consumers are behind the log.",
)
app.command(
    "eventstore.cli.asyncapi:asyncapi",
    name="asyncapi",
    help="Describe the events on NATS, for consumers in any language.",
)
app.command("eventstore.cli.relay:app", name="relay", help="Carry the log to NATS JetStream.")


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    return invoke("eventstore", app, (EventStoreError,), exit_of)
