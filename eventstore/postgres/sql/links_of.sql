-- The links of the chain of hashes that hold the positions $1, in order.
SELECT DISTINCT c.last_position - c.events + 1 AS first_position, c.last_position
FROM unnest($1::bigint[]) AS p (position)
CROSS JOIN LATERAL (
    SELECT * FROM eventstore.commits AS c
    WHERE c.last_position >= p.position
    ORDER BY c.last_position
    LIMIT 1
) AS c
ORDER BY c.last_position
