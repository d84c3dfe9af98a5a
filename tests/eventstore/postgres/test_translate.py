"""Every error of the driver becomes one of ours, and none is taken for harmless that may not be."""

from __future__ import annotations

import inspect
import re
import socket
import ssl

import asyncpg
import pytest

from eventstore import (
    AppendRefused,
    ConfigError,
    EventStoreError,
    ImportRefused,
    MigrationFailed,
    OutcomeUnknown,
    ReadFailed,
    SchemaMismatch,
    StoreUnavailable,
    UpdateFailed,
    stream_name,
)
from eventstore.postgres.translate import (
    append_failed,
    import_failed,
    migration_failed,
    read_failed,
    unavailable,
)

ORDER = stream_name("order-1")

# All classes of SQLSTATE that asyncpg knows. A new one in a new version of it fails a test here,
# and is then put on one side by somebody who looked it up.
ROLLED_BACK = {"0A", "22", "23", "3F", "42", "54", "P0"}
UNDECIDED = {
    *("03", "08", "09", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "24", "25", "26", "27"),
    *("28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "40", "44", "53", "55", "57", "58"),
    *("72", "F0", "HV", "XX"),
}
ROLLED_BACK_CODES = {"25006", "40001", "40P01", "55P03"}


def raised_by_the_driver() -> list[type[BaseException]]:
    return [
        error
        for error in vars(asyncpg.exceptions).values()
        if inspect.isclass(error)
        and issubclass(error, Exception)
        and not issubclass(error, Warning)
    ]


def from_below() -> list[BaseException]:
    return [
        TimeoutError(),
        ConnectionResetError(104, "Connection reset by peer"),
        ConnectionRefusedError(111, "Connect call failed"),
        ConnectionError("unexpected connection_lost() call"),
        OSError(113, "No route to host"),
        ssl.SSLError("certificate verify failed"),
        EOFError(),
        RuntimeError("the loop is closed"),
    ]


ALL = [*(error("words of the server") for error in raised_by_the_driver()), *from_below()]


def refused(code: str) -> asyncpg.PostgresError:
    error = asyncpg.PostgresError.new({"C": code, "M": "words of the server", "S": "ERROR"})
    assert isinstance(error, asyncpg.PostgresError)
    return error


def sqlstate(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def test_every_class_of_errors_was_looked_at() -> None:
    assert {sqlstate(error)[:2] for error in ALL} - {""} == ROLLED_BACK | UNDECIDED


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_each_has_a_translation(error: BaseException) -> None:
    code = sqlstate(error)
    append = append_failed(error, ORDER)
    if code[:2] in ROLLED_BACK or code in ROLLED_BACK_CODES:
        assert isinstance(append, AppendRefused)
        assert append.definite
        assert append.sqlstate == code
    else:
        assert isinstance(append, OutcomeUnknown)
        assert not append.definite
    connecting = unavailable(error, "db:5432/log")
    assert type(connecting) in {StoreUnavailable, ConfigError}
    assert connecting.definite
    assert "db:5432/log" in str(connecting)
    reading = read_failed(error)
    assert isinstance(reading, ReadFailed)
    for translated in (append, connecting, reading):
        assert "\n" not in str(translated)


@pytest.mark.parametrize("code", ["57P01", "57P02", "57P03", "57014", "53100", "58030", "08006"])
def test_the_dangerous_ones_leave_the_outcome_open(code: str) -> None:
    error = asyncpg.PostgresError.new({"C": code, "M": "the disk is on fire", "S": "FATAL"})
    assert isinstance(append_failed(error, ORDER), OutcomeUnknown)


def test_a_full_disk_refuses_if_nothing_worse_happened() -> None:
    fields = {"C": "53100", "M": "could not extend file", "V": "ERROR"}
    full = append_failed(asyncpg.PostgresError.new(fields), ORDER)
    assert isinstance(full, AppendRefused)
    assert "the database's disk is full, make room there: could not extend file" in str(full)
    assert isinstance(import_failed(asyncpg.PostgresError.new(fields)), ImportRefused)
    worse = asyncpg.PostgresError.new(fields | {"V": "PANIC"})
    assert isinstance(append_failed(worse, ORDER), OutcomeUnknown)
    assert isinstance(import_failed(worse), UpdateFailed)


def test_our_own_codes_are_refusals() -> None:
    error = asyncpg.PostgresError.new({"C": "ES001", "M": "needs READ COMMITTED", "S": "ERROR"})
    assert isinstance(append_failed(error, ORDER), AppendRefused)


def test_an_error_without_a_code_leaves_the_outcome_open() -> None:
    error = asyncpg.PostgresError.new({"M": "what?", "S": "ERROR"})
    assert isinstance(append_failed(error, ORDER), OutcomeUnknown)


def test_the_detail_is_not_repeated() -> None:
    error = asyncpg.PostgresError.new(
        {"C": "23505", "M": "duplicate key", "D": "Key (secret)=(hunter2) exists", "S": "ERROR"}
    )
    for translated in (append_failed(error, ORDER), read_failed(error), unavailable(error, "db")):
        assert "hunter2" not in str(translated)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (refused("28P01"), "mend user and password in the URL"),
        (refused("3D000"), "create the database and run `eventstore migrate`"),
        (refused("53300"), "max_connections"),
        (refused("57P03"), "try again in a moment"),
        (socket.gaierror(-2, "Name or service not known"), "mend the host"),
        (ConnectionRefusedError(111, "refused"), "start the server"),
    ],
    ids=str,
)
def test_what_to_do_when_no_connection_is_made(error: Exception, remedy: str) -> None:
    assert remedy in str(unavailable(error, "db:5432/log"))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refused("42P07"), MigrationFailed, "nothing was changed: words of the server"),
        (refused("42501"), MigrationFailed, "run it as the owner"),
        (refused("55P03"), MigrationFailed, "another migration or a long transaction"),
        (refused("53100"), MigrationFailed, "make room"),
        (refused("57P01"), UpdateFailed, "run it again"),
        (TimeoutError(), UpdateFailed, r"no answer \(TimeoutError\): run it again"),
        (ConnectionResetError(104, "reset"), UpdateFailed, "reset"),
    ],
    ids=str,
)
def test_a_migration_says_whether_it_can_have_been_done(
    error: Exception, kind: type[EventStoreError], words: str
) -> None:
    translated = migration_failed(error)
    assert type(translated) is kind
    assert translated.definite is (kind is MigrationFailed)
    assert re.search(words, str(translated))


def test_a_read_that_is_refused_is_not_to_be_repeated_at_once() -> None:
    assert "it takes a role of the log" in str(read_failed(refused("42501")))
    assert "refused the read" in str(read_failed(refused("42P01")))
    for code in ("57014", "57P01", "08006", "40001"):
        assert "can be repeated" in str(read_failed(refused(code)))


def test_our_own_errors_pass() -> None:
    ours: EventStoreError = SchemaMismatch(None, "0001")
    assert unavailable(ours, "db") is ours
