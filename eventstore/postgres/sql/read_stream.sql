-- A stream's events after a version, in order, up to a position. The stream's number comes from a
-- scalar subquery: a join would not tell the planner that there is one stream only, whose index is
-- in order already. The position is looked at last: versions are in the order of positions, so what
-- it cuts off is the end. Who asks knows the stream's name, so it is not sent with each event.
SELECT *
FROM (
    SELECT
        e.position, NULL AS stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
        e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
        e.data, e.metadata
    FROM eventstore.events AS e
    WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = $1)
      AND e.version > $2
    ORDER BY e.version
    LIMIT $4
) AS page
WHERE page.position <= $3
