from __future__ import annotations

import pytest

from projector import config
from projector.errors import ConfigError

OURS = "postgresql://u:hidden-password@ours:5432/model"
STORE = "postgresql://u:hidden-password@store:5432/events"


def test_a_flag_wins_then_our_variable_then_the_stores() -> None:
    both = {"PROJECTOR_DATABASE_URL": OURS, "EVENTSTORE_DATABASE_URL": STORE}
    assert config.database_url("postgresql://h/d", both) == "postgresql://h/d"
    assert config.database_url(None, both) == OURS
    assert config.database_url(None, {"EVENTSTORE_DATABASE_URL": STORE}) == STORE


def test_nats_is_the_stores_by_default() -> None:
    assert config.nats_url(None, {"EVENTSTORE_NATS_URL": "nats://a:1"}) == "nats://a:1"
    both = {"PROJECTOR_NATS_URL": "nats://b:1", "EVENTSTORE_NATS_URL": "nats://a:1"}
    assert config.nats_url(None, both) == "nats://b:1"


def test_the_store_is_where_the_read_model_is_unless_named() -> None:
    assert config.store_url(None, OURS, {}) == OURS
    assert config.store_url(None, OURS, {"EVENTSTORE_DATABASE_URL": STORE}) == STORE
    assert config.store_url("postgresql://h/d", OURS, {}) == "postgresql://h/d"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "set PROJECTOR_DATABASE_URL or EVENTSTORE_DATABASE_URL or pass --database-url"),
        ({"PROJECTOR_DATABASE_URL": "mysql://u:hidden-password@h/d"}, "begin with postgresql://"),
    ],
)
def test_what_is_missing_or_wrong_is_said_without_the_password(
    environment: dict[str, str], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        config.database_url(None, environment)
    assert "hidden-password" not in str(caught.value)
