-- Append events to one stream. One event, which is what whoever appends alone sends, takes the short
-- way; more are a batch of one append.
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
    this_id constant uuid := ids[1];
    this_type constant text := types[1];
    this_tags constant text NOT NULL := coalesce(tags[1], '');
    this_data constant json := data[1];
    this_metadata constant json := metadata[1];
    answer record;
    now timestamptz;
    known bigint;
    stream_number bigint;
    previous bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.append needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
    IF amount = 0 THEN
        RAISE EXCEPTION 'an append has at least one event' USING ERRCODE = 'ES003';
    END IF;
    IF amount > 1 THEN
        answer := eventstore.append_batch(
            ARRAY[1], ARRAY[stream], ARRAY[at_least], ARRAY[at_most], ARRAY[amount]::bigint[],
            array_fill(1, ARRAY[amount]), ARRAY(SELECT generate_series(1, amount)), ids, types,
            coalesce(tags, array_fill(''::text, ARRAY[amount])), data, metadata, NULL
        );
        outcome := coalesce(answer.outcomes[1], 'appended');
        last_version := answer.last_versions[1];
        last_position := answer.last_positions[1];
        reused := answer.reused[1];
        RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock(7311142570156650343);  -- the bytes of "eventlog"

    SELECT
        (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = this_id),
        s.id,
        coalesce((
            SELECT e.version
            FROM eventstore.events AS e
            WHERE e.stream_id = s.id
            ORDER BY e.version DESC
            LIMIT 1
        ), 0),
        coalesce(c.last_position, 0),
        coalesce(c.hash, decode(repeat('00', 32), 'hex'))
    INTO known, stream_number, last_version, last_position, previous
    FROM (
        SELECT (SELECT s.id FROM eventstore.streams AS s WHERE s.name = append.stream) AS id
        OFFSET 0
    ) AS s
    LEFT JOIN LATERAL (
        SELECT c.last_position, c.hash
        FROM eventstore.commits AS c
        ORDER BY c.last_position DESC
        LIMIT 1
    ) AS c ON true;

    IF known IS NOT NULL THEN
        last_version := (
            SELECT e.version
            FROM eventstore.events AS e
            WHERE e.position = known AND e.stream_id = stream_number
        );
        IF last_version IS NULL THEN
            outcome := 'id-reused';
            reused := this_id;
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
            append.last_position, stream_number, last_version, now, this_id, append.stream,
            this_type, string_to_array(this_tags, ' '), this_data, this_metadata
        )
    )
    INSERT INTO eventstore.commits (last_position, events, hash) VALUES (
        append.last_position, 1, sha256(previous || eventstore.leaf(
            append.last_position, last_version, this_id, now, append.stream, this_type,
            this_tags, this_data::text, this_metadata::text
        ))
    );
    IF this_tags <> '' THEN
        INSERT INTO eventstore.event_tags (tag, position)
        SELECT unnest(string_to_array(this_tags, ' ')), append.last_position;
    END IF;
    outcome := 'appended';
END
$function$;
