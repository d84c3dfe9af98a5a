-- The position of the last event in the log.
SELECT coalesce(max(position), 0) AS head
FROM eventstore.events
