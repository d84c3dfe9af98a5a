-- How many events a stream holds.
SELECT coalesce(max(e.version), 0) AS version
FROM eventstore.events AS e
WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = $1)
