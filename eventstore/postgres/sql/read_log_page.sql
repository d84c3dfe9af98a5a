-- The log's events after a position, at most so many ($2), and of at most so many bytes ($3) unless
-- the first alone has more. What is compressed has to be unpacked to know, as it has to be to be
-- read, and is so only as far as its stored size may fit; of all else the stored size is at hand.
-- The usual page fits, and is only summed up. What is archived counts nothing here.
SELECT
    e.position, e.stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata
FROM eventstore.events AS e
WHERE e.position > $1 AND e.position <= $1 + $2
ORDER BY e.position
LIMIT (
    SELECT CASE
        WHEN bool_or(pg_column_compression(s.data) IS NOT NULL)
            OR sum(pg_column_size(s.data) + coalesce(pg_column_size(s.metadata), 0)) > $3
        THEN (
            SELECT greatest(1, count(*) FILTER (WHERE fitting.so_far <= $3))
            FROM (
                SELECT sum(
                    CASE
                        WHEN near.data IS NULL THEN 0
                        WHEN pg_column_compression(near.data) IS NULL
                        THEN pg_column_size(near.data)
                        ELSE octet_length(near.data::text)
                    END + coalesce(pg_column_size(near.metadata), 0)
                ) OVER (ORDER BY near.position) AS so_far
                FROM (
                    SELECT
                        f.position, f.data, f.metadata,
                        sum(coalesce(pg_column_size(f.data), 0) + coalesce(pg_column_size(f.metadata), 0))
                            OVER (ORDER BY f.position) AS stored
                    FROM eventstore.events AS f
                    WHERE f.position > $1 AND f.position <= $1 + $2
                ) AS near
                WHERE near.stored <= $3
            ) AS fitting
        )
        ELSE $2
    END
    FROM eventstore.events AS s
    WHERE s.position > $1 AND s.position <= $1 + $2
)
