-- How large the log is. Positions are dense, so its head is how many events it has.
SELECT
    coalesce((SELECT max(e.position) FROM eventstore.events AS e), 0) AS events,
    (SELECT count(*) FROM eventstore.streams) AS streams,
    (SELECT count(*) FROM eventstore.commits) AS commits,
    (SELECT count(*) FROM eventstore.event_tags) AS tags,
    (
        SELECT e.recorded_at FROM eventstore.events AS e ORDER BY e.position LIMIT 1
    ) AS first_recorded_at,
    (
        SELECT e.recorded_at FROM eventstore.events AS e ORDER BY e.position DESC LIMIT 1
    ) AS last_recorded_at,
    (
        SELECT sum(pg_table_size(c.oid))::bigint
        FROM pg_class AS c
        WHERE c.relnamespace = (
            SELECT e.relnamespace FROM pg_class AS e WHERE e.oid = 'eventstore.events'::regclass
        )
          AND c.relkind = 'r'
    ) AS table_bytes,
    (
        SELECT sum(pg_indexes_size(c.oid))::bigint
        FROM pg_class AS c
        WHERE c.relnamespace = (
            SELECT e.relnamespace FROM pg_class AS e WHERE e.oid = 'eventstore.events'::regclass
        )
          AND c.relkind = 'r'
    ) AS index_bytes
