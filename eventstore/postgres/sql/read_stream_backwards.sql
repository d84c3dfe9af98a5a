-- A stream's events before a version, the last first, as the stream was at a position.
SELECT
    e.position, e.stream, e.version, e.recorded_at, e.event_id, e.type, e.tags, e.data, e.metadata
FROM eventstore.events AS e
WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = $1)
  AND e.version < $2
  AND e.position <= $3
ORDER BY e.version DESC
LIMIT $4
