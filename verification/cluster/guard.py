"""The guard: a tiny parent for one server, so that nothing of it outlives us.

It is a script for `python -I -S`, and imports nothing of ours. We start it, it starts the server,
and we speak with it through two pipes: a line a command on its standard input, a line an event on
its standard output. The server's own output goes to the guard's standard error, a log file.

Commands: `signal N` (to the server alone), `kill`, `pause`, `resume` (to the whole tree).
Events: `started PID`, `paused`, `resumed`, `exited CODE` (minus the signal).

What it promises: when we are gone, however we went (the pipe closes, or our process id is no longer
its parent's), it kills the server and every descendant, then ends. When the guard itself is killed,
the kernel kills the server (PR_SET_PDEATHSIG, set after the change of user, which would clear it).

A process group would not do: each PostgreSQL backend makes a session of its own. The guard is
the reaper of its descendants instead (PR_SET_CHILD_SUBREAPER): once the server is dead its
children are the guard's, which kills and waits for them until none is left. Then it removes the
System V segments that they left behind, since a killed PostgreSQL whose data folder is deleted
would leak one for ever.

It does not judge health, restart anything, or write a log of its own. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 4
PR_SET_CHILD_SUBREAPER = 36
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522
IPC_RMID = 0
PARENT_CHECK_SECONDS = 1.0

libc = ctypes.CDLL(None)


class Owner(NamedTuple):
    """Whom the server runs as; `passage` is explained at `_raise_passage`."""

    user: int
    group: int
    passage: bool


def descendants(root: int) -> list[int]:
    """All processes below `root`, parents before children, as /proc shows them now."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes()
        except OSError:
            continue  # It ended while we looked.
        # The name in brackets may hold anything; the state and the parent follow it.
        yield int(entry.name), int(stat.rpartition(b")")[2].split()[1])


def send(pid: int, number: int) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def before_exec(owner: Owner | None) -> Callable[[], None]:
    """What the child does before the server's first instruction."""
    guard = os.getpid()

    def prepare() -> None:
        if owner is not None:
            os.setgroups([])
            os.setgid(owner.group)
            if owner.passage:
                # access(2) honours the capabilities of an ordinary user only under this bit, and
                # initdb asks it whether the server's program can be run.
                libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
            os.setuid(owner.user)
            if owner.passage:
                _raise_passage()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)  # The guard died before the kernel knew whom to watch.

    return prepare


def _raise_passage() -> None:
    """Keep one capability of root, to pass through folders that the new user may not enter.

    A virtual environment or a data folder under /root would be out of reach otherwise. Where
    root itself does not have it, nothing happens: the server then says which path it cannot reach.
    """
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; low words, then high.
    if libc.capget(header, sets) != 0:
        return
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        bit = 1 << capability
        if sets[1] & bit:
            kept = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
            if libc.capset(header, kept) == 0:
                libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            return


class Guard:
    """The server, its tree, and the two pipes."""

    def __init__(self, command: list[str], owner: Owner | None) -> None:
        self.parent = os.getppid()
        self.dead: set[int] = set()
        self.exit_code: int | None = None
        self.commands = b""
        self.server = subprocess.Popen(  # noqa: S603 - the command is our caller's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            preexec_fn=before_exec(owner),  # noqa: PLW1509 - safe: the guard has one thread
        )

    def run(self) -> None:
        """Serve until the server's whole tree is gone."""
        self.say(f"started {self.server.pid}")
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(reader, selectors.EVENT_READ)
            self.reap()
            while self.exit_code is None:
                for key, _ in selector.select(PARENT_CHECK_SECONDS):
                    if key.fd == reader:
                        woken = os.read(reader, 512)
                        if signal.SIGTERM in woken:
                            self.kill()
                    else:
                        self.obey()
                if os.getppid() != self.parent:
                    self.kill()
                self.reap()
        self.extinguish()
        remove_segments(self.dead)
        self.say(f"exited {self.exit_code}")

    def obey(self) -> None:
        """Carry out the commands that have arrived; their end is the end of our user."""
        received = os.read(0, 4096)
        if not received:
            self.kill()
            return
        *lines, self.commands = (self.commands + received).split(b"\n")
        for line in lines:
            verb, _, argument = line.partition(b" ")
            if verb == b"signal":
                send(self.server.pid, int(argument))
            elif verb == b"kill":
                self.kill()
            elif verb == b"pause":
                self.pause()
            elif verb == b"resume":
                self.resume()

    def kill(self) -> None:
        """Kill the server and wait for it; its children become ours as it dies."""
        if self.exit_code is None:
            send(self.server.pid, signal.SIGKILL)
            self.reap(block=True)

    def pause(self) -> None:
        """Stop the tree, the server first, until no unstopped child is found."""
        stopped: set[int] = set()
        tree = [self.server.pid]
        while tree:
            for pid in tree:
                send(pid, signal.SIGSTOP)
            stopped.update(tree)
            tree = [pid for pid in descendants(self.server.pid) if pid not in stopped]
        self.say("paused")

    def resume(self) -> None:
        """Let the tree go on, the server last."""
        for pid in [*descendants(self.server.pid), self.server.pid]:
            send(pid, signal.SIGCONT)
        self.say("resumed")

    def reap(self, *, block: bool = False) -> None:
        """Wait for children that have ended; with `block`, until the server has."""
        while self.exit_code is None:
            pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
            if pid == 0:
                return
            self.dead.add(pid)
            if pid == self.server.pid:
                self.exit_code = self.server.returncode = os.waitstatus_to_exitcode(status)

    def extinguish(self) -> None:
        """Kill whatever the dead server left, generation by generation."""
        while True:
            for pid in descendants(os.getpid()):
                send(pid, signal.SIGKILL)
                self.dead.add(pid)  # Here, since its parent may wait for it before we can.
            try:
                self.dead.add(os.waitpid(-1, 0)[0])
            except ChildProcessError:
                return

    @staticmethod
    def say(event: str) -> None:
        """Report one event; nobody may be listening any more."""
        with contextlib.suppress(BrokenPipeError):
            os.write(1, event.encode() + b"\n")


def remove_segments(creators: set[int]) -> None:
    """Remove the System V shared memory that these dead processes made and nobody uses."""
    try:
        lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()
    except OSError:
        return  # A kernel without System V memory has none to leak.
    columns = lines[0].split()
    for line in lines[1:]:
        segment = dict(zip(columns, line.split(), strict=False))
        if segment["nattch"] == "0" and int(segment["cpid"]) in creators:
            libc.shmctl(int(segment["shmid"]), IPC_RMID, None)


def main(arguments: list[str]) -> None:
    """`guard.py USER GROUP PASSAGE COMMAND...`: ids or `-`; passage is 1 or 0."""
    user, group, passage, *command = arguments
    owner = None if user == "-" else Owner(int(user), int(group), passage == "1")
    # Handlers, not SIG_IGN: a handler is reset by exec, an ignored signal would be inherited.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if owner is not None and owner.passage:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        guard = Guard(command, owner)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"{command[0]}: {error}")
    guard.run()


if __name__ == "__main__":
    main(sys.argv[1:])
