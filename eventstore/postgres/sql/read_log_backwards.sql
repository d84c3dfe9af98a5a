-- The log's events before a position, the last first.
SELECT
    e.position, e.stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata
FROM eventstore.events AS e
WHERE e.position < $1
ORDER BY e.position DESC
LIMIT $2
