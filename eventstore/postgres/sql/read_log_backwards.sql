-- The log's events before a position, the last first.
SELECT
    e.position, e.stream, e.version, e.recorded_at, e.event_id, e.type, e.tags, e.data, e.metadata
FROM eventstore.events AS e
WHERE e.position < $1
ORDER BY e.position DESC
LIMIT $2
