-- The log's events after a position, as the chain of hashes sees them, whether the tables that they
-- are found by agree with them, and the leaf that is kept of what is retired.
SELECT
    e.position, e.version, e.event_id::text,
    (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS microseconds,
    e.stream, e.type, array_to_string(e.tags, ' ') AS tags, e.data::text, e.metadata::text,
    (SELECT s.name FROM eventstore.streams AS s WHERE s.id = e.stream_id)
        IS NOT DISTINCT FROM e.stream AS is_named,
    NOT EXISTS (
        SELECT
        FROM unnest(e.tags) AS t (tag)
        WHERE NOT EXISTS (
            SELECT
            FROM eventstore.event_tags AS i
            WHERE i.tag = t.tag AND i.position = e.position
        )
    ) AS is_tagged,
    (SELECT r.leaf FROM eventstore.retired AS r WHERE r.position = e.position) AS retired_leaf
FROM eventstore.events AS e
WHERE e.position > $1
ORDER BY e.position
LIMIT $2
