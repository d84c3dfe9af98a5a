-- A stream's events after a version, in order. The stream's number comes from a scalar subquery: a
-- join would not tell the planner that there is one stream only, whose index is in order already.
SELECT
    e.position, $1::text AS stream, e.version, e.recorded_at, e.event_id, e.type, e.data, e.metadata
FROM eventstore.events AS e
WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = $1)
  AND e.version > $2
ORDER BY e.version
LIMIT $3
