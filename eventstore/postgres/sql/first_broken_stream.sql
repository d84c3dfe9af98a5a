-- A stream whose versions are not 1, 2, 3 ... in the order of the log; no row if there is none.
SELECT coalesce(s.name, 'number ' || numbered.stream_id) AS stream, numbered.expected AS version
FROM (
    SELECT
        e.stream_id,
        e.version,
        row_number() OVER (PARTITION BY e.stream_id ORDER BY e.position) AS expected
    FROM eventstore.events AS e
) AS numbered
LEFT JOIN eventstore.streams AS s ON s.id = numbered.stream_id
WHERE numbered.version <> numbered.expected OR s.id IS NULL
LIMIT 1
