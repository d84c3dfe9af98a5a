-- The first position after $1 that the log lacks, up to its head; no row if there is none.
SELECT gap.expected AS position
FROM (
    SELECT
        e.position,
        lag(e.position, 1, $1) OVER (ORDER BY e.position) + 1 AS expected
    FROM eventstore.events AS e
    WHERE e.position > $1
) AS gap
WHERE gap.position <> gap.expected
ORDER BY gap.position
LIMIT 1
