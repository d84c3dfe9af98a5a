-- The events that match a query (see the function), in its order. A lateral subquery for each,
-- since a join could be planned as a walk through the whole log.
SELECT
    e.position, e.stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata
FROM eventstore.matching($1, $2, $3, $4, $5) WITH ORDINALITY AS m (position, place)
CROSS JOIN LATERAL (
    SELECT * FROM eventstore.events AS e WHERE e.position = m.position LIMIT 1
) AS e
ORDER BY m.place
