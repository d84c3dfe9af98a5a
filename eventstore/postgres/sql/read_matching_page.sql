-- The events that match a query, as read_matching, but of at most so many bytes ($6) unless the
-- first alone has more; see read_log_page. How many match, before the cut, comes last.
WITH found AS MATERIALIZED (
    SELECT m.position, m.place
    FROM eventstore.matching($1, $2, $3, $4, $5) WITH ORDINALITY AS m (position, place)
)
SELECT
    e.position, e.stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata, (SELECT count(*) FROM found)
FROM found
CROSS JOIN LATERAL (
    SELECT * FROM eventstore.events AS e WHERE e.position = found.position LIMIT 1
) AS e
ORDER BY found.place
LIMIT (
    SELECT CASE
        WHEN bool_or(sized.compressed) OR sum(sized.stored) > $6
        THEN (
            SELECT greatest(1, count(*) FILTER (WHERE fitting.so_far <= $6))
            FROM (
                SELECT sum(
                    CASE
                        WHEN near.data IS NULL THEN 0
                        WHEN pg_column_compression(near.data) IS NULL
                        THEN pg_column_size(near.data)
                        ELSE octet_length(near.data::text)
                    END + coalesce(pg_column_size(near.metadata), 0)
                ) OVER (ORDER BY near.place) AS so_far
                FROM (
                    SELECT
                        f.place, e.data, e.metadata,
                        sum(
                            coalesce(pg_column_size(e.data), 0)
                            + coalesce(pg_column_size(e.metadata), 0)
                        ) OVER (ORDER BY f.place) AS stored
                    FROM found AS f
                    CROSS JOIN LATERAL (
                        SELECT * FROM eventstore.events AS e WHERE e.position = f.position LIMIT 1
                    ) AS e
                ) AS near
                WHERE near.stored <= $6
            ) AS fitting
        )
        ELSE $4
    END
    FROM found AS f
    CROSS JOIN LATERAL (
        SELECT
            pg_column_size(e.data) + pg_column_size(e.metadata) AS stored,
            pg_column_compression(e.data) IS NOT NULL AS compressed
        FROM eventstore.events AS e WHERE e.position = f.position LIMIT 1
    ) AS sized
)
