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
            position, stream_id, version, recorded_at, event_id, type, data, metadata
        ) VALUES (
            last_position, stream_number, last_version, clock_timestamp(),
            ids[place], types[place], data[place], metadata[place]
        );
    END LOOP;
    outcome := 'appended';
    -- A commit takes its time: a slow disk, a standby that must confirm, a busy machine.
    PERFORM pg_sleep(0.04 * random());
END
$function$;
