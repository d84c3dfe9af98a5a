"""The command line of the projector; ``projector --help`` lists the commands.

Data goes to standard output, everything else to standard error. The commands are imported when they
are run, so that ``--help`` is quick. Exit codes: `projector.cli.exits`.
"""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App

from eventstore.cli.invocation import invoke
from eventstore.errors import EventStoreError
from projector.cli.exits import exit_of
from projector.errors import ProjectorError

__all__ = ["app", "main"]

app = App(
    name="projector",
    help="Keeps read models from the log that NATS JetStream carries, each event exactly once.",
    version=lambda: version("trueorder"),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
app.command("projector.cli.run:run", name="run", help="Project until SIGINT or SIGTERM.")
app.command("projector.cli.rebuild:rebuild", name="rebuild", help="Build a read model anew.")
app.command("projector.cli.switch:switch", name="switch", help="Change the active generation.")
app.command("projector.cli.drop:drop", name="drop", help="Drop a generation of a read model.")
app.command("projector.cli.feed:app", name="feed", help="Carry changes of a read model onto NATS.")
app.command("projector.cli.status:status", name="status", help="Say how far a projection is.")
app.command("projector.cli.lag:lag", name="lag", help="Say how far all are behind the log.")
app.command("projector.cli.park:park", name="park", help="List or show events set aside.")
app.command("projector.cli.replay:replay", name="replay", help="Apply parked events after all.")
app.command("projector.cli.replay:skip", name="skip", help="Leave an event out for good.")
app.command("projector.cli.tail:tail", name="tail", help="Print events as they are applied.")
app.command("projector.cli.clock:clock", name="clock", help="Append the time as events.")
app.command("projector.cli.top:top", name="top", help="Watch all projections, live.")


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    return invoke("projector", app, (ProjectorError, EventStoreError), exit_of)
