-- The log's events after a position, in order.
SELECT e.position, s.name AS stream, e.version, e.recorded_at, e.event_id, e.type, e.data, e.metadata
FROM eventstore.events AS e
JOIN eventstore.streams AS s ON s.id = e.stream_id
WHERE e.position > $1
ORDER BY e.position
LIMIT $2
