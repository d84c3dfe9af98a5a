"""The environment that our own commands get as children of a cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["inherited_environment"]


def inherited_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Our environment without what would change how a client of PostgreSQL connects.

    A user's PGSSLMODE or PGOPTIONS is meant for another server.
    """
    return {name: value for name, value in environment.items() if not name.startswith("PG")}
