-- The events after a position and up to another, as an archive keeps them.
SELECT
    e.position, e.version, e.event_id::text AS event_id,
    (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS microseconds,
    e.stream, e.type, e.tags, e.data::text AS data, e.metadata::text AS metadata
FROM eventstore.events AS e
WHERE e.position > $1 AND e.position <= $2
ORDER BY e.position
LIMIT $3
