-- Events of stream $1 that are in no archive and were recorded before $2, after position $3, in order,
-- at most $4.
SELECT e.position
FROM eventstore.events AS e
WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = $1)
  AND e.version > coalesce((
      SELECT max(p.version)
      FROM eventstore.events AS p
      WHERE p.stream = $1 AND p.position = $3
  ), 0)
  AND e.position > (SELECT coalesce(max(a.last_position), 0) FROM eventstore.archives AS a)
  AND e.recorded_at < $2
  AND (SELECT r.position FROM eventstore.retired AS r WHERE r.position = e.position) IS NULL
ORDER BY e.version
LIMIT $4
