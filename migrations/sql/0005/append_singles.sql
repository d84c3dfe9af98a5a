-- Append a batch in which every append is one event without a boundary, as many producers of single
-- events send it: append_batch without what is for more, in one statement.
--
-- All that a batch is decided by is looked up, and if all its appends fit, stored, in one pass over
-- its events: a statement costs what looking up ten events does, and so does handing arrays from one
-- to the next. If they do not all fit, nothing is stored by that, and append_batch decides them.
CREATE FUNCTION eventstore.append_singles(
    -- a row for each append
    streams text[],
    at_least bigint[],  -- the stream's version must be within these two; null is no bound
    at_most bigint[],
    ahead bigint[],  -- how many appends before it are to its stream; null if no stream is there twice
    ids uuid[],
    types text[],
    tags text[],  -- separated by a space; null if no event has any
    data json[],
    metadata json[],
    -- the answer, as that of append_batch
    OUT outcomes text[],
    OUT last_versions bigint[],
    OUT last_positions bigint[],
    OUT reused uuid[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    amount constant int NOT NULL := cardinality(ids);
    now timestamptz;
    head bigint;
    previous bytea;
    fits boolean;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.append_singles needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
    IF amount = 0 THEN
        RAISE EXCEPTION 'an append has at least one event' USING ERRCODE = 'ES003';
    END IF;
    IF (amount = ALL (ARRAY[
        cardinality(streams), cardinality(at_least), cardinality(at_most),
        coalesce(cardinality(ahead), amount), cardinality(types),
        coalesce(cardinality(tags), amount), cardinality(data), cardinality(metadata)
    ])) IS NOT TRUE THEN
        RAISE EXCEPTION 'the arrays of a batch have a row for each of its appends'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(7311142570156650343);  -- the bytes of "eventlog"

    SELECT c.last_position, c.hash INTO head, previous
    FROM eventstore.commits AS c
    ORDER BY c.last_position DESC
    LIMIT 1;
    IF NOT FOUND THEN
        head := 0;
        previous := decode(repeat('00', 32), 'hex');
    END IF;
    now := clock_timestamp();

    WITH found AS MATERIALIZED (
        SELECT
            s.*,
            coalesce((
                SELECT e.version
                FROM eventstore.events AS e
                WHERE e.stream_id = s.stream_id
                ORDER BY e.version DESC
                LIMIT 1
            ), 0) + coalesce(s.ahead, 0) AS version,
            (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = s.id) AS known
        FROM (
            SELECT
                g.*,
                (SELECT s.id FROM eventstore.streams AS s WHERE s.name = g.stream) AS stream_id
            FROM unnest(
                append_singles.streams, append_singles.at_least, append_singles.at_most,
                append_singles.ahead, ids, types, append_singles.tags, append_singles.data,
                append_singles.metadata
            ) WITH ORDINALITY AS g (
                stream, at_least, at_most, ahead, id, type, tags, data, metadata, number
            )
            OFFSET 0
        ) AS s
    ), decided AS MATERIALIZED (
        SELECT
            bool_and(
                f.known IS NULL
                AND (f.version >= f.at_least) IS NOT FALSE
                AND (f.version <= f.at_most) IS NOT FALSE
                -- A new stream's number is the position of its first event.
                AND (f.stream_id IS NOT NULL OR f.version = 0)
            ) AS fits,
            array_agg(f.version + 1) AS versions,
            array_agg(head + f.number) AS positions
        FROM found AS f
    ), stored AS (
        INSERT INTO eventstore.events (
            position, stream_id, version, recorded_at, event_id, stream, type, tags, data, metadata
        )
        SELECT
            head + f.number, coalesce(f.stream_id, head + f.number), f.version + 1, now, f.id,
            f.stream, f.type, coalesce(string_to_array(f.tags, ' '), '{}'), f.data, f.metadata
        FROM found AS f
        WHERE (SELECT d.fits FROM decided AS d)
    ), linked AS (
        INSERT INTO eventstore.commits (last_position, events, hash)
        SELECT
            head + amount, amount,
            sha256(previous || string_agg(eventstore.leaf(
                head + f.number, f.version + 1, f.id, now, f.stream, f.type, coalesce(f.tags, ''),
                f.data::text, f.metadata::text
            ), ''))
        FROM found AS f
        HAVING (SELECT d.fits FROM decided AS d)
    )
    SELECT d.fits, d.versions, d.positions INTO fits, last_versions, last_positions
    FROM decided AS d;

    IF NOT fits THEN
        SELECT b.outcomes, b.last_versions, b.last_positions, b.reused
        INTO outcomes, last_versions, last_positions, reused
        FROM eventstore.append_batch(
            ARRAY(SELECT generate_series(1, amount)), append_singles.streams,
            append_singles.at_least, append_singles.at_most, array_fill(1::bigint, ARRAY[amount]),
            coalesce(append_singles.ahead, array_fill(0::bigint, ARRAY[amount])),
            ARRAY(SELECT generate_series(1, amount)), array_fill(1::bigint, ARRAY[amount]), ids,
            types, coalesce(append_singles.tags, array_fill(''::text, ARRAY[amount])),
            append_singles.data, append_singles.metadata, NULL
        ) AS b;
        RETURN;
    END IF;

    IF array_position(last_versions, 1) IS NOT NULL THEN
        INSERT INTO eventstore.streams (id, name)
        SELECT head + w.number, w.stream
        FROM unnest(append_singles.streams, last_versions)
            WITH ORDINALITY AS w (stream, version, number)
        WHERE w.version = 1;
    END IF;
    IF append_singles.tags IS NOT NULL THEN
        INSERT INTO eventstore.event_tags (tag, position)
        SELECT unnest(string_to_array(w.tags, ' ')), head + w.number
        FROM unnest(append_singles.tags) WITH ORDINALITY AS w (tags, number)
        WHERE w.tags <> '';
    END IF;
END
$function$;
