-- The log's events after a position and up to another, in order.
SELECT
    e.position, e.stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata
FROM eventstore.events AS e
WHERE e.position > $1 AND e.position <= $2
ORDER BY e.position
LIMIT $3
