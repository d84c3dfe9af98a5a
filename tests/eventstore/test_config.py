from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ConfigError
from eventstore.config import (
    check_database_url,
    check_timeout,
    database_url,
    log_name,
    nats_url,
    server_of,
)

GOOD = "postgresql://ann:pass@db.example:5432/log"


def test_a_flag_wins_over_the_environment() -> None:
    environment = {"EVENTSTORE_DATABASE_URL": GOOD, "EVENTSTORE_NATS_URL": "nats://n:4222"}
    assert database_url(None, environment) == GOOD
    assert database_url("postgres://other/log", environment) == "postgres://other/log"
    assert nats_url(None, environment) == "nats://n:4222"
    assert nats_url("tls://m:4222", environment) == "tls://m:4222"


def test_without_either_it_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="EVENTSTORE_DATABASE_URL or pass --database-url"):
        database_url(None, {})
    with pytest.raises(ConfigError, match="EVENTSTORE_NATS_URL or pass --nats-url"):
        nats_url(None, {"EVENTSTORE_NATS_URL": ""})


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (GOOD, "db.example:5432/log"),
        ("postgresql://ann@db/log", "db/log"),
        ("postgresql://[::1]:5432/log", "[::1]:5432/log"),
        ("postgresql://ann@/log?host=/run/pg&port=5433", "/run/pg/log"),
        ("postgresql://a,b:5433/log?target_session_attrs=any", "a,b:5433/log"),
        ("postgresql://ann:p%40ss%2F@db/a%20b", "db/a b"),
    ],
)
def test_urls_that_can_be_used(url: str, server: str) -> None:
    assert check_database_url(url) == url
    assert server_of(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:hunter2@db/log",
        "hunter2",
        "postgresql:///hunter2",
        "postgresql://ann:hun/ter2@db/log",
        "postgresql://ann:99/ter2@db/log",
        "postgresql://ann:hun@ter2@db/log",
        "postgresql://ann:99#ter2@db/log",
        "postgresql://ann:99?ter2@db/log",
        "postgresql://db:hunter2/log",
        "postgresql://db:99999999/log",
        "postgresql://db:0/log",
        "postgresql://[db/log",
    ],
)
def test_urls_that_cannot_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_database_url(url)
    for part in ("hunter2", "ter2", "99"):
        assert part not in str(caught.value)


def test_what_is_given_and_empty_is_not_replaced_by_a_default() -> None:
    """`--log-name "$TENANT"` of a script that did not set it must not write to another log."""
    environment = {"EVENTSTORE_DATABASE_URL": GOOD, "EVENTSTORE_LOG": "other"}
    assert log_name(None, environment) == "other"
    with pytest.raises(ConfigError, match="'' cannot be the name of a log"):
        log_name("", environment)
    with pytest.raises(ConfigError, match="--database-url is empty"):
        database_url("", environment)
    assert log_name(None, {"EVENTSTORE_LOG": ""}) == "default"


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), 1e9])
def test_a_wait_that_is_none(seconds: float) -> None:
    with pytest.raises(ConfigError, match="more than 0 and at most 86,400 seconds"):
        check_timeout(seconds)


def test_a_wait() -> None:
    assert check_timeout(86_400) == 86_400


@given(st.text())
def test_no_text_is_worse_than_a_config_error(text: str) -> None:
    for url in (text, "postgresql://" + text):
        with contextlib.suppress(ConfigError):
            server_of(check_database_url(url))
