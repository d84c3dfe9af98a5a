-- Append events to one stream: the short way, for whoever appends alone and for other languages.
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
CREATE FUNCTION eventstore.append(
    stream text,
    at_least bigint,  -- the stream's version must be within these two; null is no bound
    at_most bigint,
    ids uuid[],
    types text[],
    data json[],
    metadata json[],
    tags text[] DEFAULT NULL,  -- of each event, separated by a space
    OUT outcome text,  -- appended, repeated, wrong-version, id-reused
    OUT last_version bigint,  -- of the append's last event; of the stream if wrong-version
    OUT last_position bigint,  -- of the append's last event
    OUT reused uuid  -- the first id that the log holds already, if id-reused
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    amount constant int NOT NULL := cardinality(ids);
    now timestamptz;
    stream_number bigint;
    previous bytea;
BEGIN
    PERFORM eventstore.check_isolation();
    IF amount = 0 THEN
        RAISE EXCEPTION 'an append has at least one event' USING ERRCODE = 'ES003';
    END IF;
    tags := coalesce(tags, array_fill(''::text, ARRAY[amount]));

    PERFORM pg_advisory_xact_lock(7311142570156650343);  -- the bytes of "eventlog"

    SELECT
        (
            SELECT i.id
            FROM unnest(ids) WITH ORDINALITY AS i (id, place)
            WHERE (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = i.id)
                IS NOT NULL
            ORDER BY i.place
            LIMIT 1
        ),
        (SELECT s.id FROM eventstore.streams AS s WHERE s.name = append.stream),
        coalesce((
            SELECT e.version
            FROM eventstore.events AS e
            WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = append.stream)
            ORDER BY e.version DESC
            LIMIT 1
        ), 0)
    INTO reused, stream_number, last_version;

    IF reused IS NOT NULL THEN
        last_position := eventstore.held(ids, array_fill(stream, ARRAY[amount]));
        last_version := (
            SELECT e.version FROM eventstore.events AS e WHERE e.position = last_position
        );
        IF last_position IS NULL THEN
            outcome := 'id-reused';
        ELSE
            outcome := 'repeated';
            reused := NULL;
        END IF;
        RETURN;
    END IF;
    IF last_version < at_least OR last_version > at_most THEN
        outcome := 'wrong-version';
        RETURN;
    END IF;

    SELECT c.last_position, c.hash INTO last_position, previous
    FROM eventstore.commits AS c
    ORDER BY c.last_position DESC
    LIMIT 1;
    IF NOT FOUND THEN
        last_position := 0;
        previous := decode(repeat('00', 32), 'hex');
    END IF;
    IF stream_number IS NULL THEN
        stream_number := last_position + 1;
        INSERT INTO eventstore.streams (id, name) VALUES (stream_number, stream);
    END IF;
    now := clock_timestamp();
    WITH e AS (
        INSERT INTO eventstore.events AS n (
            position, stream_id, version, recorded_at, event_id, stream, type, tags, data, metadata
        )
        SELECT
            last_position + i.place, stream_number, last_version + i.place, now,
            i.id, append.stream, i.type, string_to_array(i.tags, ' '), i.data, i.metadata
        FROM unnest(ids, types, append.tags, append.data, append.metadata) WITH ORDINALITY
            AS i (id, type, tags, data, metadata, place)
        RETURNING n.position, n.version, n.event_id, n.recorded_at, n.type, n.data, n.metadata
    )
    INSERT INTO eventstore.commits (last_position, events, hash)
    SELECT
        last_position + amount, amount,
        sha256(previous || string_agg(eventstore.leaf(
            e.position, e.version, e.event_id, e.recorded_at, append.stream, e.type,
            append.tags[e.position - append.last_position], e.data::text, e.metadata::text
        ), '' ORDER BY e.position))
    FROM e;
    IF array_to_string(tags, '') <> '' THEN
        INSERT INTO eventstore.event_tags (tag, position)
        SELECT t.tag, last_position + i.place
        FROM unnest(tags) WITH ORDINALITY AS i (tags, place)
        CROSS JOIN unnest(string_to_array(i.tags, ' ')) AS t (tag);
    END IF;
    last_version := last_version + amount;
    last_position := last_position + amount;
    outcome := 'appended';
END
$function$;
