-- The bug of `naive-cursor`: positions from a sequence, and a lock for each stream but none for the
-- log. A number is handed out when an event is inserted and seen when its transaction commits, so
-- readers of the log see 8 before 7. Each stream alone is still in order.
CREATE SEQUENCE eventstore.naive_position;

CREATE OR REPLACE FUNCTION eventstore.append(
    stream text,
    at_least bigint,
    at_most bigint,
    ids uuid[],
    types text[],
    data json[],
    metadata json[],
    tags text[] DEFAULT NULL,
    OUT outcome text,
    OUT last_version bigint,
    OUT last_position bigint,
    OUT reused uuid
)
LANGUAGE plpgsql VOLATILE
AS $function$
DECLARE
    stream_number bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(stream, 0));

    SELECT e.position, e.version INTO last_position, last_version
    FROM eventstore.events AS e
    WHERE e.event_id = ids[cardinality(ids)];
    IF FOUND THEN
        outcome := 'repeated';
        RETURN;
    END IF;

    stream_number := (SELECT s.id FROM eventstore.streams AS s WHERE s.name = stream);
    last_version := (
        SELECT coalesce(max(e.version), 0)
        FROM eventstore.events AS e
        WHERE e.stream_id = stream_number
    );
    IF last_version < at_least OR last_version > at_most THEN
        outcome := 'wrong-version';
        RETURN;
    END IF;

    FOR place IN 1 .. cardinality(ids) LOOP
        last_version := last_version + 1;
        last_position := nextval('eventstore.naive_position');
        IF stream_number IS NULL THEN
            stream_number := last_position;
            INSERT INTO eventstore.streams (id, name) VALUES (stream_number, stream);
        END IF;
        INSERT INTO eventstore.events (
            position, stream_id, version, recorded_at, event_id, stream, type, tags, data, metadata
        ) VALUES (
            last_position, stream_number, last_version, clock_timestamp(), ids[place],
            append.stream, types[place], string_to_array(append.tags[place], ' '),
            append.data[place], append.metadata[place]
        );
    END LOOP;
    outcome := 'appended';
    -- A commit takes its time: a slow disk, a standby that must confirm, a busy machine.
    PERFORM pg_sleep(0.04 * random());
END
$function$;

CREATE OR REPLACE FUNCTION eventstore.append_one(
    stream text,
    at_least bigint,
    at_most bigint,
    id uuid,
    type text,
    data json,
    metadata json,
    tags text,
    OUT outcome text,
    OUT last_version bigint,
    OUT last_position bigint,
    OUT reused uuid
)
LANGUAGE sql VOLATILE
AS $function$
SELECT outcome, last_version, last_position, reused
FROM eventstore.append(
    stream, at_least, at_most, ARRAY[id], ARRAY[type], ARRAY[data], ARRAY[metadata], ARRAY[tags]
);
$function$;

-- A batch, one write after the other. No append of a run has several streams or a boundary.
CREATE OR REPLACE FUNCTION eventstore.append_batch(
    appends int[],
    streams text[],
    at_least bigint[],
    at_most bigint[],
    amounts bigint[],
    ahead bigint[],
    writes int[],
    places bigint[],
    ids uuid[],
    types text[],
    tags text[],
    data json[],
    metadata json[],
    boundaries json[],
    OUT outcomes text[],
    OUT last_versions bigint[],
    OUT last_positions bigint[],
    OUT reused uuid[]
)
LANGUAGE plpgsql VOLATILE
AS $function$
DECLARE
    write int;
    low int;
    high int;
    answer record;
BEGIN
    -- By name, so that two batches never wait for each other.
    FOR write IN
        SELECT w.number FROM unnest(streams) WITH ORDINALITY AS w (stream, number) ORDER BY w.stream, w.number
    LOOP
        high := (
            SELECT sum(w.amount)
            FROM unnest(amounts) WITH ORDINALITY AS w (amount, number)
            WHERE w.number <= write
        );
        low := high - amounts[write] + 1;
        answer := eventstore.append(
            streams[write], at_least[write], at_most[write], ids[low:high], types[low:high],
            data[low:high], metadata[low:high], tags[low:high]
        );
        outcomes[write] := answer.outcome;
        last_versions[write] := answer.last_version;
        last_positions[write] := answer.last_position;
        reused[write] := answer.reused;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION eventstore.append_singles(
    streams text[],
    at_least bigint[],
    at_most bigint[],
    ahead bigint[],
    ids uuid[],
    types text[],
    tags text[],
    data json[],
    metadata json[],
    OUT outcomes text[],
    OUT last_versions bigint[],
    OUT last_positions bigint[],
    OUT reused uuid[]
)
LANGUAGE sql VOLATILE
AS $function$
SELECT outcomes, last_versions, last_positions, reused
FROM eventstore.append_batch(
    NULL, streams, at_least, at_most, array_fill(1::bigint, ARRAY[cardinality(ids)]), NULL, NULL,
    NULL, ids, types, coalesce(tags, array_fill(''::text, ARRAY[cardinality(ids)])), data, metadata,
    NULL
);
$function$;
