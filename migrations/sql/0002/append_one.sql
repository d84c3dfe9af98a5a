-- Append one event to one stream: the short way of whoever appends alone. Its arguments are plain
-- values, since each array costs both ends as much as looking something up.
--
-- Together with append_batch it is the only writer. Why both are as they are:
--
-- - One transaction advisory lock, taken first and released when the commit is visible: positions
--   are given in commit order, and a reader needs no more than `position > $1`. A plain statement in
--   a volatile function sees what is committed when it starts, that is, after the lock was won; this
--   holds under READ COMMITTED only, so any other isolation level is refused.
-- - The last position is that of the last link of the chain, and not counted in a row or a sequence:
--   a rejected or rolled back append takes no position, and no row is ever updated.
-- - Everything is looked up by scalar subqueries with sequential scans switched off and generic
--   plans: a plan made and cached while the table was empty stays right when it is large.
-- - They run with their owner's rights and a fixed search path: who may append needs no right to
--   insert, and cannot make them look elsewhere.
-- - The answer is a row of our own; no error text is for a program to read.
CREATE FUNCTION eventstore.append_one(
    stream text,
    at_least bigint,  -- as in append, the answer too
    at_most bigint,
    id uuid,
    type text,
    data json,
    metadata json,
    tags text,  -- separated by a space
    OUT outcome text,
    OUT last_version bigint,
    OUT last_position bigint,
    OUT reused uuid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    now timestamptz;
    known bigint;
    stream_number bigint;
    previous bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.append_one needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
    PERFORM pg_advisory_xact_lock(7311142570156650343);  -- the bytes of "eventlog"

    SELECT
        c.last_position, c.hash,
        (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = append_one.id),
        (SELECT s.id FROM eventstore.streams AS s WHERE s.name = append_one.stream)
    INTO last_position, previous, known, stream_number
    FROM eventstore.commits AS c
    ORDER BY c.last_position DESC
    LIMIT 1;
    IF NOT FOUND THEN
        last_position := 0;
        previous := decode(repeat('00', 32), 'hex');
    END IF;
    last_version := 0;
    IF stream_number IS NOT NULL THEN
        last_version := (
            SELECT e.version
            FROM eventstore.events AS e
            WHERE e.stream_id = stream_number
            ORDER BY e.version DESC
            LIMIT 1
        );
    END IF;

    IF known IS NOT NULL THEN
        last_version := (
            SELECT e.version
            FROM eventstore.events AS e
            WHERE e.position = known AND e.stream_id = stream_number
        );
        IF last_version IS NULL THEN
            outcome := 'id-reused';
            reused := append_one.id;
        ELSE
            outcome := 'repeated';
            last_position := known;
        END IF;
        RETURN;
    END IF;
    IF last_version < at_least OR last_version > at_most THEN
        outcome := 'wrong-version';
        RETURN;
    END IF;

    last_position := last_position + 1;
    last_version := last_version + 1;
    IF stream_number IS NULL THEN
        stream_number := last_position;
        INSERT INTO eventstore.streams (id, name) VALUES (stream_number, stream);
    END IF;
    now := clock_timestamp();
    WITH stored AS (
        INSERT INTO eventstore.events (
            position, stream_id, version, recorded_at, event_id, stream, type, tags, data, metadata
        ) VALUES (
            append_one.last_position, stream_number, last_version, now, append_one.id,
            append_one.stream, append_one.type, string_to_array(append_one.tags, ' '),
            append_one.data, append_one.metadata
        )
    )
    INSERT INTO eventstore.commits (last_position, events, hash) VALUES (
        append_one.last_position, 1, sha256(previous || eventstore.leaf(
            append_one.last_position, last_version, append_one.id, now, append_one.stream,
            append_one.type, append_one.tags, append_one.data::text, append_one.metadata::text
        ))
    );
    IF append_one.tags <> '' THEN
        INSERT INTO eventstore.event_tags (tag, position)
        SELECT unnest(string_to_array(append_one.tags, ' ')), append_one.last_position;
    END IF;
    outcome := 'appended';
END
$function$;
