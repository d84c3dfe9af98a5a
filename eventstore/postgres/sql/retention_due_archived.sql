-- Of the events from $1 to $2, which are in one archive, those that are due at $3, and by which policy.
SELECT e.position, p.kind, p.name
FROM eventstore.events AS e
CROSS JOIN LATERAL (
    SELECT p.kind, p.name, p.days
    FROM eventstore.retention_policies AS p
    WHERE (p.kind = 'stream' AND p.name = e.stream) OR (p.kind = 'category' AND p.name = e.category)
    ORDER BY p.kind DESC
    LIMIT 1
) AS p
WHERE e.position BETWEEN $1 AND $2
  AND e.category IN (
      SELECT split_part(p.name, '-', 1) FROM eventstore.retention_policies AS p
  )
  AND e.data IS NULL
  AND NOT EXISTS (SELECT FROM eventstore.retired AS r WHERE r.position = e.position)
  AND e.recorded_at < $3::timestamptz - p.days * interval '24 hours'
ORDER BY e.position
