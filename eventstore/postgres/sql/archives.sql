-- The archives of the log, the oldest first.
SELECT
    a.first_position, a.last_position, a.file, a.bytes, a.checksum, a.archived_at, a.archived_by
FROM eventstore.archives AS a
ORDER BY a.first_position
