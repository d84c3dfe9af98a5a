"""The tables of change feeds, and the triggers by which PostgreSQL records changes itself.

A trigger sees what a transaction really changes, whoever changes it and by whatever statement, COPY
included, and what it records is committed with it. It numbers changes under the lock of the feed's
row, which is held until the commit: so numbers are dense and in commit order, as positions are in
the log. A document that is written as it was is no change. TRUNCATE, which no trigger sees the rows
of, is refused.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from projector.postgres_tables import SCHEMA

__all__ = ["FUNCTIONS", "KEY_BYTES_MAX", "TRIGGERS", "UNTRIGGERS", "changes", "feeds", "metadata"]

KEY_BYTES_MAX: Final = 960
"""The longest key of a document with a feed, in UTF-8: each byte escaped, it fits in a subject."""

metadata = sa.MetaData(schema=SCHEMA)

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("feed", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("projection", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("identity", sa.Uuid, nullable=False, comment="tells it from one of the same name"),
    sa.Column("last_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column(
        "trimmed_to",
        sa.BigInteger,
        nullable=False,
        server_default=sa.text("0"),
        comment="up to here only the last change of each key is kept",
    ),
    sa.UniqueConstraint("projection", "generation"),
    comment="The feeds of changes that there are; a row is locked by who adds to its feed.",
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("feed", sa.Integer, sa.ForeignKey(feeds.c.feed), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, comment="dense, in commit order"),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("previous", sa.BigInteger, nullable=False, comment="the key's change before; or 0"),
    sa.Column("position", sa.BigInteger, nullable=False, comment="the read model's, afterwards"),
    sa.Column("document", sa.JSON(none_as_null=True), comment="null: removed"),
    sa.Column(
        "committed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
    sa.Index("changes_by_key", "feed", "key", sa.text("number DESC")),
    comment="Every committed change of the documents that have a feed.",
)

_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION {schema}.record_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this integer := TG_ARGV[0];
    many bigint;
    before bigint;
    reached bigint;
    unfit text;
BEGIN
    SELECT count(*), min(key) FILTER (WHERE key = '' OR octet_length(key) > {key_bytes})
        INTO many, unfit FROM ({rows}) AS changed (key, document);
    IF many = 0 THEN
        RETURN NULL;
    END IF;
    IF unfit IS NOT NULL THEN
        RAISE EXCEPTION 'the key % has % bytes: with a change feed a key has 1 to {key_bytes}',
            quote_literal(left(unfit, 40)), octet_length(unfit) USING ERRCODE = 'check_violation';
    END IF;
    -- A projector's commit does not wait for the disk. What is told onwards has to be there.
    PERFORM set_config('synchronous_commit', 'on', true);
    UPDATE {schema}.feeds AS f SET last_number = f.last_number + many
        WHERE f.feed = this RETURNING f.last_number - many INTO STRICT before;
    SELECT c.position INTO STRICT reached FROM {schema}.checkpoints AS c
        JOIN {schema}.feeds AS f USING (projection, generation) WHERE f.feed = this;
    INSERT INTO {schema}.changes (feed, number, key, previous, position, document)
    SELECT this, before + row_number() OVER (), changed.key, coalesce(
        (SELECT c.number FROM {schema}.changes AS c WHERE c.feed = this AND c.key = changed.key
         ORDER BY c.number DESC LIMIT 1), 0), reached, changed.document
    FROM ({rows}) AS changed (key, document);
    RETURN NULL;
END $$
"""

_ROWS: Final = {
    "insert": "SELECT key, document FROM added",
    # Of a key that is another one now, the old document is gone, and there is a new one.
    "update": """
        SELECT key, a.document FROM added AS a FULL JOIN gone AS g USING (key)
        WHERE a.document::text IS DISTINCT FROM g.document::text""",
    "delete": "SELECT key, NULL::json FROM gone",
}

_SEEN: Final = {
    "insert": "NEW TABLE AS added",
    "update": "NEW TABLE AS added OLD TABLE AS gone",
    "delete": "OLD TABLE AS gone",
}

_REFUSE_TRUNCATE: Final = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of %.% refused: its change feed records what DELETE removes',
        quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
        USING ERRCODE = 'feature_not_supported';
END $$
"""

FUNCTIONS: Final = [
    *(
        _FUNCTION.format(schema=SCHEMA, event=event, rows=rows, key_bytes=KEY_BYTES_MAX)
        for event, rows in _ROWS.items()
    ),
    _REFUSE_TRUNCATE,
]
"""What makes the functions that triggers call."""

TRIGGERS: Final = [
    *(
        f"CREATE OR REPLACE TRIGGER record_{event} AFTER {event.upper()} ON {{table}} "
        f"REFERENCING {seen} FOR EACH STATEMENT EXECUTE FUNCTION "
        f"{SCHEMA}.record_{event}('{{feed:d}}')"
        for event, seen in _SEEN.items()
    ),
    (
        "CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_truncate()"
    ),
]
"""What makes the triggers of a table; ``table`` is quoted, ``feed`` is the feed's number."""

UNTRIGGERS: Final = [
    f"DROP TRIGGER IF EXISTS {trigger} ON {{table}}"
    for trigger in (*(f"record_{event}" for event in _SEEN), "refuse_truncate")
]
"""What takes them away."""
