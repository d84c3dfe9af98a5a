-- Events of category $1 that are in no archive and were recorded before $2, after position $3, in
-- order, at most $4; those of streams with a policy of their own are left to it.
SELECT e.position
FROM eventstore.events AS e
WHERE e.category = $1
  AND e.position > greatest($3, (SELECT max(a.last_position) FROM eventstore.archives AS a))
  AND e.recorded_at < $2
  AND (SELECT r.position FROM eventstore.retired AS r WHERE r.position = e.position) IS NULL
  AND (
      SELECT p.days FROM eventstore.retention_policies AS p
      WHERE p.kind = 'stream' AND p.name = e.stream
  ) IS NULL
ORDER BY e.position
LIMIT $4
