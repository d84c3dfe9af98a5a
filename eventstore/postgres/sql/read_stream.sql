-- A stream's events after a version, in order.
SELECT e.position, s.name AS stream, e.version, e.recorded_at, e.event_id, e.type, e.data, e.metadata
FROM eventstore.streams AS s
JOIN eventstore.events AS e ON e.stream_id = s.id
WHERE s.name = $1 AND e.version > $2
ORDER BY e.version
LIMIT $3
