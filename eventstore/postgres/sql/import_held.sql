-- Those of the ids $1 that the log holds already.
SELECT i.id
FROM unnest($1::uuid[]) AS i (id)
WHERE (SELECT e.position FROM eventstore.events AS e WHERE e.event_id = i.id) IS NOT NULL
