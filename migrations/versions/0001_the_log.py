"""The log: streams, events, and the one function that appends.

Revision: 0001. Once released it never changes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The function is the only writer. Why it is as it is:
#
# - One transaction advisory lock, taken first and released when the commit is visible: positions are
#   given in commit order, and a reader needs no more than `position > $1`. A plain statement in a
#   volatile function sees what is committed when it starts, that is, after the lock was won; this
#   holds under READ COMMITTED only, so any other isolation level is refused.
# - The last position is read from the log and not counted in a row or a sequence: a rejected or
#   rolled back append takes no position, and no row is ever updated.
# - A stream's number is the position of its first event, see eventstore/postgres/schema.py.
# - Everything is looked up by scalar subqueries with sequential scans switched off: a plan made and
#   cached while the table was empty stays right when it is large.
# - The answer is a row of our own; no error text is for a program to read.
APPEND = """
CREATE FUNCTION eventstore.append(
    stream text,
    at_least bigint,  -- the stream's version must be within these two; null is no bound
    at_most bigint,
    ids uuid[],
    types text[],
    data json[],
    metadata json[],
    OUT outcome text,  -- appended, repeated, wrong-version, id-reused
    OUT last_version bigint,  -- of the append's last event; of the stream if wrong-version
    OUT last_position bigint,  -- of the append's last event
    OUT reused uuid  -- the first id that the log holds already, if id-reused
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $function$
DECLARE
    amount constant bigint NOT NULL := cardinality(ids);
    stream_number bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.append needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
    IF amount = 0 THEN
        RAISE EXCEPTION 'an append has at least one event' USING ERRCODE = 'ES003';
    END IF;

    PERFORM pg_advisory_xact_lock(7311142570156650343);  -- the bytes of "eventlog"

    stream_number := (SELECT s.id FROM eventstore.streams AS s WHERE s.name = stream);

    reused := (
        SELECT i.id
        FROM unnest(ids) WITH ORDINALITY AS i (id, place)
        WHERE (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = i.id) IS NOT NULL
        ORDER BY i.place
        LIMIT 1
    );
    IF reused IS NOT NULL THEN
        -- A repetition: the log holds these events side by side, in this order and stream.
        last_position := amount - 1 + (
            SELECT e.position FROM eventstore.events AS e WHERE e.event_id = ids[1]
        );
        IF ids = ARRAY(
            SELECT e.event_id
            FROM eventstore.events AS e
            WHERE e.position BETWEEN last_position - amount + 1 AND last_position
              AND e.stream_id = stream_number
            ORDER BY e.position
        ) THEN
            outcome := 'repeated';
            last_version := (
                SELECT e.version FROM eventstore.events AS e WHERE e.position = last_position
            );
            reused := NULL;
        ELSE
            outcome := 'id-reused';
            last_position := NULL;
        END IF;
        RETURN;
    END IF;

    last_version := coalesce((
        SELECT e.version
        FROM eventstore.events AS e
        WHERE e.stream_id = stream_number
        ORDER BY e.version DESC
        LIMIT 1
    ), 0);
    IF last_version < at_least OR last_version > at_most THEN
        outcome := 'wrong-version';
        RETURN;
    END IF;

    last_position := coalesce((
        SELECT e.position FROM eventstore.events AS e ORDER BY e.position DESC LIMIT 1
    ), 0);
    IF stream_number IS NULL THEN
        stream_number := last_position + 1;
        INSERT INTO eventstore.streams (id, name) VALUES (stream_number, stream);
    END IF;
    INSERT INTO eventstore.events (
        position, stream_id, version, recorded_at, event_id, type, data, metadata
    )
    SELECT
        last_position + e.place, stream_number, last_version + e.place, clock_timestamp(),
        e.id, e.type, e.data, e.metadata
    FROM unnest(ids, types, data, metadata) WITH ORDINALITY
        AS e (id, type, data, metadata, place);
    last_version := last_version + amount;
    last_position := last_position + amount;
    outcome := 'appended';
END
$function$
"""

# An event is for ever. Replication and a superuser's repair (session_replication_role = replica)
# pass; a mistaken statement does not.
REFUSE_CHANGE = """
CREATE FUNCTION eventstore.refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% of %.% refused: the log is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'ES002';
END
$function$
"""


def upgrade() -> None:
    op.create_table(
        "streams",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The position of the stream's first event.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="CATEGORY-ID."),
        sa.PrimaryKeyConstraint("id", name="streams_pkey"),
        sa.UniqueConstraint("name", name="streams_name_key"),
        schema="eventstore",
        comment="The streams of the log, each with a number; insert only.",
    )
    op.create_table(
        "events",
        sa.Column(
            "position",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Place in the whole log: 1, 2, 3 ... without holes, in commit order.",
        ),
        sa.Column("stream_id", sa.BigInteger(), nullable=False, comment="streams.id"),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            comment="Place in its stream: 1, 2, 3 ... no holes.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="The server's clock when its append was decided.",
        ),
        sa.Column(
            "event_id", sa.Uuid(), nullable=False, comment="Given by the client, for ever."
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column(
            "data", postgresql.JSON(), nullable=False, comment="As it was appended, to the letter."
        ),
        sa.Column("metadata", postgresql.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="events_pkey"),
        sa.UniqueConstraint("stream_id", "version", name="events_stream_version_key"),
        sa.UniqueConstraint("event_id", name="events_event_id_key"),
        schema="eventstore",
        comment="The log; insert only, and only by eventstore.append.",
    )
    op.execute(APPEND)
    op.execute(REFUSE_CHANGE)
    for table in ("streams", "events"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON eventstore.{table} FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("an append-only log has no way back: restore a backup")
