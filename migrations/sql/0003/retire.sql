-- Replace the payloads of events by tombstones, for ever, and keep the leaf that the chain of hashes
-- has of each: positions, versions, ids and the chain stay as they are. Answers how many it retired;
-- what is retired or archived already, or is not there, is passed over.
CREATE FUNCTION eventstore.retire(positions bigint[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $function$
DECLARE
    amount bigint;
BEGIN
    -- One at a time, and none while a range is being archived. Appends and reads go on.
    LOCK TABLE eventstore.retired IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO eventstore.retired (position, leaf, retired_at, retired_by)
    SELECT
        e.position,
        eventstore.leaf(
            e.position, e.version, e.event_id, e.recorded_at, e.stream, e.type,
            array_to_string(e.tags, ' '), e.data::text, e.metadata::text
        ),
        clock_timestamp(),
        session_user
    FROM unnest(retire.positions) AS p (position)
    CROSS JOIN LATERAL (
        SELECT * FROM eventstore.events AS e WHERE e.position = p.position LIMIT 1
    ) AS e
    WHERE e.data IS NOT NULL
    ON CONFLICT DO NOTHING;
    UPDATE eventstore.events AS e
    SET data = 'null', metadata = eventstore.tombstone(r.retired_at)
    FROM eventstore.retired AS r
    WHERE r.position = e.position
      AND e.position = ANY (retire.positions)
      AND e.data IS NOT NULL
      AND e.metadata::text <> eventstore.tombstone(r.retired_at)::text;
    GET DIAGNOSTICS amount = ROW_COUNT;
    RETURN amount;
END
$function$;
