-- The numbers and versions of those of the streams $1 that there are.
SELECT
    s.id,
    s.name,
    (
        SELECT e.version FROM eventstore.events AS e
        WHERE e.stream_id = s.id ORDER BY e.version DESC LIMIT 1
    ) AS version
FROM unnest($1::text[]) AS n (name)
CROSS JOIN LATERAL (SELECT s.id, s.name FROM eventstore.streams AS s WHERE s.name = n.name) AS s
