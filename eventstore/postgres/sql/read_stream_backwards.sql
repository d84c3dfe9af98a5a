-- A stream's events before a version, the last first, as the stream was at a position. The name is
-- not sent, as in read_stream.
SELECT
    e.position, NULL AS stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata
FROM eventstore.events AS e
WHERE e.stream_id = (SELECT s.id FROM eventstore.streams AS s WHERE s.name = $1)
  AND e.version < $2
  AND e.position <= $3
ORDER BY e.version DESC
LIMIT $4
