-- Streams by name after $1, those of category $2 if it is not null, at most $3, with their last event.
SELECT s.name AS stream, last.version, last.position, last.recorded_at
FROM eventstore.streams AS s
CROSS JOIN LATERAL (
    SELECT e.version, e.position, e.recorded_at
    FROM eventstore.events AS e
    WHERE e.stream_id = s.id
    ORDER BY e.version DESC
    LIMIT 1
) AS last
WHERE s.name > $1 AND ($2::text IS NULL OR starts_with(s.name, $2 || '-'))
ORDER BY s.name
LIMIT $3
