-- The chain of a log that was written before it had one: a link for every 1,000 events.
DO $block$
DECLARE
    linked bigint := 0;
    link bytea := decode(repeat('00', 32), 'hex');
    amount bigint;
BEGIN
    LOOP
        SELECT count(*), sha256(link || string_agg(eventstore.leaf(
            e.position, e.version, e.event_id, e.recorded_at, e.stream, e.type, '',
            e.data::text, e.metadata::text
        ), '' ORDER BY e.position))
        INTO amount, link
        FROM eventstore.events AS e
        WHERE e.position > linked AND e.position <= linked + 1000;
        EXIT WHEN amount = 0;
        linked := linked + amount;
        INSERT INTO eventstore.commits (last_position, events, hash) VALUES (linked, amount, link);
    END LOOP;
END
$block$;
