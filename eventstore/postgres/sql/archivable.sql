-- The positions between which events can be archived: the first that is not archived yet, and the
-- last one before $1 was recorded, at most $2.
SELECT
    archived.last + 1 AS first,
    least($2::bigint, log.head, coalesce((
        SELECT e.position - 1
        FROM eventstore.events AS e
        WHERE e.position > archived.last AND e.recorded_at >= $1
        ORDER BY e.position
        LIMIT 1
    ), log.head)) AS last
FROM (
    SELECT coalesce(max(a.last_position), 0) AS last FROM eventstore.archives AS a
) AS archived
CROSS JOIN (SELECT coalesce(max(e.position), 0) AS head FROM eventstore.events AS e) AS log
