-- The files that others took the place of: they still say what is retired.
SELECT f.file
FROM (
    SELECT a.first_position, 0 AS generation, a.file FROM eventstore.archives AS a
    UNION ALL
    SELECT w.first_position, w.generation, w.file FROM eventstore.archive_rewrites AS w
) AS f
WHERE EXISTS (
    SELECT
    FROM eventstore.archive_rewrites AS w
    WHERE w.first_position = f.first_position AND w.generation > f.generation
)
ORDER BY f.first_position, f.generation
