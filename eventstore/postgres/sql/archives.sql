-- The archives of the log, the oldest first, each with the file that it has by now.
SELECT
    a.first_position, a.last_position, coalesce(w.file, a.file) AS file,
    coalesce(w.bytes, a.bytes) AS bytes, coalesce(w.checksum, a.checksum) AS checksum,
    coalesce(w.generation, 0) AS rewrites, a.archived_at, a.archived_by
FROM eventstore.archives AS a
LEFT JOIN LATERAL (
    SELECT * FROM eventstore.archive_rewrites AS r
    WHERE r.first_position = a.first_position
    ORDER BY r.generation DESC
    LIMIT 1
) AS w ON true
ORDER BY a.first_position
