-- Where the log holds these events, in the order of the log: behind every append that was begun
-- before, since it waits for the same lock. Without any of them it answers with one row of nulls.
CREATE FUNCTION eventstore.outcome(
    ids uuid[],
    OUT event_id uuid, OUT stream text, OUT version bigint, OUT "position" bigint, OUT head bigint
)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $function$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.outcome needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(7311142570156650343);  -- the bytes of "eventlog"
    RETURN QUERY
        SELECT found.event_id, found.stream, found.version, found.position, log.head
        FROM (
            SELECT coalesce((
                SELECT c.last_position
                FROM eventstore.commits AS c
                ORDER BY c.last_position DESC
                LIMIT 1
            ), 0) AS head
        ) AS log
        LEFT JOIN (
            SELECT e.event_id, e.stream, e.version, e.position
            FROM unnest(outcome.ids) AS i (id)
            CROSS JOIN LATERAL (
                SELECT e.* FROM eventstore.events AS e WHERE e.event_id = i.id LIMIT 1
            ) AS e
        ) AS found ON true
        ORDER BY found.position;
END
$function$;
