-- Decide many appends at once, in the order given: one lock, one commit, one link of the chain.
--
-- An append writes to one or several streams, all or none; its writes, and the events of a write,
-- stand side by side. A stream's version counts what appends before in the batch stored in it. All
-- else is decided against the log as it was before the batch, so the caller sees to it that an event
-- id occurs once, and that no boundary excludes an event of an earlier append. A batch with an id
-- twice raises unique_violation and stores nothing; then the appends are to be sent one by one.
--
-- An append that is refused takes no position, and the others are stored.
CREATE FUNCTION eventstore.append_batch(
    -- a row for each write
    appends int[],  -- the number of its append: 1, 2, 3 ... in order, without a hole
    streams text[],
    at_least bigint[],  -- the stream's version must be within these two; null is no bound
    at_most bigint[],
    amounts bigint[],  -- how many events
    ahead bigint[],  -- how many events the writes before it have for its stream
    -- a row for each event
    writes int[],  -- the number of its write
    places bigint[],  -- its place in its write: 1, 2, 3 ...
    ids uuid[],
    types text[],
    tags text[],  -- separated by a space
    data json[],
    metadata json[],
    -- a row for each append, null if none has a boundary
    boundaries json[],  -- {"items": as in matching, "after": position}, or null
    -- the answer, a row for each write
    OUT outcomes text[],  -- null if all were appended; as in append, and boundary-crossed
    OUT last_versions bigint[],  -- as in append; null where another write of the append is refused
    OUT last_positions bigint[],  -- as in append; of the last match if boundary-crossed
    OUT reused uuid[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_nestloop = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    now timestamptz;
    head bigint;
    previous bytea;
    stream_ids bigint[];
    versions bigint[];  -- of each write's stream, before it
    starts bigint[];  -- of each write, the position before its first event; null if refused
    fits boolean;
    total bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.append_batch needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
    IF cardinality(ids) = 0 THEN
        RAISE EXCEPTION 'an append has at least one event' USING ERRCODE = 'ES003';
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

    SELECT
        array_agg(w.stream_id), array_agg(w.version), array_agg(w.start),
        array_agg(w.version + w.amount), array_agg(w.start + w.amount),
        bool_and(
            (w.version >= w.at_least) IS NOT FALSE AND (w.version <= w.at_most) IS NOT FALSE
        ),
        sum(w.amount)
    INTO stream_ids, versions, starts, last_versions, last_positions, fits, total
    FROM (
        SELECT
            s.*,
            coalesce((
                SELECT e.version
                FROM eventstore.events AS e
                WHERE e.stream_id = s.stream_id
                ORDER BY e.version DESC
                LIMIT 1
            ), 0) + s.ahead AS version
        FROM (
            SELECT
                w.at_least, w.at_most, w.amount, w.ahead,
                (SELECT s.id FROM eventstore.streams AS s WHERE s.name = w.stream) AS stream_id,
                head + sum(w.amount) OVER (ROWS UNBOUNDED PRECEDING) - w.amount AS start
            FROM unnest(
                append_batch.streams, append_batch.at_least, append_batch.at_most, amounts,
                append_batch.ahead
            ) AS w (stream, at_least, at_most, amount, ahead)
            OFFSET 0
        ) AS s
        OFFSET 0
    ) AS w;

    IF NOT fits OR boundaries IS NOT NULL OR EXISTS (
        SELECT
        FROM unnest(ids) AS i (id)
        WHERE (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = i.id) IS NOT NULL
    ) THEN
        SELECT
            d.outcomes, d.starts, d.versions, d.last_versions, d.last_positions, d.reused, d.total
        INTO outcomes, starts, versions, last_versions, last_positions, reused, total
        FROM eventstore.decide(
            head, appends, append_batch.streams, at_least, at_most, amounts, ahead, writes, ids,
            boundaries, versions
        ) AS d;
        IF total = 0 THEN
            RETURN;
        END IF;
    END IF;

    IF array_position(stream_ids, NULL) IS NOT NULL THEN
        stream_ids := ARRAY(
            SELECT coalesce(w.stream_id, min(w.start) OVER (PARTITION BY w.stream) + 1)
            FROM unnest(stream_ids, append_batch.streams, starts)
                WITH ORDINALITY AS w (stream_id, stream, start, number)
            ORDER BY w.number
        );
        INSERT INTO eventstore.streams (id, name)
        SELECT w.stream_id, w.stream
        FROM unnest(append_batch.streams, stream_ids, starts, versions)
            AS w (stream, stream_id, start, version)
        WHERE w.version = 0 AND w.start IS NOT NULL;
    END IF;

    now := clock_timestamp();
    WITH e AS MATERIALIZED (
        SELECT
            starts[i.write] + i.place AS position,
            stream_ids[i.write] AS stream_id,
            versions[i.write] + i.place AS version,
            append_batch.streams[i.write] AS stream,
            i.id, i.type, i.tags, i.data, i.metadata
        FROM unnest(
            writes, places, ids, types, append_batch.tags, append_batch.data, append_batch.metadata
        ) AS i (write, place, id, type, tags, data, metadata)
        WHERE starts[i.write] IS NOT NULL
    ), stored AS (
        INSERT INTO eventstore.events (
            position, stream_id, version, recorded_at, event_id, stream, type, tags, data, metadata
        )
        SELECT
            e.position, e.stream_id, e.version, now, e.id, e.stream, e.type,
            string_to_array(e.tags, ' '), e.data, e.metadata
        FROM e
    ), tagged AS (
        INSERT INTO eventstore.event_tags (tag, position)
        SELECT unnest(string_to_array(e.tags, ' ')), e.position
        FROM e
        WHERE e.tags <> ''
    )
    INSERT INTO eventstore.commits (last_position, events, hash)
    SELECT
        head + total, total,
        sha256(previous || string_agg(eventstore.leaf(
            e.position, e.version, e.id, now, e.stream, e.type, e.tags,
            e.data::text, e.metadata::text
        ), ''))
    FROM e;
END
$function$;
