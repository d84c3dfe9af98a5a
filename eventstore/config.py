"""Settings: where PostgreSQL, NATS and keys are, from a flag or from the environment.

A URL is checked here, before any driver sees it, because a driver's complaint may quote the
password. No message of this module contains a URL. The environment is read here and nowhere else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from eventstore.errors import ConfigError

__all__ = [
    "ARCHIVE_FOLDER",
    "DATABASE_URL",
    "DEFAULT_LOG",
    "KEY_FILE",
    "LOG",
    "NATS_URL",
    "TIMEOUT_SECONDS_MAX",
    "archive_folder",
    "check_database_url",
    "check_log_name",
    "check_timeout",
    "database_url",
    "key_file_text",
    "log_name",
    "nats_url",
    "place_of",
    "server_of",
]

DATABASE_URL: Final = "EVENTSTORE_DATABASE_URL"
NATS_URL: Final = "EVENTSTORE_NATS_URL"
LOG: Final = "EVENTSTORE_LOG"
KEY_FILE: Final = "EVENTSTORE_KEY_FILE"
ARCHIVE_FOLDER: Final = "EVENTSTORE_ARCHIVE"

DEFAULT_LOG: Final = "default"
"""The log that is meant where none is named. Every log of a database has its own positions."""

TIMEOUT_SECONDS_MAX: Final = 86_400.0
"""The longest wait that can be asked for; what PostgreSQL takes as a limit ends at 24 days."""

_LOG_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

_DATABASE_FORM: Final = (
    "postgresql://USER:PASSWORD@HOST:PORT/DATABASE (in user and password, percent-encode "
    "characters such as / @ : #)"
)
_NATS_FORM: Final = "nats://HOST:PORT"


def database_url(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the database: the given one, else that of the environment.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    return check_database_url(
        _setting(given, DATABASE_URL, "--database-url", _DATABASE_FORM, environment)
    )


def nats_url(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the NATS server: the given one, else that of the environment.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    url = _setting(given, NATS_URL, "--nats-url", _NATS_FORM, environment)
    _split(url, ("nats", "tls"), _NATS_FORM)
    return url


def log_name(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the log: the given one, else that of the environment, else the default.

    One that is given and empty, as of a variable that a script did not set, is refused: what was
    meant for one tenant would be written to another.

    Raises:
        ConfigError: it cannot be the name of a log.
    """
    return check_log_name(environment.get(LOG) or DEFAULT_LOG if given is None else given)


def archive_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return where the files of archives are; null means where they were written."""
    folder = environment.get(ARCHIVE_FOLDER)
    return Path(folder) if folder else None


def key_file_text(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return what is in the file of the master keys: the given one, else that of the environment.

    Raises:
        ConfigError: none is named, or it cannot be read.
    """
    path = environment.get(KEY_FILE) if given is None else given
    if not path:
        raise ConfigError(
            f"no key file is named: set {KEY_FILE} or pass --key-file. "
            "`eventstore new-master-key NAME` prints a line for a new one."
        )
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"the key file {path} cannot be read: {reason}.") from None


def check_log_name(name: str) -> str:
    """Return the name if it can be that of a log: it becomes part of a schema's and of two roles'.

    Raises:
        ConfigError: says what a name may contain.
    """
    if not _LOG_NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a log: it takes a lower-case letter, then lower-case "
            "letters, digits and underscores, at most 40 together."
        )
    return name


def check_database_url(url: str) -> str:
    """Return the URL if it can be used.

    Raises:
        ConfigError: says what is wrong with it, without quoting it.
    """
    parts = _split(url, ("postgresql", "postgres"), _DATABASE_FORM)
    if not parts.hostname and "host" not in parse_qs(parts.query):
        raise ConfigError(f"the database URL names no host: it takes {_DATABASE_FORM}.")
    return url


def check_timeout(seconds: float) -> float:
    """Return how many seconds to wait at most, if one can wait so long.

    Raises:
        ConfigError: says what is allowed.
    """
    if not 0 < seconds <= TIMEOUT_SECONDS_MAX:
        raise ConfigError(
            f"a time limit of {seconds} s: it takes more than 0 and at most "
            f"{TIMEOUT_SECONDS_MAX:,.0f} seconds."
        )
    return seconds


def server_of(url: str) -> str:
    """Name the server and the database of a checked URL, without user and password."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    hosts = parts.netloc.rpartition("@")[2] or ",".join(query.get("host", ["?"]))
    return f"{unquote(hosts)}/{unquote(parts.path.lstrip('/'))}"


def place_of(url: str, log: str) -> str:
    """Name the server, the database, and the log if it is not the default one."""
    return server_of(url) if log == DEFAULT_LOG else f"{server_of(url)}, log {log!r}"


def _setting(
    given: str | None, variable: str, flag: str, form: str, environment: Mapping[str, str]
) -> str:
    value = environment.get(variable) if given is None else given
    if not value:
        what = "no server is named" if given is None else f"{flag} is empty"
        raise ConfigError(f"{what}: set {variable} or pass {flag}, to {form}.")
    return value


def _split(url: str, schemes: tuple[str, ...], form: str) -> SplitResult:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in schemes:
        raise ConfigError(f"the URL does not begin with {schemes[0]}://: it takes {form}.")
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2].split(",")
        ports = [urlsplit(f"//{host}").port for host in hosts]
    except ValueError:
        raise ConfigError(f"the URL's host or port cannot be read: it takes {form}.") from None
    if 0 in ports:
        raise ConfigError(f"the URL's port is 0: it takes {form}.")
    if "@" in parts.path + parts.query or parts.netloc.count("@") > 1 or parts.fragment:
        # Part of a password would end up in the host or in the name of the database.
        raise ConfigError(f"the URL has a character that must be percent-encoded: it takes {form}.")
    return parts
