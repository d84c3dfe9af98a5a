"""Settings of the projector: from a flag, or from the environment, which is read here only.

The read model is by default in the event store's database, and NATS is the event store's. No
message of this module contains a URL, since that may hold a password.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from eventstore import config
from eventstore.errors import ConfigError as StoreConfigError
from projector.errors import ConfigError

__all__ = ["DATABASE_URL", "NATS_URL", "database_url", "nats_url", "store_url"]

DATABASE_URL: Final = "PROJECTOR_DATABASE_URL"
NATS_URL: Final = "PROJECTOR_NATS_URL"


def database_url(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the read model's database.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    named = given or environment.get(DATABASE_URL)
    return _checked(config.database_url, named, environment, f"{DATABASE_URL} or ")


def nats_url(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the NATS server.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    named = given or environment.get(NATS_URL)
    return _checked(config.nats_url, named, environment, f"{NATS_URL} or ")


def store_url(
    given: str | None, read_model_url: str, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the URL of the event store: given, in the environment, or where the read model is.

    Raises:
        ConfigError: it cannot be used.
    """
    named = given or environment.get(config.DATABASE_URL) or read_model_url
    return _checked(config.database_url, named, environment, "")


def _checked(
    check: Callable[[str | None, Mapping[str, str]], str],
    named: str | None,
    environment: Mapping[str, str],
    also: str,
) -> str:
    try:
        return check(named, environment)
    except StoreConfigError as error:
        raise ConfigError(str(error).replace("set ", f"set {also}", 1)) from None
