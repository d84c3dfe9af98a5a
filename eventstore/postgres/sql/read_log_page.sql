-- The log's events after a position, at most so many ($2), and of at most so many bytes ($3) unless
-- the first alone has more. What is compressed has to be unpacked to know, as it has to be to be
-- read; of all else the stored size is at hand. The usual page fits, and is only summed up.
SELECT
    e.position, e.stream, e.version, timestamptz_send(e.recorded_at), uuid_send(e.event_id),
    e.type, CASE WHEN cardinality(e.tags) > 0 THEN array_to_string(e.tags, ' ') END,
    e.data, e.metadata
FROM eventstore.events AS e
WHERE e.position > $1 AND e.position <= $1 + $2
ORDER BY e.position
LIMIT (
    SELECT CASE
        WHEN sum(
            CASE
                WHEN pg_column_compression(s.data) IS NULL THEN pg_column_size(s.data)
                ELSE octet_length(s.data::text)
            END + pg_column_size(s.metadata)
        ) > $3
        THEN (
            SELECT greatest(1, count(*))
            FROM (
                SELECT sum(
                    CASE
                        WHEN pg_column_compression(f.data) IS NULL THEN pg_column_size(f.data)
                        ELSE octet_length(f.data::text)
                    END + pg_column_size(f.metadata)
                ) OVER (ORDER BY f.position) AS so_far
                FROM eventstore.events AS f
                WHERE f.position > $1 AND f.position <= $1 + $2
            ) AS fitting
            WHERE fitting.so_far <= $3
        )
        ELSE $2
    END
    FROM eventstore.events AS s
    WHERE s.position > $1 AND s.position <= $1 + $2
)
